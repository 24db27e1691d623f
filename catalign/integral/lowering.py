"""The one place that chooses how a message is computed: from its type and the semiring."""

import enum

import jax

from catalign.algebra.instances import plus_times
from catalign.algebra.semiring import Semiring
from catalign.integral.execution import goes_by_rows
from catalign.integral.graph import Graph, Layout
from catalign.integral.layout import AxisMap, axis_maps, has_mask, is_projection, message_axes
from catalign.polynomial.leg import SOURCE
from catalign.polynomial.message import Message


class Lowering(enum.Enum):
    """How the messages of one summand are multiplied, and summed into their outputs."""

    POINTWISE = "pointwise, no sum"
    AXIS = "axis reduction"
    SEGMENT = "segment reduction"
    ROWS = "segment reduction of sorted edges, segment_reduce.reduce"
    GATHER_ROWS = "segment reduction of senders' values, segment_reduce.gather_reduce"
    SEMIRING_PRODUCT = "semiring matrix product"
    CONTRACTION = "semiring contraction, in blocks of rows"
    MATRIX_PRODUCT = "matrix product"


def choose(message: Message, semiring: Semiring, graph: Graph | Layout) -> Lowering:
    """Chooses how one summand of a diagram is computed.

    | message and output | lowering |
    |---|---|
    | o only reorders axes | POINTWISE |
    | o follows `target` of the edges of a prepared graph, and one argument follows `source` of them
      | GATHER_ROWS |
    | o follows `target` of the edges of a prepared graph otherwise | ROWS |
    | o follows `target` of listed edges, or a pointer, or repeats an axis | SEGMENT |
    | o forgets axes, `plus_times`, every axis read | MATRIX_PRODUCT |
    | o forgets one axis of three, no argument reads all three, in a commutative semiring whose sum
      selects or is a soft minimum | SEMIRING_PRODUCT |
    | o forgets axes of an array of rank 3 or more otherwise | CONTRACTION |
    | o forgets axes otherwise | AXIS |

    Args:
      message: The summand.
      semiring: What it is computed in.
      graph: The graph, or how its edges are stored.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> from catalign.polynomial.library import floyd_warshall
      >>> choose(floyd_warshall["triple"], min_plus, Layout.DENSE).name
      'SEMIRING_PRODUCT'
      >>> choose(floyd_warshall["triple"], plus_times, Layout.DENSE).name
      'MATRIX_PRODUCT'
    """
    layout = graph if isinstance(graph, Layout) else graph.layout
    rank = sum(len(axes) for axes in message_axes(message.sort, layout))
    out = axis_maps(message.output.leg, layout)
    if not is_projection(out):
        if not goes_by_rows(message.output.leg, graph):
            return Lowering.SEGMENT
        reads = [axis_maps(argument.leg, layout) for argument in message.arguments]
        gathers = reads == [(AxisMap(0, (SOURCE,)),)]
        return Lowering.GATHER_ROWS if gathers else Lowering.ROWS
    if len(out) == rank:
        return Lowering.POINTWISE
    if semiring == plus_times and _is_einsum(message, rank, layout):
        return Lowering.MATRIX_PRODUCT
    if rank == 3 and len(out) == 2 and _is_product(message, semiring, layout):
        return Lowering.SEMIRING_PRODUCT
    return Lowering.CONTRACTION if rank >= 3 else Lowering.AXIS


def _is_product(message: Message, semiring: Semiring, layout: Layout) -> bool:
    """Whether the arguments fall into two matrices and what stays outside of the sum."""
    sums = semiring.add.is_selective or semiring.temperature is not None
    has_arrays = jax.tree.structure(semiring.zero).num_leaves == 1
    if not (sums and has_arrays and semiring.is_commutative) or has_mask(message.sort, layout):
        return False
    return all(
        len({m.axis for m in axis_maps(argument.leg, layout)}) < 3 for argument in message.arguments
    )


def _is_einsum(message: Message, rank: int, layout: Layout) -> bool:
    """Whether the product names all axes: one that nothing reads would be counted once."""
    reads: list[tuple[AxisMap, ...]] = [axis_maps(a.leg, layout) for a in message.arguments]
    seen = {m.axis for maps in reads for m in maps}
    if has_mask(message.sort, layout):
        axes = message_axes(message.sort, layout)
        seen.update(axis for ends in axes if len(ends) == 2 for axis in ends)
    return message.arity >= 2 and len(seen) == rank and all(is_projection(m) for m in reads)
