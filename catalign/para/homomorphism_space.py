"""All linear homomorphisms between two actions: which weights a constraint ties, and to what.

The equation `W A_g = B_g W` for every generator g is linear in the entries of W, so its solutions
are a vector space: the circulant matrices for translations, two numbers for permutations of a set.
With integer matrices the solutions are found exactly, by elimination without fractions; otherwise
by a singular value decomposition whose rank must be beyond doubt.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from catalign._errors import ShapeMismatchError, UnsupportedError
from catalign.para.linear_action import LinearAction

Row = dict[int, int]
CLEAR_GAP = 1e3
"""By what factor the singular values that count must exceed the cut-off."""
SVD_LIMIT = 4096
"""The most entries of W that are solved for by singular values."""


@dataclass(frozen=True, eq=False)
class HomomorphismSpace:
    """The linear maps that commute with two actions, by a basis of sparse matrices.

    Maths: `{ W : W A_g = B_g W for all g }`, of dimension `n_out n_in - rank`.

    Args:
      shape: `(n_out, n_in)`.
      dimension: The number of basis matrices.
      rank: The rank of the equations on the entries of W.
      method: "exact" or "svd".
      index: Row, column and number of the basis matrix of each entry, `[3, entries]`.
      values: The entries.
      gap: For "svd", how far the smallest singular value that counts lies above the cut-off.
    """

    shape: tuple[int, int]
    dimension: int
    rank: int
    method: str
    index: NDArray[np.int64] = field(repr=False)
    values: NDArray[np.float64] = field(repr=False)
    gap: float | None = None

    def matrix(self, theta: Array) -> Array:
        """The homomorphism with these coordinates.

        Maths: `W = sum over k of theta_k B_k`.

        Args:
          theta: One coordinate for each basis matrix along the leading axis; further axes stay
            behind those of W.

        Raises:
          ShapeMismatchError: `theta` has another number of coordinates.
        """
        if theta.shape[:1] != (self.dimension,):
            raise ShapeMismatchError(
                f"`theta` has shape {theta.shape} but the space has dimension {self.dimension}. "
                "Give one coordinate for each basis matrix."
            )
        row, column, k = self.index
        extra = theta.shape[1:]
        values = jnp.asarray(self.values, theta.dtype).reshape(-1, *(1,) * len(extra))
        entries = theta[k] * jnp.broadcast_to(values, (len(k), *extra))
        return jnp.zeros((*self.shape, *extra), theta.dtype).at[row, column].add(entries)

    @property
    def basis(self) -> NDArray[np.float64]:
        """The basis matrices, `[dimension, n_out, n_in]`."""
        dense = np.zeros((self.dimension, *self.shape))
        row, column, k = self.index
        dense[k, row, column] = self.values
        return dense

    def describe(self) -> str:
        """The matrix W with a letter for each coordinate.

        Example:
          >>> from catalign.para.linear_action import translations
          >>> print(homomorphisms(translations(3), translations(3)).describe())
          3 of 9 weights are free (rank 6, exact):
          a b c
          c a b
          b c a
        """
        n_out, n_in = self.shape
        cells = [["" for _ in range(n_in)] for _ in range(n_out)]
        for row, column, k, value in zip(*self.index, self.values, strict=True):
            name = chr(ord("a") + k) if self.dimension <= 26 else f"w{k}"
            shown = f"{abs(value):.3g}"
            size = "" if shown == "1" else shown
            sign = "-" if value < 0 else "+" if cells[row][column] else ""
            cells[row][column] += f"{sign}{size}{name}"
        width = max((len(cell) for line in cells for cell in line), default=1)
        lines = (" ".join((cell or ".").ljust(width) for cell in line).rstrip() for line in cells)
        head = (
            f"{self.dimension} of {n_out * n_in} weights are free "
            f"(rank {self.rank}, {self.method}):"
        )
        return "\n".join([head, *lines])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HomomorphismSpace):
            return NotImplemented
        return (
            (self.shape, self.dimension) == (other.shape, other.dimension)
            and np.array_equal(self.index, other.index)
            and np.array_equal(self.values, other.values)
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.dimension, self.index.tobytes(), self.values.tobytes()))


def homomorphisms(action_in: LinearAction, action_out: LinearAction) -> HomomorphismSpace:
    """Solves for the linear maps that commute with two actions of one monoid.

    Maths: W with `W A_g = B_g W` for each generator g, hence for each word.

    The basis is in echelon form: each basis matrix is the only one with an entry at its first free
    place. Where all matrices permute coordinates, the basis matrices are the orbits of places.

    Args:
      action_in: A, on vectors that are read.
      action_out: B, on vectors that are written.

    Raises:
      InputError: The actions have different generators.
      AxiomError: One action breaks an equation of the other.
      UnsupportedError: Matrices are not integers, and the rank is in doubt or W too large.

    Example:
      >>> from catalign.para.linear_action import permutations
      >>> things = permutations(4)
      >>> homomorphisms(things, things).dimension, homomorphisms(things, things.trivial()).dimension
      (2, 1)

    Source: Gavranovic et al. 2024, section 2 and appendix H.
    """
    action_in.check_same_monoid(action_out)
    shape = (action_out.size, action_in.size)
    if action_in.is_exact and action_out.is_exact:
        return _exact(action_in, action_out, shape)
    return _by_singular_values(action_in, action_out, shape)


def _exact(
    action_in: LinearAction, action_out: LinearAction, shape: tuple[int, int]
) -> HomomorphismSpace:
    pivots: dict[int, Row] = {}
    for row in _equations(action_in, action_out):
        reduced = _reduce(row, pivots)
        if reduced:
            pivots[max(reduced)] = reduced
    # A row's other unknowns come before its pivot, so rows before it are reduced already.
    for pivot in sorted(pivots):
        pivots[pivot] = _reduce(pivots.pop(pivot), pivots)
    free = [v for v in range(shape[0] * shape[1]) if v not in pivots]
    number = {v: k for k, v in enumerate(free)}
    # The denominators that make the basis matrix of each free unknown whole.
    whole = dict.fromkeys(free, 1)
    for pivot, row in pivots.items():
        for v in row.keys() - {pivot}:
            whole[v] = math.lcm(whole[v], abs(row[pivot]) // math.gcd(row[v], row[pivot]))
    entries = [(v, number[v], whole[v]) for v in free]
    for pivot, row in pivots.items():
        entries += [
            (pivot, number[v], -row[v] * whole[v] // row[pivot]) for v in row.keys() - {pivot}
        ]
    entries.sort()
    place, k, values = (np.array(column, np.int64) for column in _columns(entries, 3))
    index = np.stack([place // max(shape[1], 1), place % max(shape[1], 1), k])
    return HomomorphismSpace(
        shape, len(free), len(pivots), "exact", index, values.astype(np.float64)
    )


def _columns(entries: list[tuple[int, ...]], n: int) -> list[tuple[int, ...]]:
    return list(zip(*entries, strict=True)) if entries else [()] * n


def _equations(action_in: LinearAction, action_out: LinearAction) -> Iterator[Row]:
    """The entries of `W A_g - B_g W`, each as integer coefficients of the entries of W."""
    n_out, n_in = action_out.size, action_in.size
    for g, a in action_in.generators.items():
        b = action_out.generators[g]
        reads = [[(int(k), int(a[k, i])) for k in np.flatnonzero(a[:, i])] for i in range(n_in)]
        writes = [[(int(k), int(b[o, k])) for k in np.flatnonzero(b[o])] for o in range(n_out)]
        for o in range(n_out):
            for i in range(n_in):
                row: Row = {}
                for k, value in reads[i]:
                    row[o * n_in + k] = value
                for k, value in writes[o]:
                    row[k * n_in + i] = row.get(k * n_in + i, 0) - value
                yield {v: c for v, c in row.items() if c}


def _reduce(row: Row, pivots: dict[int, Row]) -> Row:
    """The row without the unknowns that pivot rows determine, in lowest terms."""
    while row:
        known = [v for v in row if v in pivots]
        if not known:
            break
        pivot = max(known)
        other = pivots[pivot]
        a, b = other[pivot], row[pivot]
        merged = {v: a * c for v, c in row.items()}
        for v, c in other.items():
            merged[v] = merged.get(v, 0) - b * c
        row = {v: c for v, c in merged.items() if c}
        divisor = math.gcd(*row.values()) if row else 1
        if divisor > 1:
            row = {v: c // divisor for v, c in row.items()}
    return row


def _by_singular_values(
    action_in: LinearAction, action_out: LinearAction, shape: tuple[int, int]
) -> HomomorphismSpace:
    n_out, n_in = shape
    if n_out * n_in > SVD_LIMIT:
        raise UnsupportedError(
            f"W would have {n_out} x {n_in} entries, more than the {SVD_LIMIT} that are solved for "
            "by singular values. Give integer matrices, which are solved exactly."
        )
    blocks = [
        np.kron(np.eye(n_out), a.T) - np.kron(action_out.generators[g], np.eye(n_in))
        for g, a in action_in.generators.items()
    ]
    system = np.concatenate([np.asarray(block, np.float64) for block in blocks])
    _, singular, rows = np.linalg.svd(system, full_matrices=False)
    matrices = [*action_in.generators.values(), *action_out.generators.values()]
    epsilon = max(np.finfo(m.dtype).eps for m in matrices if np.issubdtype(m.dtype, np.floating))
    scale = max(float(np.abs(m).max(initial=0.0)) for m in matrices)
    cut = max(system.shape) * float(epsilon) * scale
    kept = singular > cut
    gap = float(singular[kept].min() / cut) if kept.any() and cut else None
    if gap is not None and gap < CLEAR_GAP:
        raise UnsupportedError(
            f"the rank is in doubt: a singular value is {gap:.3g} times the cut-off {cut:.3g}, and "
            f"{CLEAR_GAP:g} times would be beyond doubt. Give the matrices more exactly, "
            "if possible as integers."
        )
    basis = _echelon(rows[~kept], cut * CLEAR_GAP).reshape(-1, n_out, n_in)
    k, row, column = np.nonzero(basis)
    order = np.lexsort((k, column, row))
    index = np.stack([row, column, k])[:, order].astype(np.int64)
    return HomomorphismSpace(
        shape, len(basis), int(kept.sum()), "svd", index, basis[k, row, column][order], gap
    )


def _echelon(rows: NDArray, tolerance: float) -> NDArray:
    """The same span in reduced echelon form, with entries below the tolerance as zero."""
    rows = np.array(rows)
    done = 0
    for column in range(rows.shape[1]):
        if done == len(rows):
            break
        best = done + int(np.argmax(np.abs(rows[done:, column])))
        if abs(rows[best, column]) <= max(tolerance, 1e-9):
            continue
        rows[[done, best]] = rows[[best, done]]
        rows[done] /= rows[done, column]
        others = np.arange(len(rows)) != done
        rows[others] -= np.outer(rows[others, column], rows[done])
        done += 1
    rows[np.abs(rows) <= max(tolerance, 1e-9)] = 0.0
    return rows
