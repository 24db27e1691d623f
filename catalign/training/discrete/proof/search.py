"""The search for a contradiction: case splits over clauses, with lemmas made on demand.

A problem is a set of terms, clauses and *laws*: statements for all nodes, which are written down as
clauses for those nodes that the problem names. It is refuted if every case ends in a contradiction.
A refutation is a proof: each clause is given or an instance of a law, each split has two sides, and
each contradiction follows by the closure. That none is found proves nothing.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from catalign.training.discrete.proof.closure import Application, Closure, Conflict
from catalign.training.discrete.proof.literal import (
    LAST,
    ZERO,
    Clause,
    Literal,
    Sum,
    Value,
    at_most,
    constant,
    negate,
)

DEPTH = 60
"""How many decisions may be open at once: reasons are the bits of one word."""


class Undecided(Exception):  # noqa: N818
    """No contradiction was found.

    Attributes:
      reason: Why the search ended.
      closure: The case that it ended in, if it is one.
    """

    def __init__(self, reason: str, closure: Closure | None = None) -> None:
        super().__init__(reason)
        self.reason, self.closure = reason, closure


@dataclass(frozen=True)
class Pattern:
    """The nodes that a law is written down for: those that are an argument of a function.

    Attributes:
      function: The function.
      place: Which argument.
      others: What other arguments must be, by their places.
    """

    function: object
    place: int
    others: tuple[tuple[int, Value], ...] = ()


@dataclass(frozen=True)
class Law:
    """A statement for all nodes.

    Attributes:
      name: What it is called.
      arity: The number of nodes that it is about.
      state: `state(values)` writes it down for some nodes.
      patterns: Which nodes it is written down for, one list a variable; all nodes where a list is
        empty.
      joint: Functions of all the variables, with the place of each: if there are any, the law is
        written down for the arguments of their applications instead.
    """

    name: str
    arity: int
    state: Callable[[tuple[Value, ...]], None]
    patterns: tuple[tuple[Pattern, ...], ...]
    joint: tuple[tuple[object, tuple[int, ...]], ...] = ()


@dataclass
class Problem:
    """Terms, clauses and laws.

    Attributes:
      most: The most rounds of terms that laws may bring in.
      budget: The most literals that may be looked at.
      newest: Whether to split at the newest clause first, in place of the oldest.
    """

    most: int = 1
    budget: int = 400_000
    newest: bool = False
    cases: int = 0
    work: int = 0
    clauses: list[Clause] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)
    laws: list[Law] = field(default_factory=list)
    terms: int = 2
    scalars: int = 0
    round: int = 0
    nodes: dict[int, int] = field(default_factory=lambda: {ZERO: 0, LAST: 0})
    _apps: dict[tuple[object, tuple[Value, ...]], Application] = field(default_factory=dict)
    _rounds: dict[tuple[int, bool], int] = field(default_factory=dict)
    _by_function: dict[object, list[Application]] = field(default_factory=dict)
    _stated: set[tuple[int, tuple[Value, ...]]] = field(default_factory=set)

    def add(self, *literals: Literal) -> None:
        """Adds a clause."""
        if True in literals:
            return
        self.clauses.append(tuple(dict.fromkeys(x for x in literals if x is not False)))

    def integer(
        self, function: object, arguments: tuple[Value, ...], low: int | None, high: Value | None
    ) -> tuple[Value, bool]:
        """A function with integer values at some arguments, and whether it is new.

        Args:
          function: Its name.
          arguments: The arguments.
          low: A lower bound of its values.
          high: An upper bound.
        """
        known = self._apps.get((function, arguments))
        if known is not None:
            return Value(known.term), False
        value = Value(self.terms)
        self.terms += 1
        self._enter(Application(function, arguments, value.term, False))
        if low is not None:
            self.add(at_most(constant(low), value))
        if high is not None:
            self.add(at_most(value, high))
        return value, True

    def scalar(self, function: object, arguments: tuple[Value, ...]) -> tuple[Sum, bool]:
        """A function with scalar values at some arguments, and whether it is new."""
        known = self._apps.get((function, arguments))
        fresh = known is None
        if known is None:
            known = Application(function, arguments, self.scalars, True)
            self.scalars += 1
            self._enter(known)
        return Sum(((known.term, 1),)), fresh

    def _enter(self, app: Application) -> None:
        self._apps[app.function, app.arguments] = app
        self.applications.append(app)
        self._rounds[app.term, app.scalar] = self.round
        self._by_function.setdefault(app.function, []).append(app)

    def node(self, value: Value) -> Value:
        """Notes that a value is a node (or none), so that laws are stated for it."""
        self.nodes.setdefault(value.term, self.round)
        return value

    def refute(self) -> int:
        """The number of cases that all end in a contradiction.

        Raises:
          Undecided: A case does not.
        """
        self.cases = self.work = 0
        _Search(self).run(_Case(Closure.empty()), 0)
        return self.cases

    def instances(self, case: Closure) -> bool:
        """States laws for the nodes of a case; whether there were any left to state.

        Of equal nodes one stands for all.
        """
        first, offsets = case.representatives()
        size = len(first)

        def proper(value: Value) -> Value:
            if value.term >= size:
                return value
            return Value(first[value.term], offsets[value.term] + value.offset)

        for level in range(self.most + 1):
            todo: list[tuple[Law, tuple[Value, ...]]] = []
            known = {proper(Value(t)) for t, r in self.nodes.items() if r <= level}
            nodes = [v for v in known if not _is_none(case, v)]
            for number, law in enumerate(self.laws):
                for values in self._bindings(law, case, proper, nodes, level):
                    if (number, values) not in self._stated:
                        self._stated.add((number, values))
                        todo.append((law, values))
            if todo:
                before = self.round
                self.round = level + 1
                for law, values in todo:
                    law.state(values)
                self.round = before
                return True
        return False

    def _bindings(
        self,
        law: Law,
        case: Closure,
        proper: Callable[[Value], Value],
        nodes: Sequence[Value],
        level: int,
    ) -> Iterable[tuple[Value, ...]]:
        """The nodes that a law is to be stated for."""

        def applications(function: object) -> list[Application]:
            known = self._by_function.get(function, [])
            return [a for a in known if self._rounds[a.term, a.scalar] <= level]

        if law.joint:
            for function, places in law.joint:
                for app in applications(function):
                    yield tuple(proper(app.arguments[p]) for p in places)
            return
        columns = []
        for patterns in law.patterns:
            if not patterns:
                columns.append(nodes)
                continue
            found: dict[Value, None] = {}
            for pattern in patterns:
                wanted = [(p, proper(v)) for p, v in pattern.others]
                for app in applications(pattern.function):
                    if all(proper(app.arguments[p]) == v for p, v in wanted):
                        found[proper(app.arguments[pattern.place])] = None
            columns.append([v for v in found if not _is_none(case, v)])
        yield from itertools.product(*columns)


def _is_none(case: Closure, value: Value) -> bool:
    if value.term >= len(case.bound):
        return False
    return case.bound.item(value.term, ZERO) + value.offset < 0


@dataclass
class _Case:
    closure: Closure
    open: list[int] = field(default_factory=list)
    seen: int = 0

    def copy(self) -> "_Case":
        return _Case(self.closure.copy(), list(self.open), self.seen)


class _Search:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def run(self, case: _Case, level: int) -> int:
        """The reasons of the contradiction that a case ends in."""
        problem = self.problem
        while True:
            try:
                self.propagate(case)
            except Conflict as conflict:
                problem.cases += 1
                return conflict.reasons
            literal = self.branch(case)
            if literal is None:
                if problem.instances(case.closure):
                    continue
                raise Undecided("a case is left over", case.closure)
            if level >= DEPTH or problem.work >= problem.budget:
                raise Undecided("there are too many cases", case.closure)
            bit = 1 << level
            side = case.copy()
            try:
                side.closure.assume(literal, bit)
                reasons = self.run(side, level + 1)
            except Conflict as conflict:
                problem.cases += 1
                reasons = conflict.reasons
            if not reasons & bit:
                return reasons
            try:
                case.closure.assume(negate(literal), reasons & ~bit)
            except Conflict as conflict:
                problem.cases += 1
                return conflict.reasons

    def propagate(self, case: _Case) -> None:
        """Asserts what the clauses leave no choice about."""
        problem, closure = self.problem, case.closure
        case.open += range(case.seen, len(problem.clauses))
        case.seen = len(problem.clauses)
        closure.grow(problem.terms)
        changed = True
        while changed:
            changed = closure.close(problem.applications)
            still = []
            for number in case.open:
                literals, reasons, rest = problem.clauses[number], 0, []
                for literal in literals:
                    holds, why = closure.truth(literal)
                    problem.work += 1
                    if holds:
                        break
                    if holds is None:
                        rest.append(literal)
                        if len(rest) > 1:
                            still.append(number)
                            break
                    else:
                        reasons |= why
                else:
                    if not rest:
                        raise Conflict(reasons)
                    closure.assume(rest[0], reasons)
                    changed = True
            case.open = still

    def branch(self, case: _Case) -> Literal | None:
        """The first open literal of the oldest open clause, or of the newest."""
        for number in reversed(case.open) if self.problem.newest else case.open:
            for literal in self.problem.clauses[number]:
                holds, _ = case.closure.truth(literal)
                if holds:
                    break
                if holds is None:
                    return literal
        return None
