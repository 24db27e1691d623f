"""The polynomial diagram of a rule: what it reads, along which legs, and what it pushes forward.

Maths: a rule of a field on a sort Z (the receivers) is `W <- X -> Y -> Z`. W holds the fields that
it reads. Y has one summand for the receivers themselves, whose arguments are pulled back along
pointers and registers, and one summand `Z*V` for each selection, whose messages are pushed forward
along `Z*V -> Z` in the provenance semiring of its key. At the graph, what is read at a register is
a selection too: of the node that the register marks.

| summand | Y | pushed forward along | + |
|---|---|---|---|
| `here` | Z | the identity | none: one message each |
| `selection` | `Z*V` | forgetting the candidate | the better key, the first of equals |
| `at r` | `V`, for Z the graph | `V -> ONE` | the one node that r marks |
"""

from catalign.algorithms.spec import Kind
from catalign.nn.discrete.condition import Is, IsPair
from catalign.nn.discrete.expression import (
    At,
    AtPair,
    Expression,
    Inverse,
    Node,
    Register,
    Step,
    Variable,
)
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.rule import Own, Rule, conditions, leaves
from catalign.nn.discrete.scalar import Depth, Of, OfPair
from catalign.nn.discrete.selection import Select
from catalign.nn.discrete.signature import Field, field_of
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import Arrow, Coordinate, Leg, identity, project, terminal
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import Base, Sort, V


def rule_diagrams(program: Program) -> list[PolynomialDiagram]:
    """The diagrams of a program's step, one a rule, in the order of evaluation.

    Example:
      >>> from catalign.nn.pretrained import load_program as load
      >>> for diagram in rule_diagrams(load("bfs").program):
      ...     print(diagram)
      reach_h: V + V*V <- V + 2 V*V -> V + V*V -> V
      pi_h: 3 V + V*V <- 3 V + 2 V*V -> V + V*V -> V
    """
    fields = {f.name: f for f in map(field_of, program.spec)}
    fields |= {m.field.name: m.field for m in program.memory}
    return [rule_diagram(rule, fields) for rule in program.step]


def rule_diagram(rule: Rule, fields: dict[str, Field]) -> PolynomialDiagram:
    """The diagram of one rule.

    Args:
      rule: The rule.
      fields: The types of the fields that it may read, by their plain names.
    """
    builder = _Builder(V**rule.field.rank, fields)
    for leaf in leaves(rule.tree):
        builder.read(leaf.term, builder.receivers, "here")
    for condition in dict.fromkeys(conditions(rule.tree)):
        builder.read(condition, builder.receivers, "here")
    return builder.diagram(rule.field.name.removesuffix("'"))


class _Builder:
    """Collects the messages of a rule, each with its arguments by role."""

    def __init__(self, receivers: Sort, fields: dict[str, Field]) -> None:
        self.receivers, self.fields = receivers, fields
        self.inputs: dict[str, Sort] = {}
        self.messages: dict[str, tuple[Sort, dict[str, Argument]]] = {}
        self.selections: dict[Select, str] = {}

    def diagram(self, name: str) -> PolynomialDiagram:
        """The diagram, with the candidates forgotten on the way out."""
        rank = self.receivers.rank
        summands = [
            Message(label, sort, tuple(read.values()), Output(name, project(sort, *range(rank))))
            for label, (sort, read) in (self.messages or {"here": (self.receivers, {})}).items()
        ]
        outputs = {name: self.receivers}
        return PolynomialDiagram(name, self.inputs, outputs=outputs, summands=summands)

    def read(self, expression: Expression, sort: Sort, label: str) -> None:
        """Adds what an expression reads to a message; each selection is a message of its own."""
        match expression:
            case Select():
                self.select(expression)
                return
            case (
                Is(name, _, node, _)
                | At(name, node)
                | Of(name, node)
                | Inverse(name, node)
                | Depth(name, node)
            ):
                self.argument(name, (node,), sort, label)
            case IsPair(name, _, a, b, _) | AtPair(name, a, b) | OfPair(name, a, b):
                self.argument(name, (a, b), sort, label)
            case Register():
                self.argument(expression.name, (expression,), sort, label)
            case _:
                for name in expression.names:
                    own = isinstance(expression, Own)
                    self.argument(getattr(expression, name), (), sort, label, own=own)
        for part in expression.parts:
            self.read(part, sort, label)

    def select(self, selection: Select) -> str:
        """The message of a selection, by its label."""
        if selection not in self.selections:
            label = self.selections[selection] = f"selection {len(self.selections) + 1}"
            self.messages[label] = (self.receivers * V, {})
            for part in selection.parts:
                self.read(part, self.receivers * V, label)
        return self.selections[selection]

    def argument(
        self, name: str, nodes: tuple[Node, ...], sort: Sort, label: str, *, own: bool = False
    ) -> None:
        """Adds a field that is read at some nodes, at the receivers (its own), or everywhere."""
        field = self.fields.get(name.removesuffix("'"))
        if field is None:  # Such as whether a step keeps the state, which is no field of it.
            return
        domain = V if field.kind is Kind.MASK_ONE else V**field.rank
        if nodes and not sort.rank:
            # At the graph nodes are marked by registers: a message for each node that is.
            label, sort = f"at {', '.join(map(str, nodes))}", V ** len(nodes)
            leg = identity(sort)
            for place, node in enumerate(nodes):
                if isinstance(node, Register) and node.name != name:
                    self._add(label, sort, node.name, V, project(sort, place), str(node))
        elif nodes:
            leg = Leg(sort, domain, tuple(self.coordinate(node, sort) for node in nodes))
        elif own:
            leg = project(sort, *range(domain.rank))
        elif domain.rank:
            # An order or a count reads the field everywhere.
            label, sort = f"all of {name}", self.receivers * domain
            leg = project(sort, *range(self.receivers.rank, sort.rank))
        else:
            leg = terminal(sort)
        marks = not nodes or nodes == (Register(name),)
        role = name if marks else f"{name}[{', '.join(map(str, nodes))}]"
        self._add(label, sort, name, domain, leg, role)

    def _add(self, label: str, sort: Sort, name: str, domain: Sort, leg: Leg, role: str) -> None:
        self.inputs.setdefault(name, domain)
        self.messages.setdefault(label, (sort, {}))[1].setdefault(role, Argument(role, name, leg))

    def coordinate(self, node: Node, sort: Sort) -> Coordinate:
        """Where a node comes from, seen from a message."""
        match node:
            case Variable(index):
                return Coordinate(sort.rank - 1 if index == 3 else index - 1)
            case At(name, inner):
                return self._follow(inner, name, sort)
            case Inverse(name, inner):
                return self._follow(inner, f"inv {name}", sort)
            case Step(inner, forward):
                return self._follow(inner, "next" if forward else "previous", sort)
            case Select():
                return Coordinate(0, (_pointer(self.select(node)),))
            case _:
                return Coordinate(0, (_pointer(str(node)),))

    def _follow(self, inner: Node, name: str, sort: Sort) -> Coordinate:
        begin = self.coordinate(inner, sort)
        return Coordinate(begin.position, (*begin.arrows, _pointer(name)))


def _pointer(name: str) -> Arrow:
    return Arrow(name, Base.V, Base.V, is_pointer=True)
