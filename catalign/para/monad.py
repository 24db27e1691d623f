"""Monads as values: the actions of a monoid, and the free monad on a polynomial functor.

A monad T adds structure around values (`unit` adds none) and flattens nested structure
(`multiply`). An algebra of the monad of a monoid M is a set on which M acts; an algebra of the free
monad on F is an algebra of F, run over trees whose ends are values.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jax

from catalign._typing import PyTree
from catalign.algebra.monoid import Monoid
from catalign.para.agreement import check_agreement
from catalign.para.functor import Element, PolynomialFunctor
from catalign.para.parametric import ParametricMap

Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Monad:
    """A monad with its strength.

    Maths: `mu . T(mu) = mu . mu_T` and `mu . T(eta) = id = mu . eta_T`.

    Args:
      name: Its name, for messages.
      map: `T(f)`, as `map(f, t)`.
      unit: `eta: X -> T(X)`.
      multiply: `mu: T(T(X)) -> T(X)`.
    """

    name: str
    map: Callable[[Function, Any], Any]
    unit: Function
    multiply: Function

    def strength(self, params: PyTree, t: Any) -> Any:
        """Hands a copy of the parameters to every value.

        Maths: `sigma: P x T(X) -> T(P x X)`, which respects `unit` and `multiply`.
        """
        return self.map(lambda x: (params, x), t)

    def lift(self, f: ParametricMap) -> ParametricMap:
        """A parametric map applied to every value, with one copy of the parameters for all.

        Maths: `Para(T)(P, f) = (P, T(f) . sigma)`.
        """
        return ParametricMap(
            lambda p, t: self.map(lambda px: f.apply(*px), self.strength(p, t)),
            f"{self.name}({f.name})",
        )


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class End:
    """Where a tree of a free monad ends in a value.

    Args:
      value: The value.
    """

    value: PyTree


def action_monad(monoid: Monoid) -> Monad:
    """The monad `M x -`, whose algebras are the actions of a monoid M.

    Maths: `eta(x) = (1, x)` and `mu(m, (n, x)) = (m.n, x)`.

    Args:
      monoid: M.

    Example:
      >>> words = action_monad(Monoid(name="words", op=lambda a, b: a + b, unit=""))
      >>> words.unit("x"), words.multiply(("not ", ("yet", "x")))
      (('', 'x'), ('not yet', 'x'))
    """
    return Monad(
        f"{monoid.name} x -",
        lambda f, t: (t[0], f(t[1])),
        lambda x: (monoid.unit, x),
        lambda t: (monoid.op(t[0], t[1][0]), t[1][1]),
    )


def free_monad(functor: PolynomialFunctor) -> Monad:
    """The free monad on F: trees of constructors of F that end in values, on the host.

    Maths: `T(Z)` is the least X with `X = F(X) + Z`; for `1 + A*y` these are lists that end in a
    value of Z or in nil.

    Args:
      functor: F.

    Example:
      >>> from catalign.para.functor import LIST
      >>> lists = free_monad(LIST)
      >>> nested = LIST.element("cons", 1, End(LIST.element("cons", 2, End("rest"))))
      >>> lists.multiply(nested).children[0].children
      (End(value='rest'),)

    Source: Gavranovic et al. 2024, proposition B.18.
    """

    def bind(t: End | Element, f: Function) -> Any:
        if isinstance(t, End):
            return f(t.value)
        return functor.map(lambda child: bind(child, f), t)

    return Monad(
        f"free({functor.name})",
        lambda f, t: bind(t, lambda x: End(f(x))),
        End,
        lambda t: bind(t, lambda inner: inner),
    )


def extend(functor: PolynomialFunctor, cell: ParametricMap) -> ParametricMap:
    """The algebra of the free monad that a parametric algebra of F gives: the cell, unrolled.

    Maths: `a*(p, end(x)) = x`, and on a constructor `a(p, F(a*(p, -)))`.

    Args:
      functor: F.
      cell: A parametric algebra `P x F(X) -> X`.

    Example:
      >>> from catalign.para.functor import LIST
      >>> horner = ParametricMap(
      ...     lambda p, t: LIST.match(t, nil=lambda: 0, cons=lambda a, x: a + p * x))
      >>> extend(LIST, horner)(10, LIST.element("cons", 3, End(7)))
      73

    Source: Gavranovic et al. 2024, conjecture G.12.
    """

    def run(params: PyTree, t: End | Element) -> PyTree:
        if isinstance(t, End):
            return t.value
        return cell.apply(params, functor.map(lambda child: run(params, child), t))

    return ParametricMap(run, f"extend({cell.name})")


def check_monad(
    monad: Monad, values: Iterable[Any], *, nested: Iterable[Any], params: PyTree = 0
) -> None:
    """Raises unless the laws of a monad and of its strength hold on the samples.

    Maths: associativity and both units; `sigma . (P x eta) = eta` and
    `sigma . (P x mu) = mu . T(sigma) . sigma`.

    Args:
      monad: T.
      values: Samples of T(X).
      nested: Samples of T(T(T(X))).
      params: A parameter for the laws of the strength.

    Raises:
      AxiomError: A law fails; the message names it.
    """

    def check(left: Any, right: Any, law: str) -> None:
        check_agreement(left, right, law=f"{law} for {monad.name}")

    for t in values:
        check(monad.multiply(monad.unit(t)), t, "left unit mu . eta_T = id")
        check(monad.multiply(monad.map(monad.unit, t)), t, "right unit mu . T(eta) = id")
        check(
            monad.strength(params, monad.unit(t)),
            monad.unit((params, t)),
            "strength of the unit sigma . (P x eta) = eta",
        )
    for t in nested:
        flat = monad.multiply(t)
        check(
            monad.multiply(monad.map(monad.multiply, t)),
            monad.multiply(flat),
            "associativity mu . T(mu) = mu . mu_T",
        )
        check(
            monad.strength(params, flat),
            monad.multiply(monad.map(lambda px: monad.strength(*px), monad.strength(params, t))),
            "strength of the product sigma . (P x mu) = mu . T(sigma) . sigma",
        )
