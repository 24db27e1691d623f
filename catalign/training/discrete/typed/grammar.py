"""Short forms for rules that are written by hand."""

from collections.abc import Mapping, Sequence

from catalign.algorithms import catalogue
from catalign.algorithms.spec import Kind, Spec
from catalign.nn.discrete.condition import (
    Condition,
    Is,
    IsGraph,
    IsNone,
    IsPair,
    LessEqual,
    Not,
)
from catalign.nn.discrete.expression import At, Expression, I, J, Node, Step
from catalign.nn.discrete.program import FIXED, Program
from catalign.nn.discrete.rule import Constantly, Leaf, Rule, Split, Tree
from catalign.nn.discrete.scalar import Constant, OfPair
from catalign.nn.discrete.signature import field_of
from catalign.training.discrete.proof.equality import (
    Assumption,
    Statement,
    Typed,
    node_invariants,
)

Form = bool | int | float | Expression | Tree
"""A class, a number, a term, a condition (for a mask), or a tree."""


def either(*cases: Form) -> Tree:
    """A decision list: condition, value, condition, value, and so on, and the value otherwise."""
    if len(cases) == 1:
        return _tree(cases[0])
    condition, then, *rest = cases
    assert isinstance(condition, Condition)
    return Split(condition, either(then), either(*rest))


def _tree(form: Form) -> Tree:
    match form:
        case Leaf() | Split():
            return form
        case bool() | int():
            return Leaf(Constantly(int(form)))
        case float():
            return Leaf(Constant(form))
        case _:
            return Leaf(form)


def true_of(name: str, node: Node = I) -> Condition:
    """A mask holds a node."""
    return Is(name, 1, node, boolean=True)


def has_class(name: str, value: int, node: Node = I) -> Condition:
    """A node has a class."""
    return Is(name, value, node, boolean=False)


def edge(a: Node, b: Node, name: str = "adj") -> Condition:
    """A pair is in a mask."""
    return IsPair(name, 1, a, b, boolean=True)


def some(node: Node) -> Condition:
    """A term is a node."""
    return Not(IsNone(node))


def keeps(name: str = "") -> Condition:
    """A step keeps a hint, or all."""
    return IsGraph(f"{FIXED} {name}" if name else FIXED, 1, boolean=True)


def rules(spec: Spec, forms: Mapping[str, Form]) -> tuple[Rule, ...]:
    """One rule a field, in order."""
    made = []
    for name, form in forms.items():
        field = field_of(spec[name])
        made.append(Rule(field.next, _place(_tree(form), field.kind is Kind.MASK)))
    return tuple(made)


def _place(tree: Tree, boolean: bool) -> Tree:
    """A tree whose leaves are said as masks are, with a condition as its two values."""
    match tree:
        case Split(condition, then, otherwise):
            return Split(condition, _place(then, boolean), _place(otherwise, boolean))
        case Leaf(Constantly(value)):
            return Leaf(Constantly(value, boolean))
        case Leaf(Condition() as condition):
            return Split(condition, Leaf(Constantly(1, boolean)), Leaf(Constantly(0, boolean)))
        case _:
            return tree


def program(
    name: str,
    *,
    first: Mapping[str, Form],
    step: Mapping[str, Form],
    halt: Form,
    outputs: Mapping[str, Form],
) -> Program:
    """A program over the spec of an algorithm."""
    spec = catalogue.get(name).spec
    return Program(
        name,
        spec,
        (),
        rules(spec, first),
        rules(spec, step),
        _place(_tree(halt), boolean=True),
        rules(spec, outputs),
    )


def typed(
    made: Program,
    invariants: Sequence[Statement] = (),
    assumptions: Sequence[Assumption] = (),
) -> Typed:
    """Typed rules, with the invariant that registers and pointers are nodes."""
    return Typed(made, (*node_invariants(made.spec), *invariants), tuple(assumptions))


def symmetric(mask: str = "adj", weight: str = "A") -> Assumption:
    """An undirected graph."""
    return Assumption(
        "the graph is undirected",
        (
            (Not(edge(I, J, mask)), edge(J, I, mask)),
            (LessEqual(OfPair(weight, I, J), OfPair(weight, J, I)),),
        ),
    )


NONNEGATIVE = Assumption(
    "weights are at least 0", ((LessEqual(Constant(0.0), OfPair("A", I, J)),),)
)

CHAIN = either(IsNone(Step(I, False)), I, Step(I, False))
"""The order in which the nodes are given."""
PRED_H = At("pred_h", I)
"""A step keeps the order."""
