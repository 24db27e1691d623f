"""Laws of edge weights.

`sample(key, n, directed=...)` gives a matrix `[n, n]`, symmetric unless `directed`.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

from catalign._errors import InputError
from catalign._typing import EdgeMatrix, KeyArray
from catalign.distributions.check import check_interval
from catalign.distributions.random import uniform, uniform_pairs


class AbstractWeightLaw(ABC):
    """A law of edge weights. Law: `sample` is symmetric unless `directed`."""

    @abstractmethod
    def sample(self, key: KeyArray, n: int, *, directed: bool) -> EdgeMatrix:
        """Draws a weight for every ordered pair of `n` nodes; `n` is static."""


@dataclass(frozen=True)
class BenchmarkWeights(AbstractWeightLaw):
    """The benchmark's weights.

    Maths: `w_uv ~ U[0, 1]`; undirected, `sqrt(w_uv w_vu + 0.001)`.

    Example:
      >>> BenchmarkWeights().sample(jax.random.key(0), 3, directed=False).shape
      (3, 3)
    """

    def sample(self, key: KeyArray, n: int, *, directed: bool) -> EdgeMatrix:
        """Draws a weight for every ordered pair of `n` nodes."""
        if directed:
            return uniform(key, (n, n))
        there, back = uniform_pairs(key, n)
        # A self-loop has one weight, which it meets as its own reverse.
        back = jnp.where(jnp.eye(n, dtype=bool), there, back)
        return jnp.sqrt(there * back + 0.001)


@dataclass(frozen=True)
class UniformWeights(AbstractWeightLaw):
    """Uniform in an interval.

    Raises:
      InputError: `low` is not below `high`.
    """

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        check_interval(self.low, self.high)

    def sample(self, key: KeyArray, n: int, *, directed: bool) -> EdgeMatrix:
        """Draws a weight for every ordered pair of `n` nodes."""
        drawn = uniform(key, (n, n), self.low, self.high)
        return drawn if directed else mirror(drawn)


@dataclass(frozen=True)
class LogUniformWeights(AbstractWeightLaw):
    """Uniform in the logarithm: weights of many orders of magnitude.

    Raises:
      InputError: Not `0 < low < high`.
    """

    low: float = 1e-3
    high: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.low < self.high:
            raise InputError(f"`low` is {self.low} and `high` is {self.high}: 0 < low < high.")

    def sample(self, key: KeyArray, n: int, *, directed: bool) -> EdgeMatrix:
        """Draws a weight for every ordered pair of `n` nodes."""
        drawn = jnp.exp(uniform(key, (n, n), math.log(self.low), math.log(self.high)))
        return drawn if directed else mirror(drawn)


@dataclass(frozen=True)
class IntegerWeights(AbstractWeightLaw):
    """Whole numbers from `low` to `high`, both included, as floats: many ties, and exact sums.

    Raises:
      InputError: `low` is above `high`.
    """

    low: int = 1
    high: int = 10

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise InputError(
                f"`low` is {self.low} and `high` is {self.high}: `low` must not be above."
            )

    def sample(self, key: KeyArray, n: int, *, directed: bool) -> EdgeMatrix:
        """Draws a weight for every ordered pair of `n` nodes."""
        drawn = jax.random.randint(key, (n, n), self.low, self.high + 1).astype(float)
        return drawn if directed else mirror(drawn)


@dataclass(frozen=True)
class ConstantWeights(AbstractWeightLaw):
    """The same weight everywhere."""

    value: float = 1.0

    def sample(self, key: KeyArray, n: int, *, directed: bool) -> EdgeMatrix:
        """Gives the weight of every ordered pair of `n` nodes."""
        del key, directed
        return jnp.full((n, n), self.value, dtype=float)


def mirror(weights: EdgeMatrix) -> Array:
    """The symmetric matrix with the same upper triangle.

    Example:
      >>> mirror(jnp.array([[1, 2], [3, 4]])).tolist()
      [[1, 2], [2, 4]]
    """
    return jnp.triu(weights) + jnp.triu(weights, k=1).T
