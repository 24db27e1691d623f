"""Sums by XLA's scatter over sorted receivers: on CPU one pass over the messages, in order.

Where a monoid has no scatter of its own, its segment reduction scans.
"""

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.monoid import CommutativeMonoid, Values
from catalign.kernels.segment_reduce.arrays import attains, column, take, units
from catalign.kernels.segment_reduce.csr import CsrGraph

NONE = jnp.iinfo(jnp.int32).max
"""In the place of an edge, where there is none."""


def reduce(messages: Values, graph: CsrGraph, monoid: CommutativeMonoid) -> Values:
    """As the reference."""
    return monoid.segment(messages, graph.receivers, graph.n_node, indices_are_sorted=True)


def first_edge(messages: Array, graph: CsrGraph, total: Array, monoid: CommutativeMonoid) -> Array:
    """As the reference."""
    first_one = first(messages, graph, total)
    return jnp.where((total == units(monoid, total)) | (first_one == NONE), -1, first_one)


def first(messages: Array, graph: CsrGraph, total: Array) -> Array:
    """The first edge whose message is the sum, also among NaN."""
    edges = column(jnp.arange(graph.n_edge, dtype=jnp.int32), total.ndim)
    numbers = jnp.where(attains(messages, take(total, graph.receivers)), edges, NONE)
    return jax.ops.segment_min(numbers, graph.receivers, graph.n_node, indices_are_sorted=True)
