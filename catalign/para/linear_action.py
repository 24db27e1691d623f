"""Linear actions: a monoid, given by generators and equations, that acts on vectors.

An action of a monoid on R^n is a matrix for each generator such that the equations hold. It is an
algebra of the monad of that monoid, in vector spaces. Groups are the case in which all matrices are
invertible; nothing here needs that, so a shift that drops the last item, or a digit that carries,
is an action as well.
"""

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalign._errors import AxiomError, InputError, ShapeMismatchError

Word = tuple[str, ...]
Equation = tuple[Word, Word]
TOLERANCE = 1e-5
"""How far the two sides of an equation may differ where matrices are not integers."""


@dataclass(frozen=True, eq=False)
class LinearAction:
    """A matrix for each generator of a monoid.

    Maths: `(w v).x = w.(v.x)`, so a word acts by the product of its matrices; the empty word by 1.

    Args:
      name: Its name, for messages.
      generators: A square matrix for each generator, all of one size. Integers are kept exact.
      equations: Pairs of words that act alike.

    Raises:
      ShapeMismatchError: The matrices are not square, or of several sizes.
      InputError: An equation has a letter that is no generator.
      AxiomError: An equation does not hold.

    Example:
      >>> turn = LinearAction("turn", {"t": [[0, -1], [1, 0]]}, [(("t",) * 4, ())])
      >>> turn.size, turn.of(("t", "t")).tolist()
      (2, [[-1, 0], [0, -1]])

    Source: Gavranovic et al. 2024, section 2.
    """

    name: str
    generators: Mapping[str, NDArray]
    equations: tuple[Equation, ...] = ()

    def __init__(
        self,
        name: str,
        generators: Mapping[str, ArrayLike],
        equations: Sequence[Equation] = (),
    ) -> None:
        matrices = {g: np.array(matrix) for g, matrix in generators.items()}
        shapes = {matrix.shape for matrix in matrices.values()}
        if len(shapes) != 1 or any(len(s) != 2 or s[0] != s[1] for s in shapes):
            raise ShapeMismatchError(
                f"the generators of {name} have shapes {sorted(shapes)}. Give at least one, and "
                "square matrices of one size."
            )
        for matrix in matrices.values():
            matrix.setflags(write=False)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "generators", matrices)
        object.__setattr__(self, "equations", tuple(equations))
        self.check(self.equations)

    @property
    def size(self) -> int:
        """The dimension of the carrier."""
        return next(iter(self.generators.values())).shape[0]

    @property
    def is_exact(self) -> bool:
        """Whether all matrices hold integers."""
        return all(np.issubdtype(m.dtype, np.integer) for m in self.generators.values())

    def of(self, word: Word) -> NDArray:
        """The matrix by which a word acts."""
        missing = [g for g in word if g not in self.generators]
        if missing:
            raise InputError(
                f"{self.name} has no generator {missing[0]!r}. It has {sorted(self.generators)}."
            )
        dtype = np.result_type(*self.generators.values())
        powers = (
            np.linalg.matrix_power(self.generators[g], len(list(run)))
            for g, run in itertools.groupby(word)
        )
        return functools.reduce(np.matmul, powers, np.eye(self.size, dtype=dtype))

    def check(self, equations: Sequence[Equation]) -> None:
        """Raises unless words that should act alike do.

        Raises:
          InputError: An equation has a letter that is no generator.
          AxiomError: An equation does not hold.
        """
        for left, right in equations:
            a, b = self.of(left), self.of(right)
            if not (np.array_equal(a, b) if self.is_exact else np.allclose(a, b, atol=TOLERANCE)):
                at = tuple(int(k) for k in np.argwhere(~np.isclose(a, b, atol=TOLERANCE))[0])
                raise AxiomError(
                    f"{self.name} breaks the equation {_spelt(left)} = {_spelt(right)}: at {at} "
                    f"the left side is {a[at]}, the right side is {b[at]}."
                )

    @classmethod
    def from_maps(
        cls,
        name: str,
        maps: Mapping[str, Sequence[int]],
        equations: Sequence[Equation] = (),
    ) -> "LinearAction":
        """The action on vectors that moves coordinates as maps of a finite set move its elements.

        Maths: `(m.x)_t = sum over s with m(s) = t of x_s`.

        Args:
          name: Its name.
          maps: For each generator the image of each element; -1 where it is dropped.
          equations: Pairs of words that act alike.

        Raises:
          InputError: An image is out of range.

        Example:
          >>> LinearAction.from_maps("shift", {"s": [1, 2, -1]}).generators["s"].tolist()
          [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
        """
        matrices = {}
        for g, images in maps.items():
            image = np.asarray(images, np.int64)
            size = len(image)
            if size and not -1 <= image.min() <= image.max() < size:
                raise InputError(
                    f"the map {g!r} of {name} has images {image.min()} to {image.max()}, but there "
                    f"are {size} elements. Use 0 to {size - 1}, and -1 for what is dropped."
                )
            kept = np.flatnonzero(image >= 0)
            matrix = np.zeros((size, size), np.int64)
            matrix[image[kept], kept] = 1
            matrices[g] = matrix
        return cls(name, matrices, equations)

    def trivial(self, size: int = 1) -> "LinearAction":
        """The action of the same monoid that moves nothing; homomorphisms to it are invariants."""
        eye = np.eye(size, dtype=np.int64)
        return LinearAction(f"trivial({size})", dict.fromkeys(self.generators, eye), self.equations)

    def __add__(self, other: "LinearAction") -> "LinearAction":
        """The direct sum: both vectors one behind the other, moved at once.

        Raises:
          InputError: The actions have different generators.
        """
        self.check_same_monoid(other)
        n, m = self.size, other.size
        matrices = {
            g: np.block(
                [[a, np.zeros((n, m), a.dtype)], [np.zeros((m, n), a.dtype), other.generators[g]]]
            )
            for g, a in self.generators.items()
        }
        return LinearAction(f"{self.name} + {other.name}", matrices, self.equations)

    def __matmul__(self, other: "LinearAction") -> "LinearAction":
        """The tensor product: matrices with one index for each action, flattened row by row.

        Raises:
          InputError: The actions have different generators.
        """
        self.check_same_monoid(other)
        matrices = {g: np.kron(a, other.generators[g]) for g, a in self.generators.items()}
        return LinearAction(f"{self.name} @ {other.name}", matrices, self.equations)

    def check_same_monoid(self, other: "LinearAction") -> None:
        """Raises unless another action is of a monoid with the same generators and equations.

        Raises:
          InputError: The generators differ.
          AxiomError: One action breaks an equation of the other.
        """
        if set(self.generators) != set(other.generators):
            raise InputError(
                f"{self.name} is generated by {sorted(self.generators)} but {other.name} by "
                f"{sorted(other.generators)}. Use two actions of one monoid."
            )
        self.check(other.equations)
        other.check(self.equations)

    def __repr__(self) -> str:
        return f"LinearAction({self.name}: {sorted(self.generators)} on R^{self.size})"


