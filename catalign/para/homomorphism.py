"""Homomorphisms of algebras and coalgebras, as checks and as training losses.

A function between carriers is a homomorphism if it does not matter whether one layer is put
together (or taken off) before or after it. For the functor `G*y` of an action this is equivariance;
for lists it is what a fold satisfies; so it is read as generalised equivariance. A network that
ought to be one is trained towards it by the squared defect.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from catalign._errors import AxiomError
from catalign._typing import PyTree, Scalar
from catalign.para.agreement import difference
from catalign.para.functor import Element
from catalign.para.strength import observe
from catalign.para.structure import Algebra, Coalgebra

Function = Callable[[PyTree], PyTree]


def is_algebra_homomorphism(
    f: Function,
    source: Algebra,
    target: Algebra,
    *,
    elements: Sequence[Element],
    tolerance: float = 0.0,
) -> bool:
    """Whether `f . a = b . F(f)` on the samples.

    Args:
      f: From the carrier of `source` to that of `target`.
      source: `a: F(X) -> X`.
      target: `b: F(Y) -> Y`.
      elements: Samples of F(X).
      tolerance: The largest allowed difference.

    Example:
      >>> from catalign.para.functor import LIST
      >>> total = Algebra.from_cases(LIST, nil=lambda: 0, cons=lambda a, x: a + x)
      >>> parity = Algebra.from_cases(LIST, nil=lambda: 0, cons=lambda a, x: (a + x) % 2)
      >>> some = [LIST.element("nil"), LIST.element("cons", 3, 4)]
      >>> is_algebra_homomorphism(lambda n: n % 2, total, parity, elements=some)
      True
    """
    return _algebra_counterexample(f, source, target, elements, tolerance) is None


def check_algebra_homomorphism(
    f: Function,
    source: Algebra,
    target: Algebra,
    *,
    elements: Sequence[Element],
    tolerance: float = 0.0,
) -> None:
    """Raises unless `is_algebra_homomorphism`, with the counterexample.

    Raises:
      AxiomError: `f . a` and `b . F(f)` differ, or the algebras are of different functors.
    """
    found = _algebra_counterexample(f, source, target, elements, tolerance)
    if found is not None:
        raise AxiomError(f"not a homomorphism of algebras: f . a = b . F(f) fails {found}.")


def algebra_loss(
    f: Function, source: Algebra, target: Algebra, *, elements: Sequence[Element]
) -> Scalar:
    """How far a function is from being a homomorphism of algebras.

    Maths: the sum over elements t of the mean of `(f(a(t)) - b(F(f)(t)))^2`; 0 exactly for
    homomorphisms on these samples.

    Args:
      f: From the carrier of `source` to that of `target`, differentiable.
      source: `a: F(X) -> X`.
      target: `b: F(Y) -> Y`.
      elements: Samples of F(X); for a batch, take `jax.vmap` of this loss.

    Raises:
      AxiomError: The algebras are of different functors.
    """
    _check_functors(source, target)
    pairs = [(f(source(t)), target(source.functor.map(f, t))) for t in elements]
    return _squares(pairs)


def is_coalgebra_homomorphism(
    f: Function,
    source: Coalgebra,
    target: Coalgebra,
    *,
    states: Sequence[PyTree],
    inputs: Sequence[PyTree] = (),
    tolerance: float = 0.0,
) -> bool:
    """Whether `F(f) . a = b . f` on the samples.

    Args:
      f: From the carrier of `source` to that of `target`.
      source: `a: X -> F(X)`.
      target: `b: Y -> F(Y)`.
      states: Samples of X.
      inputs: Samples of the inputs, for machines.
      tolerance: The largest allowed difference.

    Example:
      >>> from catalign.para.functor import STREAM
      >>> naturals = Coalgebra(STREAM, lambda n: STREAM.element("stream", n % 2, n + 1))
      >>> blinker = Coalgebra(STREAM, lambda b: STREAM.element("stream", b, 1 - b))
      >>> is_coalgebra_homomorphism(lambda n: n % 2, naturals, blinker, states=range(4))
      True
    """
    return _coalgebra_counterexample(f, source, target, states, inputs, tolerance) is None


def check_coalgebra_homomorphism(
    f: Function,
    source: Coalgebra,
    target: Coalgebra,
    *,
    states: Sequence[PyTree],
    inputs: Sequence[PyTree] = (),
    tolerance: float = 0.0,
) -> None:
    """Raises unless `is_coalgebra_homomorphism`, with the counterexample.

    Raises:
      AxiomError: `F(f) . a` and `b . f` differ, or the coalgebras are of different functors.
    """
    found = _coalgebra_counterexample(f, source, target, states, inputs, tolerance)
    if found is not None:
        raise AxiomError(f"not a homomorphism of coalgebras: F(f) . a = b . f fails {found}.")


def coalgebra_loss(
    f: Function,
    source: Coalgebra,
    target: Coalgebra,
    *,
    states: Sequence[PyTree],
    inputs: Sequence[PyTree] = (),
) -> Scalar:
    """How far a function is from being a homomorphism of coalgebras.

    Maths: the sum over states x of the mean of `(F(f)(a(x)) - b(f(x)))^2`, over label and
    children.

    Args:
      f: From the carrier of `source` to that of `target`, differentiable.
      source: `a: X -> F(X)`, of a functor with one constructor.
      target: `b: Y -> F(Y)`.
      states: Samples of X; for a batch, take `jax.vmap` of this loss.
      inputs: Samples of the inputs, for machines.

    Raises:
      AxiomError: The coalgebras are of different functors, or of one with a choice of
        constructors, for which the difference of two elements is no number.
    """
    _check_functors(source, target)
    functor = source.functor
    if len(functor.summands) > 1:
        raise AxiomError(
            f"{functor.name} = {functor} chooses between constructors, and that choice has no "
            "gradient. Use `is_coalgebra_homomorphism`."
        )
    pairs = [
        (
            observe(functor, functor.map(f, source(x)), inputs)[1:],
            observe(functor, target(f(x)), inputs)[1:],
        )
        for x in states
    ]
    return _squares(pairs)


def _check_functors(source: Algebra | Coalgebra, target: Algebra | Coalgebra) -> None:
    if source.functor != target.functor:
        raise AxiomError(
            f"`source` is of {source.functor.name} = {source.functor} but `target` of "
            f"{target.functor.name} = {target.functor}. Homomorphisms need one functor."
        )


def _algebra_counterexample(
    f: Function, source: Algebra, target: Algebra, elements: Sequence[Element], tolerance: float
) -> str | None:
    _check_functors(source, target)
    for t in elements:
        found = difference(f(source(t)), target(source.functor.map(f, t)), tolerance=tolerance)
        if found is not None:
            name = source.functor.summands[t.position].name
            return f"at {name}(label={t.label}, children={t.children}): {found}"
    return None


def _coalgebra_counterexample(
    f: Function,
    source: Coalgebra,
    target: Coalgebra,
    states: Sequence[PyTree],
    inputs: Sequence[PyTree],
    tolerance: float,
) -> str | None:
    _check_functors(source, target)
    functor = source.functor
    for x in states:
        left = observe(functor, functor.map(f, source(x)), inputs)
        right = observe(functor, target(f(x)), inputs)
        found = difference(left, right, tolerance=tolerance)
        if found is not None:
            return f"at state {x}: {found}"
    return None


def _squares(pairs: list[tuple[PyTree, PyTree]]) -> Scalar:
    squares = jax.tree.map(
        lambda a, b: jnp.mean(jnp.square(a - b)), *map(list, zip(*pairs, strict=True))
    )
    return jnp.sum(jnp.stack(jax.tree.leaves(squares)))
