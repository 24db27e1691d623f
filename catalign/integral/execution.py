"""The two moves of an execution: arguments are pulled to messages, messages pushed to outputs.

Fields are arrays with the axes of their sort first and any feature axes after, or pytrees of such
arrays (for the pairs of a provenance semiring). Learned layers use the same moves, with a network
between them.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.monoid import CommutativeMonoid
from catalign.integral.graph import DenseGraph, Graph, Layout, SparseGraph
from catalign.integral.layout import (
    AxisMap,
    Pointers,
    axis_maps,
    follow,
    forgotten_axes,
    has_mask,
    is_projection,
    message_axes,
)
from catalign.kernels.segment_reduce import api as segment_reduce
from catalign.kernels.segment_reduce.csr import CsrGraph
from catalign.polynomial.leg import TARGET, Leg
from catalign.polynomial.sort import Base, Sort

Field = Any


def pull_argument(
    leg: Leg, field: Field, *, graph: Graph, pointers: Pointers | None = None
) -> Field:
    """Reads a field along a leg, once for each message.

    Maths: `(i^* f)(x) = f(i(x))`

    Args:
      leg: The leg, from the sort of the message to that of the field.
      field: The field: the axes of its sort first.
      graph: The graph.
      pointers: The maps from nodes to nodes that the leg follows, by name.

    Returns:
      An array with the axes of the message, where an axis that the leg forgets has size 1, to
      broadcast. Feature axes stay last.

    Example:
      >>> from catalign.polynomial.leg import project
      >>> from catalign.polynomial.sort import V
      >>> node = jnp.array([5.0, 7.0])
      >>> pull_argument(project(V * V, 1), node, graph=DenseGraph.complete(2)).shape
      (1, 2)
    """
    maps = axis_maps(leg, graph.layout)
    rank = len(graph.shape(leg.dom))
    indices = [follow(m, graph, pointers or {}) for m in maps]
    return jax.tree.map(functools.partial(_pull, maps, indices, rank), field)


def push_messages(
    leg: Leg,
    messages: Field,
    monoid: CommutativeMonoid,
    *,
    graph: Graph,
    pointers: Pointers | None = None,
) -> Field:
    """Combines messages where they arrive.

    Maths: `(o_+ m)(z) = sum of m(y) over y with o(y) = z`; the unit on an empty fibre.

    Args:
      leg: The leg, from the sort of the messages to that of the output.
      messages: One value for each message: the axes of its sort first. Axes of size 1 broadcast.
      monoid: How messages combine.
      graph: The graph. Messages over edges that a dense graph lacks do not count.
      pointers: The maps from nodes to nodes that the leg follows, by name.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> from catalign.polynomial.leg import project
      >>> from catalign.polynomial.sort import V
      >>> messages, graph = jnp.array([[3.0, 1.0], [2.0, 4.0]]), DenseGraph.complete(2)
      >>> push_messages(project(V * V, 1), messages, min_plus.add, graph=graph).tolist()
      [2.0, 1.0]
    """
    shape = graph.shape(leg.dom)
    maps = axis_maps(leg, graph.layout)
    x = spread(messages, shape)
    x = drop_masked(x, edge_mask(leg.dom, graph), monoid)
    if is_projection(maps):
        return sum_to_projection(x, maps, len(shape), monoid)
    forgotten = forgotten_axes(maps, len(shape))
    if forgotten:
        x = monoid.reduce(x, forgotten)
    if goes_by_rows(leg, graph):
        assert isinstance(graph, SparseGraph)
        assert graph.rows is not None
        return segment_reduce.reduce(_sorted(x, graph, graph.rows), graph.rows, monoid)
    kept = [axis for axis in range(len(shape)) if axis not in forgotten]
    extents = graph.shape(leg.cod)
    indices = [follow(m, graph, pointers or {}) for m in maps]
    ids = _flat_ids(maps, indices, kept, [shape[axis] for axis in kept], extents)
    rows = jax.tree.map(lambda m: m.reshape((-1, *m.shape[len(kept) :])), x)
    out = monoid.segment(
        rows, ids, math.prod(extents), indices_are_sorted=_is_sorted(maps, len(kept), graph)
    )
    return jax.tree.map(lambda m: m.reshape(extents + m.shape[1:]), out)


def goes_by_rows(leg: Leg, graph: Graph | Layout) -> bool:
    """Whether messages over edges arrive at the receivers of a prepared graph."""
    if not isinstance(graph, SparseGraph) or graph.rows is None or leg.dom.factors != (Base.E,):
        return False
    return axis_maps(leg, graph.layout) == (AxisMap(0, (TARGET,)),)


def _sorted(messages: Field, graph: SparseGraph, rows: CsrGraph) -> Field:
    """Messages over edges in the order of the rows; padding, which comes last, is cut off."""
    if graph.receivers_are_sorted:
        return jax.tree.map(lambda m: m[: rows.n_edge], messages)
    return jax.tree.map(lambda m: m.at[rows.order].get(mode="promise_in_bounds"), messages)


def spread(messages: Field, shape: tuple[int, ...]) -> Field:
    """Broadcasts the message axes to their full size and leaves the feature axes."""
    rank = len(shape)
    return jax.tree.map(lambda m: jnp.broadcast_to(m, shape + m.shape[rank:]), messages)


def edge_mask(sort: Sort, graph: Graph) -> Array | None:
    """Which messages over a sort exist, to broadcast; None if all do."""
    if not isinstance(graph, DenseGraph) or not has_mask(sort, graph.layout):
        return None
    rank = len(graph.shape(sort))
    masks = [
        graph.mask.reshape([graph.n_node if axis in axes else 1 for axis in range(rank)])
        for base, axes in zip(sort.factors, message_axes(sort, graph.layout), strict=True)
        if base is Base.E
    ]
    return functools.reduce(jnp.logical_and, masks)


def drop_masked(messages: Field, mask: Array | None, monoid: CommutativeMonoid) -> Field:
    """Puts the unit where a message does not exist."""
    if mask is None:
        return messages

    def keep(unit: float | bool, m: Array) -> Array:
        return jnp.where(mask.reshape(mask.shape + (1,) * (m.ndim - mask.ndim)), m, unit)

    return jax.tree.map(keep, monoid.unit, messages)


def sum_to_projection(
    messages: Field, maps: tuple[AxisMap, ...], rank: int, monoid: CommutativeMonoid
) -> Field:
    """Sums over the axes that a projection forgets and puts the others in its order."""
    forgotten = forgotten_axes(maps, rank)
    if forgotten:
        messages = monoid.reduce(messages, forgotten)
    kept = [axis for axis in range(rank) if axis not in forgotten]
    order = [kept.index(m.axis) for m in maps]
    return jax.tree.map(lambda m: transpose_leading(m, order), messages)


def transpose_leading(x: Array, order: Sequence[int]) -> Array:
    """Reorders the first axes and leaves the feature axes."""
    return jnp.transpose(x, (*order, *range(len(order), x.ndim)))


def _pull(maps: tuple[AxisMap, ...], indices: list[Array | None], rank: int, field: Array) -> Array:
    axes = [m.axis for m in maps]
    used = sorted(set(axes))
    if len(used) == len(axes):
        for axis, index in enumerate(indices):
            if index is not None:
                field = jnp.take(field, index, axis=axis, mode="clip")
        field = transpose_leading(field, [axes.index(axis) for axis in used])
    else:
        grid = []
        for k, (axis, index) in enumerate(zip(axes, indices, strict=True)):
            place = jnp.arange(field.shape[k], dtype=jnp.int32) if index is None else index
            grid.append(place.reshape([-1 if axis == other else 1 for other in used]))
        field = field.at[tuple(grid)].get(mode="clip")
    features = field.shape[len(used) :]
    extents = dict(zip(used, field.shape, strict=False))
    return field.reshape(tuple(extents.get(axis, 1) for axis in range(rank)) + features)


def _flat_ids(
    maps: tuple[AxisMap, ...],
    indices: list[Array | None],
    kept: list[int],
    sizes: list[int],
    extents: tuple[int, ...],
) -> Array:
    """The output of each row of messages; past the last one where a coordinate is out of range."""
    ids, inside = jnp.zeros((1,) * len(kept), jnp.int32), jnp.ones((1,) * len(kept), bool)
    for m, index, extent in zip(maps, indices, extents, strict=True):
        at = kept.index(m.axis)
        place = jnp.arange(sizes[at], dtype=jnp.int32) if index is None else index
        place = place.astype(jnp.int32).reshape([-1 if k == at else 1 for k in range(len(kept))])
        ids = ids * extent + place
        inside = inside & (place >= 0) & (place < extent)
    return jnp.broadcast_to(jnp.where(inside, ids, math.prod(extents)), sizes).reshape(-1)


def _is_sorted(maps: tuple[AxisMap, ...], kept: int, graph: Graph) -> bool:
    follows_target = len(maps) == 1 and kept == 1 and maps[0].arrows == (TARGET,)
    return isinstance(graph, SparseGraph) and graph.receivers_are_sorted and follows_target
