"""Literals and clauses of the decision procedure: integer differences, and linear comparisons.

Nodes are integers: -1 is no node, the nodes are 0 to n - 1. Masks and classes are integers too. An
*integer value* is a term and an offset, so that constants are offsets from the term `ZERO`. Scalars
are real numbers: linear combinations of scalar terms.

| literal | says |
|---|---|
| `Difference(a, b, c)` | `a - b <= c` |
| `Equal(a, b, c, positive)` | `a - b = c`, or that it is not |
| `Comparison(sum, strict)` | `sum <= 0`, or `sum < 0` |
"""

from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm
from typing import NamedTuple

ZERO, LAST = 0, 1
"""The terms of the number 0 and of the last node."""


class Value(NamedTuple):
    """An integer: a term plus an offset."""

    term: int
    offset: int = 0


NONE, FIRST, END = Value(ZERO, -1), Value(ZERO, 0), Value(LAST, 0)
"""No node, the first node and the last one."""


def constant(number: int) -> Value:
    """The value of a number."""
    return Value(ZERO, number)


class Difference(NamedTuple):
    """`a - b <= c`."""

    a: int
    b: int
    c: int


class Equal(NamedTuple):
    """`a - b = c`, or that it is not."""

    a: int
    b: int
    c: int
    positive: bool


Rational = int | Fraction


class Sum(NamedTuple):
    """A linear combination of scalar terms.

    Attributes:
      factors: Pairs of a term and its factor, sorted by term; no factor is 0.
      rest: What is added.
    """

    factors: tuple[tuple[int, Rational], ...] = ()
    rest: Rational = 0

    def plus(self, other: "Sum", factor: Rational = 1) -> "Sum":
        """This sum and a multiple of another."""
        found = dict(self.factors)
        for term, x in other.factors:
            found[term] = found.get(term, 0) + factor * x
        kept = tuple(sorted((term, x) for term, x in found.items() if x))
        return Sum(kept, self.rest + factor * other.rest)

    def times(self, factor: Rational) -> "Sum":
        """A multiple by another number than 0."""
        return Sum(tuple((term, factor * x) for term, x in self.factors), factor * self.rest)

    def primitive(self) -> "Sum":
        """The positive multiple in whole numbers without a common divisor."""
        numbers = [Fraction(self.rest), *(Fraction(x) for _, x in self.factors)]
        below = lcm(*(x.denominator for x in numbers))
        whole = [int(x * below) for x in numbers]
        above = gcd(*whole)
        if not above:
            return self
        rest, *factors = (x // above for x in whole)
        return Sum(tuple(zip((term for term, _ in self.factors), factors, strict=True)), rest)


class Comparison(NamedTuple):
    """`total <= 0`, or `total < 0` if strict; the sum is primitive."""

    total: Sum
    strict: bool


Literal = Difference | Equal | Comparison | bool
Clause = tuple[Literal, ...]
"""A disjunction."""


def at_most(a: Value, b: Value, by: int = 0) -> Literal:
    """`a <= b + by`."""
    c = b.offset - a.offset + by
    return c >= 0 if a.term == b.term else Difference(a.term, b.term, c)


def equal(a: Value, b: Value) -> Literal:
    """`a = b`."""
    c = b.offset - a.offset
    if a.term == b.term:
        return c == 0
    if a.term > b.term:
        return Equal(b.term, a.term, -c, True)
    return Equal(a.term, b.term, c, True)


def is_node(a: Value) -> Literal:
    """`a >= 0`."""
    return at_most(FIRST, a)


def compare(a: Sum, b: Sum, *, strict: bool) -> Literal:
    """`a <= b`, or `a < b` if strict."""
    total = a.plus(b, -1)
    if not total.factors:
        return total.rest < 0 if strict else total.rest <= 0
    return Comparison(total.primitive(), strict)


@lru_cache(maxsize=2**16)
def opposite(literal: Comparison) -> Comparison:
    """The negation of a comparison."""
    return Comparison(literal.total.times(-1), not literal.strict)


def negate(literal: Literal) -> Literal:
    """The negation."""
    match literal:
        case bool():
            return not literal
        case Difference(a, b, c):
            return Difference(b, a, -c - 1)
        case Equal(a, b, c, positive):
            return Equal(a, b, c, not positive)
        case Comparison():
            return opposite(literal)
