"""Under `vmap` a kernel sees one larger batch, and can choose its blocks by the whole size."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from catalign._typing import PyTree


def fold_batch(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Makes `vmap` put its axis in front of the batch axis that a kernel already has.

    Maths: `vmap(f)(x) = unfold(f(fold(x)))`, where `fold` merges the first two axes.

    Args:
      kernel: A function of arrays (or None) whose first axes are one batch, kept by every result.

    Example:
      >>> sizes = []
      >>> def twice(x):
      ...     sizes.append(x.shape[0])
      ...     return 2 * x
      >>> jax.vmap(fold_batch(twice))(jnp.ones((3, 5, 2))).shape, sizes[-1]
      ((3, 5, 2), 15)
    """
    folding = jax.custom_batching.custom_vmap(kernel)

    def rule(size: int, is_batched: Sequence[PyTree], *arguments: PyTree) -> tuple[PyTree, PyTree]:
        def fold(x: jax.Array, batched: bool) -> jax.Array:
            whole = x if batched else jnp.broadcast_to(x, (size, *x.shape))
            return whole.reshape(size * whole.shape[1], *whole.shape[2:])

        results = folding(*jax.tree.map(fold, arguments, tuple(is_batched)))
        unfolded = jax.tree.map(lambda x: x.reshape(size, -1 if size else 0, *x.shape[1:]), results)
        return unfolded, jax.tree.map(lambda _: True, unfolded)

    folding.def_vmap(rule)
    return folding
