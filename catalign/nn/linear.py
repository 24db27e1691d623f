"""Linear layers that take all rows at once, forwards and backwards."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array, lax
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from catalign._errors import InputError


def product(x: Array, kernel: Array, *, precision: Any = None) -> Array:
    """`x kernel`, as a product of two matrices: under `jax.vmap` too, and in each derivative.

    Of a mapped product JAX derives, for the kernel, a contraction over the mapped axis and each
    axis of the rows. XLA turns a factor over for that on a CPU, which at 32 times 256 rows of width
    128 takes three times as long as the product of two matrices.

    Law: values and derivatives are those of `jnp.matmul(x, kernel)`, up to rounding.

    Arrays whose type says how they are sharded or vary over devices are left to JAX.

    Args:
      x: Rows, `[*rows, k]`.
      kernel: A matrix, `[k, h]`.
      precision: As for `jax.lax.dot_general`; by default that of `jax.default_matmul_precision`.

    Raises:
      InputError: The widths of the two differ, or `kernel` is no matrix.

    Example:
      >>> product(jnp.ones((2, 3, 4)), jnp.ones((4, 5))).shape
      (2, 3, 5)
    """
    if not (x.ndim and kernel.ndim == 2 and x.shape[-1] == kernel.shape[0]):
        raise InputError(
            f"`x` has the shape {x.shape} and `kernel` {kernel.shape}, but the last axis of `x` "
            "must be as long as the first of the two axes of `kernel`."
        )
    if precision is None:
        # Read here: a gradient is derived after the caller's context has ended.
        precision = jax.config.jax_default_matmul_precision  # pyright: ignore[reportAttributeAccessIssue]
    dtype = jnp.result_type(x, kernel)
    x, kernel = x.astype(dtype), kernel.astype(dtype)
    if any(jax.typeof(v) != ShapedArray(v.shape, v.dtype) for v in (x, kernel)):
        return _contract(x, kernel, precision=precision)
    return _product.bind(x, kernel, precision=precision)


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


def _dot_general(
    x: Array, kernel: Array, numbers: Any, precision: Any = None, **options: Any
) -> Array:
    """What `nnx.Linear` asks for: the last axis against the first."""
    if any(value is not None for value in options.values()):
        return lax.dot_general(x, kernel, numbers, precision=precision, **options)
    return product(x, kernel, precision=precision)


def _contract(x: Array, kernel: Array, *, precision: Any) -> Array:
    return lax.dot_general(x, kernel, (((x.ndim - 1,), (0,)), ((), ())), precision=precision)


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
    each = jax.vmap(partial(_contract, precision=precision), (x_axis, kernel_axis))
    return each(x, kernel), 0


_product = Primitive("catalign_product")
_product.def_impl(_matmul)
_product.def_abstract_eval(_shape)
ad.defbilinear(_product, _back_to_x, _back_to_kernel)
batching.primitive_batchers[_product] = _mapped
mlir.register_lowering(_product, mlir.lower_fun(_matmul, multiple_results=False))
