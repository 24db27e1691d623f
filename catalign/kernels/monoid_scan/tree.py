"""A scan along a tree of logarithmic depth, for devices that run thousands of lanes at once."""

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
    if x.shape[0] == 0 and start is None:
        return x
    first = jnp.broadcast_to(unit[..., None], x.shape[1:])
    y = jax.lax.associative_scan(combine, x, reverse=reverse) if x.shape[0] else x
    if start is not None:
        total = first if x.shape[0] == 0 else y[0 if reverse else -1]
        first = start(total)
        y = combine(jnp.broadcast_to(first[None], y.shape), y)
    if not exclusive or x.shape[0] == 0:
        return y
    return jnp.concatenate([y[1:], first[None]] if reverse else [first[None], y[:-1]])
