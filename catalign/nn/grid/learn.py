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

    Raises:
      ShapeMismatchError: The arrays do not fit.
      InputError: A length is out of range, or answers of neighbours differ by more than 1.
    """

    first: np.ndarray
    lengths: np.ndarray
    second: np.ndarray
    answers: np.ndarray
    border: int

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
        if self.lengths.min() < 1 or self.lengths.max() > n:
            raise InputError(
                f"`lengths` holds {self.lengths.min()} to {self.lengths.max()}; first words have "
                f"1 to {n} letters."
            )
        if np.abs(self.differences()).max() > 1:
            raise InputError(
                "`answers` of neighbouring prefixes differ by more than 1: this cell cannot give "
                "them."
            )

    def differences(self) -> np.ndarray:
        """What each letter of the second words adds to the answer."""
        before = (self.border * self.lengths)[:, None]
        return np.diff(np.concatenate([before, self.answers], axis=1), axis=1)


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
    told = examples.differences() + 1
    logits = _train(
        jax.random.normal(jax.random.key(seed), (restarts, len(CELLS), len(RISES))),
        jnp.asarray(equal),
        jnp.asarray(examples.lengths),
        jnp.asarray(told),
        border=jnp.int32(examples.border),
        updates=updates,
        learning_rate=learning_rate,
    )
    wrong = []
    for one in np.where(_ALLOWED, np.asarray(logits), -np.inf).argmax(axis=-1):
        cell = GridCell(tuple(RISES[k] for k in one), examples.border)
        got, met = _run(cell, equal, examples.lengths)
        wrong.append(int((got != told - 1).sum()))
        if wrong[-1] == 0:
            counts = {f"(equal, h, v) = {name}": int(n) for name, n in zip(CELLS, met, strict=True)}
            return GridCell(
                cell.rises, cell.border, (Coverage(subject="grid cells", counts=counts),)
            )
    raise UnsupportedError(
        f"none of {restarts} restarts gives all {told.size} answers; the best one gets "
        f"{min(wrong)} wrong. Allow more `restarts`, or check that the table has a local rule."
    )


@functools.partial(jax.jit, static_argnames=("updates", "learning_rate"))
def _train(
    logits: Array,
    equal: Array,
    lengths: Array,
    told: Array,
    *,
    border: Array,
    updates: int,
    learning_rate: float,
) -> Array:
    each = jax.vmap(functools.partial(_loss, border=border), in_axes=(0, None, None, None))
    return descend(
        lambda p: each(p, equal, lengths, told).sum(),
        logits,
        updates=updates,
        learning_rate=learning_rate,
    )


def _loss(logits: Array, equal: Array, lengths: Array, told: Array, *, border: Array) -> Array:
    """The mean of `-log` of the probability of each told difference.

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
        counts = (lengths == number)[:, None]
        return below, jnp.sum(jnp.where(counts, -jnp.log(likely + _LEAST), 0.0))

    start = jnp.broadcast_to(edge, (m, *edge.shape))
    numbers = jnp.arange(1, n + 1, dtype=lengths.dtype)
    _, surprises = jax.lax.scan(row, start, (jnp.moveaxis(equal, 1, 0), numbers))
    return surprises.sum() / told.size


def _run(
    cell: GridCell, equal: np.ndarray, lengths: Sequence[int] | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The differences that a cell gives, and how often each cell was met on the way."""
    pairs, n, m = equal.shape
    rises = np.array(cell.rises)
    north = np.full((pairs, m), cell.border)
    found, met = np.zeros((pairs, m), int), np.zeros(len(CELLS), int)
    for i in range(n):
        west = np.full(pairs, cell.border)
        active = np.asarray(lengths) > i
        for j in range(m):
            number = equal[:, i, j] * 9 + (north[:, j] + 1) * 3 + west + 1
            met += np.bincount(number[active], minlength=len(CELLS))
            south = rises[number] - west
            west = rises[number] - north[:, j]
            north[:, j] = south
        last = np.asarray(lengths) == i + 1
        found[last] = north[last]
    return found, met