def translations(n: int) -> LinearAction:
    """The cyclic group of n translations, on signals of n values."""
    return LinearAction.from_maps(
        "translations", {"t": [(i + 1) % n for i in range(n)]}, [(("t",) * n, ())]
    )


def permutations(n: int, *, order: int = 1) -> LinearAction:
    """The symmetric group of n things, on arrays with an axis of size n for each of `order` axes.

    It is generated by the swap of the first two things and the cycle of all.

    Example:
      >>> permutations(3, order=2).size
      9
    """
    swap = [1, 0, *range(2, n)] if n > 1 else list(range(n))
    cycle = [(i + 1) % n for i in range(n)]
    indices = list(itertools.product(range(n), repeat=order))
    place = {index: k for k, index in enumerate(indices)}
    maps = {
        g: [place[tuple(f[i] for i in index)] for index in indices]
        for g, f in {"swap": swap, "cycle": cycle}.items()
    }
    equations = [(("swap", "swap"), ()), (("cycle",) * n, ())]
    if n > 1:
        equations.append((("swap", "cycle") * (n - 1), ()))
    return LinearAction.from_maps(f"permutations({n}, order={order})", maps, equations)


def list_shift(n: int) -> LinearAction:
    """The monoid of shifts of a list of n places: an item enters as zero, the last one falls off.

    Not invertible: `s^n` sends every list to zero.
    """
    return LinearAction.from_maps("list shift", {"s": [*range(1, n), -1]})


def _spelt(word: Word) -> str:
    return ".".join(word) or "1"
