"""Finite sets and functions between them, on the host.

The finite set of size n is {0, ..., n-1}, so a set is its size and a function is an array of
indices with a codomain. Disjoint union is concatenation. This module needs NumPy alone.

Axioms:
  >>> f, g = FinFunction([0, 0, 2], cod=3), FinFunction([1, 0, 1], cod=2)
  >>> FinFunction.identity(3).then(f) == f == f.then(FinFunction.identity(3))
  True
  >>> f.then(g)
  FinFunction([1, 1, 1], cod=2)
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

from catalign._errors import AxiomError, ShapeMismatchError

IndexArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FinFunction:
    """A function from {0, ..., dom-1} to {0, ..., cod-1}.

    Args:
      values: The image of each element, in order.
      cod: The size of the codomain.

    Raises:
      ShapeMismatchError: `values` is not a vector of integers.
      AxiomError: A value lies outside the codomain.

    Example:
      >>> f = FinFunction([0, 0, 2], cod=3)
      >>> f.dom, f(1), [fibre.tolist() for fibre in f.fibres]
      (3, 0, [[0, 1], [], [2]])
    """

    values: IndexArray
    cod: int

    def __init__(self, values: Sequence[int] | NDArray[np.integer], cod: int) -> None:
        array = np.asarray(values)
        if array.size == 0:
            array = array.astype(np.int64)
        if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
            raise ShapeMismatchError(
                f"FinFunction needs `values` as a vector of integers and got {array.dtype} of "
                f"shape {array.shape}."
            )
        outside = np.flatnonzero((array < 0) | (array >= cod))
        if outside.size:
            x = int(outside[0])
            raise AxiomError(
                f"FinFunction: the value {int(array[x])} at {x} is not among the {cod} elements of "
                "the codomain. Enlarge `cod` or correct `values`."
            )
        array = np.array(array, dtype=np.int64)
        array.setflags(write=False)
        object.__setattr__(self, "values", array)
        object.__setattr__(self, "cod", int(cod))

    @classmethod
    def identity(cls, size: int) -> "FinFunction":
        """The function that leaves each of `size` elements where it is."""
        return cls(np.arange(size), cod=size)

    @classmethod
    def from_relation(
        cls, pairs: Iterable[tuple[int, int]], *, dom: int, cod: int
    ) -> "FinFunction":
        """Reads a function from its graph, a set of pairs (element, image).

        Args:
          pairs: The pairs, in any order.
          dom: The size of the domain.
          cod: The size of the codomain.

        Raises:
          AxiomError: Some element has no image, or several.

        Example:
          >>> FinFunction.from_relation([(1, 0), (0, 2)], dom=2, cod=3)
          FinFunction([2, 0], cod=3)
        """
        images: list[list[int]] = [[] for _ in range(dom)]
        for x, y in sorted(set(pairs)):
            if not 0 <= x < dom:
                raise AxiomError(
                    f"The relation has the pair ({x}, {y}), but its domain has {dom} elements."
                )
            images[x].append(y)
        for x, ys in enumerate(images):
            if not ys:
                raise AxiomError(
                    f"The relation is not a function: {x} has no image. Give it exactly one."
                )
            if len(ys) > 1:
                raise AxiomError(
                    f"The relation is not a function: {x} goes to {ys[0]} and to {ys[1]}. Give "
                    "it exactly one image, or make a copy of it for each image."
                )
        return cls([ys[0] for ys in images], cod)

    @property
    def dom(self) -> int:
        """The size of the domain."""
        return len(self.values)

    def then(self, after: "FinFunction") -> "FinFunction":
        """The composite that applies this function first.

        Maths: `(f.then(g))(x) = g(f(x))`

        Raises:
          AxiomError: `after` starts elsewhere than this function ends.
        """
        if self.cod != after.dom:
            raise AxiomError(
                f"cannot compose functions: the first ends in a set of {self.cod} elements, "
                f"the second starts from one of {after.dom}."
            )
        return FinFunction(after.values[self.values], after.cod)

    def __add__(self, other: "FinFunction") -> "FinFunction":
        """The coproduct: this function and `other` side by side on disjoint unions."""
        shifted = other.values + self.cod
        return FinFunction(np.concatenate([self.values, shifted]), self.cod + other.cod)

    def copair(self, other: "FinFunction") -> "FinFunction":
        """This function on the first part of a disjoint union and `other` on the second.

        Raises:
          AxiomError: The codomains differ.
        """
        if self.cod != other.cod:
            raise AxiomError(
                f"cannot copair functions into sets of {self.cod} and {other.cod} elements."
            )
        return FinFunction(np.concatenate([self.values, other.values]), self.cod)

    @cached_property
    def fibres(self) -> tuple[IndexArray, ...]:
        """For each element of the codomain the elements that go there, in order."""
        order = np.argsort(self.values, kind="stable")
        return tuple(np.split(order, np.cumsum(self.fibre_sizes)[:-1])) if self.cod else ()

    @cached_property
    def fibre_sizes(self) -> IndexArray:
        """The number of elements in each fibre."""
        return np.bincount(self.values, minlength=self.cod).astype(np.int64)

    @property
    def is_injective(self) -> bool:
        """Whether no two elements share an image."""
        return bool((self.fibre_sizes <= 1).all())

    @property
    def is_surjective(self) -> bool:
        """Whether each element of the codomain is an image."""
        return bool((self.fibre_sizes >= 1).all())

    @property
    def is_bijective(self) -> bool:
        """Whether the function has an inverse."""
        return self.is_injective and self.is_surjective

    @property
    def inverse(self) -> "FinFunction":
        """The inverse.

        Raises:
          AxiomError: The function is not bijective.
        """
        if not self.is_bijective:
            raise AxiomError(f"{self!r} has no inverse: it is not bijective.")
        return FinFunction(np.argsort(self.values), self.dom)

    def __call__(self, x: SupportsIndex) -> int:
        """The image of one element."""
        return int(self.values[x])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FinFunction):
            return NotImplemented
        return self.cod == other.cod and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash((self.cod, self.values.tobytes()))

    def __repr__(self) -> str:
        return f"FinFunction({self.values.tolist()}, cod={self.cod})"


def elements(shape: tuple[int, ...]) -> IndexArray:
    """The coordinates of each element of a product, one row a factor, in row-major order.

    Example:
      >>> elements((2, 2)).tolist()
      [[0, 0, 1, 1], [0, 1, 0, 1]]
    """
    return np.indices(shape, dtype=np.int64).reshape(len(shape), math.prod(shape))


def index(
    coordinates: Sequence[IndexArray] | IndexArray, shape: tuple[int, ...], *, size: int
) -> IndexArray:
    """The elements of a product with these coordinates: `elements`, reversed.

    Args:
      coordinates: One vector, or row, for each factor.
      shape: The size of each factor.
      size: The length of the vectors, which counts where there are none.

    Example:
      >>> index(elements((2, 3)), (2, 3), size=6).tolist()
      [0, 1, 2, 3, 4, 5]
    """
    position = np.zeros(size, np.int64)
    for coordinate, extent in zip(coordinates, shape, strict=True):
        position = position * extent + coordinate
    return position


def pullback(f: FinFunction, g: FinFunction) -> tuple[FinFunction, FinFunction]:
    """The pairs on which two functions into the same set agree, as their two projections.

    Maths: `A x_C B = { (a, b) : f(a) = g(b) }`, ordered by a, then b.

    Raises:
      AxiomError: The codomains differ.

    Example:
      >>> pullback(FinFunction([0, 1], cod=2), FinFunction([1, 1, 0], cod=2))
      (FinFunction([0, 1, 1], cod=2), FinFunction([2, 0, 1], cod=3))
    """
    if f.cod != g.cod:
        raise AxiomError(f"no pullback: the functions end in sets of {f.cod} and {g.cod} elements.")
    first = np.repeat(np.arange(f.dom), g.fibre_sizes[f.values])
    second = np.concatenate([g.fibres[c] for c in f.values]) if f.dom else np.zeros(0, np.int64)
    return FinFunction(first, f.dom), FinFunction(second, g.dom)


def is_pullback(
    *, top: FinFunction, left: FinFunction, right: FinFunction, bottom: FinFunction
) -> bool:
    """Whether a square of functions commutes and its corner is the pullback of the other three.

    ```
    A --top--> B
    |          |
    left     right
    v          v
    C -bottom> D
    ```

    Maths: `a -> (top a, left a)` is a bijection onto `{ (b, c) : right(b) = bottom(c) }`.
    """
    if top.then(right) != left.then(bottom):
        return False
    corner = set(zip(top.values.tolist(), left.values.tolist(), strict=True))
    return len(corner) == top.dom == int(right.fibre_sizes @ bottom.fibre_sizes)
