"""The definitions, followed literally: they form all `n^3` messages."""

import math

import jax.numpy as jnp
from jax import Array

from catalign.algebra.semiring import Semiring
from catalign.kernels.semiring_matmul import reference as product


def reduce(uw: Array, wv: Array, semiring: Semiring, *, with_arg: bool) -> tuple[Array, Array]:
    """Combines `[p, u, w, h]` and `[p, w, v, h]`; gives the sums and the w that each comes from.

    Maths: `c_uv = sum_w uw_uw wv_wv`, independently for each h.
    """
    p, u, w, h = uw.shape
    left = jnp.moveaxis(uw, 3, 1).reshape(p * h, u, w)
    right = jnp.moveaxis(wv, 3, 1).reshape(p * h, w, wv.shape[2])
    c, arg = product.multiply(left, right, semiring, with_arg=with_arg)
    c, arg = (jnp.moveaxis(x.reshape(p, h, *x.shape[1:]), 1, 3) for x in (c, arg))
    return c, arg


def attend(
    query: Array,
    key: Array,
    left: Array,
    right: Array,
    from_left: Array | None,
    from_right: Array | None,
) -> tuple[Array, Array]:
    """Averages the products `left_uw right_wv` over w; gives the averages and log sums of weights.

    Maths: `out_uv = sum_w a_uvw left_uw right_wv`, `a_uv = softmax over w of
      (query_uw . key_wv / sqrt(d) + from_left_uw + from_right_wv)`; 0 where every score is -inf.
    """
    scale = 1 / math.sqrt(query.shape[-1])
    score = jnp.sum(query[:, :, None] * jnp.swapaxes(key, 1, 2)[:, None], axis=-1) * scale
    if from_left is not None:
        score += from_left[:, :, None]
    if from_right is not None:
        score += jnp.swapaxes(from_right, 1, 2)[:, None]
    top = jnp.max(score, axis=3, initial=-jnp.inf, keepdims=True)
    weight = jnp.exp(score - jnp.where(top == -jnp.inf, 0.0, top))
    total = jnp.sum(weight, axis=3)
    values = left[:, :, None] * jnp.swapaxes(right, 1, 2)[:, None]
    summed = jnp.sum(weight[..., None] * values, axis=3)
    out = summed / jnp.where(total == 0, 1.0, total)[..., None]
    return out, jnp.squeeze(top, 3) + jnp.log(total)
