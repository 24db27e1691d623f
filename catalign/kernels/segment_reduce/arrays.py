"""What all versions do with arrays of messages, of which the first axis counts."""

import math

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.monoid import CommutativeMonoid, Values


def take(x: Values, index: Array) -> Values:
    """The rows of an array, or of each in a pytree."""
    return jax.tree.map(lambda leaf: leaf.at[index].get(mode="promise_in_bounds"), x)


def units(monoid: CommutativeMonoid, like: Values, lead: tuple[int, ...] = (1,)) -> Values:
    """Units in the place of the first axis of `like`; of integers, the extreme one for infinity."""

    def full(unit: float, leaf: Array) -> Array:
        if jnp.issubdtype(leaf.dtype, jnp.integer) and math.isinf(unit):
            unit = jnp.iinfo(leaf.dtype).max if unit > 0 else jnp.iinfo(leaf.dtype).min
        return jnp.full((*lead, *leaf.shape[1:]), unit, leaf.dtype)

    return jax.tree.map(full, monoid.unit, like)


def attains(values: Array, total: Array) -> Array:
    """Whether each value is the sum; a NaN attains NaN."""
    return (values == total) | ((values != values) & (total != total))


def column(x: Array, ndim: int) -> Array:
    """A vector as the first of several axes."""
    return x.reshape(x.shape + (1,) * (ndim - 1))
