"""Reparametrisations: the 2-cells of Para, and weight tying as one of them.

A 2-cell `(P, f) => (P', f')` is a map `r: P' -> P` (note the direction) with `f' = f . (r x X)`.
2-cells compose one after the other (`after`) and along composites of maps (`beside`), and the two
agree (interchange). The associator and the unitors are 2-cells whose maps only rebracket, so that
Para is a bicategory.

Weight tying is the 2-cell along the copy `p -> (p, p)`. By the chain rule the gradient of a tied
parameter is the sum of the gradients of its copies.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from catalign._errors import AxiomError
from catalign._typing import PyTree
from catalign.para.agreement import difference
from catalign.para.parametric import ParametricMap, identity

Sample = tuple[PyTree, PyTree]
"""Parameters and an input at which a law is tried."""


@dataclass(frozen=True)
class TwoCell:
    """A 2-cell of Para: two parametric maps, and how the parameters of one give the other's.

    Maths: `r: P' -> P` with `f'(p', x) = f(r(p'), x)`.

    The equation is a claim until `check_two_cell` has tried it. `TwoCell.along` builds 2-cells for
    which it holds by definition.

    Args:
      source: The map `(P, f)`.
      target: The map `(P', f')`.
      r: From the parameters of `target` to those of `source`.

    Source: Gavranovic et al. 2024, definition G.1.
    """

    source: ParametricMap
    target: ParametricMap
    r: Callable[[PyTree], PyTree]

    @classmethod
    def along(cls, source: ParametricMap, r: Callable[[PyTree], PyTree]) -> "TwoCell":
        """The 2-cell from a map to its reparametrisation along `r`."""
        return cls(source, source.reparametrise(r), r)

    @classmethod
    def identity(cls, f: ParametricMap) -> "TwoCell":
        """The 2-cell that leaves the parameters of `f` alone."""
        return cls(f, f, lambda p: p)

    def after(self, first: "TwoCell") -> "TwoCell":
        """This 2-cell after another one, whose target is this one's source.

        Maths: `(r after s) = s . r`, because 2-cells and their maps point in opposite directions.

        Args:
          first: A 2-cell that ends in `self.source`.
        """
        return TwoCell(first.source, self.target, lambda p: first.r(self.r(p)))

    def beside(self, first: "TwoCell") -> "TwoCell":
        """This 2-cell along composites: from `f.then(g)` to `f'.then(g')`.

        Maths: `(s: g => g') * (r: f => f') = s x r`.

        Args:
          first: A 2-cell between the maps that are applied first.
        """
        return TwoCell(
            first.source.then(self.source),
            first.target.then(self.target),
            lambda qp: (self.r(qp[0]), first.r(qp[1])),
        )


def associator(f: ParametricMap, g: ParametricMap, h: ParametricMap) -> TwoCell:
    """The 2-cell from `f.then(g).then(h)` to `f.then(g.then(h))`.

    Maths: `((r, q), p) -> (r, (q, p))`.
    """
    return TwoCell(
        f.then(g).then(h),
        f.then(g.then(h)),
        lambda params: (params[0][0], (params[0][1], params[1])),
    )


def left_unitor(f: ParametricMap) -> TwoCell:
    """The 2-cell from `identity().then(f)` to `f`.

    Maths: `p -> (p, ())`.
    """
    return TwoCell(identity().then(f), f, lambda p: (p, ()))


def right_unitor(f: ParametricMap) -> TwoCell:
    """The 2-cell from `f.then(identity())` to `f`.

    Maths: `p -> ((), p)`.
    """
    return TwoCell(f.then(identity()), f, lambda p: ((), p))


def copy(params: PyTree) -> tuple[PyTree, PyTree]:
    """The copy `p -> (p, p)`."""
    return params, params


def stacked_copy(count: int) -> Callable[[PyTree], PyTree]:
    """The copy `p -> (p, ..., p)` as arrays with a new leading axis.

    Args:
      count: How many copies.

    Example:
      >>> stacked_copy(3)({"w": jnp.ones(2)})["w"].shape
      (3, 2)
    """
    return lambda params: jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf, (count, *jnp.shape(leaf))), params
    )


def tie(f: ParametricMap) -> TwoCell:
    """Weight tying: the 2-cell along the copy, from a map with two parameters of one type.

    Maths: `(P x P, f) => (P, f . (copy x X))`.

    Args:
      f: A map whose parameters are a pair of equal type, such as `g.then(g)`.

    Example:
      >>> layer = ParametricMap(lambda p, x: p * x + 1)
      >>> jax.grad(tie(layer.then(layer)).target)(2.0, 1.0).tolist()
      5.0
      >>> [g.tolist() for g in jax.grad(layer.then(layer))((2.0, 2.0), 1.0)]
      [3.0, 2.0]

    Source: Gavranovic et al. 2024, section 4.
    """
    return TwoCell.along(f, copy)


def is_two_cell(cell: TwoCell, samples: Iterable[Sample], *, tolerance: float = 0.0) -> bool:
    """Whether `f'(p', x) = f(r(p'), x)` on the samples.

    Args:
      cell: The claimed 2-cell.
      samples: Pairs of parameters of `cell.target` and an input.
      tolerance: The largest allowed difference.
    """
    return _counterexample(cell, samples, tolerance) is None


def check_two_cell(cell: TwoCell, samples: Iterable[Sample], *, tolerance: float = 0.0) -> None:
    """Raises unless `is_two_cell`, with the counterexample.

    Raises:
      AxiomError: The target is not the source with its parameters computed by `r`.

    Example:
      >>> scale, negative = (ParametricMap(lambda p, x, s=s: s * p * x) for s in (1, -1))
      >>> check_two_cell(TwoCell(scale, negative, lambda p: -p), [(2, 3)])
      >>> check_two_cell(TwoCell(scale, negative, lambda p: p), [(2, 3)])
      Traceback (most recent call last):
      ...
      catalign._errors.AxiomError: no 2-cell from f to f: at p'=2, x=3 f'(p', x) and f(r(p'), x)
      differ: the left side is -6, the right side is 6.
    """
    found = _counterexample(cell, samples, tolerance)
    if found is not None:
        (params, x), shown = found
        raise AxiomError(
            f"no 2-cell from {cell.source.name} to {cell.target.name}: at p'={params}, x={x} "
            f"f'(p', x) and f(r(p'), x) differ: {shown}."
        )


def _counterexample(
    cell: TwoCell, samples: Iterable[Sample], tolerance: float
) -> tuple[Sample, str] | None:
    for params, x in samples:
        found = difference(
            cell.target(params, x), cell.source(cell.r(params), x), tolerance=tolerance
        )
        if found is not None:
            return (params, x), found
    return None
