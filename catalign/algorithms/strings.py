"""String matching: the naive matcher (Cormen et al., chapter 32), and what matchers share.

Both strings are nodes: first the haystack T of h characters, then the needle P; the input `string`
marks the needle. The book's `T[i]` is `key[i]`, and `P[j]` is `key[h + j]`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Int

from catalign._errors import InputError
from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.chain import CONSTANT_PRED_H
from catalign.algorithms.inputs import POS
from catalign.algorithms.searching import node_output
from catalign.algorithms.sorting import node_hint
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage

CHARACTERS = 4

STRING = Probe("string", Stage.INPUT, Location.NODE, Kind.MASK)
CHARACTER = Probe("key", Stage.INPUT, Location.NODE, Kind.CATEGORICAL, classes=CHARACTERS)


def first_length(string: Bool[Array, " n"]) -> Index:
    """The length of the first of two strings: where the second begins.

    Example:
      >>> int(first_length(jnp.array([False, False, True])))
      2
    """
    return jnp.sum(~string, dtype=jnp.int32)


def string_chain(string: Bool[Array, " n"]) -> Int[Array, " n"]:
    """The order of the characters of two strings, as a chain of pointers for each.

    Example:
      >>> string_chain(jnp.array([False, False, True, True])).tolist()
      [0, 0, 2, 2]
    """
    node = jnp.arange(string.shape[0], dtype=jnp.int32)
    starts = (node == 0) | (string != jnp.roll(string, 1))
    return jnp.where(starts, node, node - 1)


def string_inputs(string: Bool[Array, " n"], key: Int[Array, " n"]) -> Probes:
    """The inputs of an algorithm on two strings. `pos` counts in each string, over its length.

    Example:
      >>> string = jnp.array([False, False, True])
      >>> string_inputs(string, jnp.array([3, 1, 1]))["pos"].tolist()
      [0.0, 0.5, 0.0]
    """
    node = jnp.arange(string.shape[0], dtype=jnp.int32)
    first = first_length(string)
    place = jnp.where(string, node - first, node)
    length = jnp.where(string, string.shape[0] - first, first)
    return {"string": string, "pos": place.astype(float) / length.astype(float), "key": key}


def check_strings(name: str, string: np.ndarray) -> None:
    """Raises unless each instance holds two strings, one after the other, with a character each.

    Raises:
      InputError: `string` is not some False, then some True.
    """
    bad = (string[:, :-1] & ~string[:, 1:]).any(axis=1) | string[:, 0] | ~string[:, -1]
    if bad.any():
        b = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"`inputs['string']` of {name} is {string[b].astype(int).tolist()} in instance {b}. "
            "It must be False at the first string's nodes, then True at the second's, one of each "
            "at least."
        )


def check_needle(name: str, string: np.ndarray) -> None:
    """Raises unless each instance holds a haystack, then a needle that is no longer.

    Raises:
      InputError: `string` is not some False, then at most as many True.
    """
    check_strings(name, string)
    needle = string.sum(axis=1)
    bad = 2 * needle > string.shape[1]
    if bad.any():
        b = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"`inputs['string']` of {name} marks a needle of {needle[b]} nodes in instance {b}, "
            f"longer than the haystack of {string.shape[1] - needle[b]}. Shorten the needle."
        )


def sample_needle(key: KeyArray, size: int, *, max_needle: int | None = None) -> Probes:
    """A needle planted in a haystack, `size` nodes together, as in the benchmark.

    Args:
      key: The source of chance.
      size: The number of nodes of both strings.
      max_needle: The needle's length is uniform in 1 to this; size / 5 nodes, at least one, if left
        out.

    Raises:
      InputError: `max_needle` is out of range.
    """
    if max_needle is not None and not 1 <= max_needle <= size // 2:
        raise InputError(
            f"`max_needle` is {max_needle}, but the needle of {size} nodes has 1 to {size // 2}, "
            "at most half of them."
        )
    for_length, for_characters, for_place = jax.random.split(key, 3)
    if max_needle is None:
        needle = jnp.int32(max(1, size // 5))
    else:
        needle = jax.random.randint(for_length, (), 1, max_needle + 1, jnp.int32)
    node = jnp.arange(size, dtype=jnp.int32)
    first = size - needle
    characters = jax.random.randint(for_characters, (size,), 0, CHARACTERS, jnp.int32)
    place = jax.random.randint(for_place, (), 0, first - needle + 1, jnp.int32)
    planted = (node >= place) & (node < place + needle)
    copied = characters[jnp.minimum(node - place + first, size - 1)]
    return string_inputs(node >= first, jnp.where(planted, copied, characters))


class _Naive(NamedTuple):
    """The shift s, and how many characters of the needle have matched there."""

    s: Index
    matched: Index


def _naive_agrees(inputs: Probes, state: _Naive) -> Flag:
    key, first = inputs["key"], first_length(inputs["string"])
    return key[state.s + state.matched] == key[first + state.matched]


def _naive_step(inputs: Probes, state: _Naive) -> _Naive:
    """Compares one character: goes on to the next of the needle, or to the next shift."""
    agrees = _naive_agrees(inputs, state)
    return _Naive(
        s=jnp.where(agrees, state.s, state.s + 1),
        matched=jnp.where(agrees, state.matched + 1, 0),
    )


def _naive_done(inputs: Probes, state: _Naive) -> Flag:
    first, n = first_length(inputs["string"]), inputs["string"].shape[0]
    needle = n - first
    agrees = _naive_agrees(inputs, state)
    return jnp.where(agrees, state.matched == needle - 1, state.s == first - needle)


def _naive_hints(inputs: Probes, state: _Naive) -> Probes:
    return {
        "pred_h": string_chain(inputs["string"]),
        "s": state.s,
        "i": state.s + state.matched,
        "j": first_length(inputs["string"]) + state.matched,
    }


def _naive_outputs(inputs: Probes, state: _Naive) -> Probes:
    first = first_length(inputs["string"])
    return {"match": jnp.where(_naive_agrees(inputs, state), state.s, first)}


naive_string_matcher = Algorithm(
    name="naive_string_matcher",
    spec=Spec(
        STRING,
        POS,
        CHARACTER,
        CONSTANT_PRED_H,
        node_hint("s"),
        node_hint("i"),
        node_hint("j"),
        node_output("match"),
    ),
    sampler=sample_needle,
    init=lambda inputs: _Naive(jnp.int32(0), jnp.int32(0)),
    step=_naive_step,
    done=_naive_done,
    hints=_naive_hints,
    outputs=_naive_outputs,
    max_steps=lambda n: max(m * (n - 2 * m + 1) for m in range(1, n // 2 + 1)),
    source="Cormen et al., Introduction to Algorithms, section 32.1",
    validate=lambda inputs: check_needle("naive_string_matcher", inputs["string"]),
    min_size=2,
)
"""The node where the needle first occurs in the haystack; the needle's first if it never does."""
