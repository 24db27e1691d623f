"""The gradient of a sum that selects goes to the factors of one term; a soft one's, to all."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.semiring import Semiring
from catalign.kernels.batching import fold_batch
from catalign.kernels.semiring_matmul import boltzmann, fused

Version = Callable[..., tuple[Array, Array]]
"""`version(a, b, semiring, with_arg=)` multiplies `[p, n, k]` by `[p, k, m]`: sums and terms."""
Residuals = tuple[Array, Array, Array]


def _product(a: Array, b: Array, semiring: Semiring, version: Version) -> Array:
    return fold_batch(lambda a, b: version(a, b, semiring, with_arg=False)[0])(a, b)


def _product_with_arg(
    a: Array, b: Array, semiring: Semiring, version: Version
) -> tuple[Array, Array]:
    return fold_batch(lambda a, b: version(a, b, semiring, with_arg=True))(a, b)


product = jax.custom_vjp(_product, nondiff_argnums=(2, 3))
product_with_arg = jax.custom_vjp(_product_with_arg, nondiff_argnums=(2, 3))


def _forward(a: Array, b: Array, semiring: Semiring, version: Version) -> tuple[Array, Residuals]:
    c, arg = _product_with_arg(a, b, semiring, version)
    return c, (a, b, arg)


def _backward(
    semiring: Semiring, version: Version, residuals: Residuals, cotangent: Array
) -> tuple[Array, Array]:
    """Gathers the selected factors, differentiates their product, and adds the parts up.

    Memory is that of the operands and the result. A term that is never selected gets no gradient;
    of several that attain the sum, the first gets all of it.
    """
    a, b, arg = residuals
    if a.shape[2] == 0:
        return jnp.zeros_like(a), jnp.zeros_like(b)
    k = jnp.maximum(arg, 0)
    left, right = jnp.take_along_axis(a, k, axis=2), jnp.take_along_axis(b, k, axis=1)
    _, pull = jax.vjp(semiring.multiply.op, left, right)
    to_left, to_right = pull(jnp.where(arg < 0, jnp.zeros_like(cotangent), cotangent))
    if version is fused.multiply:
        return fused.collect_both(arg, to_left, to_right, (3, 2), (2, 1), a.shape[2])
    p, i, j = jnp.ogrid[: arg.shape[0], : arg.shape[1], : arg.shape[2]]
    return jnp.zeros_like(a).at[p, i, k].add(to_left), jnp.zeros_like(b).at[p, k, j].add(to_right)


def _forward_with_arg(
    a: Array, b: Array, semiring: Semiring, version: Version
) -> tuple[tuple[Array, Array], Residuals]:
    c, residuals = _forward(a, b, semiring, version)
    return (c, residuals[2]), residuals


def _backward_with_arg(
    semiring: Semiring, version: Version, residuals: Residuals, cotangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    return _backward(semiring, version, residuals, cotangents[0])


product.defvjp(_forward, _backward)
product_with_arg.defvjp(_forward_with_arg, _backward_with_arg)


soft_product = jax.custom_vjp(_product, nondiff_argnums=(2, 3))


def _forward_soft(
    a: Array, b: Array, semiring: Semiring, version: Version
) -> tuple[Array, Residuals]:
    c = _product(a, b, semiring, version)
    return c, (a, b, c)


def _backward_soft(
    semiring: Semiring, version: Version, residuals: Residuals, cotangent: Array
) -> tuple[Array, Array]:
    """By the share of each term, in memory for the operands and the result."""
    del version
    t = semiring.temperature
    assert t is not None
    run = fold_batch(lambda a, b, c, g: boltzmann.gradients(a, b, c, g, semiring, t))
    return run(*residuals, cotangent)


soft_product.defvjp(_forward_soft, _backward_soft)
