"""Rules: a small decision tree whose leaves are expressions, one for each field of the next state.

Maths: a rule of a field f is a partition of the receivers by conditions, with one expression for
each part; it gives the field's next value at each receiver.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalign.algorithms.spec import Kind
from catalign.nn.discrete.condition import ABSENT, Condition
from catalign.nn.discrete.expression import Expression, I, J
from catalign.nn.discrete.signature import Field
from catalign.nn.discrete.view import View


@dataclass(frozen=True)
class Constantly(Expression):
    """A class of a mask or categorical: a constant leaf."""

    value: int
    boolean: bool = False
    own_cost = 0.4

    def evaluate(self, view: View) -> Any:
        """`[1, 1, 1, 1]`."""
        return view.xp.full((1, 1, 1, 1), self.value, view.xp.int32)

    def __str__(self) -> str:
        return ("true" if self.value else "false") if self.boolean else str(self.value)


@dataclass(frozen=True)
class Own(Expression):
    """A mask or categorical at the receiver: the leaf that copies it.

    Attributes:
      name: The field.
      rank: The number of its node axes.
    """

    name: str
    rank: int
    names = ("name",)
    own_cost = 0.5

    def evaluate(self, view: View) -> Any:
        """The stored classes."""
        field = view.fields[self.name].astype(view.xp.int32)
        if self.rank == 0:
            return field.reshape(view.m, 1, 1, 1)
        if self.rank == 1:
            return view.at(field, 1, view(I), ABSENT)
        return view.at_pair(field, (1, 2), view(I), view(J), ABSENT)

    def __str__(self) -> str:
        return self.name + ("", "[I]", "[I, J]")[self.rank]


@dataclass(frozen=True)
class Leaf:
    """One expression for all receivers."""

    term: Expression

    @property
    def cost(self) -> float:
        """The cost of the expression."""
        return self.term.cost_inside

    def evaluate(self, view: View) -> Any:
        """The expression's value."""
        return view(self.term)


@dataclass(frozen=True)
class Split:
    """One tree where a condition holds and another where it does not."""

    condition: Condition
    then: "Tree"
    otherwise: "Tree"

    @property
    def cost(self) -> float:
        """The cost of the condition and both trees."""
        return self.condition.cost + self.then.cost + self.otherwise.cost

    def evaluate(self, view: View) -> Any:
        """The value of the tree that each receiver falls into."""
        condition = view(self.condition)
        return view.xp.where(condition, self.then.evaluate(view), self.otherwise.evaluate(view))


Tree = Leaf | Split


def leaves(tree: Tree) -> Iterator[Leaf]:
    """The leaves, from left to right."""
    if isinstance(tree, Leaf):
        yield tree
    else:
        yield from leaves(tree.then)
        yield from leaves(tree.otherwise)


def cells(
    tree: Tree, path: tuple[tuple[Condition, bool], ...] = ()
) -> Iterator[tuple[tuple[tuple[Condition, bool], ...], Leaf]]:
    """The leaves, from left to right, with the conditions that lead there and their values."""
    if isinstance(tree, Leaf):
        yield path, tree
    else:
        yield from cells(tree.then, (*path, (tree.condition, True)))
        yield from cells(tree.otherwise, (*path, (tree.condition, False)))


def conditions(tree: Tree) -> Iterator[Condition]:
    """The conditions, from the top."""
    if isinstance(tree, Split):
        yield tree.condition
        yield from conditions(tree.then)
        yield from conditions(tree.otherwise)


def expressions(tree: Tree) -> Iterator[Expression]:
    """All expressions of a tree and all inside them."""
    for leaf in leaves(tree):
        yield from leaf.term.walk()
    for condition in conditions(tree):
        yield from condition.walk()


@dataclass(frozen=True)
class Rule:
    """How one field of the next state is computed.

    Attributes:
      field: The field, primed if it is the next value of a hint.
      tree: Its tree.
    """

    field: Field
    tree: Tree

    def evaluate(self, view: View) -> Any:
        """The stored value of the field, `[m, *node axes]`."""
        xp, shape = view.xp, (view.m, *(view.n,) * self.field.rank)
        value = self.tree.evaluate(view)
        full = xp.broadcast_to(value, (*shape, *(1,) * (4 - len(shape))))
        if self.field.kind is Kind.MASK:
            full = full.astype(xp.int8) if self.field.partial else full == 1
        return full.reshape(shape)
