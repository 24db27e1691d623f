"""Where a leg finds its values in arrays: the static half of an execution, known from types alone.

A field on a sort is an array with one axis for each factor (two for an edge of a dense graph). A
leg then says, for each axis of the field it reads or writes, which axis of the message array that
coordinate comes from, and which maps of nodes (`source`, `target`, pointers) are still to be
followed. On a dense graph `source` and `target` pick an axis, so nothing is left to follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign.integral.graph import Graph, Layout, SparseGraph
from catalign.polynomial.leg import SOURCE, TARGET, Arrow, Leg
from catalign.polynomial.sort import Base, Sort

Pointers = Mapping[str, Array | np.ndarray]
"""Maps from nodes to nodes, by name: the value at each node."""


@dataclass(frozen=True)
class AxisMap:
    """One coordinate of a leg in arrays.

    Attributes:
      axis: The axis of the message array.
      arrows: The maps that are followed from there, in order; empty for a plain projection.
    """

    axis: int
    arrows: tuple[Arrow, ...] = ()


def message_axes(sort: Sort, layout: Layout) -> tuple[tuple[int, ...], ...]:
    """The array axes of each factor of a sort.

    Example:
      >>> from catalign.polynomial.sort import E, V
      >>> message_axes(E * V, Layout.DENSE)
      ((0, 1), (2,))
    """
    axes, start = [], 0
    for base in sort.factors:
        rank = layout.rank(base)
        axes.append(tuple(range(start, start + rank)))
        start += rank
    return tuple(axes)


def axis_maps(leg: Leg, layout: Layout) -> tuple[AxisMap, ...]:
    """For each array axis of the field on `leg.cod`, where its index comes from.

    Example:
      >>> from catalign.polynomial.leg import target
      >>> axis_maps(target, Layout.DENSE)
      (AxisMap(axis=1, arrows=()),)
      >>> [m.arrows[0].name for m in axis_maps(target, Layout.SPARSE)]
      ['target']
    """
    axes = message_axes(leg.dom, layout)
    maps: list[AxisMap] = []
    for coordinate in leg.coordinates:
        ends, arrows = axes[coordinate.position], coordinate.arrows
        if len(ends) == 2 and arrows:
            ends, arrows = (ends[0] if arrows[0] == SOURCE else ends[1],), arrows[1:]
        maps.extend(AxisMap(axis, arrows) for axis in ends)
    return tuple(maps)


def is_projection(maps: tuple[AxisMap, ...]) -> bool:
    """Whether nothing is followed and no axis is used twice."""
    axes = [m.axis for m in maps]
    return len(set(axes)) == len(axes) and not any(m.arrows for m in maps)


def forgotten_axes(maps: tuple[AxisMap, ...], rank: int) -> tuple[int, ...]:
    """The axes of a message array of this rank that a leg does not use."""
    used = {m.axis for m in maps}
    return tuple(axis for axis in range(rank) if axis not in used)


def has_mask(sort: Sort, layout: Layout) -> bool:
    """Whether messages over this sort exist only where the mask of a dense graph holds."""
    return layout is Layout.DENSE and Base.E in sort.factors


def follow(axis_map: AxisMap, graph: Graph, pointers: Pointers) -> Array | None:
    """The index into the field at each place of the message axis; None for the same place."""
    index = None
    for arrow in axis_map.arrows:
        values = _values(arrow, graph, pointers)
        index = values if index is None else jnp.take(values, index, mode="clip")
    return index


def _values(arrow: Arrow, graph: Graph, pointers: Pointers) -> Array:
    if isinstance(graph, SparseGraph) and arrow in (SOURCE, TARGET):
        return graph.senders if arrow == SOURCE else graph.receivers
    return jnp.asarray(pointers[arrow.name])
