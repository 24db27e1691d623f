"""The local rule of a table over two words, such as that of longest common subsequences.

Entry (i, j) of the table is the answer for the first i letters of one word and the first j letters
of the other. Where neighbours differ by at most 1, a rule that reads three neighbours and whether
two letters are equal is finite once it reads differences: with the corner as zero, `h` to the
north, `v` to the west, the new entry is `d(equal, h, v)`. It hands on `d - v` to the south and
`d - h` to the east. All cells of an antidiagonal are found at once.
"""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Int

from catalign._errors import InputError
from catalign.alignment.certificate import Certificate, Counterexample, Coverage, Proof

DIFFERENCES = (-1, 0, 1)
CELLS: tuple[tuple[int, int, int], ...] = tuple(itertools.product((0, 1), DIFFERENCES, DIFFERENCES))
"""(equal, h, v), in the order of a cell's values."""
RISES = (-2, -1, 0, 1, 2)
"""What `d` may be in some cell."""
_SEARCH = 4
"""Up to which length of words a counterexample is looked for among all."""
_DRAWN = (9, 2000)
"""The length and number of the random words that are tried after that."""


def allowed(h: int, v: int) -> range:
    """The values of `d` from which both new differences are at most 1.

    Example:
      >>> list(allowed(0, 1)), list(allowed(1, -1))
      ([0, 1], [0])
    """
    return range(max(h, v) - 1, min(h, v) + 2)


GridRule = Callable[[bool, int, int, int], int]
"""`rule(equal, corner, north, west)` gives an entry of the algorithm's table, in Python."""


@dataclass(frozen=True)
class GridCell:
    """A learned rule of a table over two words.

    Attributes:
      rises: `d` for each of `CELLS`.
      border: By how much the table grows for each letter against an empty word: -1, 0 or 1.
      coverage: How often training met each cell.

    Raises:
      InputError: There are not 18 values, one of them makes neighbours differ by more than 1, or
        the border is none of -1, 0 and 1.

    Example:
      >>> rises = (min(max(h, v, e), min(h, v) + 1) for e, h, v in CELLS)
      >>> lcs = GridCell(tuple(rises), border=0)
      >>> lcs.answers(jnp.array([1, 2, 3]), jnp.array([2, 3, 1])).tolist()
      [1, 2, 2]
    """

    rises: tuple[int, ...]
    border: int
    coverage: tuple[Coverage, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.rises) != len(CELLS):
            raise InputError(f"`rises` has {len(self.rises)} values; give {len(CELLS)}.")
        for (_, h, v), rise in zip(CELLS, self.rises, strict=True):
            if rise not in allowed(h, v):
                raise InputError(
                    f"`rises` has {rise} for h = {h} and v = {v}, but neighbours differ by at most "
                    f"1: it must be one of {list(allowed(h, v))}."
                )
        if self.border not in DIFFERENCES:
            raise InputError(f"`border` is {self.border}; it must be one of {DIFFERENCES}.")

    def answers(self, first: Int[Array, " n"], second: Int[Array, " m"]) -> Int[Array, " m"]:
        """The answers for the first word and every nonempty prefix of the second.

        One step for each of the n + m - 1 antidiagonals, in memory of O(n + m). For batches use
        `jax.vmap`.

        Raises:
          InputError: A word is empty.
        """
        if not first.shape[0] or not second.shape[0]:
            raise InputError(
                f"`first` and `second` have {first.shape[0]} and {second.shape[0]} letters; give "
                "at least 1 each."
            )
        return _wavefront(self, first, second)

    def certify(self, rule: GridRule, *, border: int, subject: str = "grid") -> Certificate:
        """Compares the cell with the algorithm's rule, for words of every length.

        Args:
          rule: The algorithm's rule; adding a constant to its three neighbours must add it to the
            entry.
          border: The growth of the algorithm's table against an empty word.
          subject: What to call the claim.

        Example:
          >>> rises = (min(max(h, v, e), min(h, v) + 1) for e, h, v in CELLS)
          >>> lcs = GridCell(tuple(rises), border=0)
          >>> rule = lambda equal, corner, north, west: corner + 1 if equal else max(north, west)
          >>> lcs.certify(rule, border=0).is_proved
          True
        """
        truth = {
            (equal, h, v): rule(bool(equal), 0, h, v) for equal, h, v in reachable(rule, border)
        }
        learned = dict(zip(CELLS, self.rises, strict=True))
        wrong = [cell for cell, rise in truth.items() if learned[cell] != rise]
        if not wrong and self.border == border:
            proof = Proof(
                statement="equal tables for words of every length",
                method="induction over the table: equal on every cell that can occur",
                cases=len(truth),
            )
            return Certificate(
                subject=subject,
                proved=(proof,),
                preconditions=("the rule commutes with adding a constant to the table",),
                coverage=self.coverage,
            )
        found = self._refute(rule, border, wrong)
        return Certificate(subject=subject, coverage=self.coverage, counterexample=found)

    def _refute(self, rule: GridRule, border: int, wrong: list) -> Counterexample | None:
        """Two short words on which the tables differ; None if there are none."""
        mine = dict(zip(CELLS, self.rises, strict=True))
        small = (
            (word[:n], word[n:])
            for n, m in sorted(itertools.product(range(1, _SEARCH + 1), repeat=2), key=sum)
            for word in itertools.product(range(2), repeat=n + m)
        )
        drawn = np.random.default_rng(0).integers(0, 2, (_DRAWN[1], 2, _DRAWN[0]))
        large = ((tuple(x), tuple(y)) for x, y in drawn.tolist())
        for first, second in itertools.chain(small, large):
            expected = table(rule, first, second, border=border)
            actual = table(
                lambda e, c, a, b: c + mine[int(e), a - c, b - c], first, second, border=self.border
            )
            if expected[-1] != actual[-1]:
                m = next(j for j, x in enumerate(expected[-1]) if x != actual[-1][j])
                return Counterexample(
                    inputs={"first": first, "second": second[:m]},
                    expected=expected[-1][m],
                    actual=actual[-1][m],
                    cell=", ".join(f"(equal, h, v) = {cell}" for cell in wrong) or "the border",
                )
        return None

    def describe(self) -> str:
        """The cell as a table, one line for each (h, v)."""
        learned = dict(zip(CELLS, self.rises, strict=True))
        lines = [
            f"  h = {h:2d}, v = {v:2d}: {learned[1, h, v]:2d} if equal else {learned[0, h, v]:2d}"
            for h, v in itertools.product(DIFFERENCES, repeat=2)
        ]
        return "\n".join([f"d, from a border of {self.border} a letter:", *lines])


