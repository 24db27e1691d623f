"""Whether a program equals another one, written by hand, at every size: obligations and proofs.

Maths: let P be typed rules with an invariant R. P keeps R if R holds of the first state, and of the
next state of every state that has it and is not the last. A program Q runs like P on every instance
if its first state is P's, its step is P's on every state in R that is not the last, it ends in the
same states of R, and reads the same outputs off the last ones. Each of these is an *obligation*: a
statement for all states of all sizes, which is refuted or left open case by case.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from catalign.algorithms.spec import Kind, Spec
from catalign.nn.discrete.condition import (
    Condition,
    IsNone,
    Not,
)
from catalign.nn.discrete.expression import At, AtPair, Expression, I, J, Register, Variable
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.rule import Constantly, Own, Rule, Tree, leaves
from catalign.nn.discrete.signature import Field, field_of, primed
from catalign.training.discrete.proof.closure import Closure
from catalign.training.discrete.proof.literal import (
    Value,
    at_most,
    constant,
    equal,
    is_node,
    negate,
)
from catalign.training.discrete.proof.reading import (
    Definition,
    NotExpressibleError,
    field_arguments,
    free,
    receivers,
)
from catalign.training.discrete.proof.search import Law, Pattern, Problem, Undecided
from catalign.training.discrete.proof.translate import Translator

Statement = tuple[Condition, ...]
"""A disjunction, for all nodes I, J and K."""


@dataclass(frozen=True)
class Assumption:
    """What the instances must satisfy.

    Attributes:
      text: It, in words.
      statements: The same in the grammar, over the inputs.
    """

    text: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Typed:
    """An algorithm's own rules, written by hand.

    Attributes:
      program: The rules.
      invariants: What holds of every state that a run comes to. Proved, never assumed.
      assumptions: What the instances must satisfy.
    """

    program: Program
    invariants: tuple[Statement, ...] = ()
    assumptions: tuple[Assumption, ...] = ()


@dataclass(frozen=True)
class Obligation:
    """A statement for all states, and what came of it.

    Attributes:
      name: The statement, in a few words.
      cases: How many cases ended in a contradiction with its negation.
      open: Why it is not proved; empty if it is.
    """

    name: str
    cases: int
    open: str = ""

    @property
    def is_proved(self) -> bool:
        """Whether it is."""
        return not self.open


LEARNED = "~"
"""What marks the names of the learned program's values, where the typed rules have their own."""


def prove(program: Program, typed: Typed) -> list[Obligation]:
    """The obligations of a program, each proved or open.

    Args:
      program: The program.
      typed: The rules that it shall equal.

    Raises:
      NotExpressibleError: A program remembers more than its hints, has another spec, or gives a
        class that its field does not have.
    """
    _check(program, typed.program)
    return [*keeps(typed), *_tried(lambda newest: _Prover(typed, newest=newest).equals(program))]


@lru_cache(maxsize=64)
def keeps(typed: Typed) -> tuple[Obligation, ...]:
    """The obligations that typed rules keep their invariants."""
    return tuple(_tried(lambda newest: _Prover(typed, newest=newest).keeps()))


def _tried(find: Callable[[bool], list[Obligation]]) -> list[Obligation]:
    """Obligations as the search finds them that begins with the oldest clauses, or the newest."""
    found = find(False)
    if all(known.is_proved for known in found):
        return found
    again = find(True)
    return [one if one.is_proved else other for one, other in zip(found, again, strict=True)]


def node_invariants(spec: Spec) -> tuple[Statement, ...]:
    """That registers and pointers among the hints are nodes."""
    found: list[Statement] = []
    for f in map(field_of, spec.hints):
        if f.kind is Kind.MASK_ONE:
            found.append((Not(IsNone(Register(f.name))),))
        elif f.kind is Kind.POINTER and not f.partial:
            term = At(f.name, I) if f.rank == 1 else AtPair(f.name, I, J)
            found.append((Not(IsNone(term)),))
    return tuple(found)


