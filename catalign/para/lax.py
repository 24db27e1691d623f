"""Lax algebras in Para, and the comonoid that they force on their parameters.

A lax algebra of a monad T in Para is a parametric map `(P, a: P x T(X) -> X)` that satisfies the
laws of an algebra only up to 2-cells: one for the unit, which says how to delete a parameter, and
one for the product, which says how one parameter serves two nested applications. The coherence of
these 2-cells is exactly that P is a comonoid. So weight tying is not a choice of the programmer but
part of the algebra, and tying in another way is refused.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from catalign._typing import PyTree
from catalign.para.comonoid import DIAGONAL, Comonoid, check_comonoid
from catalign.para.monad import Monad
from catalign.para.parametric import ParametricMap, identity, pure
from catalign.para.two_cell import TwoCell, check_two_cell


@dataclass(frozen=True)
class LaxAlgebra:
    """An algebra of a monad in Para, up to 2-cells.

    Maths: 2-cells `epsilon: id => a . eta` and `delta: a . T(a) => a . mu`, that is
    `a(p, eta(x)) = x` and `a(p, mu(t)) = a(p_1, T(a(p_2, -))(t))` with `(p_1, p_2) = copy(p)`.

    Args:
      monad: T.
      action: `(P, a)`.
      delete: The map `P -> ()` of the 2-cell epsilon.
      copy: The map `P -> P x P` of the 2-cell delta.

    Example:
      >>> from catalign.algebra.monoid import Monoid
      >>> from catalign.para.monad import action_monad
      >>> counts = action_monad(Monoid(name="count", op=lambda a, b: a + b, unit=0))
      >>> power = ParametricMap(lambda p, t: p ** t[0] * t[1], name="power")
      >>> lax = LaxAlgebra(counts, power)
      >>> check_lax_algebra(lax, [2, 3], values=[5], nested=[(1, (2, 5))])
      >>> careless = LaxAlgebra(counts, power, copy=lambda p: (p, p + 1))
      >>> check_lax_algebra(careless, [2], values=[5], nested=[(1, (2, 5))])
      Traceback (most recent call last):
      ...
      catalign._errors.AxiomError: no 2-cell from count x -(power).then(power) to pure.then(power):
      at p'=2, x=(1, (2, 5)) f'(p', x) and f(r(p'), x) differ: the left side is 40, the right side
      is 90.

    Source: Gavranovic et al. 2024, definition F.2 and theorem G.10.
    """

    monad: Monad
    action: ParametricMap
    delete: Callable[[PyTree], tuple[()]] = DIAGONAL.delete
    copy: Callable[[PyTree], tuple[PyTree, PyTree]] = DIAGONAL.copy

    @property
    def epsilon(self) -> TwoCell:
        """The 2-cell of the unit, from the identity to `a . eta`."""
        target = pure(self.monad.unit).then(self.action).reparametrise(lambda p: (p, ()))
        return TwoCell(identity(), target, self.delete)

    @property
    def delta(self) -> TwoCell:
        """The 2-cell of the product, from `a . T(a)` to `a . mu`."""
        after_multiply = pure(self.monad.multiply).then(self.action)
        return TwoCell(
            self.monad.lift(self.action).then(self.action),
            after_multiply.reparametrise(lambda p: (p, ()), name=after_multiply.name),
            self.copy,
        )

    @property
    def comonoid(self) -> Comonoid:
        """The comonoid on P that the 2-cells give."""
        return Comonoid(self.copy, self.delete)


def check_lax_algebra(
    lax: LaxAlgebra,
    params: Iterable[PyTree],
    *,
    values: Iterable[Any],
    nested: Iterable[Any],
    tolerance: float = 0.0,
) -> None:
    """Raises unless a lax algebra satisfies its laws on the samples.

    Checks the two 2-cells, then their coherence: that P is a comonoid. The coherence is checked of
    the 2-cells themselves and not of the maps they relate, so tying that is no comonoid is refused
    also where the algebra happens not to notice.

    Args:
      lax: The lax algebra.
      params: Samples of P.
      values: Samples of X.
      nested: Samples of T(T(X)).
      tolerance: The largest allowed difference.

    Raises:
      AxiomError: A 2-cell does not relate its maps, or P is no comonoid.
    """
    params, values, nested = list(params), list(values), list(nested)
    check_two_cell(lax.epsilon, [(p, x) for p in params for x in values], tolerance=tolerance)
    check_two_cell(lax.delta, [(p, t) for p in params for t in nested], tolerance=tolerance)
    check_comonoid(lax.comonoid, params, tolerance=tolerance)
