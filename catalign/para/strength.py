"""Strength: how a functor acts on parametric maps, and the axioms it needs for that.

A strength `sigma: P x F(X) -> F(P x X)` hands the parameters to every child. With it F lifts to
`Para(F)`, which takes `(P, f)` to `(P, F(f) . sigma)`: the recursive calls of a network share the
parameters of the network.
"""

from collections.abc import Callable, Sequence
from typing import Any

from catalign._typing import PyTree
from catalign.para.agreement import check_agreement
from catalign.para.functor import Directions, Element, PolynomialFunctor
from catalign.para.parametric import ParametricMap

Strength = Callable[[PyTree, Element], Element]


def lift(functor: PolynomialFunctor, f: ParametricMap) -> ParametricMap:
    """A parametric map applied to every child, with one copy of the parameters for all.

    Maths: `Para(F)(P, f) = (P, F(f) . sigma)`; it respects composition and identities.

    Args:
      functor: F.
      f: A parametric map X -> Y.

    Returns:
      A parametric map F(X) -> F(Y).

    Example:
      >>> from catalign.para.functor import TREE
      >>> scale = ParametricMap(lambda p, x: p * x, name="scale")
      >>> lift(TREE, scale)(10, TREE.element("node", 1, 2)).children
      (10, 20)

    Source: Gavranovic et al. 2024, example G.8.
    """
    return ParametricMap(
        lambda p, t: functor.map(lambda px: f.apply(*px), functor.strength(p, t)),
        f"{functor.name}({f.name})",
    )


def observe(functor: PolynomialFunctor, element: Element, inputs: Sequence[PyTree] = ()) -> PyTree:
    """What can be seen of an element: a function of inputs is seen by its answers.

    Args:
      functor: Whose element it is.
      element: The element.
      inputs: The inputs to try; at least one where directions are inputs.

    Returns:
      The position, label and children as a pytree.
    """
    if any(summand.directions is Directions.INPUT for summand in functor.summands):
        return element.position, element.label, tuple(element.children(i) for i in inputs)
    return element.position, element.label, element.children


def check_strength(
    functor: PolynomialFunctor,
    elements: Sequence[Element],
    *,
    params: tuple[PyTree, PyTree],
    strength: Strength | None = None,
    functions: tuple[Callable[[Any], Any], Callable[[Any], Any]] = (
        lambda p: (p, p),
        lambda x: (x,),
    ),
    inputs: Sequence[PyTree] = (),
) -> None:
    """Raises unless a strength is natural and satisfies its two axioms on the samples.

    Maths: unit `F(snd) . sigma_(1,X) = snd`; product `F(assoc) . sigma_(PxQ,X) = sigma_(P,QxX) .
    (P x sigma_(Q,X)) . assoc`; natural `F(g x h) . sigma_(P,X) = sigma_(P',Y) . (g x F(h))`.

    Args:
      functor: F.
      elements: Elements of F(X).
      params: Two parameters p and q.
      strength: The strength to check, by default that of the functor.
      functions: `g` on parameters and `h` on children, for naturality.
      inputs: Inputs to try, where directions are inputs.

    Raises:
      AxiomError: One of the equations fails; the message names it.

    Source: Gavranovic et al. 2024, definition E.7.
    """
    sigma = functor.strength if strength is None else strength
    (p, q), (g, h) = params, functions

    def check(left: Element, right: Element, law: str) -> None:
        check_agreement(
            observe(functor, left, inputs),
            observe(functor, right, inputs),
            law=f"{law} for {functor.name}",
        )

    for t in elements:
        check(functor.map(lambda ux: ux[1], sigma((), t)), t, "unit axiom F(snd) . sigma = snd")
        check(
            functor.map(lambda pqx: (pqx[0][0], (pqx[0][1], pqx[1])), sigma((p, q), t)),
            sigma(p, sigma(q, t)),
            "product axiom F(assoc) . sigma = sigma . (P x sigma) . assoc",
        )
        check(
            functor.map(lambda px: (g(px[0]), h(px[1])), sigma(p, t)),
            sigma(g(p), functor.map(h, t)),
            "naturality F(g x h) . sigma = sigma . (g x F(h))",
        )
