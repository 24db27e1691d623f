"""Sums over one axis whose terms are formed in passing."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import Array

PLACES_AT_ONCE = 16
"""The places of the axis that one fused loop takes up."""


def fold_along(
    add: Callable[..., Array], total: Array, along: Sequence[tuple[Array, int]]
) -> Array:
    """Adds to an array, for each place of an axis, what slices of other arrays there give.

    The places are taken up some at a time, as one fused loop over the array: so nothing larger than
    the array is made, and its entries are read and written once for all of these.

    Args:
      add: `add(total, *slices)` gives the new total, by operations on each entry alone.
      total: What it begins with.
      along: The other arrays, each with the axis to go along; these have one length.

    Example:
      >>> rows, columns = jnp.arange(6.0).reshape(2, 3), jnp.ones((3, 2))
      >>> add = lambda total, column, row: total + column[:, None] * row[None]
      >>> fold_along(add, jnp.zeros((2, 2)), [(rows, 1), (columns, 0)]).tolist()
      [[3.0, 3.0], [12.0, 12.0]]
    """
    first, axis = along[0]
    whole, rest = divmod(first.shape[axis], PLACES_AT_ONCE)

    def take_up(total: Array, begin: Array | int, count: int) -> Array:
        some = [jax.lax.dynamic_slice_in_dim(x, begin, count, axis) for x, axis in along]
        for place in range(count):
            total = add(
                total,
                *(
                    jax.lax.index_in_dim(x, place, axis, keepdims=False)
                    for x, (_, axis) in zip(some, along, strict=True)
                ),
            )
        return total

    if whole > 1:
        total = jax.lax.fori_loop(
            jnp.int32(0),
            jnp.int32(whole),
            lambda t, total: take_up(total, t * PLACES_AT_ONCE, PLACES_AT_ONCE),
            total,
        )
    elif whole:
        total = take_up(total, 0, PLACES_AT_ONCE)
    return take_up(total, whole * PLACES_AT_ONCE, rest) if rest else total
