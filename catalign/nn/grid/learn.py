"""Learning the local rule of a table from its answers on short words."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.alignment.certificate import Coverage
from catalign.nn.descent import descend
from catalign.nn.grid.cell import CELLS, DIFFERENCES, RISES, GridCell, allowed

_LEAST = 1e-9
_ALLOWED = np.array([[d in allowed(h, v) for d in RISES] for _, h, v in CELLS])
_SOUTH, _EAST = (
    np.array(
        [[[d - neighbour(cell) == k for k in DIFFERENCES] for d in RISES] for cell in CELLS],
        float,
    )
    for neighbour in (lambda cell: cell[2], lambda cell: cell[1])
)
"""Which difference each rise hands on in each cell, as one-hot vectors."""


@dataclass(frozen=True, eq=False)
class PairExamples:
    """Pairs of words with their answers.

    Attributes:
      first: Letters of the first words, `[pairs, n]`.
      lengths: How many of them count, `[pairs]`, from 1 to n.
      second: Letters of the second words, `[pairs, m]`.
      answers: The answers for each first word and all prefixes of the second, `[pairs, m]`.
      border: The answer for a single letter and an empty word.
      second_lengths: How many letters of the second words count, `[pairs]`; all if left out.

    Raises:
      ShapeMismatchError: The arrays do not fit.
      InputError: A length is out of range, or answers of neighbours differ by more than 1.
    """

    first: np.ndarray
    lengths: np.ndarray
    second: np.ndarray
    answers: np.ndarray
    border: int
    second_lengths: np.ndarray | None = None

    def __post_init__(self) -> None:
        pairs, n = self.first.shape
        if self.second.shape != self.answers.shape or not (
            len(self.second) == len(self.lengths) == pairs
        ):
            raise ShapeMismatchError(
                f"`first` {self.first.shape}, `lengths` {self.lengths.shape}, `second` "
                f"{self.second.shape} and `answers` {self.answers.shape}: give [pairs, n], "
                "[pairs] and [pairs, m] twice."
            )
        self._check_lengths("lengths", self.lengths, n)
        if self.second_lengths is not None:
            self._check_lengths("second_lengths", self.second_lengths, self.second.shape[1])
        if np.abs(self.differences()).max() > 1:
            raise InputError(
                "`answers` of neighbouring prefixes differ by more than 1: this cell cannot give "
                "them."
            )

    def _check_lengths(self, name: str, lengths: np.ndarray, longest: int) -> None:
        if lengths.shape != self.lengths.shape:
            raise ShapeMismatchError(
                f"`{name}` has the shape {lengths.shape}; give one length for each of "
                f"{len(self.first)} pairs."
            )
        if lengths.min() < 1 or lengths.max() > longest:
            raise InputError(
                f"`{name}` holds {lengths.min()} to {lengths.max()}, but these words have 1 to "
                f"{longest} letters."
            )

    @property
    def is_told(self) -> np.ndarray:
        """Which answers count, bool `[pairs, m]`."""
        m = self.second.shape[1]
        if self.second_lengths is None:
            return np.ones((len(self.second), m), bool)
        return np.arange(m) < self.second_lengths[:, None]

    def differences(self) -> np.ndarray:
        """What each letter of the second words adds to the answer; 0 where it does not count."""
        before = (self.border * self.lengths)[:, None]
        steps = np.diff(np.concatenate([before, self.answers], axis=1), axis=1)
        return np.where(self.is_told, steps, 0)

    def extended(
        self, first: Sequence[int], second: Sequence[int], answers: Sequence[int]
    ) -> "PairExamples":
        """These examples and one more pair, of any length.

        Args:
          first: The first word.
          second: The second word.
          answers: The answers for the first word and each nonempty prefix of the second.

        Raises:
          InputError: A word is empty.
          ShapeMismatchError: There is not one answer for each letter of the second word.
        """
        if not len(first) or not len(second):
            raise InputError(
                f"`first` and `second` have {len(first)} and {len(second)} letters; give at least "
                "1 each."
            )
        if len(answers) != len(second):
            raise ShapeMismatchError(
                f"`answers` has {len(answers)} values and `second` {len(second)} letters: give one "
                "for each prefix but the empty one."
            )
        told = self.is_told.sum(axis=1)
        n = max(self.first.shape[1], len(first))
        m = max(self.second.shape[1], len(second))
        return PairExamples(
            first=_stacked(self.first, first, n),
            lengths=np.append(self.lengths, len(first)),
            second=_stacked(self.second, second, m),
            answers=_stacked(self.answers, answers, m),
            border=self.border,
            second_lengths=np.append(told, len(second)),
        )


def learn_cell(
    examples: PairExamples,
    *,
    seed: int = 0,
    restarts: int = 4,
    updates: int = 300,
    learning_rate: float = 0.1,
) -> GridCell:
    """Learns the rule of a table from answers alone: no entry inside a table is shown.

    The soft cell moves distributions over differences through the table; its logits are trained by
    gradient from several initial values at once, and hardened. The first cell that gives every
    answer, by restart, is taken.

    Args:
      examples: Short words with their answers.
      seed: The only source of chance.
      restarts: How many initial values are trained.
      updates: The updates of Adam, each on all examples.
      learning_rate: Its first rate.

    Raises:
      UnsupportedError: No restart gives every answer.
    """
    equal = examples.first[:, :, None] == examples.second[:, None, :]
    told, counts = examples.differences() + 1, examples.is_told
    logits = _train(
        jax.random.normal(jax.random.key(seed), (restarts, len(CELLS), len(RISES))),
        jnp.asarray(equal),
        jnp.asarray(examples.lengths),
        jnp.asarray(told),
        jnp.asarray(counts),
        border=jnp.int32(examples.border),
        updates=updates,
        learning_rate=learning_rate,
    )
    wrong = []
    for one in np.where(_ALLOWED, np.asarray(logits), -np.inf).argmax(axis=-1):
        cell = GridCell(tuple(RISES[k] for k in one), examples.border)
        got, met = _run(cell, equal, examples.lengths, counts)
        wrong.append(int((got != told - 1)[counts].sum()))
        if wrong[-1] == 0:
            often = {f"(equal, h, v) = {name}": int(n) for name, n in zip(CELLS, met, strict=True)}
            return GridCell(
                cell.rises, cell.border, (Coverage(subject="grid cells", counts=often),)
            )
    raise UnsupportedError(
        f"none of {restarts} restarts gives all {counts.sum()} answers; the best one gets "
        f"{min(wrong)} wrong. Allow more `restarts`, or check that the table has a local rule."
    )


def _stacked(words: np.ndarray, word: Sequence[int], length: int) -> np.ndarray:
    """Words and one more, all continued to a length by their last letter, which does not count."""
    rows = np.pad(words, ((0, 0), (0, length - words.shape[1])), mode="edge")
    return np.concatenate([rows, np.pad(word, (0, length - len(word)), mode="edge")[None]])


@functools.partial(jax.jit, static_argnames=("updates", "learning_rate"))
def _train(
    logits: Array,
    equal: Array,
    lengths: Array,
    told: Array,
    counts: Array,
    *,
    border: Array,
    updates: int,
    learning_rate: float,
) -> Array:
    each = jax.vmap(lambda p: _loss(p, equal, lengths, told, counts, border=border))
    return descend(
        lambda p: each(p).sum(),
        logits,
        updates=updates,
        learning_rate=learning_rate,
    )


def _loss(
    logits: Array, equal: Array, lengths: Array, told: Array, counts: Array, *, border: Array
) -> Array:
    """The mean of `-log` of the probability of each told difference that counts.

    North and west neighbours are taken as independent, which they are once the cell is hard.
    """
    pairs, n, m = equal.shape
    rises = jax.nn.softmax(logits, where=jnp.asarray(_ALLOWED))
    shape = (2, len(DIFFERENCES), len(DIFFERENCES), len(DIFFERENCES))
    south_of = jnp.einsum("cd,cdk->ck", rises, jnp.asarray(_SOUTH, rises.dtype)).reshape(shape)
    east_of = jnp.einsum("cd,cdk->ck", rises, jnp.asarray(_EAST, rises.dtype)).reshape(shape)
    edge = jax.nn.one_hot(border + 1, len(DIFFERENCES), dtype=rises.dtype)
    edge = jnp.broadcast_to(edge, (pairs, len(DIFFERENCES)))
    answers = jax.nn.one_hot(told, len(DIFFERENCES), dtype=rises.dtype)

    def row(above: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
        same, number = at

        def entry(west: Array, down: tuple[Array, Array]) -> tuple[Array, Array]:
            north, is_equal = down
            pair = north[:, :, None] * west[:, None, :]
            both = jax.nn.one_hot(is_equal.astype(jnp.int32), 2, dtype=rises.dtype)
            cells = both[:, :, None, None] * pair[:, None]
            south = jnp.einsum("nehv,ehvk->nk", cells, south_of)
            return jnp.einsum("nehv,ehvk->nk", cells, east_of), south

        _, below = jax.lax.scan(entry, edge, (above, same.T))
        likely = jnp.sum(jnp.moveaxis(below, 0, 1) * answers, axis=-1)
        is_last = (lengths == number)[:, None]
        return below, jnp.sum(jnp.where(is_last & counts, -jnp.log(likely + _LEAST), 0.0))

    start = jnp.broadcast_to(edge, (m, *edge.shape))
    numbers = jnp.arange(1, n + 1, dtype=lengths.dtype)
    _, surprises = jax.lax.scan(row, start, (jnp.moveaxis(equal, 1, 0), numbers))
    return surprises.sum() / counts.sum().astype(rises.dtype)


def _run(
    cell: GridCell, equal: np.ndarray, lengths: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The differences that a cell gives, and how often each cell was met on the way."""
    pairs, n, m = equal.shape
    rises = np.array(cell.rises)
    north = np.full((pairs, m), cell.border)
    found, met = np.zeros((pairs, m), int), np.zeros(len(CELLS), int)
    for i in range(n):
        west = np.full(pairs, cell.border)
        for j in range(m):
            active = (lengths > i) & counts[:, j]
            number = equal[:, i, j] * 9 + (north[:, j] + 1) * 3 + west + 1
            met += np.bincount(number[active], minlength=len(CELLS))
            south = rises[number] - west
            west = rises[number] - north[:, j]
            north[:, j] = south
        last = lengths == i + 1
        found[last] = north[last]
    return found, met
