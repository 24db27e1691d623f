"""Products in `log_plus(t)`, where the sum is a soft minimum: its terms all have a share.

Maths: `c_ij = -t log sum_k exp(-(a_ik + b_kj) / t)`. As exp turns plus into times, this is an
ordinary matrix product of exponentials, `c_ij = r_i + s_j - t log sum_k x_ik y_kj`, where r and s
are the least entries of the rows and columns and `x_ik = exp((r_i - a_ik) / t)`. Where a sum is so
small that terms of it were lost, the soft minimum runs along k instead, in its own scale.
"""

import math

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.semiring import Semiring

DEEPEST = 50.0
"""How far, in units of t, a sum may lie above `r_i + s_j`: float32 holds exp(-87)."""
TERMS_AT_ONCE = 16
"""The number of k whose terms exist at a time."""

_EXACT = jax.lax.Precision.HIGHEST
Pair = tuple[Array, Array]


def _scaled(x: Array, axis: int, t: float) -> Pair:
    """The least entries along an axis (0 where all are inf), and the exponentials from there."""
    least = jnp.min(x, axis=axis, keepdims=True, initial=jnp.inf)
    least = jnp.where(least == jnp.inf, 0.0, least)
    return least, jnp.exp((least - x) / t)


def _is_tame(*factors: Array) -> Array:
    """Whether all are numbers or inf."""
    return jnp.all(jnp.stack([jnp.all(x > -jnp.inf) for x in factors]))


def multiply(a: Array, b: Array, semiring: Semiring, t: float) -> Array:
    """Multiplies `[p, n, k]` by `[p, k, m]` in `log_plus(t)`."""
    low, x = _scaled(a, 2, t)
    side, y = _scaled(b, 1, t)
    total = jnp.matmul(x, y, precision=_EXACT)
    paths = jnp.matmul((a < jnp.inf).astype(a.dtype), (b < jnp.inf).astype(b.dtype))
    deep = (total < math.exp(-DEEPEST)) & (paths > 0)
    safe = _is_tame(a, b) & ~jnp.any(deep)

    def from_exponentials() -> Array:
        some = total > 0
        return jnp.where(some, low + side - t * jnp.log(jnp.where(some, total, 1.0)), jnp.inf)

    return jax.lax.cond(safe, from_exponentials, lambda: _running(a, b, semiring, t))


def _running(a: Array, b: Array, semiring: Semiring, t: float) -> Array:
    """The soft minimum with its own least term, a few k at a time."""
    p, n, k = a.shape
    zero = jnp.full((p, n, b.shape[2]), jnp.inf, a.dtype)
    if k == 0:
        return zero
    count = min(TERMS_AT_ONCE, k)
    missing = -k % count
    a = jnp.pad(a, ((0, 0), (0, 0), (0, missing)), constant_values=jnp.inf)
    b = jnp.pad(b, ((0, 0), (0, missing), (0, 0)), constant_values=jnp.inf)

    def one_pass(pass_: Array, state: Pair) -> Pair:
        least, mass = state
        columns = jax.lax.dynamic_slice_in_dim(a, pass_ * count, count, axis=2)
        rows = jax.lax.dynamic_slice_in_dim(b, pass_ * count, count, axis=1)
        terms = [
            semiring.multiply.op(columns[:, :, u, None], rows[:, u, None]) for u in range(count)
        ]
        lower = least
        for term in terms:
            lower = jnp.minimum(lower, term)
        level = jnp.where(lower == jnp.inf, 0.0, lower)
        mass = mass * jnp.exp((level - least) / t)
        for term in terms:
            mass += jnp.exp((level - term) / t)
        return lower, mass

    start = (zero, jnp.zeros_like(zero))
    least, mass = jax.lax.fori_loop(jnp.int32(0), a.shape[2] // count, one_pass, start)
    # Of a term that is -inf nothing else counts, and exp(-inf + inf) was formed on the way.
    soft = jnp.where(least == jnp.inf, jnp.inf, least - t * jnp.log(jnp.where(mass > 0, mass, 1.0)))
    return jnp.where(least == -jnp.inf, -jnp.inf, soft)


def gradients(a: Array, b: Array, c: Array, cotangent: Array, semiring: Semiring, t: float) -> Pair:
    """Sends a cotangent to every term, by its share of the sum.

    Maths: `da_ik = sum_j w_ikj g_ij` and `db_kj = sum_i w_ikj g_ij`, where
      `w_ikj = exp((c_ij - a_ik - b_kj) / t)`; so again products of exponentials.
    """
    low, x = _scaled(a, 2, t)
    side, y = _scaled(b, 1, t)
    cotangent = jnp.where(c == jnp.inf, 0.0, cotangent)
    depth = (jnp.where(c == jnp.inf, low + side, c) - low - side) / t
    safe = _is_tame(a, b) & jnp.all(depth < DEEPEST)

    def from_exponentials() -> Pair:
        pulled = cotangent * jnp.exp(depth)
        return (
            x * jnp.matmul(pulled, jnp.swapaxes(y, 1, 2), precision=_EXACT),
            y * jnp.matmul(jnp.swapaxes(x, 1, 2), pulled, precision=_EXACT),
        )

    def one_term(some: Pair) -> Pair:
        column, row = some
        term = semiring.multiply.op(column[:, :, None], row[:, None])
        share = jnp.where(
            term == jnp.inf, 0.0, jnp.exp((jnp.where(c == jnp.inf, term, c) - term) / t)
        )
        return jnp.sum(share * cotangent, axis=2), jnp.sum(share * cotangent, axis=1)

    def running() -> Pair:
        to_a, to_b = jax.lax.map(one_term, (jnp.moveaxis(a, 2, 0), jnp.moveaxis(b, 1, 0)))
        return jnp.moveaxis(to_a, 0, 2), jnp.moveaxis(to_b, 0, 1)

    return jax.lax.cond(safe, from_exponentials, running)
