"""The definition, followed literally: walks of up to n steps, one step at a time."""

import jax.numpy as jnp
from jax import Array

from catalign.algebra.semiring import Semiring
from catalign.kernels.semiring_matmul import reference as product


def identity(a: Array, semiring: Semiring) -> Array:
    """The unit matrix of the size of `[p, n, n]`."""
    one, zero = (jnp.asarray(x, a.dtype) for x in (semiring.one, semiring.zero))
    return jnp.broadcast_to(jnp.where(jnp.eye(a.shape[1], dtype=bool), one, zero), a.shape)


def star(a: Array, semiring: Semiring) -> Array:
    """Sums the powers of `[p, n, n]`.

    Maths: `I + A + ... + A^n`, by `S <- I + A S`.
    """
    total = unit = identity(a, semiring)
    for _ in range(a.shape[1]):
        total = semiring.add.op(unit, product.multiply(a, total, semiring, with_arg=False)[0])
    return total
