"""The definition, followed literally: one element after the other."""

import jax
import jax.numpy as jnp
from jax import Array

from catalign.kernels.monoid_scan.blocked import Combine, Start


def scan(
    combine: Combine,
    unit: Array,
    x: Array,
    *,
    reverse: bool,
    exclusive: bool,
    start: Start | None = None,
) -> Array:
    """As `blocked.scan`."""
    units = jnp.broadcast_to(unit[..., None], x.shape[1:])

    def step(prefix: Array, element: Array) -> tuple[Array, Array]:
        longer = combine(prefix, element)
        return longer, prefix if exclusive else longer

    first = units
    if start is not None:
        first = start(jax.lax.scan(step, units, x, reverse=reverse)[0])
    return jax.lax.scan(step, first, x, reverse=reverse)[1]
