"""The definition as reductions into which a GPU's compiler draws the products.

Nothing larger than the operands and the result is made there, and there is no loop whose steps the
host would have to launch. Not for CPUs, whose compiler does not divide such a reduction well.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.semiring import Semiring
from catalign.kernels.semiring_matmul import xla
from catalign.kernels.semiring_matmul.arithmetic import times_of, zero_of


def multiply(a: Array, b: Array, semiring: Semiring, *, with_arg: bool) -> tuple[Array, Array]:
    """As the reference; without `with_arg` the second result means nothing."""
    if semiring.temperature is not None:
        return xla.multiply(a, b, semiring, with_arg=with_arg)
    times = times_of(semiring, a.dtype)

    def terms(a: Array, b: Array) -> Array:
        return times(a[:, :, :, None], b[:, None, :, :])

    return reduce_terms(terms, a, b, 2, semiring, with_arg=with_arg)


def reduce_terms(
    terms: Callable[[Array, Array], Array],
    a: Array,
    b: Array,
    axis: int,
    semiring: Semiring,
    *,
    with_arg: bool,
) -> tuple[Array, Array]:
    """The sum of `terms(a, b)` along an axis, and the first place that attains it.

    One reduction after the other: at once they would share the terms, which the compiler would then
    keep, in full.
    """
    c = select(terms(a, b), axis, semiring)
    if not with_arg:
        return c, jnp.full((), -1, jnp.int32)
    a, b, c = jax.lax.optimization_barrier((a, b, c))
    return c, first(terms(a, b), c, axis, semiring)


def select(terms: Array, axis: int, semiring: Semiring) -> Array:
    """The sum along an axis; the semiring's zero where there is no term."""
    c = jax.lax.reduce(terms, zero_of(semiring, terms.dtype), semiring.add.op, (axis,))
    if not jnp.issubdtype(terms.dtype, jnp.floating):
        return c
    # Said apart: XLA's minimum along a long axis may lose a NaN, on CPU at least.
    return jnp.where(jnp.any(terms != terms, axis=axis), jnp.nan, c)


def first(terms: Array, c: Array, axis: int, semiring: Semiring) -> Array:
    """The first place along an axis whose term is the sum; -1 where that is zero."""
    total, place = jnp.expand_dims(c, axis), jax.lax.broadcasted_iota(jnp.int32, terms.shape, axis)
    attains = (terms == total) | ((terms != terms) & (total != total))
    arg = jnp.min(
        jnp.where(attains, place, terms.shape[axis]), axis=axis, initial=terms.shape[axis]
    )
    return jnp.where(c == zero_of(semiring, c.dtype), -1, arg)


def collect_both(
    arg: Array, left: Array, right: Array, axes: tuple[int, int], along: tuple[int, int], count: int
) -> tuple[Array, Array]:
    """`collect` for two values, one after the other.

    At once, they would share their comparisons, which the compiler would then keep, in full.
    """
    first_sum = collect(arg, left, axes[0], along[0], count)
    arg, first_sum = jax.lax.optimization_barrier((arg, first_sum))
    return first_sum, collect(arg, right, axes[1], along[1], count)


def collect(arg: Array, values: Array, axis: int, along: int, count: int) -> Array:
    """Adds up the values that name each of `count` places, along an axis.

    Maths: `out[.., w, ..] = sum of values[.., t, ..] over those t with arg[.., t, ..] = w`. No
    place is written twice, so that the order of the sum, and its rounding, is the same every time.

    Args:
      arg: The place that each value names; one that is negative names none.
      values: Of the same shape.
      axis: Where the axis of the places goes, among those of `arg` and itself.
      along: The axis to add up along, among the same.
      count: The number of places.
    """
    arg, values = jnp.expand_dims(arg, axis), jnp.expand_dims(values, axis)
    shape = [1] * arg.ndim
    shape[axis] = count
    names = arg == jnp.arange(count, dtype=arg.dtype).reshape(shape)
    return jnp.sum(jnp.where(names, values, jnp.zeros((), values.dtype)), axis=along)
