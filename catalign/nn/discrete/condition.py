"""Conditions of the discrete processor: the finite features that rules branch on."""

from dataclasses import dataclass
from typing import ClassVar

from catalign.nn.discrete.expression import Expression, Node, Value
from catalign.nn.discrete.scalar import Of, Scalar
from catalign.nn.discrete.view import View

ABSENT = -9
"""What a mask or category reads as where there is no node: equal to no value."""


class Condition(Expression):
    """True or false."""


@dataclass(frozen=True)
class Not(Condition):
    """The negation."""

    condition: Condition
    own_cost: ClassVar[float] = 0.2

    def evaluate(self, view: View) -> Value:
        """The complement."""
        return ~view(self.condition)

    def __str__(self) -> str:
        if isinstance(self.condition, IsNone):
            return f"some {self.condition.node}"
        return f"not ({self.condition})"


@dataclass(frozen=True)
class Is(Condition):
    """A mask or category has a value at a node."""

    name: str
    value: int
    node: Node
    boolean: bool
    names: ClassVar[tuple[str, ...]] = ("name",)
    own_cost: ClassVar[float] = 0.5

    def evaluate(self, view: View) -> Value:
        """Equality of the field's value."""
        field = view.fields[self.name].astype(view.xp.int32)
        return view.at(field, self.node.axis, view(self.node), ABSENT) == self.value

    def __str__(self) -> str:
        return _is(f"{self.name}[{self.node}]", self.value, self.boolean)


@dataclass(frozen=True)
class IsPair(Condition):
    """An edge mask or category has a value at a pair of nodes."""

    name: str
    value: int
    a: Node
    b: Node
    boolean: bool
    names: ClassVar[tuple[str, ...]] = ("name",)
    own_cost: ClassVar[float] = 0.5

    def evaluate(self, view: View) -> Value:
        """Equality of the field's value."""
        field = view.fields[self.name].astype(view.xp.int32)
        axes = (self.a.axis, self.b.axis)
        return view.at_pair(field, axes, view(self.a), view(self.b), ABSENT) == self.value

    def __str__(self) -> str:
        return _is(f"{self.name}[{self.a}, {self.b}]", self.value, self.boolean)


@dataclass(frozen=True)
class IsGraph(Condition):
    """A mask or category at the graph has a value."""

    name: str
    value: int
    boolean: bool
    names: ClassVar[tuple[str, ...]] = ("name",)

    @property
    def own_cost(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]
        """What a step keeps of the state is a long story, unless it keeps all."""
        return 2.0 if self.name.startswith("@fixed ") else 0.5

    def evaluate(self, view: View) -> Value:
        """Equality of the field's value."""
        return view.graph(self.name).astype(view.xp.int32) == self.value

    def __str__(self) -> str:
        return _is(self.name, self.value, self.boolean)


def _is(place: str, value: int, boolean: bool) -> str:
    if boolean:
        return place if value == 1 else f"not {place}"
    return f"{place} = {value}"


@dataclass(frozen=True)
class IsNone(Condition):
    """A node term is no node: the selection or the inverse is empty."""

    node: Node
    own_cost: ClassVar[float] = 0.5

    def evaluate(self, view: View) -> Value:
        """A negative index."""
        return view(self.node) < 0

    def __str__(self) -> str:
        return f"no {self.node}"


@dataclass(frozen=True)
class Same(Condition):
    """Two node terms are the same node."""

    a: Node
    b: Node
    own_cost: ClassVar[float] = 0.5

    def evaluate(self, view: View) -> Value:
        """Equal indices, of nodes."""
        a, b = view(self.a), view(self.b)
        return (a == b) & (a >= 0)

    def __str__(self) -> str:
        return f"{self.a} = {self.b}"


@dataclass(frozen=True)
class Before(Condition):
    """One node comes before another in order."""

    a: Node
    b: Node
    own_cost: ClassVar[float] = 0.7

    def evaluate(self, view: View) -> Value:
        """A smaller index, of nodes."""
        a, b = view(self.a), view(self.b)
        return (a < b) & (a >= 0)

    def __str__(self) -> str:
        return f"{self.a} before {self.b}"


@dataclass(frozen=True)
class SameClass(Condition):
    """A category is the same at two nodes."""

    name: str
    a: Node
    b: Node
    names: ClassVar[tuple[str, ...]] = ("name",)
    own_cost: ClassVar[float] = 0.5

    def evaluate(self, view: View) -> Value:
        """Equal classes, of nodes."""
        field = view.fields[self.name].astype(view.xp.int32)
        a = view.at(field, self.a.axis, view(self.a), ABSENT)
        b = view.at(field, self.b.axis, view(self.b), ABSENT + 1)
        return a == b

    def __str__(self) -> str:
        return f"{self.name}[{self.a}] = {self.name}[{self.b}]"


@dataclass(frozen=True)
class IsPairOf(Condition):
    """The receiver pair (i, j) is {a, b}, in one order or the other."""

    i: Node
    j: Node
    a: Node
    b: Node
    own_cost: ClassVar[float] = 0.0

    def evaluate(self, view: View) -> Value:
        """Either order."""
        i, j, a, b = view(self.i), view(self.j), view(self.a), view(self.b)
        return ((i == a) & (j == b)) | ((i == b) & (j == a))

    def __str__(self) -> str:
        return f"{{{self.i}, {self.j}}} = {{{self.a}, {self.b}}}"


UNLIKE = 1.0
"""What it costs to compare two quantities that have nothing in common."""


def unlike(a: Scalar, b: Scalar) -> float:
    """`UNLIKE` if two scalars measure fields and share none, else 0.

    Small instances hold many accidents such as "the time is below the longest edge". They are
    scarce between values of one field.
    """
    return UNLIKE * bool(a.measures and b.measures and not a.measures & b.measures)


@dataclass(frozen=True)
class Less(Condition):
    """One number is less than another; false where one reads no node."""

    a: Scalar
    b: Scalar

    @property
    def own_cost(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]
        """More for two quantities that have nothing in common."""
        return 0.5 + unlike(self.a, self.b)

    def evaluate(self, view: View) -> Value:
        """`a < b`."""
        return view(self.a) < view(self.b)

    def __str__(self) -> str:
        return f"{self.a} < {self.b}"


@dataclass(frozen=True)
class LessEqual(Condition):
    """One number is at most another; false where one reads no node."""

    a: Scalar
    b: Scalar

    @property
    def own_cost(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]
        """More for two quantities that have nothing in common."""
        return 0.6 + unlike(self.a, self.b)

    def evaluate(self, view: View) -> Value:
        """`a <= b`."""
        return view(self.a) <= view(self.b)

    def __str__(self) -> str:
        return f"{self.a} <= {self.b}"


@dataclass(frozen=True)
class Between(Condition):
    """A node scalar lies between its values at two other nodes, or is equal to one of them."""

    name: str
    node: Node
    a: Node
    b: Node
    names: ClassVar[tuple[str, ...]] = ("name",)
    own_cost: ClassVar[float] = 1.0

    def evaluate(self, view: View) -> Value:
        """`min(s[a], s[b]) <= s[node] <= max(s[a], s[b])`."""
        x, a, b = (view(Of(self.name, t)) for t in (self.node, self.a, self.b))
        return ((a <= x) & (x <= b)) | ((b <= x) & (x <= a))

    def __str__(self) -> str:
        return f"{self.name}[{self.node}] between {self.name}[{self.a}] and {self.name}[{self.b}]"
