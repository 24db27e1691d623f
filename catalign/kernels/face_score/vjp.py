"""The gradient: each cotangent goes to the face that the maximum comes from."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

Faces = tuple[Array, ...]


@dataclass(frozen=True)
class Version:
    """One implementation of the score and of what its gradient adds up."""

    score: Callable[[Array, Faces], Array]
    pull: Callable[[int, Faces, Array], Array]


def _score(weights: Array, faces: Faces, version: Version) -> Array:
    return version.score(weights, faces)


score = jax.custom_vjp(_score, nondiff_argnums=(2,))


def _forward(weights: Array, faces: Faces, version: Version) -> tuple[Array, tuple[Array, Faces]]:
    return version.score(weights, faces), (weights, faces)


def _backward(
    version: Version, residuals: tuple[Array, Faces], cotangent: Array
) -> tuple[Array, Faces]:
    """Maths: `d face_i = w P_i` and `d w = sum_i <face_i, P_i>`, with `P_i` of `reference.pull`."""
    weights, faces = residuals
    pulled = [version.pull(i, faces, cotangent) for i in range(len(faces))]
    to_weights = jnp.zeros_like(weights)
    for face, found in zip(faces, pulled, strict=True):
        to_weights += jnp.sum((face * found).reshape(-1, weights.shape[0]), axis=0)
    to_faces = tuple(found * jnp.broadcast_to(weights, found.shape) for found in pulled)
    return to_weights, to_faces


score.defvjp(_forward, _backward)