def reachable(rule: GridRule, border: int) -> list[tuple[int, int, int]]:
    """The cells that can occur in the tables of a rule, and perhaps more.

    Raises:
      InputError: Neighbours of a table can differ by more than 1.

    Example:
      >>> lcs = lambda equal, corner, north, west: corner + 1 if equal else max(north, west)
      >>> len(reachable(lcs, 0))
      8
    """
    north, west = {border}, {border}
    while True:
        rises = {
            (e, h, v): rule(bool(e), 0, h, v)
            for e, h, v in itertools.product((0, 1), sorted(north), sorted(west))
        }
        south = {d - v for (_, _, v), d in rises.items()}
        east = {d - h for (_, h, _), d in rises.items()}
        if not south | east <= set(DIFFERENCES):
            raise InputError(
                f"`rule` makes neighbours differ by {sorted(south | east)}; only tables with "
                f"differences of {DIFFERENCES} have a finite rule here."
            )
        if south <= north and east <= west:
            return sorted(rises)
        north, west = north | south, west | east


def table(rule: GridRule, first: tuple, second: tuple, *, border: int) -> list[list[int]]:
    """The whole table of a rule, in plain Python, with the row and column of the empty words.

    Example:
      >>> lcs = lambda equal, corner, north, west: corner + 1 if equal else max(north, west)
      >>> table(lcs, (1, 2), (2,), border=0)
      [[0, 0], [0, 0], [0, 1]]
    """
    rows = [[border * j for j in range(len(second) + 1)]]
    for i, a in enumerate(first, start=1):
        row = [border * i]
        for j, b in enumerate(second, start=1):
            row.append(rule(a == b, rows[-1][j - 1], rows[-1][j], row[-1]))
        rows.append(row)
    return rows


@functools.partial(jax.jit, static_argnums=0)
def _wavefront(cell: GridCell, first: Array, second: Array) -> Array:
    n, m = first.shape[0], second.shape[0]
    rises = jnp.asarray(np.array(cell.rises, np.int32))
    place = jnp.arange(n, dtype=jnp.int32)
    # Row i meets column t - i at step t: the second word passes by, turned round.
    passing = jnp.pad(second[::-1], (n, n))
    border = jnp.int32(cell.border)

    def step(state: tuple[Array, Array], t: Array) -> tuple[tuple[Array, Array], Array]:
        south, west = state
        north = jnp.roll(south, 1).at[0].set(border)
        column = t - place
        here = (column >= 0) & (column < m)
        letters = jax.lax.dynamic_slice(passing, (n + m - 1 - t,), (n,))
        equal = (first == letters).astype(jnp.int32)
        rise = rises[equal * 9 + (north + 1) * 3 + (west + 1)]
        south = jnp.where(here, rise - west, south)
        west = jnp.where(here, rise - north, west)
        return (south, west), south[-1]

    start = (jnp.full(n, border), jnp.full(n, border))
    _, differences = jax.lax.scan(step, start, jnp.arange(n + m - 1, dtype=jnp.int32))
    return border * n + jnp.cumsum(differences[n - 1 :])
