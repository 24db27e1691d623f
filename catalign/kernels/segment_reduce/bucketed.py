"""Sums over rows of equal width: dense reductions of gathered values, without a scatter.

The gather of a row is fused into its reduction, so that nothing of the size of all edges is formed
where the values come from nodes. Every row is read once, in a loop that uses all cores.
"""

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.instances import plus_times
from catalign.algebra.monoid import CommutativeMonoid, Values
from catalign.kernels.segment_reduce.csr import CsrGraph
from catalign.kernels.segment_reduce.rows import Rows

_NONE = jnp.iinfo(jnp.int32).max

Term = Callable[[Array, Array], Values]
"""`term(items, groups)` is the value of each item, given its group as well."""


def reduce(messages: Values, graph: CsrGraph, monoid: CommutativeMonoid) -> Values:
    """As the reference."""
    unit = units(monoid, messages, (1,))
    return reduce_rows(lambda e, _: take(messages, e), graph.into, monoid, unit)


def first_edge(messages: Array, graph: CsrGraph, total: Array, monoid: CommutativeMonoid) -> Array:
    """As the reference."""
    return first_attaining(lambda e: take(messages, e), graph, total, monoid)


def gather_reduce(nodes: Values, graph: CsrGraph, monoid: CommutativeMonoid) -> Values:
    """Sums over the neighbours that each node hears, without a message for each edge."""
    unit = units(monoid, nodes, (1,))
    return reduce_rows(lambda e, _: take(nodes, take(graph.senders, e)), graph.into, monoid, unit)


def first_attaining(
    message: Callable[[Array], Array], graph: CsrGraph, total: Array, monoid: CommutativeMonoid
) -> Array:
    """The first edge of each node whose message is the sum; -1 where the sum is the unit.

    A second pass over the messages, in which each is used once: what is used twice, XLA does not
    fuse but forms for all edges.
    """
    last = jnp.full((1, *total.shape[1:]), _NONE, jnp.int32)

    def first_of(items: Array, groups: Array) -> Array:
        goal = take(total, groups)
        first = jnp.full(goal.shape, _NONE, jnp.int32)
        for e in items[::-1]:
            first = jnp.where(message(e) == goal, column(e, goal.ndim), first)
        return first

    def without_nan() -> Array:
        blocks = zip(graph.into.levels[0], graph.into.owners, strict=True)
        fold = functools.partial(functools.reduce, jnp.minimum)
        return _finish([first_of(*block) for block in blocks], graph.into, fold, last)

    def with_nan() -> Array:
        values = message(jnp.arange(graph.n_edge, dtype=jnp.int32))
        edges = column(jnp.arange(graph.n_edge, dtype=jnp.int32), total.ndim)
        numbers = jnp.where(attains(values, take(total, graph.receivers)), edges, _NONE)
        return jax.ops.segment_min(numbers, graph.receivers, graph.n_node, indices_are_sorted=True)

    if graph.n_edge == 0:
        return jnp.full(total.shape, -1, jnp.int32)
    first = jax.lax.cond(jnp.any(total != total), with_nan, without_nan)
    is_unit = total == units(monoid, total, (1,))
    return jnp.where(is_unit | (first == _NONE), -1, first)


def reduce_rows(term: Term, rows: Rows, monoid: CommutativeMonoid, unit: Values) -> Values:
    """Sums the values of the items of each group.

    Args:
      term: The values.
      rows: The groups.
      monoid: How values combine.
      unit: The unit as one row.
    """
    return _reduce_rows(term, rows, functools.partial(fold, monoid), unit)


def fold(monoid: CommutativeMonoid, values: list[Values]) -> Values:
    """Combines a few arrays: one by one where that is one instruction, or else along an axis."""
    if monoid.is_selective or monoid == plus_times.add:
        return functools.reduce(monoid.op, values)
    return monoid.reduce(jax.tree.map(lambda *leaves: jnp.stack(leaves), *values), 0)


def _reduce_rows(
    term: Term, rows: Rows, fold: Callable[[list[Values]], Values], unit: Values
) -> Values:
    blocks = zip(rows.levels[0], rows.owners, strict=True) if rows.levels else ()
    return _finish([fold([term(e, v) for e in items]) for items, v in blocks], rows, fold, unit)


def reduce_blocks(
    blocks: list[Values], rows: Rows, monoid: CommutativeMonoid, unit: Values
) -> Values:
    """As `reduce_rows`, of values that stand as `rows.levels[0]` does: `[width, rows, ...]`."""
    return _finish(
        [fold(monoid, list(block)) for block in blocks],
        rows,
        functools.partial(fold, monoid),
        unit,
    )


def _finish(
    sums: list[Values], rows: Rows, fold: Callable[[list[Values]], Values], unit: Values
) -> Values:
    """From the sums of the rows of the first level to those of the groups."""
    done = [_concatenate(sums)] if sums else []
    for level in rows.levels[1:]:
        before = done[-1]
        done.append(_concatenate([fold([take(before, r) for r in items]) for items in level]))
    return take(_concatenate([*done, unit]), rows.place)


def take(x: Values, index: Array) -> Values:
    """The rows of an array, or of each in a pytree."""
    return jax.tree.map(lambda leaf: leaf.at[index].get(mode="promise_in_bounds"), x)


def units(monoid: CommutativeMonoid, like: Values, lead: tuple[int, ...]) -> Values:
    """Units in the place of the first axis of `like`; of integers, the extreme one for infinity."""

    def full(unit: float, leaf: Array) -> Array:
        if jnp.issubdtype(leaf.dtype, jnp.integer) and math.isinf(unit):
            unit = jnp.iinfo(leaf.dtype).max if unit > 0 else jnp.iinfo(leaf.dtype).min
        return jnp.full((*lead, *leaf.shape[1:]), unit, leaf.dtype)

    return jax.tree.map(full, monoid.unit, like)


def attains(values: Array, total: Array) -> Array:
    """Whether each value is the sum; a NaN attains NaN."""
    return (values == total) | ((values != values) & (total != total))


def column(x: Array, ndim: int) -> Array:
    """A vector as the first of several axes."""
    return x.reshape(x.shape + (1,) * (ndim - 1))


def _concatenate(parts: list[Values]) -> Values:
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *parts)
