"""The longest common subsequence of two strings (Cormen et al., section 15.4)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from catalign._typing import Flag, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.chain import CONSTANT_PRED_H
from catalign.algorithms.dynamic_programming import edge_hint
from catalign.algorithms.inputs import POS
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.algorithms.strings import (
    CHARACTER,
    CHARACTERS,
    STRING,
    check_strings,
    string_chain,
    string_inputs,
)

DIAGONAL, UP, LEFT = 0, 1, 2
"""Where a length comes from: one character less of both strings, of the first, of the second."""


class _Lengths(NamedTuple):
    """The table c of the book as it stands and one round before."""

    before: Float[Array, "n n"]
    c: Float[Array, "n n"]
    is_start: Flag


def _cells(string: Bool[Array, " n"]) -> Bool[Array, "n n"]:
    """Where the table is: the rows of the first string, the columns of the second."""
    return ~string[:, None] & string[None, :]


def _borders(string: Bool[Array, " n"]) -> tuple[Bool[Array, " n"], Bool[Array, " n"]]:
    """The first row and the first column of the table."""
    node = jnp.arange(string.shape[0], dtype=jnp.int32)
    return node == 0, string & ~jnp.roll(string, 1)


def _equal(inputs: Probes) -> Bool[Array, "n n"]:
    return inputs["key"][:, None] == inputs["key"][None, :]


def _start(inputs: Probes) -> _Lengths:
    """Fills the first row and the first column, where a common subsequence has one character."""
    string = inputs["string"]
    row, column = _borders(string)
    equal = _equal(inputs) & _cells(string)
    along_row = jax.lax.cummax((equal & row[:, None]).astype(jnp.int8), axis=1)
    along_column = jax.lax.cummax((equal & column[None, :]).astype(jnp.int8), axis=0)
    filled = jnp.where(row[:, None], along_row, jnp.where(column[None, :], along_column, 0))
    c = jnp.where(_cells(string), filled, 0).astype(inputs["pos"].dtype)
    return _Lengths(c, c, jnp.bool_(True))


def _lengths(inputs: Probes, c: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """One round over the cells inside, which reads the lengths of the round before.

    Maths: `c_ij = c_(i-1)(j-1) + 1` where the characters are equal, else
    `max(c_(i-1)j, c_i(j-1))`.
    """
    up, left = jnp.roll(c, 1, axis=0), jnp.roll(c, 1, axis=1)
    longer = jnp.where(_equal(inputs), jnp.roll(up, 1, axis=1) + 1, jnp.maximum(up, left))
    return jnp.where(_inside(inputs), longer, c)


def _inside(inputs: Probes) -> Bool[Array, "n n"]:
    row, column = _borders(inputs["string"])
    return _cells(inputs["string"]) & ~row[:, None] & ~column[None, :]


def _sources(inputs: Probes, before: Float[Array, "n n"], is_start: Flag) -> Int[Array, "n n"]:
    """Where each cell's length comes from, -1 outside of the table."""
    string = inputs["string"]
    row, column = _borders(string)
    up, left = jnp.roll(before, 1, axis=0), jnp.roll(before, 1, axis=1)
    longest = jnp.where(up >= left, UP, LEFT)
    in_row = jnp.where((left > 0) & ~column[None, :], LEFT, UP)
    source = jnp.where(row[:, None], in_row, jnp.where(column[None, :], UP, longest))
    source = jnp.where(_equal(inputs), DIAGONAL, source)
    # Cells inside that no round has visited yet hold the first class.
    source = jnp.where(_inside(inputs) & is_start, DIAGONAL, source)
    return jnp.where(_cells(string), source, -1).astype(jnp.int32)


def _step(inputs: Probes, state: _Lengths) -> _Lengths:
    return _Lengths(state.c, _lengths(inputs, state.c), jnp.bool_(False))


def _done(inputs: Probes, state: _Lengths) -> Flag:
    return jnp.all(_lengths(inputs, state.c) == state.c)


def _hints(inputs: Probes, state: _Lengths) -> Probes:
    return {
        "pred_h": string_chain(inputs["string"]),
        "b_h": _sources(inputs, state.before, state.is_start),
        "c": state.c,
    }


def _sample(key: KeyArray, size: int) -> Probes:
    """Two strings of half the nodes each, the first with the odd one, as in the benchmark."""
    node = jnp.arange(size, dtype=jnp.int32)
    characters = jax.random.randint(key, (size,), 0, CHARACTERS, jnp.int32)
    return string_inputs(node >= (size + 1) // 2, characters)


lcs_length = Algorithm(
    name="lcs_length",
    spec=Spec(
        STRING,
        POS,
        CHARACTER,
        CONSTANT_PRED_H,
        Probe("b_h", Stage.HINT, Location.EDGE, Kind.CATEGORICAL, classes=4, partial=True),
        edge_hint("c", Kind.SCALAR),
        Probe("b", Stage.OUTPUT, Location.EDGE, Kind.CATEGORICAL, classes=4, partial=True),
    ),
    sampler=_sample,
    init=_start,
    step=_step,
    done=_done,
    hints=_hints,
    outputs=lambda inputs, state: {"b": _sources(inputs, state.c, jnp.bool_(False))},
    max_steps=lambda n: max(1, n - 1),
    source="Cormen et al., Introduction to Algorithms, section 15.4",
    validate=lambda inputs: check_strings("lcs_length", inputs["string"]),
    min_size=2,
)
"""Where the length of the longest common subsequence of each pair of prefixes comes from.

`b[i, j]` is 0 for one character less of both strings, 1 of the first, 2 of the second; the fourth
class never occurs. As in the benchmark every round fills all cells at once from the lengths of the
last round, until none changes.
"""
