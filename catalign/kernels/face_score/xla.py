"""The score and its gradient in memory for faces, on every device.

One axis is gone along, some places at a time, and all others are computed at once: so nothing of
the size of all tuples times h is made, and the inner loops run over contiguous values.
"""

import functools

import jax.numpy as jnp
from jax import Array

from catalign.kernels.along import fold_along


def score(weights: Array, faces: tuple[Array, ...]) -> Array:
    """As the reference; goes along h."""
    last = len(faces) - 1
    # A face omits the axis last - i of the tuple; its own axis of h goes first.
    along = [(weights, 0), *((jnp.moveaxis(face, -1, 0), 0) for face in faces)]

    def add(total: Array, weight: Array, *parts: Array) -> Array:
        shown = [jnp.expand_dims(part, last - i) for i, part in enumerate(parts)]
        return total + weight * functools.reduce(jnp.maximum, jnp.broadcast_arrays(*shown))

    return fold_along(add, jnp.zeros(sizes(faces), weights.dtype), along)


def pull(i: int, faces: tuple[Array, ...], cotangent: Array) -> Array:
    """As the reference; goes along the axis that face i omits."""
    last = len(faces) - 1
    axis = last - i
    others = [j for j in range(len(faces)) if j != i]
    # Where the face j lacks an axis before this one, this one lies one place further to the left.
    along = [(cotangent, axis), *((faces[j], axis - (last - j < axis)) for j in others)]

    def add(total: Array, g: Array, *parts: Array) -> Array:
        wins = jnp.ones(total.shape, bool)
        for j, part in zip(others, parts, strict=True):
            missing = last - j - (last - j > axis)
            other = jnp.broadcast_to(jnp.expand_dims(part, missing), total.shape)
            wins &= (faces[i] > other) if j < i else (faces[i] >= other)
        return total + jnp.where(wins, g[..., None], jnp.zeros((), g.dtype))

    return fold_along(add, jnp.zeros_like(faces[i]), along)


def sizes(faces: tuple[Array, ...]) -> tuple[int, ...]:
    """The number of places on each axis of the tuples."""
    last = len(faces) - 1
    # The last face omits the first axis and has all others; the first face has that one.
    return (faces[0].shape[0], *faces[last].shape[:last])
