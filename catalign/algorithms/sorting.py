"""Insertion sort and bubble sort (Cormen et al., chapter 2).

The algorithms of the book move keys about in an array A. Here the keys stay at their nodes, and
what moves is `order`, the node at each place of A: the book's `A[k]` is `key[order[k]]`.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Int

from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.chain import PRED_H, chain, relink
from catalign.algorithms.inputs import POS, positions
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.key import AbstractKeyLaw, UniformKeys

KEY = Probe("key", Stage.INPUT, Location.NODE, Kind.SCALAR)
UNIFORM = UniformKeys()

PRED = Probe("pred", Stage.OUTPUT, Location.NODE, Kind.SHOULD_BE_PERMUTATION)


def node_hint(name: str) -> Probe:
    """A hint that marks one node, as the loop variables of sorting do."""
    return Probe(name, Stage.HINT, Location.NODE, Kind.MASK_ONE)


def sample_keys(key: KeyArray, size: int, *, keys: AbstractKeyLaw = UNIFORM) -> Probes:
    """Keys of a law: uniform in [0, 1) as in the benchmark, if left out."""
    return {"pos": positions(size), "key": keys.sample(key, size)}


class _Sorting(NamedTuple):
    order: Int[Array, " n"]
    pred: Int[Array, " n"]
    i: Index
    j: Index


def _start(inputs: Probes) -> _Sorting:
    n = inputs["key"].shape[0]
    zero = jnp.int32(0)
    return _Sorting(jnp.arange(n, dtype=jnp.int32), chain(n), zero, zero)


def _outputs(inputs: Probes, state: _Sorting) -> Probes:
    return {"pred": state.pred}


def _insertion_step(inputs: Probes, state: _Sorting) -> _Sorting:
    """One turn of the outer loop: inserts `A[j]` into the sorted `A[0 .. j-1]`.

    The inner loop stops behind the last key that is not greater: a count finds that place, as
    `A[0 .. j-1]` holds the first j nodes.
    """
    key, order = inputs["key"], state.order
    place = jnp.arange(key.shape[0], dtype=jnp.int32)
    j = state.j + 1
    gap = jnp.sum((place < j) & (key <= key[j]), dtype=jnp.int32)
    shifted = jnp.where((place > gap) & (place <= j), jnp.roll(order, 1), order)
    inserted = jnp.where(place == gap, j, shifted)
    pred = relink(state.pred, inserted, (gap, gap + 1, j + 1))
    return _Sorting(inserted, pred, i=order[gap], j=j)


def _insertion_done(inputs: Probes, state: _Sorting) -> Flag:
    return state.j >= inputs["key"].shape[0] - 1


def _insertion_hints(inputs: Probes, state: _Sorting) -> Probes:
    return {"pred_h": state.pred, "i": state.i, "j": state.j}


insertion_sort = Algorithm(
    name="insertion_sort",
    spec=Spec(POS, KEY, PRED_H, node_hint("i"), node_hint("j"), PRED),
    sampler=sample_keys,
    init=_start,
    step=_insertion_step,
    done=_insertion_done,
    hints=_insertion_hints,
    outputs=_outputs,
    max_steps=lambda n: n,
    source="Cormen et al., Introduction to Algorithms, section 2.1",
)
"""Insertion sort. `j` is the node inserted, `i` the node that stood where it goes."""


def _bubble_step(inputs: Probes, state: _Sorting) -> _Sorting:
    """One turn of the inner loop, down to i + 1: swaps `A[j]` and `A[j-1]` if out of order."""
    key, order = inputs["key"], state.order
    n = key.shape[0]
    place = jnp.arange(n, dtype=jnp.int32)
    ends = state.j <= state.i + 1
    i = jnp.where(ends, state.i + 1, state.i)
    j = jnp.where(ends, n - 1, state.j - 1)
    upper, lower = order[j], order[j - 1]
    swaps = key[upper] < key[lower]
    swapped = jnp.where(place == j, lower, jnp.where(place == j - 1, upper, order))
    order = jnp.where(swaps, swapped, order)
    return _Sorting(order, relink(state.pred, order, (j - 1, j, j + 1)), i, j)


def _bubble_start(inputs: Probes) -> _Sorting:
    # A finished pass before the first: the step then begins pass 0 at the right end.
    start = _start(inputs)
    return start._replace(i=jnp.int32(-1))


def _bubble_done(inputs: Probes, state: _Sorting) -> Flag:
    n = inputs["key"].shape[0]
    return state.i >= n - 2


def _bubble_hints(inputs: Probes, state: _Sorting) -> Probes:
    return {
        "pred_h": state.pred,
        "i": state.order[jnp.maximum(state.i, 0)],
        "j": state.order[state.j],
    }


bubble_sort = Algorithm(
    name="bubble_sort",
    spec=Spec(POS, KEY, PRED_H, node_hint("i"), node_hint("j"), PRED),
    sampler=sample_keys,
    init=_bubble_start,
    step=_bubble_step,
    done=_bubble_done,
    hints=_bubble_hints,
    outputs=_outputs,
    max_steps=lambda n: 1 + n * (n - 1) // 2,
    source="Cormen et al., Introduction to Algorithms, problem 2-2",
)
"""Bubble sort. `i` and `j` mark the nodes at the places of the outer and the inner loop."""
