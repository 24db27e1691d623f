"""The definition, followed literally: it forms the maximum of all faces for every tuple."""

import functools

import jax.numpy as jnp
from jax import Array


def spread(faces: tuple[Array, ...]) -> list[Array]:
    """The faces with an axis of one place where they omit a node, so that they broadcast."""
    last = len(faces) - 1
    return [jnp.expand_dims(face, last - i) for i, face in enumerate(faces)]


def score(weights: Array, faces: tuple[Array, ...]) -> Array:
    """Maths: `score(t) = sum_h w_h max_i face_i(t without its node m - 1 - i)_h`."""
    best = functools.reduce(jnp.maximum, jnp.broadcast_arrays(*spread(faces)))
    return jnp.sum(best * jnp.broadcast_to(weights, best.shape), axis=-1)


def pull(i: int, faces: tuple[Array, ...], cotangent: Array) -> Array:
    """Maths: `P(f)_h = sum of cotangent(t)` over the tuples t whose maximum comes from face i at f.

    Of equal faces the first one counts.
    """
    every = jnp.broadcast_arrays(*spread(faces))
    wins = jnp.ones(every[0].shape, bool)
    for j, other in enumerate(every):
        if j != i:
            wins &= (every[i] > other) if j < i else (every[i] >= other)
    return jnp.sum(jnp.where(wins, cotangent[..., None], 0.0), axis=len(faces) - 1 - i)
