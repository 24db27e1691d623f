"""The definition, followed literally: every node looks at every edge."""

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.monoid import CommutativeMonoid, Values
from catalign.kernels.segment_reduce.arrays import attains, units
from catalign.kernels.segment_reduce.csr import CsrGraph


def reduce(messages: Values, graph: CsrGraph, monoid: CommutativeMonoid) -> Values:
    """Sums over the edges that enter each node.

    Maths: `y_v = sum of m_e over e with receiver v`; the unit where there is none.
    """
    unit = units(monoid, messages, (1, 1))

    def terms(leaf: Array, u: Array) -> Array:
        enters = graph.receivers[None, :] == jnp.arange(graph.n_node)[:, None]
        return jnp.where(enters.reshape(enters.shape + (1,) * (leaf.ndim - 1)), leaf[None], u)

    if graph.n_edge == 0:
        return units(monoid, messages, (graph.n_node,))
    # Not `monoid.reduce`: XLA's minimum along a long axis may lose a NaN on CPU.
    return monoid.fold(jax.tree.map(terms, messages, unit), 1)


def first_edge(messages: Array, graph: CsrGraph, total: Array, monoid: CommutativeMonoid) -> Array:
    """The first edge that attains each sum; -1 where the sum is the unit."""
    if graph.n_edge == 0:
        return jnp.full(total.shape, -1, jnp.int32)
    enters = graph.receivers[None, :] == jnp.arange(graph.n_node)[:, None]
    enters = enters.reshape(enters.shape + (1,) * (messages.ndim - 1))
    hit = enters & attains(messages[None], total[:, None])
    is_unit = total == units(monoid, messages, (1,))
    return jnp.where(is_unit, -1, jnp.argmax(hit, axis=1).astype(jnp.int32))
