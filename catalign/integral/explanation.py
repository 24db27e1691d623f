"""What an execution will do, said beforehand: its kernels, and the least time they can take."""

import math
from dataclasses import dataclass

import jax.numpy as jnp
from jax.typing import DTypeLike

from catalign.algebra.monoid import CommutativeMonoid
from catalign.algebra.semiring import Semiring
from catalign.integral.graph import Graph, Layout
from catalign.integral.lowering import Lowering, choose
from catalign.integral.transform import without_products
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.message import Message


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The two ceilings of a roofline.

    Attributes:
      bytes_per_second: The bandwidth of its memory.
      operations_per_second: Its rate of elementwise operations, such as an addition or a minimum.
    """

    bytes_per_second: float
    operations_per_second: float


@dataclass(frozen=True)
class Work:
    """The least that one message has to move and do.

    Attributes:
      n_bytes: Each field read once and the output written once; along edges and pointers, one value
        read for each message. What a kernel keeps on the way is not in it.
      operations: The products and sums of all messages.
    """

    n_bytes: int
    operations: int

    def time(self, machine: Machine) -> float:
        """The seconds that this takes at least: the roofline.

        Maths: `max(bytes / bandwidth, operations / rate)`
        """
        moving = self.n_bytes / machine.bytes_per_second
        return max(moving, self.operations / machine.operations_per_second)


def work_of(
    message: Message,
    semiring: Semiring,
    graph: Graph,
    *,
    dtype: DTypeLike = jnp.float32,
    width: int = 1,
) -> Work:
    """The work of one summand of a diagram on a graph.

    Args:
      message: The summand.
      semiring: What it is computed in.
      graph: The graph.
      dtype: The dtype of the fields.
      width: The number of features of each value.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> from catalign.integral.graph import DenseGraph
      >>> from catalign.polynomial.library import floyd_warshall
      >>> work_of(floyd_warshall["triple"], min_plus, DenseGraph.complete(64))
      Work(n_bytes=32768, operations=524288)
    """
    n_message = math.prod(graph.shape(message.sort))
    reads = {}
    for argument in message.arguments:
        gathers = any(coordinate.arrows for coordinate in argument.leg.coordinates)
        sort = message.sort if gathers else argument.leg.cod
        reads[argument.reads, gathers] = math.prod(graph.shape(sort))
    n_output = math.prod(graph.shape(message.output.leg.cod))
    has_sum = choose(message, semiring, graph) is not Lowering.POINTWISE
    values = (sum(reads.values()) + n_output) * width
    products = max(message.arity - 1, 0)
    return Work(values * jnp.dtype(dtype).itemsize, n_message * (products + has_sum) * width)


def explain(
    diagram: PolynomialDiagram,
    semiring: Semiring | CommutativeMonoid,
    graph: Graph | Layout,
    *,
    machine: Machine | None = None,
    dtype: DTypeLike = jnp.float32,
    width: int = 1,
) -> str:
    """Says how each message of a diagram will be computed, and what it costs at least.

    Args:
      diagram: The diagram.
      semiring: What it is computed in.
      graph: The graph; of a layout alone, the kernels are said but not the cost.
      machine: Gives the least time, where its ceilings are known.
      dtype: The dtype of the fields.
      width: The number of features of each value.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> from catalign.integral.graph import DenseGraph, SparseGraph
      >>> from catalign.polynomial.library import bellman_ford, convolution, floyd_warshall
      >>> print(explain(bellman_ford, min_plus, Layout.SPARSE))
      bellman_ford: 2 V + E <- 2 V + 2 E -> V + E -> V in min_plus, sparse
        stay: pointwise, no sum
        relax: segment reduction
      >>> path = SparseGraph(senders=jnp.array([0, 1]), receivers=jnp.array([1, 2]), n_node=3)
      >>> print(explain(convolution, min_plus, path.prepare()).splitlines()[1])
        edge: segment reduction of senders' values, segment_reduce.gather_reduce; 20 bytes, ...
      >>> slow = Machine(bytes_per_second=1e9, operations_per_second=1e9)
      >>> print(explain(floyd_warshall, min_plus, DenseGraph.complete(64), machine=slow))
      floyd_warshall: V*V <- 2 V*V*V -> V*V*V -> V*V in min_plus, dense
        triple: semiring matrix product; 32,768 bytes, 524,288 operations, at least 524.3 us
    """
    if isinstance(semiring, CommutativeMonoid):
        semiring = without_products(diagram, semiring)
    layout = graph if isinstance(graph, Layout) else graph.layout
    lines = [f"{diagram} in {semiring.name}, {layout.value}"]
    for message in diagram.summands:
        line = f"  {message.name}: {choose(message, semiring, graph).value}"
        if not isinstance(graph, Layout):
            work = work_of(message, semiring, graph, dtype=dtype, width=width)
            line += f"; {work.n_bytes:,} bytes, {work.operations:,} operations"
            if machine is not None:
                line += f", at least {work.time(machine) * 1e6:,.1f} us"
        lines.append(line)
    return "\n".join(lines)
