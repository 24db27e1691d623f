"""The product as a sequence of outer products, on every device: memory for the result alone.

A pass over the result takes up several k, as one fused loop, so that each entry is read and written
once for all of them.
"""

import functools

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.instances import max_plus, min_plus
from catalign.algebra.semiring import Semiring
from catalign.kernels.semiring_matmul import boltzmann
from catalign.kernels.semiring_matmul.arithmetic import Operation, is_plain, times_of, zero_of

TERMS_AT_ONCE = 16
"""The number of k that one pass over the result takes up."""
TERMS_COMPARED = 128
"""Up to how many k the first that attains the sum is found by comparing every term again, which is
a pass over contiguous values; beyond, by gathering the terms of the last pass that changed it."""


def multiply(a: Array, b: Array, semiring: Semiring, *, with_arg: bool) -> tuple[Array, Array]:
    """As the reference; without `with_arg` the second result means nothing."""
    if semiring.temperature is not None:
        c = boltzmann.multiply(a, b, semiring, semiring.temperature)
        return c, jnp.full((), -1, jnp.int32)
    op = times_of(semiring, a.dtype)
    if semiring not in (min_plus, max_plus):
        return _accumulate(a, b, semiring, op, with_arg=with_arg)
    # The sum of the semiring guards against inf - inf. Where no value could ask for that, and none
    # is NaN, the plain sum is the same, and faster.
    plain = is_plain(a, semiring) & is_plain(b, semiring)
    return jax.lax.cond(
        plain,
        lambda: _accumulate(a, b, semiring, jnp.add, with_arg=with_arg),
        lambda: _accumulate(a, b, semiring, op, with_arg=with_arg),
    )


def _accumulate(
    a: Array,
    b: Array,
    semiring: Semiring,
    op: Operation,
    *,
    with_arg: bool,
) -> tuple[Array, Array]:
    p, n, k = a.shape
    shape = (p, n, b.shape[2])
    zero = zero_of(semiring, a.dtype)
    none = jnp.full(shape if with_arg else (), -1, jnp.int32)
    if k == 0:
        return jnp.full(shape, zero), none
    count = min(TERMS_AT_ONCE, k)
    passes = -(-k // count)
    missing = passes * count - k
    a = jnp.pad(a, ((0, 0), (0, 0), (0, missing)), constant_values=zero)
    b = jnp.pad(b, ((0, 0), (0, missing), (0, 0)), constant_values=zero)

    def one_pass(t: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        c, last = carry
        columns = jax.lax.dynamic_slice_in_dim(a, t * count, count, axis=2)
        rows = jax.lax.dynamic_slice_in_dim(b, t * count, count, axis=1)
        terms = [op(columns[:, :, u, None], rows[:, u, None, :]) for u in range(count)]
        summed = functools.reduce(semiring.add.op, terms, c)
        if not with_arg:
            return summed, last
        found = first_of(terms, summed) + t * count if compared else t
        return summed, jnp.where((summed != c) & (c == c), found, last)

    compared = k <= TERMS_COMPARED
    c, last = jax.lax.fori_loop(jnp.int32(0), passes, one_pass, (jnp.full(shape, zero), none))
    if compared:
        return c, last
    return c, first_term(a, b, c, last, count, op) if with_arg else none


def first_of(terms: list[Array], c: Array) -> Array:
    """The first of the terms that equals c, entry by entry; a NaN equals a NaN."""
    arg = jnp.zeros(c.shape, jnp.int32)
    for u in reversed(range(len(terms))):
        equal = (terms[u] == c) | ((terms[u] != terms[u]) & (c != c))
        arg = jnp.where(equal, jnp.int32(u), arg)
    return arg


def first_term(a: Array, b: Array, c: Array, last: Array, count: int, op: Operation) -> Array:
    """The first k that attains the sum, in the last pass that changed it; -1 where none did."""

    def try_term(back: Array, arg: Array) -> Array:
        k = jnp.maximum(last, 0) * count + (count - 1 - back)
        term = op(jnp.take_along_axis(a, k, axis=2), jnp.take_along_axis(b, k, axis=1))
        return jnp.where((term == c) | ((term != term) & (c != c)), k, arg)

    arg = jax.lax.fori_loop(jnp.int32(0), count, try_term, jnp.zeros_like(last))
    return jnp.where(last < 0, -1, arg)
