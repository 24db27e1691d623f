"""Carrying is cohomology: 2-cocycles of cyclic groups, and the extensions that they classify.

Two-digit numbers in base b are pairs of a high part and a low digit. Low digits are added in Z/b,
and what they carry is added to the high parts, `c(i, j) = floor((i + j) / b)`. That addition of
pairs is associative exactly if `c` is a 2-cocycle; it makes Z/b^2 out of two copies of Z/b, and not
their product, because `c` is no coboundary. Another choice of digits, such as the balanced ones,
changes `c` by a coboundary. (Isaksen, A cohomological viewpoint on elementary school arithmetic,
2002; Dudzik et al., LoG 2023, section 3, have the 1-cocycle of the same carry:
`algebra.cocycle.carry_cocycle`.)

All groups are finite and cyclic and act trivially, so that `H^2(Z/q, Z/k) = Z/gcd(q, k)` (Brown,
Cohomology of Groups, III.1). Laws are decided by running through all elements, on the host.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catalign._errors import AxiomError, InputError, ShapeMismatchError


@dataclass(frozen=True)
class TwoCocycle:
    """What addition in Z/q carries into Z/k.

    Maths: `c(i, j) + c(i + j, m) = c(j, m) + c(i, j + m)` in Z/k.

    Args:
      table: `c(i, j)` for i, j in Z/q, as q rows; stored modulo k.
      modulus: The k above.

    Raises:
      AxiomError: The law fails; the message shows i, j, m and both sides.
      InputError: `modulus` is below 1.
      ShapeMismatchError: The table is empty or not square.

    Example:
      >>> TwoCocycle(((0, 0), (0, 1)), modulus=2) == carry(2)
      True
    """

    table: tuple[tuple[int, ...], ...]
    modulus: int

    def __post_init__(self) -> None:
        if self.modulus < 1:
            raise InputError(f"`modulus` is {self.modulus}, but Z/k needs k of at least 1.")
        widths = sorted({len(row) for row in self.table})
        if widths != [len(self.table)]:
            raise ShapeMismatchError(
                f"`table` has {len(self.table)} rows of lengths {widths}: give q rows of length q, "
                "with q at least 1."
            )
        c = np.asarray(self.table, dtype=np.int64) % self.modulus
        object.__setattr__(self, "table", tuple(map(tuple, c.tolist())))
        i, j, m = np.indices((self.order,) * 3)
        left = (c[i, j] + c[(i + j) % self.order, m]) % self.modulus
        right = (c[j, m] + c[i, (j + m) % self.order]) % self.modulus
        wrong = np.argwhere(left != right)
        if wrong.size:
            at = tuple(wrong[0].tolist())
            raise AxiomError(
                f"`table` breaks c(i, j) + c(i + j, m) = c(j, m) + c(i, j + m) at i, j, m = {at}: "
                f"the left side is {left[at]}, the right side is {right[at]} in Z/{self.modulus}."
            )

    @property
    def order(self) -> int:
        """The q above."""
        return len(self.table)

    @property
    def cohomology_class(self) -> int:
        """The class in `H^2(Z/q, Z/k) = Z/gcd(q, k)`: 0 exactly for coboundaries.

        Maths: `c(0, 1) + c(1, 1) + ... + c(q - 1, 1)` modulo `gcd(q, k)`.

        Example:
          >>> carry(10).cohomology_class, coboundary((0, 3, 1), 3).cohomology_class
          (1, 0)
        """
        total = sum(self.table[i][1 % self.order] for i in range(self.order))
        return total % math.gcd(self.order, self.modulus)

    def add(self, left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
        """Adds in the extension of Z/q by Z/k that this 2-cocycle defines.

        Maths: `(x, i) + (y, j) = (x + y + c(i, j), i + j)`, associative by the law above.

        Args:
          left: A high part in Z/k and a low digit in Z/q.
          right: Likewise.

        Example:
          >>> carry(10).add((2, 7), (3, 5))
          (6, 2)
        """
        (x, i), (y, j) = left, right
        low = self.table[i % self.order][j % self.order]
        return (x + y + low) % self.modulus, (i + j) % self.order

    def change_digits(self, shift: Sequence[int]) -> "TwoCocycle":
        """The carry when the digit i is written with a high part of `shift[i]` in it.

        Maths: the section `i -> (0, i)` of the extension becomes `i -> (h(i), i)`, and `c` becomes
          `c + dh`, of the same class.

        Raises:
          ShapeMismatchError: There is not one shift for each digit.
        """
        other = coboundary(shift, self.modulus)
        if other.order != self.order:
            raise ShapeMismatchError(
                f"`shift` has {other.order} values, but there are {self.order} digits: "
                "give one each."
            )
        return TwoCocycle(_rows(np.add(self.table, other.table)), self.modulus)

    def trivialise(self) -> tuple[int, ...] | None:
        """Some h with `dh = c`; None if there is none.

        So the extension is a direct product exactly if this is not None.

        Example:
          >>> carry(10).trivialise() is None
          True
        """
        c, q, k = self.table, self.order, self.modulus
        for one in range(k):
            h = [c[0][0]]
            for i in range(q - 1):
                h.append((h[i] + one - c[i][1]) % k)
            if coboundary(h, k) == self:
                return tuple(h)
        return None


def carry(base: int, modulus: int | None = None) -> TwoCocycle:
    """The carry of two digits: `c(i, j) = floor((i + j) / base)`.

    The extension of Z/b by Z/k is Z/(b k): with k = b two digits, with k = b^2 three, and so on,
    the tower of numbers with more and more digits.

    Args:
      base: The number of digits.
      modulus: Of the high parts; `base` if left out.

    Raises:
      InputError: `base` or `modulus` is below 1.

    Example:
      >>> carry(10).table[7][5]
      1
    """
    if base < 1:
        raise InputError(f"`base` is {base}, but Z/b needs b of at least 1.")
    i, j = np.indices((base, base))
    return TwoCocycle(_rows((i + j) // base), base if modulus is None else modulus)


def coboundary(shift: Sequence[int], modulus: int) -> TwoCocycle:
    """The 2-cocycle that a mere change of digits makes.

    Maths: `(dh)(i, j) = h(i) + h(j) - h(i + j)`.

    Args:
      shift: `h(i)` for i in Z/q.
      modulus: The k of Z/k, where h has its values.

    Raises:
      InputError: `modulus` is below 1.
      ShapeMismatchError: `shift` is empty.
    """
    h = np.asarray(shift, dtype=np.int64)
    i, j = np.indices((len(h), len(h)))
    table = h[i] + h[j] - h[(i + j) % max(len(h), 1)] if len(h) else np.zeros((0, 0))
    return TwoCocycle(_rows(table), modulus)


def balanced_digits(base: int) -> tuple[int, ...]:
    """The shifts to digits from `-floor((base - 1) / 2)` to `floor(base / 2)`.

    Maths: `h(i) = -1` for digits above `base / 2`, which are written `i - base`, and 0 for others.

    Example:
      >>> balanced_digits(5)
      (0, 0, 0, -1, -1)
    """
    return tuple(-1 if 2 * i > base else 0 for i in range(base))


def _rows(table: np.ndarray) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(value) for value in row) for row in table)
