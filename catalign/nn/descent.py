"""Gradient descent on a few parameters, all updates in one compiled loop."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from jax import Array

from catalign._typing import PyTree


def descend(
    loss: Callable[[PyTree], Array], parameters: PyTree, *, updates: int, learning_rate: float
) -> PyTree:
    """Minimises a loss by Adam, with a rate that falls along a cosine to a tenth.

    Several models trained side by side are one: the sum of their losses.

    Args:
      loss: The loss, a scalar.
      parameters: Where it starts.
      updates: How many updates, each on the same loss.
      learning_rate: The first rate.

    Returns:
      The parameters at the end.

    Example:
      >>> round(float(descend(lambda x: (x - 3.0) ** 2, jnp.float32(0.0), updates=200,
      ...                     learning_rate=0.1)), 2)
      3.0

    Source: Kingma & Ba 2015, arXiv 1412.6980.
    """
    optimizer = optax.adam(optax.cosine_decay_schedule(learning_rate, updates, 0.1))

    def update(carry: tuple[PyTree, PyTree], _: None) -> tuple[tuple[PyTree, PyTree], None]:
        now, state = carry
        slope = jax.grad(loss)(now)
        # Optax computes `decay ** count` with a Python float and an integer array.
        with jax.numpy_dtype_promotion("standard"):
            change, state = optimizer.update(slope, state)
        now = jax.tree.map(jnp.add, now, change)
        return (now, state), None

    start = (parameters, optimizer.init(parameters))
    return jax.lax.scan(update, start, None, length=updates)[0][0]
