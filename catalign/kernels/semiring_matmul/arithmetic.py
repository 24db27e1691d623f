"""What a semiring is on a dtype: integers have no infinity, so their extreme stands for it."""

import math
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign.algebra.instances import max_min, max_plus, max_times, min_max, min_plus
from catalign.algebra.semiring import Semiring

ON_INTEGERS = (min_plus, max_plus, max_min, min_max, max_times)
"""The semirings of floats that also have a meaning on signed integers."""

Operation = Callable[[Array, Array], Array]


def computes_in(semiring: Semiring, dtype: np.dtype) -> bool:
    """Whether a semiring of floats is taken on this dtype of integers."""
    return semiring in ON_INTEGERS and jnp.issubdtype(dtype, jnp.signedinteger)


def zero_of(semiring: Semiring, dtype: np.dtype) -> Array:
    """The semiring's zero; for an infinity, the largest or least integer.

    Example:
      >>> int(zero_of(min_plus, jnp.dtype("int8"))), float(zero_of(min_plus, jnp.dtype("float32")))
      (127, inf)
    """
    zero = semiring.zero
    if jnp.issubdtype(dtype, jnp.integer) and isinstance(zero, float) and math.isinf(zero):
        info = jnp.iinfo(dtype)
        zero = info.max if zero > 0 else info.min
    return jnp.asarray(zero, dtype)


def times_of(semiring: Semiring, dtype: np.dtype) -> Operation:
    """The semiring's product; on integers, the sum that the extreme absorbs.

    Example:
      >>> plus = times_of(min_plus, jnp.dtype("int8"))
      >>> plus(jnp.array([1, 127], jnp.int8), jnp.array([2, 2], jnp.int8)).tolist()
      [3, 127]
    """
    if semiring not in (min_plus, max_plus) or not jnp.issubdtype(dtype, jnp.integer):
        return semiring.multiply.op
    zero = zero_of(semiring, dtype)

    def plus(a: Array, b: Array) -> Array:
        return jnp.where((a == zero) | (b == zero), zero, a + b)

    return plus


def is_plain(x: Array, semiring: Semiring) -> Array:
    """Whether `plain_of` holds on such numbers: none is NaN, or could make one, such as inf - inf.

    On integers, whether none is the extreme.
    """
    if jnp.issubdtype(x.dtype, jnp.integer):
        return jnp.all(x != zero_of(semiring, x.dtype))
    if semiring in (max_plus, max_times):
        return jnp.all(x < jnp.inf)
    return jnp.all(x > -jnp.inf) if semiring == min_plus else jnp.all(x == x)


def plain_of(semiring: Semiring, dtype: np.dtype) -> tuple[Operation, Operation] | None:
    """Sum and product as one instruction each, for numbers that are plain; None if there is none.

    The semiring's own sum of floats takes five, for the sake of NaN and the sign of zero.

    Example:
      >>> add, times = plain_of(max_min, jnp.dtype("float32"))
      >>> float(add(jnp.float32(2), times(jnp.float32(5), jnp.float32(3))))
      3.0
    """
    times = _PLAIN_TIMES.get(semiring)
    if times is None:
        return None
    if jnp.issubdtype(dtype, jnp.integer):
        return (semiring.add.op, times) if semiring in (min_plus, max_plus) else None
    return (_lesser if semiring in (min_plus, min_max) else _greater), times


def _lesser(a: Array, b: Array) -> Array:
    return jnp.where(b < a, b, a)


def _greater(a: Array, b: Array) -> Array:
    return jnp.where(b > a, b, a)


_PLAIN_TIMES: dict[Semiring, Operation] = {
    min_plus: jnp.add,
    max_plus: jnp.add,
    max_min: _lesser,
    min_max: _greater,
    max_times: jnp.multiply,
}
