"""Comonads as values, and the cofree comonad on a polynomial functor: behaviours with values.

A comonad takes structure away (`counit`) and shows at each place what lies below it (`duplicate`).
An element of the cofree comonad on F is a tree of constructors of F, finite or not, with a value at
every node. A coalgebra of F gives one for each state: its behaviour, with the state reached at each
node. That is the unrolled network of a coalgebra cell, as the free monad gives that of an algebra
cell, and its law is that looking twice is looking once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from catalign._typing import PyTree
from catalign.para.agreement import check_agreement
from catalign.para.functor import Directions, Element, PolynomialFunctor
from catalign.para.parametric import ParametricMap

Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Comonad:
    """A comonad.

    Maths: `eps_W . delta = id = W(eps) . delta` and `delta_W . delta = W(delta) . delta`.

    Args:
      name: Its name, for messages.
      map: `W(f)`, as `map(f, w)`.
      counit: `eps: W(X) -> X`.
      duplicate: `delta: W(X) -> W(W(X))`.
    """

    name: str
    map: Callable[[Function, Any], Any]
    counit: Function
    duplicate: Function


@dataclass(frozen=True)
class Behaviour:
    """An element of a cofree comonad: a value, and one layer of behaviours below it.

    Args:
      value: The value at the top.
      layer: Makes the layer below, an element of F whose children are behaviours. Called when it is
        looked at, because a behaviour may go on for ever.
    """

    value: PyTree
    layer: Callable[[], Element]


def cofree_comonad(functor: PolynomialFunctor) -> Comonad:
    """The cofree comonad on F: trees of constructors of F with a value at every node.

    Maths: `W(Z)` is the greatest X with `X = Z x F(X)`; for `O*y` these are streams of pairs.

    Args:
      functor: F.

    Example:
      >>> from catalign.para.functor import STREAM
      >>> streams = cofree_comonad(STREAM)
      >>> def count(n):
      ...     return Behaviour(n, lambda: STREAM.element("stream", "tick", count(n + 1)))
      >>> doubled = streams.map(lambda n: 2 * n, count(3))
      >>> [node["value"] for node in look(STREAM, doubled, depth=2)]
      [6, 8, 10]

    Source: Gavranovic et al. 2024, proposition B.18.
    """

    def extend(w: Behaviour, f: Function) -> Behaviour:
        return Behaviour(f(w), lambda: functor.map(lambda below: extend(below, f), w.layer()))

    return Comonad(
        f"cofree({functor.name})",
        lambda f, w: extend(w, lambda node: f(node.value)),
        lambda w: w.value,
        lambda w: extend(w, lambda node: node),
    )


def coextend(functor: PolynomialFunctor, cell: ParametricMap) -> ParametricMap:
    """The coalgebra of the cofree comonad that a parametric coalgebra gives: the cell, unrolled.

    Maths: `c*(p, x) = (x, F(c*(p, -))(c(p, x)))`, with `eps . c* = id` and
    `delta . c* = W(c*) . c*`.

    Args:
      functor: F.
      cell: A parametric coalgebra `P x X -> F(X)`.

    Example:
      >>> from catalign.para.functor import STREAM
      >>> grow = ParametricMap(lambda p, x: STREAM.element("stream", x % 2, p * x))
      >>> behaviour = coextend(STREAM, grow)(3, 1)
      >>> [(node["value"], node["label"]) for node in look(STREAM, behaviour, depth=2)]
      [(1, 1), (3, 1), (9, None)]

    Source: Gavranovic et al. 2024, conjecture G.12, for coalgebras.
    """

    def run(params: PyTree, state: PyTree) -> Behaviour:
        return Behaviour(
            state, lambda: functor.map(lambda x: run(params, x), cell.apply(params, state))
        )

    return ParametricMap(run, f"coextend({cell.name})")


def look(
    functor: PolynomialFunctor,
    behaviour: Behaviour,
    *,
    depth: int,
    inputs: Sequence[PyTree] = (),
    value: Function = lambda x: x,
) -> list[dict[str, PyTree]]:
    """The nodes of a behaviour down to a depth, each before those below it.

    Args:
      functor: F.
      behaviour: Of the cofree comonad on F.
      depth: How many layers to take off; the labels of the last nodes are not looked at.
      inputs: The inputs to try, where directions are inputs.
      value: What is kept of the value at a node.

    Returns:
      For each node its value, constructor and label; the latter two are None at the last depth.
    """
    node = {"value": value(behaviour.value), "position": None, "label": None}
    if depth == 0:
        return [node]
    element = behaviour.layer()
    summand = functor.summands[element.position]
    node["position"], node["label"] = summand.name, element.label
    if summand.directions is Directions.INPUT:
        below = [element.children(i) for i in inputs]
        if summand.label_sees_input:
            node["label"] = tuple(label for label, _ in below)
            below = [child for _, child in below]
    else:
        below = list(element.children)
    return [
        node,
        *(
            found
            for child in below
            for found in look(functor, child, depth=depth - 1, inputs=inputs, value=value)
        ),
    ]


def check_comonad(
    functor: PolynomialFunctor,
    comonad: Comonad,
    behaviours: Iterable[Behaviour],
    *,
    depth: int = 2,
    inputs: Sequence[PyTree] = (),
) -> None:
    """Raises unless the laws of a comonad hold on behaviours, down to a depth.

    Maths: both counits and coassociativity.

    Args:
      functor: F.
      comonad: W, whose elements are behaviours of F.
      behaviours: Samples of W(X).
      depth: How many layers are compared, at each of the nested levels.
      inputs: The inputs to try, where directions are inputs.

    Raises:
      AxiomError: A law fails; the message names it.
    """

    def seen(w: Behaviour, nested: int = 0) -> PyTree:
        inner = (lambda below: seen(below, nested - 1)) if nested else (lambda x: x)
        return look(functor, w, depth=depth, inputs=inputs, value=inner)

    def check(left: PyTree, right: PyTree, law: str) -> None:
        check_agreement(left, right, law=f"{law} for {comonad.name}")

    for w in behaviours:
        twice = comonad.duplicate(w)
        check(seen(comonad.counit(twice)), seen(w), "left counit eps_W . delta = id")
        check(seen(comonad.map(comonad.counit, twice)), seen(w), "right counit W(eps) . delta = id")
        check(
            seen(comonad.duplicate(twice), 2),
            seen(comonad.map(comonad.duplicate, twice), 2),
            "coassociativity delta_W . delta = W(delta) . delta",
        )
