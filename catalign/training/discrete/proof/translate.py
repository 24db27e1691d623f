"""Expressions of the grammar as terms and literals of the decision procedure.

An expression is read at some receivers, given as integer values. What is undefined (read where
there is no node) is false as a condition and no number as a scalar, as in the grammar: every scalar
comes with the literals that say that it is one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import TypeVar

from catalign.algorithms.spec import Kind
from catalign.nn.discrete.condition import (
    Before,
    Between,
    Condition,
    Is,
    IsGraph,
    IsNone,
    IsPair,
    IsPairOf,
    Less,
    LessEqual,
    Not,
    Same,
    SameClass,
)
from catalign.nn.discrete.expression import (
    At,
    AtPair,
    End,
    Expression,
    Inverse,
    K,
    Middle,
    Node,
    Register,
    Step,
    Successor,
    Variable,
)
from catalign.nn.discrete.program import FIXED
from catalign.nn.discrete.rule import Constantly, Leaf, Own, Tree
from catalign.nn.discrete.scalar import (
    Binary,
    Constant,
    Count,
    Depth,
    Index,
    Of,
    OfGraph,
    OfPair,
    Scalar,
    Size,
)
from catalign.nn.discrete.selection import Best, Select
from catalign.nn.discrete.signature import Field, primed
from catalign.training.discrete.proof.arithmetic import combine, factors
from catalign.training.discrete.proof.literal import (
    END,
    FIRST,
    NONE,
    Literal,
    Sum,
    Value,
    at_most,
    compare,
    constant,
    equal,
    is_node,
    negate,
)
from catalign.training.discrete.proof.reading import (
    Definition,
    NotExpressibleError,
    Number,
    Places,
    field_arguments,
    free,
    receivers,
)
from catalign.training.discrete.proof.search import Law, Pattern, Problem

T = TypeVar("T")


class Translator:
    """Writes expressions down in a problem.

    Args:
      problem: The problem.
      fields: The types of all fields by name, primed ones too.
      definitions: The fields that are given by a rule, by the name used in the problem.
      hints: The names of the hints.
    """

    def __init__(
        self,
        problem: Problem,
        fields: Mapping[str, Field],
        definitions: Mapping[str, Definition],
        hints: Sequence[str],
    ) -> None:
        self.problem, self.fields, self.definitions = problem, fields, definitions
        self.hints = tuple(hints)
        self.names: Mapping[str, str] = {}
        self._proxies: dict[object, Literal] = {}
        self._count = 0

    def fresh(self, name: str) -> Value:
        """A new node of which nothing is known."""
        self._count += 1
        value, _ = self.problem.integer((name, self._count), (), 0, END)
        return self.problem.node(value)

    def renamed(self, names: Mapping[str, str], make: Callable[[], T]) -> T:
        """Runs a translation that calls some fields by other names."""
        before, self.names = self.names, names
        try:
            return make()
        finally:
            self.names = before

    # Fields.

    def stored(self, name: str, arguments: Sequence[Value]) -> Value:
        """The value of a field that is no scalar: a node, -1 for none, or a class."""
        symbol = self.names.get(name, name)
        f = self.fields[name]
        arguments = tuple(arguments)
        if f.kind in (Kind.POINTER, Kind.MASK_ONE):
            value, fresh = self.problem.integer(symbol, arguments, -1, END)
            self.problem.node(value)
            if fresh:
                for place in arguments:
                    self.problem.add(is_node(place), equal(value, NONE))
        else:
            low = -1 if f.partial else 0
            # What a rule gives is not taken to be a class: it may be a wrong number.
            given = symbol not in self.definitions
            high = constant(f.classes - 1) if given else None
            value, fresh = self.problem.integer(symbol, arguments, low if given else None, high)
        if fresh and symbol in self.definitions:
            self._define(symbol, arguments, value)
        return value

    def number(self, name: str, arguments: Sequence[Value]) -> Number:
        """The value of a scalar field."""
        symbol = self.names.get(name, name)
        arguments = tuple(arguments)
        total, fresh = self.problem.scalar(symbol, arguments)
        defined = tuple(is_node(place) for place in arguments)
        if symbol not in self.definitions:
            return Number(total, defined)
        is_number, _ = self.problem.integer((symbol, "is a number"), arguments, 0, constant(1))
        if fresh:
            self._define_number(symbol, arguments, total, is_number)
        return Number(total, (*defined, equal(is_number, constant(1))))

    def _define(self, symbol: str, arguments: tuple[Value, ...], value: Value) -> None:
        definition = self.definitions[symbol]
        inside = [negate(is_node(place)) for place in arguments]

        def state() -> None:
            for path, term in self.paths(definition.rule.tree, receivers(arguments)):
                at = self.leaf(term, receivers(arguments))
                self.problem.add(*inside, *path, equal(value, at))

        self.renamed(definition.names, state)

    def _define_number(
        self, symbol: str, arguments: tuple[Value, ...], total: Sum, is_number: Value
    ) -> None:
        definition = self.definitions[symbol]
        inside = [negate(is_node(place)) for place in arguments]

        def state() -> None:
            for path, term in self.paths(definition.rule.tree, receivers(arguments)):
                if not isinstance(term, Scalar):
                    raise NotExpressibleError(f"`{term}` is no scalar.")
                leaf = self.scalar(term, receivers(arguments))
                for a, b in ((total, leaf.total), (leaf.total, total)):
                    self.problem.add(*inside, *path, compare(a, b, strict=False))
                one = equal(is_number, constant(1))
                for literal in leaf.defined:
                    self.problem.add(*inside, *path, negate(one), literal)
                undefined = [negate(literal) for literal in leaf.defined]
                self.problem.add(*inside, *path, one, *undefined)

        self.renamed(definition.names, state)

    def paths(
        self, tree: Tree, at: Places, path: tuple[Literal, ...] = ()
    ) -> "list[tuple[tuple[Literal, ...], Expression]]":
        """The leaves of a tree, each with the literals of which one holds if it is not taken."""
        if isinstance(tree, Leaf):
            return [(path, tree.term)]
        condition = self.condition(tree.condition, at)
        then = self.paths(tree.then, at, (*path, negate(condition)))
        return then + self.paths(tree.otherwise, at, (*path, condition))

    def leaf(self, term: Expression, at: Places) -> Value:
        """The value of a leaf that is no scalar."""
        match term:
            case Node():
                return self.node(term, at)
            case Constantly(value):
                return constant(value)
            case Own(name, 0) if name.startswith(FIXED):
                return self._bit(self.kept(name.removeprefix(FIXED).strip()))
            case Own(name, rank):
                return self.stored(name, [at[axis] for axis in range(1, rank + 1)])
            case _:
                raise NotExpressibleError(f"a rule's leaf `{term}` is not known to the procedure.")

    def _bit(self, literal: Literal) -> Value:
        """The value that is 1 where a literal holds and 0 where it does not."""
        value, fresh = self.problem.integer(("bit", literal), (), 0, constant(1))
        if fresh:
            one = at_most(constant(1), value)
            self.problem.add(negate(literal), one)
            self.problem.add(literal, negate(one))
        return value

    # Nodes.

    def node(self, term: Node, at: Places) -> Value:
        """A node term."""
        match term:
            case Variable(index):
                return at[index]
            case Register(name):
                return self.stored(name, ())
            case End(last):
                return END if last else FIRST
            case At(name, node):
                return self.stored(name, (self.node(node, at),))
            case AtPair(name, a, b):
                return self.stored(name, (self.node(a, at), self.node(b, at)))
            case Step(node, forward):
                return self._step(self.node(node, at), forward)
            case Inverse(name, node):
                return self._inverse(name, self.node(node, at))
            case Middle(a, b):
                return self._middle(self.node(a, at), self.node(b, at))
            case Successor():
                return self._successor(term, at)
            case Select():
                return self._select(term, at)
            case _:
                raise NotExpressibleError(f"the node term `{term}` is not known to the procedure.")

    def _step(self, node: Value, forward: bool) -> Value:
        problem = self.problem
        value, fresh = problem.integer("next" if forward else "previous", (node,), -1, END)
        if fresh:
            problem.node(value)
            to = Value(node.term, node.offset + (1 if forward else -1))
            inside = [is_node(node), at_most(to, END) if forward else is_node(to)]
            problem.add(*(negate(x) for x in inside), equal(value, to))
            for literal in inside:
                problem.add(literal, equal(value, NONE))
        return value

    def _middle(self, a: Value, b: Value) -> Value:
        problem = self.problem
        if a > b:
            a, b = b, a
        value, fresh = problem.integer("middle", (a, b), -1, END)
        if fresh:
            problem.node(value)
            some = [is_node(a), is_node(b)]
            for literal in some:
                problem.add(literal, equal(value, NONE))
            none = [negate(x) for x in some]
            for x, y in ((a, b), (b, a)):
                # x <= y: x <= m <= y, and m < y unless they are equal.
                wrong = negate(at_most(x, y))
                problem.add(*none, wrong, at_most(x, value))
                problem.add(*none, wrong, at_most(value, y))
                problem.add(*none, wrong, at_most(y, x), at_most(value, y, -1))
        return value

    def _inverse(self, name: str, node: Value) -> Value:
        problem = self.problem
        symbol = self.names.get(name, name)
        value, fresh = problem.integer(("inverse", symbol), (node,), -1, END)
        if not fresh:
            return value
        problem.node(value)
        names = dict(self.names)
        back = self.stored(name, (value,))
        problem.add(is_node(node), equal(value, NONE))
        problem.add(negate(is_node(value)), equal(back, node))
        problem.add(negate(is_node(value)), negate(equal(value, node)))

        def state(values: tuple[Value, ...]) -> None:
            (k,) = values
            leads = self.renamed(names, lambda: self.stored(name, (k,)))
            no = [negate(is_node(k)), negate(is_node(node)), equal(k, node)]
            no.append(negate(equal(leads, node)))
            problem.add(*no, is_node(value))
            problem.add(*no, at_most(value, k))

        problem.laws.append(Law(f"inverse of {name}", 1, state, ((),)))
        return value

    def _select(self, term: Select, at: Places) -> Value:
        problem = self.problem
        axes = sorted(free(term))
        names = {name: self.names.get(name, name) for name in term.reads}
        key = (term, tuple(sorted(names.items())))
        arguments = tuple(at[axis] for axis in axes)
        value, fresh = problem.integer(("select", key), arguments, -1, END)
        if not fresh:
            return value
        problem.node(value)
        for place in arguments:
            problem.add(is_node(place), equal(value, NONE))
        outer = {axis: at[axis] for axis in axes}

        def allowed(k: Value) -> tuple[list[Literal], Number]:
            inside = {**outer, K.index: k}
            where = [self.condition(c, inside) for c in term.where]
            if term.key is None:
                return where, Number(Sum())
            number = self.scalar(term.key, inside)
            return [*where, *number.defined], number

        some = is_node(value)
        where, best = allowed(value)
        for literal in where:
            problem.add(negate(some), literal)

        def state(values: tuple[Value, ...]) -> None:
            (k,) = values
            holds, number = self.renamed(names, lambda: allowed(k))
            none = [negate(is_node(place)) for place in (k, *arguments)]
            none += [negate(literal) for literal in holds]
            problem.add(*none, some)
            first = at_most(value, k)
            if term.key is None:
                problem.add(*none, at_most(k, value) if term.greatest else first)
                return
            less, more = best.total, number.total
            if term.greatest:
                less, more = more, less
            problem.add(*none, compare(less, more, strict=False))
            problem.add(*none, compare(less, more, strict=True), first)

        patterns = tuple(self._candidates(term, outer))
        problem.laws.append(Law(str(term), 1, state, (patterns,)))
        return value

    def _candidates(self, term: Select, at: Places) -> Iterator[Pattern]:
        """Which nodes may be candidates of a selection; no pattern means any node.

        Those that a pair of nodes in a condition is known of, or else those that a field is.
        """
        unary: list[Pattern] = []
        pairs: list[Pattern] = []
        for condition in term.where:
            read = [field_arguments(e) for e in condition.walk()]
            here = [(name, nodes) for name, nodes in filter(None, read) if K in nodes]
            if not here:
                return
            for name, nodes in here:
                symbol, place = self.names.get(name, name), nodes.index(K)
                others = tuple(
                    (p, self.node(node, at)) for p, node in enumerate(nodes) if p != place
                )
                (pairs if others else unary).append(Pattern(symbol, place, others))
        yield from pairs or unary

    def _successor(self, term: Successor, at: Places) -> Value:
        problem = self.problem
        names = {name: self.names.get(name, name) for name in (term.name, term.second) if name}
        key = (term.name, term.second, term.greatest, tuple(names.items()))
        arguments = () if term.node is None else (self.node(term.node, at),)
        value, fresh = problem.integer(("successor", key), arguments, -1, END)
        if not fresh:
            return value
        problem.node(value)

        def before(a: Value, b: Value) -> Literal:
            """Whether a comes before b in the order."""
            found: Literal = at_most(a, b, -1)
            for name, greatest in ((term.second, False), (term.name, term.greatest)):
                if name:
                    x, y = (self.number(name, (t,)).total for t in (a, b))
                    less, more = (y, x) if greatest else (x, y)
                    strictly = compare(less, more, strict=True)
                    weakly = compare(less, more, strict=False)
                    found = self.any(strictly, self.all(weakly, found))
            return found

        some = is_node(value)
        if not arguments:
            problem.add(some)
        for place in arguments:
            problem.add(is_node(place), negate(some))
            problem.add(negate(some), before(place, value))

        def state(values: tuple[Value, ...]) -> None:
            (k,) = values
            behind = [self.renamed(names, partial(before, at, k)) for at in arguments]
            none = [negate(is_node(k)), *(negate(x) for x in behind)]
            problem.add(*none, some)
            in_time = self.renamed(names, lambda: before(value, k))
            problem.add(*none, equal(value, k), in_time)

        problem.laws.append(Law(str(term), 1, state, ((),)))
        return value

    # Scalars.

    def scalar(self, term: Scalar, at: Places) -> Number:
        """A scalar expression."""
        match term:
            case Constant(value):
                return Number(Sum((), Fraction(value)))
            case Of(name, node):
                return self.number(name, (self.node(node, at),))
            case OfPair(name, a, b):
                return self.number(name, (self.node(a, at), self.node(b, at)))
            case OfGraph(name):
                return self.number(name, ())
            case Size():
                return Number(self.problem.scalar("size", ())[0])
            case Count(name, value):
                symbol = self.names.get(name, name)
                return Number(self.problem.scalar(("count", symbol, value), ())[0])
            case Index(node):
                place = self.node(node, at)
                return Number(self.problem.scalar("place", (place,))[0], (is_node(place),))
            case Depth(name, node):
                place = self.node(node, at)
                symbol = self.names.get(name, name)
                total, _ = self.problem.scalar(("depth", symbol), (place,))
                return Number(total, (is_node(place),))
            case Best(selection):
                node = self.node(selection, at)
                if selection.key is None:
                    return Number(self.problem.scalar("place", (node,))[0], (is_node(node),))
                best = self.scalar(selection.key, {**at, K.index: node})
                return Number(best.total, (is_node(node), *best.defined))
            case Binary("*"):
                return self._product(term, at)
            case Binary(operation, a, b):
                return combine(self.problem, operation, self.scalar(a, at), self.scalar(b, at))
            case _:
                raise NotExpressibleError(f"the scalar `{term}` is not known to the procedure.")

    def _product(self, term: Binary, at: Places) -> Number:
        """A product of fields at nodes: a function of these nodes, and nothing else is known."""
        read = sorted(
            ((self.names.get(f.name, f.name), self.node(f.node, at), f) for f in factors(term)),
            key=lambda part: part[0],
        )
        names, places, parts = zip(*read, strict=True)
        total, _ = self.problem.scalar(("*", *names), places)
        known = [literal for f in parts for literal in self.scalar(f, at).defined]
        return Number(total, tuple(dict.fromkeys(known)))

    # Conditions.

    def all(self, *literals: Literal) -> Literal:
        """The conjunction as one literal."""
        rest = tuple(dict.fromkeys(x for x in literals if x is not True))
        if False in rest:
            return False
        if len(rest) < 2:
            return rest[0] if rest else True
        known = self._proxies.get(rest)
        if known is None:
            value, _ = self.problem.integer(("all", rest), (), 0, constant(1))
            known = self._proxies[rest] = at_most(constant(1), value)
            for literal in rest:
                self.problem.add(negate(known), literal)
            self.problem.add(known, *(negate(literal) for literal in rest))
        return known

    def any(self, *literals: Literal) -> Literal:
        """The disjunction as one literal."""
        return negate(self.all(*(negate(x) for x in literals)))

    def condition(self, term: Condition, at: Places) -> Literal:
        """A condition."""
        match term:
            case Not(inner):
                return negate(self.condition(inner, at))
            case Is(name, value, node, _):
                place = self.node(node, at)
                return self.all(is_node(place), self._is(name, value, (place,)))
            case IsPair(name, value, a, b, _):
                places = (self.node(a, at), self.node(b, at))
                return self.all(*map(is_node, places), self._is(name, value, places))
            case IsGraph(name, value, _):
                if name.startswith(FIXED):
                    kept = self.kept(name.removeprefix(FIXED).strip())
                    return kept if value == 1 else negate(kept)
                return self._is(name, value, ())
            case IsNone(node):
                return negate(is_node(self.node(node, at)))
            case Same(a, b):
                x, y = self.node(a, at), self.node(b, at)
                return self.all(equal(x, y), is_node(x))
            case Before(a, b):
                x, y = self.node(a, at), self.node(b, at)
                return self.all(at_most(x, y, -1), is_node(x))
            case SameClass(name, a, b):
                x, y = self.node(a, at), self.node(b, at)
                same = equal(self.stored(name, (x,)), self.stored(name, (y,)))
                return self.all(is_node(x), is_node(y), same)
            case IsPairOf(i, j, a, b):
                x, y, u, v = (self.node(t, at) for t in (i, j, a, b))
                return self.any(
                    self.all(equal(x, u), equal(y, v)), self.all(equal(x, v), equal(y, u))
                )
            case Less(a, b) | LessEqual(a, b):
                x, y = self.scalar(a, at), self.scalar(b, at)
                less = compare(x.total, y.total, strict=isinstance(term, Less))
                return self.all(*x.defined, *y.defined, less)
            case Between(name, node, a, b):
                x, u, v = (self.scalar(Of(name, t), at) for t in (node, a, b))
                inside = self.any(
                    *(
                        self.all(
                            compare(p.total, x.total, strict=False),
                            compare(x.total, q.total, strict=False),
                        )
                        for p, q in ((u, v), (v, u))
                    )
                )
                return self.all(*x.defined, *u.defined, *v.defined, inside)
            case _:
                raise NotExpressibleError(f"the condition `{term}` is not known to the procedure.")

    def _is(self, name: str, value: int, places: tuple[Value, ...]) -> Literal:
        stored = self.stored(name, places)
        f = self.fields[name]
        if f.classes == 2 and not f.partial:
            return at_most(constant(1), stored) if value == 1 else at_most(stored, constant(0))
        return equal(stored, constant(value))

    def differ(self, name: str, other: str, places: tuple[Value, ...]) -> Literal:
        """Whether two fields of one type have different values at some receivers."""
        f = self.fields[name]
        if f.kind is not Kind.SCALAR:
            return negate(equal(self.stored(name, places), self.stored(other, places)))
        x, y = self.number(name, places), self.number(other, places)
        less = compare(x.total, y.total, strict=True)
        more = compare(y.total, x.total, strict=True)
        one, two = self.all(*x.defined), self.all(*y.defined)
        return self.any(
            self.all(one, two, self.any(less, more)),
            self.all(one, negate(two)),
            self.all(negate(one), two),
        )

    def kept(self, hint: str) -> Literal:
        """Whether a step keeps a hint, or all hints if none is named."""
        if not hint:
            return self.all(*(self.kept(name) for name in self.hints))
        after = self.names.get(primed(hint), primed(hint))
        known = self._proxies.get(("kept", hint, after))
        if known is not None:
            return known
        value, _ = self.problem.integer(("kept", hint, after), (), 0, constant(1))
        kept = self._proxies["kept", hint, after] = at_most(constant(1), value)
        names = dict(self.names)
        rank = self.fields[hint].rank
        witnesses = tuple(self.fresh(f"a change of {hint}") for _ in range(rank))
        self.problem.add(kept, self.differ(hint, primed(hint), witnesses))

        def state(values: tuple[Value, ...]) -> None:
            changed = self.renamed(names, lambda: self.differ(hint, primed(hint), values))
            outside = [negate(is_node(v)) for v in values]
            self.problem.add(negate(kept), *outside, negate(changed))

        if rank:
            uses = tuple(
                tuple(Pattern(name, place) for name in (hint, after)) for place in range(rank)
            )
            joint = tuple((name, tuple(range(rank))) for name in (hint, after))
            law = Law(f"a step keeps {hint}", rank, state, uses, joint if rank > 1 else ())
            self.problem.laws.append(law)
        else:
            state(())
        return kept
