"""Linear layers that take all rows at once, forwards and backwards."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array, lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Float


def product(
    x: Float[Array, "*rows k"], kernel: Float[Array, "k h"], *, precision: Any = None
) -> Float[Array, "*rows h"]:
    """`x kernel`, as a product of two matrices: under `jax.vmap` too, and in each derivative.

    Of a mapped product JAX derives, for the kernel, a contraction over the mapped axis and each
    axis of the rows. XLA turns a factor over for that on a CPU, which at 32 times 256 rows of width
    128 takes three times as long as the product of two matrices.

    Law: values and derivatives are those of `jnp.matmul(x, kernel)`, up to rounding.

    Args:
      x: Rows.
      kernel: A matrix.
      precision: As for `jax.lax.dot_general`; by default that of `jax.default_matmul_precision`.

    Example:
      >>> product(jnp.ones((2, 3, 4)), jnp.ones((4, 5))).shape
      (2, 3, 5)
    """
    if precision is None:
        # Read here: a gradient is derived after the caller's context has ended.
        precision = jax.config.jax_default_matmul_precision  # pyright: ignore[reportAttributeAccessIssue]
    dtype = jnp.result_type(x, kernel)
    return _product.bind(x.astype(dtype), kernel.astype(dtype), precision=precision)


class Linear(nnx.Linear):
    """A linear layer: `nnx.Linear` by `product`.

    Args:
      fan_in: The width of what it reads.
      fan_out: The width of what it gives.
      **options: As for `nnx.Linear`.

    Example:
      >>> Linear(4, 5, rngs=nnx.Rngs(0))(jnp.ones((2, 3, 4))).shape
      (2, 3, 5)
    """

    def __init__(self, fan_in: int, fan_out: int, **options: Any) -> None:
        super().__init__(fan_in, fan_out, dot_general=_dot_general, **options)


def _dot_general(x: Array, kernel: Array, _: Any, precision: Any = None, **__: Any) -> Array:
    """What `nnx.Linear` asks for, which is always the last axis against the first."""
    return product(x, kernel, precision=precision)


def _rows(x: Array) -> Array:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _matmul(x: Array, kernel: Array, *, precision: Any) -> Array:
    found = lax.dot(_rows(x), kernel, precision=precision)
    return found.reshape(*x.shape[:-1], kernel.shape[-1])


def _shape(x: Any, kernel: Any, *, precision: Any) -> Any:
    del precision
    return x.update(shape=(*x.shape[:-1], kernel.shape[-1]))


def _back_to_x(sent: Array, x: Any, kernel: Array, *, precision: Any) -> Array:
    del x
    return _product.bind(sent, kernel.T, precision=precision)


def _back_to_kernel(sent: Array, x: Array, kernel: Any, *, precision: Any) -> Array:
    del kernel
    rows, sent = _rows(x), _rows(sent)
    if x.shape[-1] <= sent.shape[-1]:
        return lax.dot(rows.T, sent, precision=precision)
    # The narrow factor first: on a CPU the other order takes up to ten times as long. XLA would
    # turn it around again.
    return lax.optimization_barrier(lax.dot(sent.T, rows, precision=precision)).T


def _mapped(args: Any, axes: Any, *, precision: Any) -> tuple[Array, int]:
    (x, kernel), (x_axis, kernel_axis) = args, axes
    if kernel_axis is None:
        return _product.bind(jnp.moveaxis(x, x_axis, 0), kernel, precision=precision), 0
    each = jax.vmap(lambda x, k: _matmul(x, k, precision=precision), (x_axis, kernel_axis))
    return each(x, kernel), 0


_product = Primitive("catalign_product")
_product.def_impl(_matmul)
_product.def_abstract_eval(_shape)
ad.defbilinear(_product, _back_to_x, _back_to_kernel)
batching.primitive_batchers[_product] = _mapped
mlir.register_lowering(_product, mlir.lower_fun(_matmul, multiple_results=False))
