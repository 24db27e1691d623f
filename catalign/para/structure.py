"""Algebras and coalgebras of polynomial functors.

An algebra `F(X) -> X` says how to put one layer together, a coalgebra `X -> F(X)` how to take one
layer off. `fold` runs an algebra over a whole tree, `unfold` a coalgebra for many steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

from catalign._typing import PyTree
from catalign.para.functor import Element, PolynomialFunctor


@dataclass(frozen=True)
class Algebra:
    """A map from one layer of values to a value.

    Maths: `a: F(X) -> X`, without equations.

    Args:
      functor: F.
      structure: The map a.

    Example:
      >>> from catalign.para.functor import LIST
      >>> total = Algebra.from_cases(LIST, nil=lambda: 0, cons=lambda head, tail: head + tail)
      >>> total(LIST.element("cons", 2, 3))
      5
    """

    functor: PolynomialFunctor
    structure: Callable[[Element], PyTree]

    @classmethod
    def from_cases(cls, functor: PolynomialFunctor, **cases: Callable[..., PyTree]) -> "Algebra":
        """An algebra given by one function for each constructor.

        Args:
          functor: F.
          **cases: As in `PolynomialFunctor.match`.
        """
        return cls(functor, lambda element: functor.match(element, **cases))

    def __call__(self, element: Element) -> PyTree:
        """Applies the structure map."""
        return self.structure(element)


@dataclass(frozen=True)
class Coalgebra:
    """A map from a state to one layer of states.

    Maths: `a: X -> F(X)`, without equations.

    Args:
      functor: F.
      structure: The map a.

    Example:
      >>> from catalign.para.functor import STREAM
      >>> naturals = Coalgebra(STREAM, lambda n: STREAM.element("stream", n, n + 1))
      >>> naturals(4).label, naturals(4).children
      (4, (5,))
    """

    functor: PolynomialFunctor
    structure: Callable[[PyTree], Element]

    def __call__(self, state: PyTree) -> Element:
        """Applies the structure map."""
        return self.structure(state)