class _Prover:
    def __init__(self, typed: Typed, *, newest: bool = False) -> None:
        self.typed, self.spec, self.newest = typed, typed.program.spec, newest
        self.fields: dict[str, Field] = {}
        for f in map(field_of, self.spec):
            for name in (f.name, primed(f.name), primed(f.name) + LEARNED):
                self.fields[name] = f
        self.hints = [p.name for p in self.spec.hints]
        self.after = {primed(p.name): primed(p.name) + LEARNED for p in self.spec}

    def keeps(self) -> list[Obligation]:
        found = self.numbers()
        renamed = {name: primed(name) for name in self.hints}
        for statement in self.typed.invariants:
            text = " or ".join(map(str, statement))
            given = [n for n in self.typed.program.given if n in _reads(statement)]
            if not given:
                t = self.begin(self.define(self.typed.program.first), state=False)
                found.append(self.show(f"first: {text}", t, [(statement, renamed)]))
            for running in (False, True):  # What holds of the last state too is sooner shown.
                t = self.begin(self.define(self.typed.program.step), running=running)
                kept = self.show(f"step keeps: {text}", t, [(statement, renamed)])
                if kept.is_proved or running:
                    found.append(kept)
                    break
        return found

    def numbers(self) -> list[Obligation]:
        """That all scalars of a state are numbers: no rule reads one where there is no node."""
        found = []
        for rules, label in (
            (self.typed.program.first, "first"),
            (self.typed.program.step, "step keeps"),
        ):
            for rule in rules:
                if rule.field.kind is Kind.SCALAR:
                    step = label != "first"
                    t = self.begin(self.define(rules), state=step, running=step)
                    places = tuple(t.fresh("any node") for _ in range(rule.field.rank))
                    is_number = t.all(*t.number(rule.field.name, places).defined)
                    t.problem.add(negate(is_number))
                    name = rule.field.name.removesuffix("'")
                    found.append(_refuted(f"{label}: {name} is a number", t))
        return found

    def first(self, rule: Rule) -> Obligation:
        """That a rule of a first value is right."""
        own = self.typed.program.first
        name = rule.field.name
        definitions = self.define(own) | {name + LEARNED: Definition(rule)}
        label = f"first, rule of {name.removesuffix(chr(39))}"
        return self.compare(label, self.begin(definitions, state=False), name, rule, own)

    def step(self, rule: Rule, *, running: bool) -> Obligation:
        """That a rule of the step is right, if those that it reads the next values of are.

        At every state, or at those only that are not the last.
        """
        own = self.typed.program.step
        name = rule.field.name
        definitions = self.define(own) | {name + LEARNED: Definition(rule)}
        label = f"step, rule of {name.removesuffix(chr(39))}"
        return self.compare(label, self.begin(definitions, running=running), name, rule, own)

    def equals(self, program: Program) -> list[Obligation]:
        found = [self.first(rule) for rule in program.first]
        everywhere = [self.step(rule, running=False) for rule in program.step]
        found += [
            known if known.is_proved else self.step(rule, running=True)
            for rule, known in zip(program.step, everywhere, strict=True)
        ]
        own = self.define(self.typed.program.step)
        definitions = own | self.define(program.step, LEARNED)
        if all(known.is_proved for known in everywhere):
            # What the next values are is the same for both.
            found.append(self.halts(self.begin(own), program, {}))
        else:
            found.append(self.halts(self.begin(definitions), program, self.after))
        for rule in program.outputs:
            name = rule.field.name
            both = (
                definitions
                | self.define(self.typed.program.outputs)
                | self.define(program.outputs, LEARNED)
            )
            t = self.begin(both, ended=True)
            label = f"rule of output {name.removesuffix(chr(39))}"
            found.append(self.compare(label, t, name, rule, self.typed.program.outputs))
        return found

    def define(self, rules: Sequence[Rule], mark: str = "") -> dict[str, Definition]:
        """The rules as definitions, under the names of the learned program if marked."""
        names = self.after if mark else {}
        return {r.field.name + mark: Definition(r, names) for r in rules}

    def begin(
        self,
        definitions: Mapping[str, Definition],
        *,
        state: bool = True,
        running: bool = False,
        ended: bool = False,
    ) -> Translator:
        """A problem that assumes the domain and, of a state, the invariants."""
        t = Translator(Problem(newest=self.newest), self.fields, definitions, self.hints)
        for f in map(field_of, self.spec.inputs):
            if f.kind is Kind.MASK_ONE:
                t.problem.add(is_node(t.stored(f.name, ())))
        for assumption in self.typed.assumptions:
            for statement in assumption.statements:
                _assume(t, statement)
        for statement in self.typed.invariants if state else ():
            _assume(t, statement)
        if running or ended:
            halt = _tree(t, self.typed.program.halt, {})
            done = at_most(constant(1), halt)
            t.problem.add(done if ended else negate(done))
        return t

    def show(
        self, name: str, t: Translator, goals: Sequence[tuple[Statement, Mapping[str, str]]]
    ) -> Obligation:
        """Refutes the negation of a statement at nodes of which nothing is known."""
        for statement, names in goals:
            count = _variables(statement)
            at = {axis: t.fresh("any node") for axis in range(1, count + 1)}
            t.renamed(names, partial(_deny, t, statement, at))
        return _refuted(name, t)

    def compare(
        self, label: str, t: Translator, name: str, rule: Rule, own: Sequence[Rule]
    ) -> Obligation:
        """That a rule gives what the typed rule of the same field gives."""
        if all(r.field.name != name for r in own):
            return Obligation(label, 0, "the typed rules do not have it")
        places = tuple(t.fresh("any node") for _ in range(rule.field.rank))
        for place in places:
            t.problem.add(is_node(place))
        t.problem.add(t.differ(name, name + LEARNED, places))
        if rule.field.output and rule.field.partial:
            t.problem.add(negate(t.all(at_most(t.stored(name, places), constant(-1)))))
        (mine,) = [r for r in own if r.field.name == name]

        def describe(closure: Closure) -> str:
            ours = t.renamed({}, lambda: _taken(t, mine.tree, places, closure, {}))
            names = t.definitions[name + LEARNED].names
            theirs = _taken(t, rule.tree, places, closure, names)
            return f"the cell ({theirs}) where the typed rules have ({ours})"

        return _refuted(label, t, describe)

    def halts(self, t: Translator, program: Program, names: Mapping[str, str]) -> Obligation:
        """That both end in the same states."""
        t.problem.most = 2  # Laws bring in the nodes at which it matters what a step keeps.
        own = _tree(t, self.typed.program.halt, {})
        learned = _tree(t, program.halt, names)
        one, other = (at_most(constant(1), v) for v in (own, learned))
        t.problem.add(one, other)
        t.problem.add(negate(one), negate(other))
        return _refuted("the end", t)


