"""What the discrete processor's rules are written in: expressions, and node terms.

Everything is built from the fields of a state by operations of the type: a field is pulled back
along a pointer, a register or the order of the nodes, and a selection pushes its candidates forward
in the provenance semiring `(min or max, first)`. Which fields exist is all that an algorithm's spec
adds. An expression has a *cost*, its description length in symbols.

| node terms | meaning |
|---|---|
| `i`, `j`, `k` | the receivers, and the candidate of a selection |
| `r` | the node that a register (mask_one) marks |
| `p[t]`, `P[a, b]` | where a pointer leads from a node, or from a pair of nodes |
| `inv p[t]` | the first other node whose pointer leads to t |
| `next s after t` | the next node in the order of a scalar |
| `t + 1`, `t - 1`, `first`, `last`, `mid(a, b)` | the order of the nodes |

A node term may be no node (index -1): what is read there is false, NaN or no node.
"""

import abc
import functools
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import jax
import numpy as np

from catalign.nn.discrete.view import NONE, View

Value = Any


@dataclass(frozen=True)
class Expression(abc.ABC):
    """What has a value at each receiver of each state."""

    names: ClassVar[tuple[str, ...]] = ()
    """The attributes that name a field of the state."""
    own_cost: ClassVar[float] = 1.0
    """The cost of the outermost symbol."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # Views look expressions up all the time: each computes its hash once.
        cls.__hash__ = Expression.__hash__

    def __hash__(self) -> int:
        return self._hash

    @functools.cached_property
    def _hash(self) -> int:
        return hash((type(self), *(getattr(self, field.name) for field in fields(self))))

    def __getstate__(self) -> dict[str, Any]:
        # The hash of a string is another one in another process.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @abc.abstractmethod
    def evaluate(self, view: View) -> Value:
        """The value, with axes `[m, i, j, k]`."""

    @functools.cached_property
    def parts(self) -> "tuple[Expression, ...]":
        """The expressions directly inside."""
        found: list[Expression] = []
        for field in fields(self):
            value = getattr(self, field.name)
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Expression):
                    found.append(item)
        return tuple(found)

    @functools.cached_property
    def cost(self) -> float:
        """The description length; a new value costs a little more than an old one."""
        primes = sum(0.1 for name in self.names if getattr(self, name).endswith("'"))
        return self.own_cost + primes + sum(part.cost_inside for part in self.parts)

    @property
    def cost_inside(self) -> float:
        """What it adds to the cost of an expression around it."""
        return self.cost

    def walk(self) -> "Iterator[Expression]":
        """This expression and all inside."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def free(self) -> frozenset[int]:
        """The axes of the variables that are not bound by a selection inside."""
        return frozenset(axis for part in self.parts for axis in part.free)

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """The names of the fields read."""
        return frozenset(getattr(e, name) for e in self.walk() for name in e.names)


class Node(Expression):
    """A node term, int32; -1 is no node."""

    axis: ClassVar[int] = 0
    """The axis that the term runs along if it is a variable, otherwise 0."""


