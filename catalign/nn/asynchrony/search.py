"""Finding out how much of a layer may run out of order: a search for counterexamples."""

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign._errors import InputError
from catalign._typing import KeyArray
from catalign.nn.asynchrony.invariance import SIDES, Draws, draw
from catalign.nn.asynchrony.law import Law, Level, level_of
from catalign.nn.asynchrony.processor import AsynchronousProcessor


@dataclass(frozen=True, kw_only=True)
class AsynchronyReport:
    """What a search over draws found.

    Attributes:
      layer: The name of the layer's class.
      defects: The largest difference of the two sides of each law; inf where one is infinite or
        NaN and the other is not so.
      tolerance: The largest defect of a law that counts as kept.
      draws: How many were tried.
    """

    layer: str
    defects: Mapping[Law, float]
    tolerance: float
    draws: int

    @property
    def kept(self) -> frozenset[Law]:
        """The laws without a counterexample: *checked*, not proved."""
        return frozenset(law for law, size in self.defects.items() if size <= self.tolerance)

    @property
    def level(self) -> Level:
        """The level that the kept laws make."""
        return level_of(self.kept)

    def __str__(self) -> str:
        rows = [
            f"  {'keeps ' if law in self.kept else 'breaks'} {law.value:48} defect {size:.3g}"
            for law, size in self.defects.items()
        ]
        return "\n".join([f"{self.layer}: {self.level.name} on {self.draws} draws", *rows])


def asynchrony_level(
    layer: AsynchronousProcessor, key: KeyArray, *, count: int = 256, tolerance: float = 0.0
) -> AsynchronyReport:
    """Searches for counterexamples to each law among draws, some with units, repeats and ties.

    Args:
      layer: The layer, with the parameters that it has.
      key: Where chance comes from.
      count: How many draws to try.
      tolerance: The largest difference that counts as none. At 0, equality is exact; laws that
        hold up to rounding, such as those of sums, need more.

    Raises:
      InputError: `count` is below 1.

    Example:
      >>> from flax import nnx
      >>> from catalign.nn.asynchrony.processor import L3Tropical
      >>> asynchrony_level(L3Tropical(4, 2, rngs=nnx.Rngs(0)), jax.random.key(0)).level
      <Level.L3: 3>
    """
    if count < 1:
        raise InputError(f"`count` is {count}, but it must be at least 1.")
    draws = _with_edges(layer, draw(layer, key, count), jax.random.fold_in(key, 1))
    defects = {
        law: max(_defect(*sides) for sides in both(layer, draws)) for law, both in SIDES.items()
    }
    return AsynchronyReport(
        layer=type(layer).__name__, defects=defects, tolerance=tolerance, draws=count
    )


def _with_edges(layer: AsynchronousProcessor, draws: Draws, key: KeyArray) -> Draws:
    """Sets units into messages and arguments, and makes some of them repeats of others."""
    unit, keys = layer.monoid.unit, iter(jax.random.split(key, 8))

    def mix(value: Array, other: Array) -> Array:
        is_unit, is_same = (jax.random.bernoulli(next(keys), 0.15, value.shape) for _ in range(2))
        return jnp.where(is_same, other, jnp.where(is_unit, unit, value))

    first = mix(draws.first, draws.state)
    a = mix(draws.a, draws.c)
    second, b = mix(draws.second, first), mix(draws.b, a)
    return draws._replace(first=first, second=second, a=a, b=b)


def _defect(left: Array, right: Array) -> float:
    a, b = np.asarray(left), np.asarray(right)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    finite = np.isfinite(a) & np.isfinite(b)
    far = np.abs(np.where(finite, a, 0) - np.where(finite, b, 0))
    return float(np.max(np.where(same, 0.0, np.where(finite, far, np.inf)), initial=0.0))
