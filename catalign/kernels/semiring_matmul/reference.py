"""The definition, followed literally: it forms all `n k m` products."""

import jax.numpy as jnp
from jax import Array

from catalign.algebra.semiring import Semiring
from catalign.kernels.semiring_matmul.arithmetic import times_of, zero_of


def multiply(a: Array, b: Array, semiring: Semiring, *, with_arg: bool) -> tuple[Array, Array]:
    """Multiplies `[p, n, k]` by `[p, k, m]`; gives the sums and the first terms that attain them.

    Maths: `c_ij = sum_k a_ik b_kj`, and `arg_ij` is the least k with `a_ik b_kj = c_ij`, or -1
      where `c_ij` is zero.
    """
    del with_arg
    zero = zero_of(semiring, a.dtype)
    terms = times_of(semiring, a.dtype)(a[:, :, :, None], b[:, None, :, :])
    if terms.shape[2] == 0:
        shape = (*a.shape[:2], b.shape[2])
        return jnp.full(shape, zero), jnp.full(shape, -1, jnp.int32)
    # Not `add.reduce` where the sum selects: XLA's minimum along a long axis may lose a NaN on CPU.
    c = (semiring.add.fold if semiring.add.is_selective else semiring.add.reduce)(terms, 2)
    total = c[:, :, None, :]
    attains = (terms == total) | ((terms != terms) & (total != total))
    arg = jnp.argmax(attains, axis=2).astype(jnp.int32)
    return c, jnp.where(c == zero, -1, arg)
