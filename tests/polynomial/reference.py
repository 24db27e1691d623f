"""The definition of the integral transform, read literally, on exact Python numbers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from hypothesis import strategies as st

from catalign.polynomial.finite_diagram import FiniteDiagram

INF = math.inf


@dataclass(frozen=True)
class ExactSemiring:
    """A semiring of Python values, with a strategy for them."""

    name: str
    add: Callable[[Any, Any], Any]
    multiply: Callable[[Any, Any], Any]
    zero: Any
    one: Any
    values: st.SearchStrategy

    def __repr__(self) -> str:
        return self.name


COUNT = ExactSemiring("count", int.__add__, int.__mul__, 0, 1, st.integers(0, 3))
REACH = ExactSemiring(
    "reach", lambda a, b: a or b, lambda a, b: a and b, False, True, st.booleans()
)
SHORTEST = ExactSemiring(
    "shortest", min, lambda a, b: a + b, INF, 0, st.integers(-5, 5) | st.just(INF)
)
WIDEST = ExactSemiring(
    "widest", max, min, -INF, INF, st.integers(-5, 5) | st.sampled_from([INF, -INF])
)
SEMIRINGS = (COUNT, REACH, SHORTEST, WIDEST)

WORDS = ExactSemiring(
    "words",
    frozenset.union,
    lambda a, b: frozenset(x + y for x in a for y in b),
    frozenset(),
    frozenset([""]),
    st.frozensets(st.text("ab", max_size=2), max_size=2),
)
"""Languages: a semiring whose multiplication has an order."""


def transform(diagram: FiniteDiagram, semiring: ExactSemiring, field: Sequence[Any]) -> list[Any]:
    """`z -> sum over y in o^-1(z) of the product over x in p^-1(y) of field(i(x))`."""
    assert len(field) == diagram.W
    messages = [
        reduce(semiring.multiply, (field[diagram.i(x)] for x in fibre.tolist()), semiring.one)
        for fibre in diagram.p.fibres
    ]
    return [
        reduce(semiring.add, (messages[y] for y in fibre.tolist()), semiring.zero)
        for fibre in diagram.o.fibres
    ]


def fields(semiring: ExactSemiring, size: int) -> st.SearchStrategy[list[Any]]:
    """Fields of values on a set."""
    return st.lists(semiring.values, min_size=size, max_size=size)