@dataclass(frozen=True)
class Variable(Node):
    """A receiver `i` or `j`, or the candidate `k`."""

    index: int
    own_cost: ClassVar[float] = 0.5

    @property
    def axis(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """1 for `i`, 2 for `j`, 3 for `k`."""
        return self.index

    @property
    def free(self) -> frozenset[int]:
        """Its own axis."""
        return frozenset((self.index,))

    def evaluate(self, view: View) -> Value:
        """The nodes, along the variable's axis."""
        return view.nodes(self.index)

    def __str__(self) -> str:
        return " IJK"[self.index]


I, J, K = Variable(1), Variable(2), Variable(3)  # noqa: E741


@dataclass(frozen=True)
class Register(Node):
    """The node that a mask_one marks."""

    name: str
    names: ClassVar[tuple[str, ...]] = ("name",)

    def evaluate(self, view: View) -> Value:
        """`[m, 1, 1, 1]`."""
        return view.graph(self.name)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class End(Node):
    """The first or the last node in order."""

    last: bool
    own_cost: ClassVar[float] = 1.2

    def evaluate(self, view: View) -> Value:
        """`[1, 1, 1, 1]`."""
        return view.xp.full((1, 1, 1, 1), view.n - 1 if self.last else 0, view.xp.int32)

    def __str__(self) -> str:
        return "last" if self.last else "first"


@dataclass(frozen=True)
class At(Node):
    """Where a pointer leads from a node: the pullback of a field V -> V."""

    name: str
    node: Node
    names: ClassVar[tuple[str, ...]] = ("name",)

    def evaluate(self, view: View) -> Value:
        """The pointer's values at the node."""
        return view.at(view.fields[self.name], self.node.axis, view(self.node), NONE)

    def __str__(self) -> str:
        return f"{self.name}[{self.node}]"


@dataclass(frozen=True)
class AtPair(Node):
    """Where an edge pointer leads from a pair of nodes: the pullback of a field V*V -> V."""

    name: str
    a: Node
    b: Node
    names: ClassVar[tuple[str, ...]] = ("name",)

    def evaluate(self, view: View) -> Value:
        """The pointer's values at the pair."""
        axes = (self.a.axis, self.b.axis)
        return view.at_pair(view.fields[self.name], axes, view(self.a), view(self.b), NONE)

    def __str__(self) -> str:
        return f"{self.name}[{self.a}, {self.b}]"


@dataclass(frozen=True)
class Inverse(Node):
    """The first other node whose pointer leads to a node; none if there is none."""

    name: str
    node: Node
    names: ClassVar[tuple[str, ...]] = ("name",)
    own_cost: ClassVar[float] = 1.5

    def evaluate(self, view: View) -> Value:
        """Reads the inverse, which is computed once for each state."""
        return view.at(inverse(view, self.name), self.node.axis, view(self.node), NONE)

    def __str__(self) -> str:
        return f"inv {self.name}[{self.node}]"


def inverse(view: View, name: str) -> Value:
    """For each node the first other one whose pointer leads there, or -1, `[m, n]`."""

    def make() -> Value:
        xp, p, n = view.xp, view.fields[name], view.n
        nodes = xp.arange(n, dtype=xp.int32)
        if xp is np:
            leads = (p[:, :, None] == nodes) & (nodes[:, None] != nodes)
            return view.first(leads, 1).reshape(view.m, n)
        nodes = nodes[None, :]
        lead = xp.where((p == nodes) | (p < 0), xp.int32(n), p)
        found = xp.full((view.m, n), n, xp.int32)
        found = found.at[xp.arange(view.m)[:, None], lead].min(nodes, mode="drop")
        return xp.where(found == n, xp.int32(NONE), found)

    return view.derived(("inverse", name), make)


@dataclass(frozen=True)
class Step(Node):
    """The next or the previous node in order; none past the ends."""

    node: Node
    forward: bool

    def evaluate(self, view: View) -> Value:
        """The index plus or minus one."""
        x = view(self.node)
        if self.forward:
            return view.xp.where((x >= 0) & (x < view.n - 1), x + 1, view.xp.int32(NONE))
        return view.xp.where(x > 0, x - 1, view.xp.int32(NONE))

    def __str__(self) -> str:
        return f"{self.node} {'+' if self.forward else '-'} 1"


@dataclass(frozen=True)
class Middle(Node):
    """The node half-way between two in order, rounded down."""

    a: Node
    b: Node
    own_cost: ClassVar[float] = 1.5

    def evaluate(self, view: View) -> Value:
        """`(a + b) // 2`."""
        a, b = view(self.a), view(self.b)
        return view.xp.where((a >= 0) & (b >= 0), (a + b) // 2, view.xp.int32(NONE))

    def __str__(self) -> str:
        return f"mid({self.a}, {self.b})"


def _earlier(a: tuple[Value, ...], b: tuple[Value, ...]) -> tuple[Value, ...]:
    """That of two tuples that comes first in lexicographic order."""
    wins = a[-1] <= b[-1]
    for x, y in zip(a[-2::-1], b[-2::-1], strict=True):
        wins = (x < y) | ((x == y) & wins)
    return tuple(jax.lax.select(wins, x, y) for x, y in zip(a, b, strict=True))


@dataclass(frozen=True)
class Successor(Node):
    """The next node in the order of a node scalar; or the first one, without a node.

    Maths: the least k with `(s[k], r[k], k) > (s[t], r[t], t)`, lexicographically, where r is a
    second scalar, if there is one; `greatest` turns the order of s around. None after the last.

    Attributes:
      name: The scalar s.
      second: The scalar r, which orders those with equal s; empty if there is none.
      node: The node t; None for the first in order.
      greatest: Whether s decreases.
    """

    name: str
    second: str
    node: Node | None
    greatest: bool
    own_cost: ClassVar[float] = 1.5

    @property
    def names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The attributes that name a field."""
        return ("name", "second") if self.second else ("name",)

    def evaluate(self, view: View) -> Value:
        """The successor's index."""
        of = None if self.node is None else view(self.node)
        names = {getattr(self, name) for name in self.names}
        one = of is None or of.shape[1:] == (1, 1, 1)
        if one and view.xp is not np and not names <= view.constant:
            return self._next(view, of)  # Of one node, without sorting at each step.
        order, after = view.derived(
            ("successor", self.name, self.second, self.greatest), lambda: self._order(view)
        )
        if self.node is None:
            return order[:, :1].reshape(view.m, 1, 1, 1)
        return view.at(after, self.node.axis, of, NONE)

    def _next(self, view: View, of: Value | None) -> Value:
        """The first node in order behind one."""
        xp, n = view.xp, view.n
        nodes = xp.arange(n, dtype=xp.int32)[None, :]
        s = view.fields[self.name]
        keys = [-s if self.greatest else s]
        keys += [view.fields[self.second]] if self.second else []
        left = xp.ones((view.m, n), bool)
        if of is not None:
            left = nodes > of[:, 0, 0]
            for key in reversed(keys):
                own = view.at(key, 0, of, float("nan"))[:, 0, 0]
                left = (key > own) | ((key == own) & left)
        shown = (*(xp.where(left, key, xp.inf) for key in keys), xp.where(left, nodes, n))
        worst = (*(xp.asarray(xp.inf, key.dtype) for key in keys), xp.int32(n))
        # One reduction: XLA would make anew, for each of two, what the keys are made from.
        at = jax.lax.reduce(shown, worst, _earlier, (1,))[-1]
        return xp.where(at == n, xp.int32(NONE), at).reshape(-1, 1, 1, 1)

    def _order(self, view: View) -> tuple[Value, Value]:
        """The nodes in order, and the one after each, `[m, n]`."""
        xp, s = view.xp, view.fields[self.name]
        first = -s if self.greatest else s
        keys = (view.fields[self.second], first) if self.second else (first,)
        order = xp.lexsort(keys, axis=1).astype(xp.int32)
        rank = xp.argsort(order, axis=1, stable=True)
        later = xp.concatenate([order[:, 1:], xp.full((view.m, 1), NONE, xp.int32)], axis=1)
        return order, xp.take_along_axis(later, rank, 1)

    def __str__(self) -> str:
        key = f"({self.name}, {self.second})" if self.second else self.name
        if self.node is None:
            return f"{'greatest' if self.greatest else 'least'} {key}"
        return f"{'previous' if self.greatest else 'next'} {key} after {self.node}"
