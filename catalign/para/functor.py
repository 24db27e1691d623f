"""Polynomial endofunctors as values: positions, directions, and their elements.

A polynomial functor is a sum of *positions*, each with its *directions*: `F(X) = sum over i of
X^(directions of i)`. Here a position is a constructor with an optional label, so that `1 + A*y`
reads: either `nil`, without label and directions, or `cons`, with a label in A and one direction.
Directions are finitely many, a list of any length, or an input.

| constant | functor | (co)algebra | its type |
|---|---|---|---|
| `LIST` | `1 + A*y` | algebra | lists |
| `TREE` | `A + y^2` | algebra | binary trees with labelled leaves |
| `ROSE` | `A + List(y)` | algebra | trees of any branching |
| `NODE_TREE` | `1 + A*y^2` | algebra | binary trees with labelled nodes |
| `ACTION` | `A*y` | algebra | sets on which A acts |
| `STREAM` | `O*y` | coalgebra | streams |
| `MEALY` | `O^I*y^I` | coalgebra | machines whose output sees the input |
| `MOORE` | `O*y^I` | coalgebra | machines whose output does not |

An algebra is a map `F(X) -> X`, a coalgebra a map `X -> F(X)`.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from catalign._errors import InputError, UnsupportedError
from catalign._typing import PyTree
from catalign.polynomial.finite import FinFunction
from catalign.polynomial.finite_diagram import FiniteDiagram


class Directions(enum.Enum):
    """Directions that are not a fixed number."""

    LIST = "a list of any length"
    INPUT = "one for each input"


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Several:
    """The children of a position whose directions are a list.

    Args:
      values: One child for each row.
      mask: Which rows are there; the rest is padding.
    """

    values: PyTree
    mask: Array

    @classmethod
    def of(cls, children: "tuple[PyTree, ...] | Several") -> "Several":
        """Stacks a tuple of children; what is stacked already stays.

        Trees on the host have tuples, encoded trees have `Several`; a case that starts with this
        works for both.

        Raises:
          InputError: The tuple is empty, so that the shape of a child is unknown.
        """
        if isinstance(children, Several):
            return children
        if not children:
            raise InputError(
                "`children` is empty, so the shape of a child is unknown. Fold the tree encoded: "
                "`fold(algebra, encode_tree(functor, tree))`."
            )
        values = jax.tree.map(lambda *leaves: jnp.stack(leaves), *children)
        return cls(values, jnp.ones(len(children), bool))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Element:
    """An element of F(X): a position and a child in X for each of its directions.

    Build it with `PolynomialFunctor.element` or, for a position that is only known when the code
    runs, `PolynomialFunctor.choose`.

    Args:
      position: The index of the summand: an int, or a traced int32 scalar.
      label: The label, or None where the position has none.
      children: A tuple of children, a `Several`, or a function of the input.
    """

    position: Any
    label: PyTree
    children: Any


@dataclass(frozen=True)
class Summand:
    """One constructor of a polynomial functor.

    Args:
      name: Its name, by which cases are given.
      label: The letter of its label, or None.
      directions: Their number, or what else they are.
      label_sees_input: Whether the label is a function of the input, as for a Mealy machine.
    """

    name: str
    label: str | None = None
    directions: int | Directions = 0
    label_sees_input: bool = False

    def __str__(self) -> str:
        label = f"{self.label}^I" if self.label_sees_input else self.label or ""
        if self.directions == 0:
            return label or "1"
        power = {1: "y", Directions.LIST: "List(y)", Directions.INPUT: "y^I"}.get(
            self.directions, f"y^{self.directions}"
        )
        return f"{label}*{power}" if label else power


@dataclass(frozen=True, repr=False)
class PolynomialFunctor:
    """A polynomial endofunctor with its strength.

    Maths: `F(X) = sum over positions i of X^(directions of i)`.

    Args:
      name: Its name, for messages.
      summands: Its constructors. All labels have one type.

    Example:
      >>> print(LIST, "|", TREE, "|", ROSE, "|", MEALY, "|", MOORE)
      1 + A*y | A + y^2 | A + List(y) | O^I*y^I | O*y^I
      >>> doubled = LIST.map(lambda x: 2 * x, LIST.element("cons", "head", 4))
      >>> doubled.label, doubled.children
      ('head', (8,))

    Source: Gavranovic et al. 2024, section 3; Niu & Spivak, Polynomial Functors.
    """

    name: str
    summands: tuple[Summand, ...]

    def index(self, name: str) -> int:
        """The index of a constructor.

        Raises:
          InputError: There is no constructor of this name.
        """
        names = [summand.name for summand in self.summands]
        if name not in names:
            raise InputError(f"{self.name} has no constructor {name!r}. It has {names}.")
        return names.index(name)

    @property
    def arity(self) -> int:
        """The largest fixed number of directions."""
        return max(
            (s.directions for s in self.summands if isinstance(s.directions, int)), default=0
        )

    def element(self, name: str, *arguments: Any) -> Element:
        """An element with a position that is known now.

        Args:
          name: The constructor.
          *arguments: The label if there is one, then the children: one argument each, a tuple or
            `Several` for a list, a function of the input (to the child, or to label and child).

        Raises:
          InputError: No such constructor, or too few or too many arguments.

        Example:
          >>> TREE.element("node", 1, 2).children
          (1, 2)
          >>> MOORE.element("moore", "output", lambda i: i + 1).children(4)
          5
        """
        position = self.index(name)
        summand = self.summands[position]
        n_label = int(summand.label is not None and not summand.label_sees_input)
        finite = isinstance(summand.directions, int)
        expected = n_label + (summand.directions if isinstance(summand.directions, int) else 1)
        if len(arguments) != expected:
            raise InputError(
                f"{name!r} of {self.name} is {summand}: it takes {expected} arguments but got "
                f"{len(arguments)}. Give the label if there is one, then the children."
            )
        label = arguments[0] if n_label else None
        return Element(position, label, arguments[n_label:] if finite else arguments[n_label])

    def choose(self, position: Array, *, label: PyTree = None, children: Any = ()) -> Element:
        """An element with a position that is computed, so that it can differ inside one jit.

        Args:
          position: The index of the constructor, an int32 scalar.
          label: The label; any value of its type where the position has none.
          children: As many as the largest constructor has; any values where there are fewer.
        """
        return Element(position, label, children)

    def match(self, element: Element, **cases: Callable[..., PyTree]) -> PyTree:
        """Does case analysis on a position.

        Args:
          element: Of this functor. Where its position is traced, all cases must return the same
            shapes and dtypes.
          **cases: For each constructor a function of its label, if it has one, and its children.

        Raises:
          InputError: The cases are not exactly the constructors, or a position is traced without
            children for each of them.

        Example:
          >>> empty = LIST.element("nil")
          >>> LIST.match(empty, nil=lambda: 0, cons=lambda head, tail: head + tail)
          0
        """
        names = [summand.name for summand in self.summands]
        if set(cases) != set(names):
            raise InputError(
                f"the cases {sorted(cases)} do not fit {self.name} = {self}. Give one function for "
                f"each of {names}."
            )
        branches = [_branch(summand, cases[summand.name]) for summand in self.summands]
        if isinstance(element.position, int):
            return branches[element.position](element.label, element.children)
        if len(branches) == 1:
            return branches[0](element.label, element.children)
        if isinstance(element.children, tuple) and len(element.children) < self.arity:
            raise InputError(
                f"an element of {self.name} = {self} has a traced position but only "
                f"{len(element.children)} children. Build it with `choose`, with {self.arity}, and "
                "build elements with `element` inside the jitted function."
            )
        return jax.lax.switch(element.position, branches, element.label, element.children)

    def map(self, function: Callable[[PyTree], PyTree], element: Element) -> Element:
        """Applies a function to every child.

        Maths: `F(f): F(X) -> F(Y)`; `F(id) = id` and `F(g . f) = F(g) . F(f)`.

        Args:
          function: From X to Y. On padded lists it is mapped over rows, so it must be jittable.
          element: Of F(X).
        """
        children = element.children
        if isinstance(children, tuple):
            mapped = tuple(function(child) for child in children)
        elif isinstance(children, Several):
            mapped = Several(jax.vmap(function)(children.values), children.mask)
        else:
            sees_label = self.summands[element.position].label_sees_input
            mapped = _after_input(children, function, sees_label=sees_label)
        return Element(element.position, element.label, mapped)

    def strength(self, params: PyTree, element: Element) -> Element:
        """Hands a copy of the parameters to every child.

        Maths: `sigma: P x F(X) -> F(P x X)`, natural in both, with the axioms that
        `strength.check_strength` tries.
        """
        return self.map(lambda child: (params, child), element)

    def to_diagram(self, *, n_label: int = 1, n_input: int = 1) -> FiniteDiagram:
        """The polynomial diagram `1 <- X -> Y -> 1` with the positions as Y and directions as X.

        Maths: `|F(X)| = sum over positions i of |X|^|directions of i|` is its transform.

        Args:
          n_label: The number of labels.
          n_input: The number of inputs.

        Raises:
          UnsupportedError: Directions are a list, of which there are infinitely many.

        Example:
          >>> LIST.to_diagram(n_label=2).polynomials
          (((), (0,), (0,)),)
        """
        arities: list[int] = []
        for summand in self.summands:
            if summand.directions is Directions.LIST:
                raise UnsupportedError(
                    f"{self.name} = {self} has infinitely many positions, so it is no finite "
                    "diagram. Use a functor without List."
                )
            sees_input = summand.directions is Directions.INPUT
            labels = n_label if summand.label else 1
            count = labels**n_input if summand.label_sees_input else labels
            directions = n_input if sees_input else summand.directions
            assert isinstance(directions, int)
            arities += [directions] * count
        p = [position for position, arity in enumerate(arities) for _ in range(arity)]
        return FiniteDiagram(
            FinFunction([0] * len(p), 1),
            FinFunction(p, len(arities)),
            FinFunction([0] * len(arities), 1),
        )

    def __str__(self) -> str:
        return " + ".join(str(summand) for summand in self.summands)

    __repr__ = __str__


def _branch(summand: Summand, case: Callable[..., PyTree]) -> Callable[[PyTree, Any], PyTree]:
    def run(label: PyTree, children: Any) -> PyTree:
        labels = (label,) if summand.label and not summand.label_sees_input else ()
        if isinstance(summand.directions, int):
            return case(*labels, *(children[: summand.directions] if summand.directions else ()))
        return case(*labels, children)

    return run


def _after_input(children: Any, function: Callable[..., PyTree], *, sees_label: bool) -> Any:
    def answer(given: PyTree) -> PyTree:
        if sees_label:
            label, child = children(given)
            return label, function(child)
        return function(children(given))

    return answer


LIST = PolynomialFunctor("LIST", (Summand("nil"), Summand("cons", "A", 1)))
"""`1 + A*y`: its initial algebra are the lists."""

TREE = PolynomialFunctor("TREE", (Summand("leaf", "A"), Summand("node", directions=2)))
"""`A + y^2`: its initial algebra are the binary trees with labels at the leaves."""

ROSE = PolynomialFunctor(
    "ROSE", (Summand("leaf", "A"), Summand("node", directions=Directions.LIST))
)
"""`A + List(y)`: its initial algebra are the trees of any branching with labels at the leaves."""

NODE_TREE = PolynomialFunctor("NODE_TREE", (Summand("empty"), Summand("node", "A", 2)))
"""`1 + A*y^2`: its initial algebra are the binary trees with labels at the nodes."""

ACTION = PolynomialFunctor("ACTION", (Summand("act", "A", 1),))
"""`A*y`: its algebras are the maps A x X -> X, and their homomorphisms the equivariant maps."""

STREAM = PolynomialFunctor("STREAM", (Summand("stream", "O", 1),))
"""`O*y`: its final coalgebra are the streams."""

MEALY = PolynomialFunctor(
    "MEALY", (Summand("mealy", "O", Directions.INPUT, label_sees_input=True),)
)
"""`O^I*y^I`, that is I -> O x X: its final coalgebra are the causal functions of streams."""

MOORE = PolynomialFunctor("MOORE", (Summand("moore", "O", Directions.INPUT),))
"""`O*y^I`, that is O x (I -> X): as `MEALY`, with each output before its input."""