def _deny(t: Translator, statement: Statement, at: Mapping[int, Value]) -> None:
    for condition in statement:
        t.problem.add(negate(t.condition(condition, at)))


def _refuted(
    name: str, t: Translator, describe: Callable[[Closure], str] | None = None
) -> Obligation:
    try:
        return Obligation(name, t.problem.refute())
    except Undecided as undecided:
        reason = undecided.reason
        if undecided.closure is not None and describe is not None:
            reason = f"{reason}: {describe(undecided.closure)}"
        return Obligation(name, t.problem.cases, reason)


def _assume(t: Translator, statement: Statement) -> None:
    """Adds a statement for all nodes as a law."""
    count = _variables(statement)

    def state(values: tuple[Value, ...]) -> None:
        at = receivers(values)
        outside = [negate(is_node(v)) for v in values]
        t.problem.add(*outside, *(t.condition(c, at) for c in statement))

    if not count:
        state(())
        return
    uses: list[dict[Pattern, None]] = [{} for _ in range(count)]
    joint: dict[tuple[object, tuple[int, ...]], None] = {}
    for expression in _walk(statement):
        arguments = field_arguments(expression)
        if arguments is None:
            continue
        name, terms = arguments
        axes = [term.index if isinstance(term, Variable) else 0 for term in terms]
        for place, axis in enumerate(axes):
            if axis:
                uses[axis - 1][Pattern(name, place)] = None
        if count > 1 and all(axis + 1 in axes for axis in range(count)):
            joint[name, tuple(axes.index(axis + 1) for axis in range(count))] = None
    text = " or ".join(map(str, statement))
    t.problem.laws.append(Law(text, count, state, tuple(map(tuple, uses)), tuple(joint)))


def _walk(statement: Statement) -> list[Expression]:
    return [e for condition in statement for e in condition.walk()]


def _variables(statement: Statement) -> int:
    return max((axis for condition in statement for axis in free(condition)), default=0)


def _reads(statement: Statement) -> frozenset[str]:
    return frozenset().union(*(condition.reads for condition in statement))


def _tree(t: Translator, tree: Tree, names: Mapping[str, str]) -> Value:
    """The value of a tree at the graph."""
    value, _ = t.problem.integer(("tree", tree, tuple(names)), (), None, None)

    def state() -> None:
        for path, term in t.paths(tree, {}):
            t.problem.add(*path, equal(value, t.leaf(term, {})))

    t.renamed(names, state)
    return value


def _taken(
    t: Translator,
    tree: Tree,
    places: Sequence[Value],
    closure: Closure,
    names: Mapping[str, str],
) -> str:
    """The leaf of a tree that a case takes, with what leads there."""

    def find() -> str:
        for path, term in t.paths(tree, receivers(places)):
            if all(closure.truth(literal)[0] is False for literal in path):
                return str(term)
        return "no one leaf"

    return t.renamed(names, find)


def _check(program: Program, own: Program) -> None:
    """Raises unless the procedure may speak of two programs."""
    if program.memory or own.memory:
        remembered = ", ".join(m.field.name for m in program.memory)
        raise NotExpressibleError(f"the program remembers {remembered} beside its hints.")
    if tuple(program.spec) != tuple(own.spec):
        raise NotExpressibleError(f"the program of {program.name} has another spec.")
    for part in ("step", "outputs"):
        ruled, needed = ({r.field.name for r in getattr(p, part)} for p in (program, own))
        if ruled != needed:
            names = ", ".join(sorted(ruled ^ needed))
            raise NotExpressibleError(f"only one of the programs has rules of {names}.")
    for rule in (
        *program.first,
        *program.step,
        *program.outputs,
        *own.first,
        *own.step,
        *own.outputs,
    ):
        f = rule.field
        if f.kind in (Kind.SCALAR, Kind.POINTER, Kind.MASK_ONE):
            continue
        low = -1 if f.partial else 0
        for leaf in leaves(rule.tree):
            match leaf.term:
                case Constantly(value) if not low <= value < f.classes:
                    raise NotExpressibleError(f"the rule of {f.name} gives the class {value}.")
                case Own(name, _):
                    other = field_of(own.spec[name.removesuffix("'")])
                    if other.classes > f.classes or (other.partial and not f.partial):
                        raise NotExpressibleError(f"the rule of {f.name} copies {name}.")
                case _:
                    pass
