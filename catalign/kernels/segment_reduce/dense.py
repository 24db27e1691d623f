"""Sums over rows of bounded width: dense reductions of gathered values, without a scatter.

The gather of a row is fused into its reduction, so that nothing of the size of all edges is formed
where the values come from nodes. Every row is read once, in a loop that uses all cores.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.instances import plus_times
from catalign.algebra.monoid import CommutativeMonoid, Values
from catalign.kernels.segment_reduce import scatter
from catalign.kernels.segment_reduce.arrays import column, take, units
from catalign.kernels.segment_reduce.csr import CsrGraph
from catalign.kernels.segment_reduce.rows import Block, Rows

Term = Callable[[Array], Values]
"""`term(items)` is the value of each item."""


def reduce(messages: Values, graph: CsrGraph, monoid: CommutativeMonoid) -> Values:
    """As the reference."""
    return reduce_rows(lambda e: take(messages, e), graph.into, monoid, units(monoid, messages))


def first_edge(messages: Array, graph: CsrGraph, total: Array, monoid: CommutativeMonoid) -> Array:
    """As the reference."""
    return first_attaining(lambda e: take(messages, e), graph, total, monoid)


def gather_reduce(nodes: Values, graph: CsrGraph, monoid: CommutativeMonoid) -> Values:
    """Sums over the neighbours that each node hears, without a message for each edge."""

    def term(e: Array) -> Values:
        return take(nodes, take(graph.senders, e))

    return reduce_rows(term, graph.into, monoid, units(monoid, nodes))


def first_attaining(
    message: Callable[[Array], Array], graph: CsrGraph, total: Array, monoid: CommutativeMonoid
) -> Array:
    """The first edge of each node whose message is the sum; -1 where the sum is the unit.

    A second pass over the messages, in which each is used once: what is used twice, XLA does not
    fuse but forms for all edges.
    """
    if graph.n_edge == 0:
        return jnp.full(total.shape, -1, jnp.int32)
    unit = units(monoid, total)

    def first_of(block: Block, owners: Array | None) -> Array:
        goal = total if owners is None else take(total, owners)
        first = jnp.full(goal.shape, scatter.NONE, jnp.int32)
        for step in reversed(range(block.width)):
            e = block.place(step)
            first = jnp.where(message(e) == goal, column(e, goal.ndim), first)
        return first

    def without_nan() -> Array:
        fold = functools.partial(functools.reduce, jnp.minimum)
        none = jnp.full((1, *total.shape[1:]), scatter.NONE, jnp.int32)
        return _through(first_of, graph.into, fold, none)

    def with_nan() -> Array:
        return scatter.first(message(jnp.arange(graph.n_edge, dtype=jnp.int32)), graph, total)

    first = jax.lax.cond(jnp.any(total != total), with_nan, without_nan)
    return jnp.where((total == unit) | (first == scatter.NONE), -1, first)


def reduce_rows(term: Term, rows: Rows, monoid: CommutativeMonoid, unit: Values) -> Values:
    """Sums the values of the items of each group.

    Args:
      term: The values.
      rows: The groups.
      monoid: How values combine.
      unit: The unit as one row.
    """

    def value(block: Block, step: int) -> Values:
        place = block.place(step)
        return term(place if rows.items is None else take(rows.items, place))

    def sum_of(block: Block, _: Array | None) -> Values:
        return _sum([value(block, k) for k in range(block.width)], block, monoid, unit)

    return _through(sum_of, rows, functools.partial(_fold, monoid), unit)


def reduce_placed(
    first: Values, rest: Values, rows: Rows, monoid: CommutativeMonoid, unit: Values
) -> Values:
    """As `reduce_rows`, of values that stand as `rows.position` says: `[width, rows, ...]`."""

    def sum_of(block: Block, owners: Array | None) -> Values:
        values = first if owners is None else rest
        steps = [jax.tree.map(lambda leaf, k=k: leaf[k], values) for k in range(block.width)]
        return _sum(steps, block, monoid, unit)

    return _through(sum_of, rows, functools.partial(_fold, monoid), unit)


def _through(
    sum_of: Callable[[Block, Array | None], Values],
    rows: Rows,
    fold: Callable[[list[Values]], Values],
    unit: Values,
) -> Values:
    """From the sums of rows to those of the groups.

    Args:
      sum_of: The sums of the rows of a block, given the groups of these; of all groups, None.
      rows: The groups.
      fold: Combines a few sums.
      unit: The unit as one row.
    """
    own = sum_of(rows.first, None)
    if rows.rest is None:
        return own
    parts, place = sum_of(rows.rest.block, rows.rest.owners), rows.rest.place

    def of_parts(block: Block, _: Array | None) -> Values:
        steps = range(block.width)
        values = [take(parts, block.place(k)) for k in steps]
        return fold([values[0], *(_where(k < block.counts, values[k], unit) for k in steps[1:])])

    more = take(_through(of_parts, rows.rest.sums, fold, unit), jnp.maximum(place, 0))
    return fold([own, _where(place >= 0, more, unit)])


def _sum(values: list[Values], block: Block, monoid: CommutativeMonoid, unit: Values) -> Values:
    """Sums the steps of a block; a selective sum may read its last place again."""
    if not values:
        return jax.tree.map(lambda u: jnp.repeat(u, block.counts.shape[0], 0), unit)
    if not monoid.is_selective:
        some = enumerate(values[1:], 1)
        values = [values[0], *(_where(step < block.counts, v, unit) for step, v in some)]
    return _where(block.counts > 0, _fold(monoid, values), unit)


def _fold(monoid: CommutativeMonoid, values: list[Values]) -> Values:
    """Combines a few arrays: one by one where that is one instruction, or else along an axis."""
    if monoid.is_selective or monoid == plus_times.add:
        return functools.reduce(monoid.op, values)
    return monoid.reduce(jax.tree.map(lambda *leaves: jnp.stack(leaves), *values), 0)


def _where(mask: Array, values: Values, unit: Values) -> Values:
    return jax.tree.map(lambda x, u: jnp.where(column(mask, x.ndim), x, u), values, unit)
