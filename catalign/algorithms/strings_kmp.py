"""The Knuth-Morris-Pratt matcher (Cormen et al., section 32.4).

The nodes are those of `strings`: the haystack, then the needle.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int

from catalign._typing import Flag, Index, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import put
from catalign.algorithms.chain import CONSTANT_PRED_H
from catalign.algorithms.inputs import POS
from catalign.algorithms.searching import node_output
from catalign.algorithms.sorting import node_hint
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.algorithms.strings import (
    CHARACTER,
    STRING,
    check_needle,
    first_length,
    sample_needle,
    string_chain,
)


class _Matcher(NamedTuple):
    """Knuth-Morris-Pratt at work.

    Places in the needle count from 0, so the book's length q is `q` + 1 here; a length of 0, which
    leaves no place to mark, is `q_reset` with q = 0. The same holds for `k` and `k_reset`, and for
    the prefix function `pi` with `is_reset`.
    """

    matches: Flag
    is_set: Flag
    pi: Int[Array, " n"]
    is_reset: Bool[Array, " n"]
    k: Index
    k_reset: Flag
    q: Index
    q_reset: Flag
    i: Index


def _matcher_start(inputs: Probes) -> _Matcher:
    n = inputs["key"].shape[0]
    node, first = jnp.arange(n, dtype=jnp.int32), first_length(inputs["string"])
    zero, single = jnp.int32(0), first == n - 1
    return _Matcher(
        matches=jnp.bool_(False),
        is_set=single,
        pi=node,
        is_reset=node == first,
        k=zero,
        k_reset=jnp.bool_(True),
        q=jnp.where(single, 0, 1),
        q_reset=jnp.bool_(True),
        i=zero,
    )


def _compare(
    inputs: Probes, state: _Matcher, prefix: Index, reset: Flag, node: Index
) -> tuple[Flag, Index, Index, Flag]:
    """Compares a node's character with the one that would extend a matched prefix of the needle.

    Returns:
      Whether they agree, the place that is matched then, and the next shorter prefix to try.
    """
    key, first = inputs["key"], first_length(inputs["string"])
    place = jnp.where(reset, 0, prefix + 1)
    at = first + prefix
    agrees = key[jnp.minimum(first + place, key.shape[0] - 1)] == key[node]
    return agrees, place, state.pi[at] - first, state.is_reset[at]


def _matcher_step(inputs: Probes, state: _Matcher) -> _Matcher:
    """One comparison: falls back to a shorter prefix, or reads the next character.

    First COMPUTE-PREFIX-FUNCTION, over the needle; then, once `matches`, the haystack.
    """
    prefixed = _prefix_step(inputs, state)
    matched = _match_step(inputs, state)
    starts = ~state.matches & (
        prefixed.q == inputs["key"].shape[0] - first_length(inputs["string"])
    )
    begun = state._replace(matches=jnp.bool_(True), q=jnp.int32(0))
    chosen = jax.tree.map(lambda a, b: jnp.where(starts, a, b), begun, prefixed)
    return jax.tree.map(lambda a, b: jnp.where(state.matches, a, b), matched, chosen)


def _prefix_step(inputs: Probes, state: _Matcher) -> _Matcher:
    q = jnp.where(state.is_set, state.q + 1, state.q)
    first, last = first_length(inputs["string"]), inputs["key"].shape[0] - 1
    node = jnp.minimum(first + q, last)
    agrees, place, shorter, none_shorter = _compare(inputs, state, state.k, state.k_reset, node)
    falls = ~agrees & ~state.k_reset
    k = jnp.where(falls, shorter, jnp.where(agrees, place, 0))
    k_reset = jnp.where(falls, none_shorter, ~agrees)
    return state._replace(
        is_set=~falls,
        pi=put(state.pi, node, first + k, when=~falls),
        is_reset=put(state.is_reset, node, k_reset, when=~falls),
        k=k,
        k_reset=k_reset,
        q=q,
    )


def _match_step(inputs: Probes, state: _Matcher) -> _Matcher:
    agrees, place, shorter, none_shorter = _compare(inputs, state, state.q, state.q_reset, state.i)
    falls = ~agrees & ~state.q_reset
    return state._replace(
        q=jnp.where(falls, shorter, jnp.where(agrees, place, 0)),
        q_reset=jnp.where(falls, none_shorter, ~agrees),
        i=jnp.where(falls, state.i, state.i + 1),
    )


def _found(inputs: Probes, state: _Matcher) -> tuple[Flag, Flag]:
    """Whether this comparison completes the needle, and whether it ends the haystack."""
    first, n = first_length(inputs["string"]), inputs["key"].shape[0]
    agrees, place, _, _ = _compare(inputs, state, state.q, state.q_reset, state.i)
    completes = agrees & (place == n - first - 1)
    ends = (agrees | state.q_reset) & (state.i == first - 1)
    return state.matches & completes, state.matches & ends


def _matcher_done(inputs: Probes, state: _Matcher) -> Flag:
    completes, ends = _found(inputs, state)
    return completes | ends


def _shift(inputs: Probes, state: _Matcher) -> Index:
    needle = inputs["key"].shape[0] - first_length(inputs["string"])
    return jnp.maximum(state.i - needle + 1, 0)


def _matcher_hints(inputs: Probes, state: _Matcher) -> Probes:
    first = first_length(inputs["string"])
    return {
        "pred_h": string_chain(inputs["string"]),
        "pi": state.pi,
        "is_reset": state.is_reset,
        "k": first + state.k,
        "k_reset": state.k_reset,
        "q": first + state.q,
        "q_reset": state.q_reset,
        "s": _shift(inputs, state),
        "i": state.i,
        "phase": state.matches,
    }


def _matcher_outputs(inputs: Probes, state: _Matcher) -> Probes:
    completes, _ = _found(inputs, state)
    first = first_length(inputs["string"])
    return {"match": jnp.where(completes, _shift(inputs, state), first)}


kmp_matcher = Algorithm(
    name="kmp_matcher",
    spec=Spec(
        STRING,
        POS,
        CHARACTER,
        CONSTANT_PRED_H,
        Probe("pi", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("is_reset", Stage.HINT, Location.NODE, Kind.MASK),
        node_hint("k"),
        Probe("k_reset", Stage.HINT, Location.GRAPH, Kind.MASK),
        node_hint("q"),
        Probe("q_reset", Stage.HINT, Location.GRAPH, Kind.MASK),
        node_hint("s"),
        node_hint("i"),
        Probe("phase", Stage.HINT, Location.GRAPH, Kind.MASK),
        node_output("match"),
    ),
    sampler=sample_needle,
    init=_matcher_start,
    step=_matcher_step,
    done=_matcher_done,
    hints=_matcher_hints,
    outputs=_matcher_outputs,
    max_steps=lambda n: 2 * n - 1,
    source="Knuth, Morris & Pratt 1977; Cormen et al., Introduction to Algorithms, section 32.4",
    validate=lambda inputs: check_needle("kmp_matcher", inputs["string"]),
    min_size=2,
)
"""As naive_string_matcher, in time linear in the nodes."""
