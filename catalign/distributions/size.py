"""Laws of sizes: how many nodes the instances of a batch have.

Shapes are static, so that all instances of a batch have one size, and the size is drawn outside of
jit. A law is given by its quantile function; a draw is the quantile of a uniform number.
"""

import itertools
from abc import ABC, abstractmethod
from dataclasses import dataclass

import jax

from catalign._errors import InputError
from catalign._typing import KeyArray


class AbstractSizeLaw(ABC):
    """A law of the number of nodes."""

    @abstractmethod
    def quantile(self, u: float) -> int:
        """The size at a place of the unit interval.

        Maths: a map q from [0, 1) to sizes with `P(n) = length of {u : q(u) = n}`.
        """

    def sample(self, key: KeyArray) -> int:
        """Draws a size. Equal keys give equal sizes.

        Raises:
          InputError: The key is traced: a size must be known when a program is compiled.
        """
        try:
            u = float(jax.random.uniform(key))
        except jax.errors.ConcretizationTypeError as error:
            raise InputError(
                "`size` is a law, but `key` is traced, and shapes are static inside of jit. "
                "Draw the size outside, with `law.sample(key)`, and give the number."
            ) from error
        return self.quantile(u)


@dataclass(frozen=True)
class UniformSizes(AbstractSizeLaw):
    """Every size from `low` to `high`, each as likely.

    Raises:
      InputError: `low` is below 1, or above `high`.

    Example:
      >>> [UniformSizes(4, 7).quantile(u) for u in (0.0, 0.25, 0.9)]
      [4, 5, 7]
    """

    low: int
    high: int

    def __post_init__(self) -> None:
        if not 1 <= self.low <= self.high:
            raise InputError(
                f"`low` is {self.low} and `high` is {self.high}: give 1 <= low <= high."
            )

    def quantile(self, u: float) -> int:
        """Cuts [0, 1) into equal parts."""
        count = self.high - self.low + 1
        return self.low + min(int(u * count), count - 1)


@dataclass(frozen=True)
class Sizes(AbstractSizeLaw):
    """One of some sizes.

    Args:
      sizes: The sizes.
      weights: What each is drawn in proportion to; all alike if left out.

    Raises:
      InputError: There is no size, one is below 1, or the weights are not one non-negative number
        for each size with a positive sum.

    Example:
      >>> [Sizes((4, 16), weights=(3.0, 1.0)).quantile(u) for u in (0.0, 0.7, 0.8)]
      [4, 4, 16]

    Source: the sizes 4, 7, 11, 13 and 16 of Ibarz et al. 2022, arXiv 2209.11142.
    """

    sizes: tuple[int, ...] = (4, 7, 11, 13, 16)
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 1:
            raise InputError(f"`sizes` is {self.sizes}: give sizes of at least 1, such as (4, 16).")
        weights = self._weights
        is_law = len(weights) == len(self.sizes) and min(weights) >= 0.0
        if not is_law or not 0.0 < sum(weights) < float("inf"):
            raise InputError(
                f"`weights` is {self.weights}, but there are {len(self.sizes)} sizes: give one "
                "non-negative number for each, with a positive sum."
            )

    @property
    def _weights(self) -> tuple[float, ...]:
        return (1.0,) * len(self.sizes) if self.weights is None else self.weights

    def quantile(self, u: float) -> int:
        """Cuts [0, 1) into parts in proportion to the weights, in the order of the sizes."""
        mark = u * sum(self._weights)
        drawn = zip(self.sizes, self._weights, itertools.accumulate(self._weights), strict=True)
        possible = [(size, upto) for size, weight, upto in drawn if weight > 0.0]
        return next((size for size, upto in possible if mark < upto), possible[-1][0])
