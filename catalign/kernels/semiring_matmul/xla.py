"""The product as a sequence of outer products, on every device: memory for the result alone.

A pass over the result takes up several k, as one fused loop, so that each entry is read and written
once for all of them.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from catalign._typing import PyTree
from catalign.algebra.semiring import Semiring
from catalign.kernels.semiring_matmul import boltzmann
from catalign.kernels.semiring_matmul.arithmetic import (
    Operation,
    is_plain,
    plain_of,
    times_of,
    zero_of,
)

TERMS_AT_ONCE = 16
"""The number of k that one pass over the result takes up."""
TERMS_COMPARED = 128
"""Up to how many k the first that attains the sum is found by comparing every term again, which is
a pass over contiguous values; beyond, by gathering the terms of the last pass that changed it."""
FEW_PRODUCTS = 1 << 18
"""How many products have no loop around the passes, because its steps would cost more than they."""


def multiply(a: Array, b: Array, semiring: Semiring, *, with_arg: bool) -> tuple[Array, Array]:
    """As the reference; without `with_arg` the second result means nothing."""
    if semiring.temperature is not None:
        c = boltzmann.multiply(a, b, semiring, semiring.temperature)
        return c, jnp.full((), -1, jnp.int32)
    zero = zero_of(semiring, a.dtype)
    start = jnp.full((a.shape[0], a.shape[1], b.shape[2]), zero)

    def run(add: Operation, times: Operation) -> tuple[Array, Array]:
        return add_product(start, a, b, add, times, zero, with_arg=with_arg)

    return with_plain_operations(run, semiring, a, b)


def with_plain_operations(
    run: Callable[[Operation, Operation], PyTree], semiring: Semiring, *factors: Array
) -> PyTree:
    """Runs with the sum and the product of a semiring, or plain ones where these give the same.

    The operations of the semiring guard against inf - inf and keep NaN. Where no value of the
    factors could ask for that, the plain ones are faster.
    """
    dtype = factors[0].dtype
    guarded, plain = (semiring.add.op, times_of(semiring, dtype)), plain_of(semiring, dtype)
    if plain is None:
        return run(*guarded)
    is_safe = functools.reduce(jnp.logical_and, [is_plain(x, semiring) for x in factors])
    return jax.lax.cond(is_safe, lambda: run(*plain), lambda: run(*guarded))


def add_product(
    old: Array,
    a: Array,
    b: Array,
    add: Operation,
    times: Operation,
    zero: Array,
    *,
    with_arg: bool = False,
) -> tuple[Array, Array]:
    """Adds the product of `[p, n, k]` and `[p, k, m]` to `old`, in the passes that form it.

    Args:
      old: `[p, n, m]`.
      a: The left factor.
      b: The right factor.
      add: A sum that selects.
      times: The product.
      zero: What the sum ignores.
      with_arg: Whether to name the terms; `old` is then to be zero.
    """
    k = a.shape[2]
    none = jnp.full(old.shape if with_arg else (), -1, jnp.int32)
    if k == 0:
        return old, none
    count = min(TERMS_AT_ONCE, k)
    passes = -(-k // count)
    missing = passes * count - k
    a = jnp.pad(a, ((0, 0), (0, 0), (0, missing)), constant_values=zero)
    b = jnp.pad(b, ((0, 0), (0, missing), (0, 0)), constant_values=zero)

    def one_pass(t: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        c, last = carry
        columns = jax.lax.dynamic_slice_in_dim(a, t * count, count, axis=2)
        rows = jax.lax.dynamic_slice_in_dim(b, t * count, count, axis=1)
        terms = [times(columns[:, :, u, None], rows[:, u, None, :]) for u in range(count)]
        summed = functools.reduce(add, terms, c)
        if not with_arg:
            return summed, last
        found = first_of(terms, summed) + t * count if compared else t
        return summed, jnp.where((summed != c) & (c == c), found, last)

    compared, start = k <= TERMS_COMPARED, (old, none)
    if old.size * k <= FEW_PRODUCTS:
        c, last = functools.reduce(
            lambda carry, t: one_pass(jnp.int32(t), carry), range(passes), start
        )
    else:
        c, last = jax.lax.fori_loop(jnp.int32(0), passes, one_pass, start)
    if compared or not with_arg:
        return c, last
    return c, first_term(a, b, c, last, count, times)


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
