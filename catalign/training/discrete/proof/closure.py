"""What follows from some literals: bounds on differences, congruences, linear arithmetic.

Maths: a matrix of the best bounds on all differences of two integer terms, closed under paths;
equal arguments give equal values (congruence); rows of scalars are refuted by Fourier-Motzkin
elimination over the rationals. Every fact carries the set of decisions that it rests on, as bits,
so that a conflict names the decisions that it comes from.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from catalign.training.discrete.proof.literal import (
    LAST,
    ZERO,
    Comparison,
    Difference,
    Equal,
    Literal,
    Sum,
    Value,
    opposite,
)

FAR = 10**6
"""More than every difference that is known."""
ROWS = 300
"""How many rows elimination may come to; beyond, it finds no conflict, which proves nothing."""


class Conflict(Exception):  # noqa: N818
    """The literals contradict each other.

    Attributes:
      reasons: The decisions that the contradiction rests on, as bits.
    """

    def __init__(self, reasons: int) -> None:
        super().__init__(reasons)
        self.reasons = reasons


@dataclass(frozen=True)
class Application:
    """A function at some arguments.

    Attributes:
      function: Its name.
      arguments: Integer values.
      term: The term of the result.
      scalar: Whether the result is a scalar term.
    """

    function: object
    arguments: tuple[Value, ...]
    term: int
    scalar: bool


@dataclass
class Closure:
    """The consequences of the literals asserted so far.

    Attributes:
      bound: `bound[a, b]` is the least known c with `a - b <= c`.
      why: The decisions that each bound rests on.
      unequal: The asserted disequalities, with their reasons.
      rows: The asserted comparisons by their factors, with rests, strictness and reasons.
      joined: Pairs of scalar terms known as equal.
    """

    bound: np.ndarray
    why: np.ndarray
    unequal: list[tuple[Equal, int]] = field(default_factory=list)
    rows: dict[Comparison, int] = field(default_factory=dict)
    joined: dict[tuple[int, int], int] = field(default_factory=dict)
    _dirty: bool = True
    _rows_dirty: bool = False

    @classmethod
    def empty(cls, capacity: int = 64) -> "Closure":
        """Nothing asserted but `ZERO <= LAST`."""
        bound = np.full((capacity, capacity), FAR, np.int64)
        np.fill_diagonal(bound, 0)
        bound[ZERO, LAST] = 0
        return cls(bound, np.zeros((capacity, capacity), np.int64))

    def copy(self) -> "Closure":
        """An independent copy."""
        return Closure(
            self.bound.copy(),
            self.why.copy(),
            list(self.unequal),
            dict(self.rows),
            dict(self.joined),
            self._dirty,
            self._rows_dirty,
        )

    def grow(self, terms: int) -> None:
        """Makes room for some integer terms."""
        old = len(self.bound)
        if terms <= old:
            return
        other = Closure.empty(max(terms, 2 * old))
        other.bound[:old, :old], other.why[:old, :old] = self.bound, self.why
        self.bound, self.why = other.bound, other.why

    def truth(self, literal: Literal) -> tuple[bool | None, int]:
        """Whether a literal is known to hold, or not to, and the reasons."""
        match literal:
            case bool():
                return literal, 0
            case Difference(a, b, c):
                if self.bound.item(a, b) <= c:
                    return True, self.why.item(a, b)
                if self.bound.item(b, a) < -c:
                    return False, self.why.item(b, a)
                return None, 0
            case Equal(a, b, c, positive):
                holds, reasons = self._equal(a, b, c)
                return (holds if positive or holds is None else not holds), reasons
            case Comparison():
                return self._compared(literal)

    def _equal(self, a: int, b: int, c: int) -> tuple[bool | None, int]:
        up, down = self.bound.item(a, b), self.bound.item(b, a)
        if up < c:
            return False, self.why.item(a, b)
        if down < -c:
            return False, self.why.item(b, a)
        if up == c and down == -c:
            return True, self.why.item(a, b) | self.why.item(b, a)
        for (x, y, z, _), reasons in self.unequal:
            if (x, y, z) == (a, b, c):
                return False, reasons
        return None, 0

    def _compared(self, literal: Comparison) -> tuple[bool | None, int]:
        for found, answer in ((literal, True), (opposite(literal), False)):
            if found in self.rows:
                return answer, self.rows[found]
            if not found.strict:
                stricter = Comparison(found.total, True)
                if stricter in self.rows:
                    return answer, self.rows[stricter]
        return None, 0

    def assume(self, literal: Literal, reasons: int) -> None:
        """Asserts a literal.

        Raises:
          Conflict: It contradicts a bound.
        """
        match literal:
            case bool():
                if not literal:
                    raise Conflict(reasons)
            case Difference(a, b, c):
                self._tighten(a, b, c, reasons)
            case Equal(a, b, c, positive):
                if positive:
                    self._tighten(a, b, c, reasons)
                    self._tighten(b, a, -c, reasons)
                else:
                    self.unequal.append((literal, reasons))
                    self._dirty = True
            case Comparison():
                if literal not in self.rows:
                    self.rows[literal] = reasons
                    self._rows_dirty = True

    def _tighten(self, a: int, b: int, c: int, reasons: int) -> None:
        bound, why = self.bound, self.why
        if bound.item(a, b) <= c:
            return
        if bound.item(b, a) + c < 0:
            raise Conflict(reasons | why.item(b, a))
        left, right = bound[:, a, None], bound[None, b, :]
        better = (left < FAR) & (right < FAR) & (left + c + right < bound)
        self.why = np.where(better, why[:, a, None] | reasons | why[None, b, :], why)
        self.bound = np.where(better, left + c + right, bound)
        self._dirty = True

    def close(self, applications: Iterable[Application]) -> bool:
        """Adds what follows; whether anything did.

        Raises:
          Conflict: A contradiction follows.
        """
        changed = False
        applications = list(applications)
        while self._dirty:
            changed = True
            self._dirty = False
            for (a, b, c, _), reasons in list(self.unequal):
                if self.bound.item(a, b) == c:
                    self._tighten(a, b, c - 1, reasons | self.why.item(a, b))
                if self.bound.item(b, a) == -c:
                    self._tighten(b, a, -c - 1, reasons | self.why.item(b, a))
            self._congruences(applications)
        if self._rows_dirty:
            self._rows_dirty = False
            changed = True
            rows = [(c.total, c.strict, why) for c, why in self.rows.items()]
            refute(rows, [(a, b, why) for (a, b), why in self.joined.items()])
        return changed

    def representatives(self) -> tuple[list[int], list[int]]:
        """For each integer term the first one at a known distance, and that distance."""
        fixed = self.bound + self.bound.T == 0
        first = fixed.argmax(axis=1)
        offsets = self.bound[np.arange(len(first)), first]
        return first.tolist(), offsets.tolist()

    def _joined(self, one: Application, other: Application) -> bool:
        """Whether two results are known to be equal."""
        a, b = other.term, one.term
        if one.scalar:
            return (a, b) in self.joined
        return self.bound.item(a, b) == 0 and self.bound.item(b, a) == 0

    def _congruences(self, applications: Sequence[Application]) -> None:
        first, offsets = self.representatives()
        known: dict[object, Application] = {}
        for app in applications:
            places = tuple((first[t], offsets[t] + o) for t, o in app.arguments)
            other = known.setdefault((app.function, app.scalar, places), app)
            if other is app:
                continue
            if self._joined(app, other):
                continue
            reasons = 0
            for (a, _), (b, _) in zip(app.arguments, other.arguments, strict=True):
                reasons |= self.why.item(a, b) | self.why.item(b, a)
            if app.scalar:
                self.joined[other.term, app.term] = reasons
                self._rows_dirty = True
            else:
                self._tighten(app.term, other.term, 0, reasons)
                self._tighten(other.term, app.term, 0, reasons)


Row = tuple[Sum, bool, int]


def refute(rows: Sequence[Row], joined: Sequence[tuple[int, int, int]]) -> None:
    """Raises if some comparisons contradict each other.

    Maths: Fourier-Motzkin: of `x <= u` and `l <= x` follows `l <= u`; a system has no solution iff
    eliminating all terms leaves a number that is not at most 0.

    Args:
      rows: Sums that are at most 0, or less if strict, with their reasons.
      joined: Pairs of equal terms, with their reasons.

    Raises:
      Conflict: There is no solution.
    """
    current: dict[tuple[Sum, bool], int] = {}
    name: dict[int, tuple[int, int]] = {}
    for a, b, why in joined:
        x, through = _root(name, a)
        y, also = _root(name, b)
        if x != y:
            name[y] = (x, why | through | also)
    for total, strict, why in rows:
        moved = Sum((), total.rest)
        for term, factor in total.factors:
            root, through = _root(name, term)
            moved = moved.plus(Sum(((root, factor),)))
            why |= through
        _keep(current, moved, strict, why)
    while current and len(current) < ROWS:
        uses: dict[int, list[int]] = {}
        for total, _ in current:
            for term, factor in total.factors:
                uses.setdefault(term, [0, 0])[factor > 0] += 1
        if not uses:
            return
        term = min(uses, key=lambda t: uses[t][0] * uses[t][1] - uses[t][0] - uses[t][1])
        low, high = [], []
        later: dict[tuple[Sum, bool], int] = {}
        for (total, strict), why in current.items():
            factor = dict(total.factors).get(term)
            if factor is None:
                later[total, strict] = why
            else:
                (high if factor > 0 else low).append((total, strict, why, abs(factor)))
        for a, strict_a, why_a, x in low:
            for b, strict_b, why_b, y in high:
                _keep(later, a.times(y).plus(b, x), strict_a or strict_b, why_a | why_b)
        current = later


def _root(name: dict[int, tuple[int, int]], term: int) -> tuple[int, int]:
    reasons = 0
    while term in name:
        term, why = name[term]
        reasons |= why
    return term, reasons


def _keep(rows: dict[tuple[Sum, bool], int], total: Sum, strict: bool, why: int) -> None:
    if not total.factors:
        if total.rest > 0 or (strict and total.rest == 0):
            raise Conflict(why)
        return
    rows.setdefault((total.primitive(), strict), why)
