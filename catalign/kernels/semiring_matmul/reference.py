"""The definition, followed literally: it forms all `n k m` products."""

import jax.numpy as jnp
from jax import Array

from catalign.algebra.semiring import Semiring


def multiply(a: Array, b: Array, semiring: Semiring, *, with_arg: bool) -> tuple[Array, Array]:
    """Multiplies `[p, n, k]` by `[p, k, m]`; gives the sums and the first terms that attain them.

    Maths: `c_ij = sum_k a_ik b_kj`, and `arg_ij` is the least k with `a_ik b_kj = c_ij`, or -1
      where `c_ij` is zero.
    """
    del with_arg
    terms = semiring.multiply.op(a[:, :, :, None], b[:, None, :, :])
    c = semiring.add.reduce(terms, 2)
    if terms.shape[2] == 0:
        return c, jnp.full(c.shape, -1, jnp.int32)
    total = c[:, :, None, :]
    attains = (terms == total) | ((terms != terms) & (total != total))
    arg = jnp.argmax(attains, axis=2).astype(jnp.int32)
    return c, jnp.where(c == jnp.asarray(semiring.zero, c.dtype), -1, arg)
