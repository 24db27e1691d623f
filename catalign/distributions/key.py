"""Laws of keys, the numbers to sort, search and select: `sample(key, n)` gives `[n]`."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from catalign._errors import InputError
from catalign._typing import KeyArray
from catalign.distributions.check import check_interval
from catalign.distributions.random import uniform


class AbstractKeyLaw(ABC):
    """A law of n numbers."""

    @abstractmethod
    def sample(self, key: KeyArray, n: int) -> Float[Array, " n"]:
        """Draws `n` keys; `n` is static."""


@dataclass(frozen=True)
class UniformKeys(AbstractKeyLaw):
    """Uniform in an interval, on their own.

    Raises:
      InputError: `low` is not below `high`.

    Example:
      >>> import jax
      >>> UniformKeys().sample(jax.random.key(0), 4).shape
      (4,)
    """

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        check_interval(self.low, self.high)

    def sample(self, key: KeyArray, n: int) -> Float[Array, " n"]:
        """Draws `n` keys."""
        return uniform(key, (n,), self.low, self.high)


@dataclass(frozen=True)
class LogUniformKeys(AbstractKeyLaw):
    """Uniform in the logarithm: many orders of magnitude.

    Raises:
      InputError: Not `0 < low < high`.
    """

    low: float = 1e-6
    high: float = 1.0

    def __post_init__(self) -> None:
        check_interval(self.low, self.high)
        if self.low <= 0.0:
            raise InputError(f"`low` is {self.low}: a logarithm needs a number above 0.")

    def sample(self, key: KeyArray, n: int) -> Float[Array, " n"]:
        """Draws `n` keys."""
        return jnp.exp(uniform(key, (n,), math.log(self.low), math.log(self.high)))


@dataclass(frozen=True)
class TiedKeys(AbstractKeyLaw):
    """Uniform over few values, so that most keys have equals.

    Args:
      values: The number of values: 0, 1 / values, 2 / values, and so on below 1.

    Raises:
      InputError: `values` is below 1.
    """

    values: int = 3

    def __post_init__(self) -> None:
        if self.values < 1:
            raise InputError(f"`values` is {self.values}: there is at least one value.")

    def sample(self, key: KeyArray, n: int) -> Float[Array, " n"]:
        """Draws `n` keys."""
        return jnp.floor(uniform(key, (n,)) * self.values) / self.values


@dataclass(frozen=True)
class SortedKeys(AbstractKeyLaw):
    """The keys of another law in rising order.

    Example:
      >>> import jax
      >>> drawn = SortedKeys().sample(jax.random.key(0), 5)
      >>> bool((drawn[1:] >= drawn[:-1]).all())
      True
    """

    of: AbstractKeyLaw = UniformKeys()

    def sample(self, key: KeyArray, n: int) -> Float[Array, " n"]:
        """Draws `n` keys."""
        return jnp.sort(self.of.sample(key, n))


@dataclass(frozen=True)
class ReversedKeys(AbstractKeyLaw):
    """The keys of another law in falling order."""

    of: AbstractKeyLaw = UniformKeys()

    def sample(self, key: KeyArray, n: int) -> Float[Array, " n"]:
        """Draws `n` keys."""
        return jnp.sort(self.of.sample(key, n))[::-1]


@dataclass(frozen=True)
class OrganPipeKeys(AbstractKeyLaw):
    """The keys of another law, rising to the middle and falling from it.

    Example:
      >>> import jax
      >>> drawn = OrganPipeKeys().sample(jax.random.key(0), 5)
      >>> int(drawn.argmax())
      2
    """

    of: AbstractKeyLaw = UniformKeys()

    def sample(self, key: KeyArray, n: int) -> Float[Array, " n"]:
        """Draws `n` keys."""
        rising = jnp.sort(self.of.sample(key, n))
        return jnp.concatenate([rising[::2], rising[1::2][::-1]])
