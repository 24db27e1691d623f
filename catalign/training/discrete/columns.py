"""Columns: expressions with their values at some rows; of those that agree the cheapest is kept."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from catalign.nn.discrete.condition import Condition
from catalign.nn.discrete.expression import Expression
from catalign.training.discrete.rows import TOLERANCE, Rows

E = TypeVar("E", bound=Expression)


@dataclass
class Columns:
    """Expressions with different values at some rows; of equal ones the cheapest is kept."""

    expressions: list = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    known: dict[bytes, int] = field(default_factory=dict)

    def add(self, expression: Expression, value: np.ndarray) -> None:
        """Adds an expression unless a cheaper one is known with the same values."""
        key = value.tobytes()
        at = self.known.get(key)
        if at is None:
            self.known[key] = len(self.expressions)
            self.expressions.append(expression)
            self.values.append(value)
        elif expression.cost_inside < self.expressions[at].cost_inside:
            self.expressions[at] = expression

    def holds(self, expression: Expression, rows: Rows) -> bool:
        """Whether one of the expressions has the same values."""
        return np.ascontiguousarray(rows.values(expression)).tobytes() in self.known


@dataclass
class Scalars:
    """Scalar expressions, and at which rows they are right: up to rounding.

    Attributes:
      target: The right values, `[r]`.
      changed: Where they are not the old ones, bool `[r]`.
      drifting: Of each expression, whether it only nearly keeps a value that a step keeps.
    """

    target: np.ndarray
    changed: np.ndarray
    expressions: list[Expression] = field(default_factory=list)
    right: list[np.ndarray] = field(default_factory=list)
    drifting: list[bool] = field(default_factory=list)

    def add(self, expression: Expression, value: np.ndarray, *, anywhere: bool = True) -> None:
        """Adds an expression; unless anywhere, only if it is right at some changed row."""
        value, y = np.asarray(value, float), self.target
        same = value == y
        good = same | (np.abs(value - y) <= TOLERANCE * (1 + np.abs(y)))
        if anywhere or (good & self.changed).any():
            self.expressions.append(expression)
            self.right.append(good)
            self.drifting.append(bool((good & ~same & ~self.changed).any()))

    def offer(self, expression: Expression, value: np.ndarray) -> None:
        """Adds an expression if it is right at some changed row."""
        self.add(expression, value, anywhere=False)


class Booleans:
    """Conditions with different values, up to negation, and not constant: the cheapest of a group.

    What costs more than the `most` cheapest of its group so far need not be looked at
    (`affordable`), and values are kept as bits: of some hundred thousand conditions a few thousand
    are taken. A condition belongs to the group that met its values first.

    Args:
      most: How many of each group are taken.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.group = ""
        self.groups: list[str] = []
        self.known: dict[bytes, int] = {}
        self.makers: list[Callable[[], Condition]] = []
        self.costs: list[float] = []
        self.bits: list[bytes] = []
        self.first: list[bool] = []
        self.ascending: dict[str, list[float]] = {}

    def affordable(self, costs: Sequence[float]) -> list[int]:
        """Which conditions of the group, given their costs, may be among those it takes.

        One that is left out may still be a cheaper form of a condition of another group.
        """
        ascending = self.ascending.get(self.group, [])
        limit = ascending[self.most - 1] if len(ascending) >= self.most else np.inf
        return [c for c, cost in enumerate(costs) if cost <= limit and cost < np.inf]

    def add(self, condition: Condition, value: np.ndarray) -> None:
        """Adds one condition."""
        self.add_many(value[None], [condition.cost], lambda _: condition)

    def add_many(
        self, values: np.ndarray, costs: Sequence[float], make: Callable[[int], Condition]
    ) -> None:
        """Adds conditions, given their values `[c, r]`; one is made only if it is kept."""
        varied = np.flatnonzero(values.any(axis=1) & ~values.all(axis=1))
        packed = np.packbits(values[varied] ^ values[varied, :1], axis=1)
        for row, c in enumerate(varied.tolist()):
            key = packed[row].tobytes()
            at = self.known.get(key)
            if at is None:
                self.known[key] = len(self.costs)
                self.makers.append(lambda c=c: make(c))
                self.costs.append(costs[c])
                self.groups.append(self.group)
                self.bits.append(key)
                self.first.append(bool(values[c, 0]))
                insort(self.ascending.setdefault(self.group, []), costs[c])
            elif costs[c] < self.costs[at]:
                ascending = self.ascending[self.groups[at]]
                del ascending[bisect_left(ascending, self.costs[at])]
                insort(ascending, costs[c])
                self.makers[at] = lambda c=c: make(c)
                self.costs[at] = costs[c]
                self.first[at] = bool(values[c, 0])

    def cheapest(self, rows: int) -> tuple[list[Condition], np.ndarray]:
        """The cheapest conditions of each group, and the values of all `[rows, conditions]`."""
        taken: dict[str, int] = {}
        order = []
        for c in np.argsort(self.costs, kind="stable").tolist():
            taken[self.groups[c]] = taken.get(self.groups[c], 0) + 1
            if taken[self.groups[c]] <= self.most:
                order.append(c)
        if not order:
            return [], np.zeros((rows, 0), bool)
        held = np.frombuffer(b"".join(self.bits[c] for c in order), np.uint8)
        differs = np.unpackbits(held.reshape(len(order), -1), axis=1, count=rows)
        values = differs.astype(bool) ^ np.array([self.first[c] for c in order])[:, None]
        return [self.makers[c]() for c in order], np.ascontiguousarray(values.T)


def distinct(rows: Rows, terms: Iterable[E]) -> Columns:
    """Terms with different values at the rows."""
    columns = Columns()
    for term in terms:
        columns.add(term, np.ascontiguousarray(rows.values(term)))
    return columns
