"""Laws of reuse: how often the instances of a stream of batches are ones that were seen before.

A law turns the key of a batch into one key for each of its instances; equal keys make equal
instances. It holds no data: an instance that is used again is drawn again.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Key

from catalign._errors import InputError
from catalign._typing import KeyArray
from catalign.distributions.check import check_probability


class AbstractReuseLaw(ABC):
    """A law of which instances a batch holds."""

    @abstractmethod
    def keys(self, key: KeyArray, batch_size: int) -> Key[Array, " batch"]:
        """The keys of the instances of one batch, `[batch_size]`; `batch_size` is static."""


@dataclass(frozen=True)
class Fresh(AbstractReuseLaw):
    """Every instance is new.

    Example:
      >>> Fresh().keys(jax.random.key(0), 3).shape
      (3,)
    """

    def keys(self, key: KeyArray, batch_size: int) -> Key[Array, " batch"]:
        """Splits the key of the batch."""
        return jax.random.split(key, batch_size)


@dataclass(frozen=True)
class Budget(AbstractReuseLaw):
    """Every instance is one of a fixed number, each as likely: a data set of that size.

    Args:
      instances: How many there are.
      seed: Which ones.

    Raises:
      InputError: There are none.

    Example:
      >>> keys = Budget(2).keys(jax.random.key(0), 16)
      >>> len({tuple(k) for k in jax.random.key_data(keys).tolist()})
      2
    """

    instances: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.instances < 1:
            raise InputError(f"`instances` is {self.instances}: a budget has at least one.")

    def keys(self, key: KeyArray, batch_size: int) -> Key[Array, " batch"]:
        """Draws places in the data set, with repetition."""
        places = jax.random.randint(key, (batch_size,), 0, self.instances, dtype=jnp.int32)
        known = jax.random.key(self.seed)
        return jax.vmap(lambda place: jax.random.fold_in(known, place))(places)


@dataclass(frozen=True)
class TwoSet(AbstractReuseLaw):
    """Some instances come from a small set that is seen again and again, the others are new.

    Args:
      instances: The size S of the small set.
      p: The probability that an instance comes from it.
      seed: Which instances the small set holds.

    Raises:
      InputError: The set is empty, or `p` is no probability.

    Source: Charton & Kempe, Emergent properties with repeated examples, 2024.
    """

    instances: int
    p: float
    seed: int = 0

    def __post_init__(self) -> None:
        check_probability("p", self.p)
        Budget(self.instances)

    def keys(self, key: KeyArray, batch_size: int) -> Key[Array, " batch"]:
        """Draws from the small set with probability `p`, and anew otherwise."""
        coins, again, fresh = jax.random.split(key, 3)
        repeated = Budget(self.instances, self.seed).keys(again, batch_size)
        new = Fresh().keys(fresh, batch_size)
        known = jax.random.bernoulli(coins, self.p, (batch_size,))
        return jax.vmap(lambda a, b, c: jax.lax.select(a, b, c))(known, repeated, new)
