"""Polynomials in one variable: interfaces, as positions with their directions.

A polynomial `p = sum over positions i of y^p[i]` says what a machine may show (a position) and what
may be put in while it shows that (a direction). Here both are finite and listed; the containers
literature says *shape* for a position and *position* for a direction.

| operation | positions | directions |
|---|---|---|
| `p + q` | those of p, then those of q | as before |
| `p * q` | pairs (i, j) | of i, or of j |
| `p @ q` | pairs (i, j) | pairs (a, b) |
| `p.compose(q)` | (i, j), with a position of q for each direction of i | pairs (a, b) |

Composition is substitution: `p.compose(q)` at X is `p(q(X))`. Its unit is `Y`, as for `@`.
"""

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from catalign._errors import CompositeSizeError, InputError
from catalign.polynomial.finite import FinFunction
from catalign.polynomial.finite_diagram import FiniteDiagram

DEFAULT_LIMIT = 100_000
"""The most positions or directions that a composite may have, unless one asks for more."""


@dataclass(frozen=True)
class Poly:
    """A polynomial in one variable, with named positions and directions.

    Maths: `p(X) = sum over positions i of X^p[i]`.

    Args:
      terms: Each position with its directions, in order.

    Raises:
      InputError: A position is listed twice, or a direction twice at one position.

    Example:
      >>> door = Poly.of({"open": ("close", "wait"), "closed": ("open",)})
      >>> print(door, "|", door @ door, "|", door.evaluate(3))
      y^2 + y | y^4 + 2*y^2 + y | 12

    Source: Niu & Spivak, Polynomial Functors, chapter 2.
    """

    terms: tuple[tuple[Hashable, tuple[Hashable, ...]], ...]

    def __post_init__(self) -> None:
        _check_distinct([i for i, _ in self.terms], "positions")
        for i, directions in self.terms:
            _check_distinct(directions, f"directions at position {i!r}")

    @classmethod
    def of(cls, directions: Mapping[Hashable, Iterable[Hashable]]) -> "Poly":
        """The polynomial with these directions at each position."""
        return cls(tuple((i, tuple(p_i)) for i, p_i in directions.items()))

    @classmethod
    def monomial(cls, positions: Iterable[Hashable], directions: Iterable[Hashable]) -> "Poly":
        """The polynomial `I y^A`: the same directions at every position.

        Example:
          >>> print(Poly.monomial(range(2), range(3)))
          2*y^3
        """
        a = tuple(directions)
        return cls(tuple((i, a) for i in positions))

    @cached_property
    def positions(self) -> tuple[Hashable, ...]:
        """The set p(1)."""
        return tuple(i for i, _ in self.terms)

    @cached_property
    def _directions(self) -> dict[Hashable, tuple[Hashable, ...]]:
        return dict(self.terms)

    def directions(self, position: Hashable) -> tuple[Hashable, ...]:
        """The set p[i].

        Raises:
          InputError: There is no such position.
        """
        if position not in self._directions:
            raise InputError(
                f"`position` is {position!r}, which {self} does not have. It has "
                f"{list(self.positions)[:8]}."
            )
        return self._directions[position]

    def evaluate(self, size: int) -> int:
        """How many elements p(X) has for a set X of this size.

        Maths: `|p(X)| = sum over i of |X|^|p[i]|`.
        """
        return sum(size ** len(a) for _, a in self.terms)

    def __add__(self, other: "Poly") -> "Poly":
        """The sum: a position of one or of the other.

        Maths: `(p + q)(X) = p(X) + q(X)`.
        """
        left = [((0, i), a) for i, a in self.terms]
        return Poly((*left, *(((1, j), b) for j, b in other.terms)))

    def __mul__(self, other: "Poly") -> "Poly":
        """The product: show a position of each, receive a direction of either.

        Maths: `(p x q)(X) = p(X) x q(X)`.
        """
        return Poly(
            tuple(
                ((i, j), (*((0, d) for d in a), *((1, d) for d in b)))
                for (i, a), (j, b) in itertools.product(self.terms, other.terms)
            )
        )

    def __matmul__(self, other: "Poly") -> "Poly":
        """The parallel product: show a position of each, receive a direction of both.

        Maths: `p (x) q = sum over (i, j) of y^(p[i] x q[j])`.
        """
        return Poly(
            tuple(
                ((i, j), tuple(itertools.product(a, b)))
                for (i, a), (j, b) in itertools.product(self.terms, other.terms)
            )
        )

    def compose(self, other: "Poly", *, limit: int = DEFAULT_LIMIT) -> "Poly":
        """The composite `p . q`: a position of p, and a position of q at each of its directions.

        Maths: `(p . q)(X) = p(q(X))`; positions `(i, j: p[i] -> q(1))`, directions `(a, b)` with
        `a` in `p[i]` and `b` in `q[j(a)]`.

        Args:
          other: The polynomial q.
          limit: The most positions, and directions in all, that the composite may have.

        Raises:
          CompositeSizeError: The composite would exceed `limit`.

        Example:
          >>> two = Poly.monomial(range(2), range(1))
          >>> print(Poly.monomial(range(1), range(2)).compose(two))
          4*y^2
        """
        n, total = len(other.terms), sum(len(b) for _, b in other.terms)
        n_position = self.evaluate(n)
        # Each direction of i chooses once among the directions of q, the others among positions.
        n_direction = sum(len(a) * total * n ** (len(a) - 1) for _, a in self.terms if a)
        if max(n_position, n_direction) > limit:
            raise CompositeSizeError(
                f"The composite of {self} and {other} would have {n_position:,} positions and "
                f"{n_direction:,} directions; the limit is {limit:,}. Pass a larger `limit`.",
                n_message=n_position,
                n_argument=n_direction,
                limit=limit,
            )
        return Poly(
            tuple(
                (
                    (i, tuple(j for j, _ in chosen)),
                    tuple((d, e) for d, (_, b) in zip(a, chosen, strict=True) for e in b),
                )
                for i, a in self.terms
                for chosen in itertools.product(other.terms, repeat=len(a))
            )
        )

    def to_diagram(self) -> FiniteDiagram:
        """The diagram `1 <- X -> Y -> 1`, positions as messages, directions as arguments.

        Maths: its transform over the natural numbers is `evaluate`.
        """
        p = [y for y, (_, a) in enumerate(self.terms) for _ in a]
        n = len(self.terms)
        return FiniteDiagram(
            FinFunction([0] * len(p), 1), FinFunction(p, n), FinFunction([0] * n, 1)
        )

    def __str__(self) -> str:
        counts = Counter(len(a) for _, a in self.terms)
        return " + ".join(_term(counts[k], k) for k in sorted(counts, reverse=True)) or "0"


def _term(coefficient: int, exponent: int) -> str:
    if exponent == 0:
        return str(coefficient)
    power = "y" if exponent == 1 else f"y^{exponent}"
    return power if coefficient == 1 else f"{coefficient}*{power}"


def _check_distinct(values: Sequence[Hashable], what: str) -> None:
    if len(set(values)) < len(values):
        twice = next(value for value, count in Counter(values).items() if count > 1)
        raise InputError(f"the {what} list {twice!r} twice. Name each once.")


Y = Poly.monomial((None,), (None,))
"""The polynomial `y`: one position, one direction. The interface of what is closed."""


def n_lens(source: Poly, target: Poly) -> int:
    """How many lenses there are from one polynomial to another.

    Maths: `|Poly(p, q)| = product over i of sum over j of |p[i]|^|q[j]|`.

    Example:
      >>> n_lens(Poly.monomial(range(2), range(2)), Poly.monomial(range(3), range(2)))
      144
    """
    return math.prod(sum(len(a) ** len(b) for _, b in target.terms) for _, a in source.terms)
