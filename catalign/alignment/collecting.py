"""Algorithms that collect the nodes one by one: folds with a commutative monoid at the graph."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from catalign._typing import Probes
from catalign.algebra.instances import min_plus
from catalign.algebra.monoid import CommutativeMonoid
from catalign.algorithms import searching, sorting
from catalign.alignment import diagrams
from catalign.alignment.alignment import Alignment, Claim, Instance
from catalign.integral.graph import DenseGraph
from catalign.polynomial import library

Keyed = tuple[Array, Array]
"""A sorted list on the last axis: keys, filled up with inf, and their nodes, filled up with -1."""


def _merge(left: Keyed, right: Keyed) -> Keyed:
    n = left[0].shape[-1]
    keys = jnp.concatenate([left[0], right[0]], axis=-1)
    nodes = jnp.concatenate([left[1], right[1]], axis=-1)
    keys, nodes = jax.lax.sort((keys, nodes), num_keys=2)
    return keys[..., :n], nodes[..., :n]


merge = CommutativeMonoid.from_operation(
    "merge", _merge, unit=(float("inf"), -1), is_idempotent=False
)
"""Sorted lists of (key, node), of bounded length: two lists combine by merging.

The order by key and then by node is total, so merging forgets order: the monoid is commutative, and
not idempotent. It is exact while the lists together are no longer than the bound.
"""


class Prefix(NamedTuple):
    """The state of insertion sort: the sorted list now and before, and the node last inserted."""

    sorted: Keyed
    before: Keyed
    j: Array


def _singletons(key: Array, chosen: Array) -> Keyed:
    """At each chosen node the list of that node alone, elsewhere the empty list."""
    n = key.shape[0]
    nodes = jnp.arange(n, dtype=jnp.int32)
    is_first = (nodes == 0)[None, :] & chosen[:, None]
    keys = jnp.where(is_first, key[:, None], jnp.full((1, 1), jnp.inf, key.dtype))
    return keys, jnp.where(is_first, nodes[:, None], -1)


def _order(listed: Keyed, j: Array) -> Array:
    """The array of the algorithm: the sorted list of nodes 0 to j, then the rest as given."""
    place = jnp.arange(listed[1].shape[-1], dtype=jnp.int32)
    return jnp.where(place <= j, listed[1], place)


def _predecessors(order: Array) -> Array:
    before = jnp.concatenate([order[:1], order[:-1]])
    return jnp.zeros_like(order).at[order].set(before)


def _begin(inputs: Probes) -> Prefix:
    key = inputs["key"]
    keys, nodes = _singletons(key, jnp.ones(key.shape, bool))
    first = keys[0], nodes[0]
    return Prefix(first, first, jnp.int32(0))


def _encode(inputs: Probes, state: Prefix) -> Instance:
    key = inputs["key"]
    n = key.shape[0]
    chosen = jnp.arange(n, dtype=jnp.int32) == state.j + 1
    fields = {"total": state.sorted, "item": _singletons(key, chosen)}
    return Instance(fields=fields, graph=DenseGraph(mask=jnp.zeros((n, n), bool)))


def _decode(inputs: Probes, state: Prefix) -> Probes:
    del inputs
    order = _order(state.sorted, state.j)
    gap = jnp.argmax(order == state.j)
    stood = _order(state.before, state.j - 1)[gap]
    return {
        "pred_h": _predecessors(order),
        "i": jnp.where(state.j == 0, 0, stood),
        "j": state.j,
    }


insertion_sort = Alignment(
    algorithm=sorting.insertion_sort,
    diagram=diagrams.collect,
    semiring=merge,
    begin=_begin,
    encode=_encode,
    advance=lambda inputs, state, out: Prefix(out, state.sorted, state.j + 1),
    decode=_decode,
    answer=lambda inputs, state: {"pred": _predecessors(_order(state.sorted, state.j))},
)
"""Insertion sort is the fold of the list of nodes with the commutative monoid of merging."""


def _all_at_once(inputs: Probes, state: Keyed) -> Instance:
    del state
    key = inputs["key"]
    n = key.shape[0]
    fields = {"node": _singletons(key, jnp.ones(n, bool))}
    return Instance(fields=fields, graph=DenseGraph(mask=jnp.zeros((n, n), bool)))


bubble_sort = Alignment(
    algorithm=sorting.bubble_sort,
    diagram=library.readout,
    semiring=merge,
    begin=lambda inputs: (inputs["key"], jnp.arange(inputs["key"].shape[0], dtype=jnp.int32)),
    encode=_all_at_once,
    advance=lambda inputs, state, out: out,
    decode=lambda inputs, state: {},
    answer=lambda inputs, state: {"pred": _predecessors(state[1])},
    claim=Claim.OUTPUTS,
    rounds=lambda n: 1,
)
"""Bubble sort ends where one readout in the monoid of merging does; its steps are not claimed."""


def _keys_with_places(inputs: Probes, state: tuple[Array, Array]) -> Instance:
    del state
    key = inputs["key"]
    n = key.shape[0]
    fields = {"node": (key, jnp.arange(n, dtype=jnp.int32))}
    return Instance(fields=fields, graph=DenseGraph(mask=jnp.zeros((n, n), bool)))


minimum = Alignment(
    algorithm=searching.minimum,
    diagram=library.readout,
    semiring=min_plus,
    begin=lambda inputs: (inputs["key"][0], jnp.int32(0)),
    encode=_keys_with_places,
    advance=lambda inputs, state, out: out,
    decode=lambda inputs, state: {},
    answer=lambda inputs, state: {"min": state[1]},
    claim=Claim.OUTPUTS,
    with_provenance=True,
    rounds=lambda n: 1,
)
"""The minimum is one readout in `min_plus` with provenance; the steps are not claimed."""
