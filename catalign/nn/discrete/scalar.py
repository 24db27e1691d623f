"""Scalar expressions of the discrete processor: what keys, orders and scalar rules are made of.

Scalars are carried exactly, never rounded; what is learned is which expression is taken where.
"""

import functools
from dataclasses import dataclass
from typing import ClassVar

from catalign.nn.discrete.expression import Expression, Node, Value
from catalign.nn.discrete.view import View


class Scalar(Expression):
    """A number; NaN where it reads no node."""

    @functools.cached_property
    def measures(self) -> frozenset[str]:
        """The fields whose quantity it is, by their old names: those read for its value itself."""
        own = [getattr(self, name).removesuffix("'") for name in self.names]
        inside = (part.measures for part in self.parts if isinstance(part, Scalar))
        return frozenset(own).union(*inside)


@dataclass(frozen=True)
class Constant(Scalar):
    """A number, given or learned."""

    value: float

    def evaluate(self, view: View) -> Value:
        """`[1, 1, 1, 1]`."""
        return view.xp.full((1, 1, 1, 1), self.value, view.dtype)

    def __str__(self) -> str:
        return f"{self.value:g}"


@dataclass(frozen=True)
class Size(Scalar):
    """The number of nodes."""

    def evaluate(self, view: View) -> Value:
        """`[1, 1, 1, 1]`."""
        return view.xp.full((1, 1, 1, 1), float(view.n), view.dtype)

    def __str__(self) -> str:
        return "n"


@dataclass(frozen=True)
class OfGraph(Scalar):
    """A scalar at the graph."""

    name: str
    names: ClassVar[tuple[str, ...]] = ("name",)

    def evaluate(self, view: View) -> Value:
        """`[m, 1, 1, 1]`."""
        return view.graph(self.name)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Of(Scalar):
    """A node scalar, pulled back to a node term."""

    name: str
    node: Node
    names: ClassVar[tuple[str, ...]] = ("name",)
    own_cost: ClassVar[float] = 0.5

    def evaluate(self, view: View) -> Value:
        """The scalar's values at the node."""
        return view.at(view.fields[self.name], self.node.axis, view(self.node), float("nan"))

    def __str__(self) -> str:
        return f"{self.name}[{self.node}]"


@dataclass(frozen=True)
class OfPair(Scalar):
    """An edge scalar, pulled back to a pair of node terms."""

    name: str
    a: Node
    b: Node
    names: ClassVar[tuple[str, ...]] = ("name",)
    own_cost: ClassVar[float] = 0.5

    def evaluate(self, view: View) -> Value:
        """The scalar's values at the pair."""
        axes = (self.a.axis, self.b.axis)
        field = view.fields[self.name]
        return view.at_pair(field, axes, view(self.a), view(self.b), float("nan"))

    def __str__(self) -> str:
        return f"{self.name}[{self.a}, {self.b}]"


@dataclass(frozen=True)
class Index(Scalar):
    """The place of a node in the order of the nodes."""

    node: Node
    own_cost: ClassVar[float] = 0.5

    def evaluate(self, view: View) -> Value:
        """The index as a number."""
        x = view(self.node)
        return view.xp.where(x < 0, float("nan"), x.astype(view.dtype))

    def __str__(self) -> str:
        return f"place({self.node})"


@dataclass(frozen=True)
class Depth(Scalar):
    """How many hops of a pointer lead from a node to one that points to itself.

    In a list it is the place of the node. It is found by pointer doubling, in log n steps.
    """

    name: str
    node: Node
    names: ClassVar[tuple[str, ...]] = ("name",)

    def evaluate(self, view: View) -> Value:
        """The depth's values at the node."""
        xp = view.xp

        def make() -> Value:
            p = xp.maximum(view.fields[self.name], 0)
            hops = (p != xp.arange(view.n, dtype=p.dtype)[None]).astype(view.dtype)
            for _ in range(max(1, view.n - 1).bit_length()):
                hops = hops + xp.take_along_axis(hops, p, 1)
                p = xp.take_along_axis(p, p, 1)
            return hops

        field = view.derived(("depth", self.name), make)
        return view.at(field, self.node.axis, view(self.node), float("nan"))

    def __str__(self) -> str:
        return f"depth {self.name}[{self.node}]"


@dataclass(frozen=True)
class Count(Scalar):
    """How many nodes a mask holds (or does not)."""

    name: str
    value: int
    names: ClassVar[tuple[str, ...]] = ("name",)

    def evaluate(self, view: View) -> Value:
        """`[m, 1, 1, 1]`."""
        field = view.fields[self.name].astype(view.xp.int32)
        count = (field == self.value).sum(axis=1)
        return count.reshape(view.m, 1, 1, 1).astype(view.dtype)

    def __str__(self) -> str:
        return f"#{self.name}" if self.value else f"#(not {self.name})"


OPERATIONS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


@dataclass(frozen=True)
class Binary(Scalar):
    """`a + b`, `a - b`, `a * b`, `a / b`, `min(a, b)` or `max(a, b)`."""

    operation: str
    a: Scalar
    b: Scalar

    def evaluate(self, view: View) -> Value:
        """The operation on the values."""
        return operate(view.xp, self.operation, view(self.a), view(self.b))

    def __str__(self) -> str:
        if self.operation in ("min", "max"):
            return f"{self.operation}({self.a}, {self.b})"
        b = f"({self.b})" if isinstance(self.b, Binary) and self.operation != "+" else str(self.b)
        return f"{self.a} {self.operation} {b}"


def operate(xp: object, operation: str, a: Value, b: Value) -> Value:
    """Applies a binary operation by its sign."""
    match operation:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b
        case "min":
            return xp.minimum(a, b)  # type: ignore[attr-defined]
        case _:
            return xp.maximum(a, b)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Angle(Scalar):
    """The direction from one planar point to another, in radians: atan2 of the differences."""

    x: str
    y: str
    a: Node
    b: Node
    names: ClassVar[tuple[str, ...]] = ("x", "y")

    def evaluate(self, view: View) -> Value:
        """`atan2(y[b] - y[a], x[b] - x[a])`."""
        dx = view(Of(self.x, self.b)) - view(Of(self.x, self.a))
        dy = view(Of(self.y, self.b)) - view(Of(self.y, self.a))
        return view.xp.arctan2(dy, dx)

    def __str__(self) -> str:
        return f"angle({self.a} -> {self.b})"


@dataclass(frozen=True)
class Turn(Scalar):
    """Twice the signed area of three planar points: positive if `a, b, c` turn left."""

    x: str
    y: str
    a: Node
    b: Node
    c: Node
    names: ClassVar[tuple[str, ...]] = ("x", "y")

    def evaluate(self, view: View) -> Value:
        """The cross product of `b - a` and `c - a`."""
        x, y = ({t: view(Of(s, t)) for t in (self.a, self.b, self.c)} for s in (self.x, self.y))
        a, b, c = self.a, self.b, self.c
        return (x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a])

    def __str__(self) -> str:
        return f"turn({self.a}, {self.b}, {self.c})"
