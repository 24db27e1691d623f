"""Scores of tuples of nodes, in memory for their faces, forwards and backwards."""

import functools
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Shaped

from catalign._errors import InputError, ShapeMismatchError
from catalign.kernels.face_score import reference, xla
from catalign.kernels.face_score import vjp as gradient
from catalign.kernels.face_score.vjp import Version
from catalign.kernels.semiring_matmul.api import default_implementation

VERSIONS: MappingProxyType[str, Version] = MappingProxyType(
    {
        "xla": Version(xla.score, xla.pull),
        "reference": Version(reference.score, reference.pull),
    }
)
"""The implementations by name."""

_LETTERS = "uvk"

Values = Shaped[Array | np.ndarray, "..."]


def score(weights: Values, *faces: Values, implementation: str | None = None) -> Values:
    """Scores each pair or triple of nodes by the larger, channel by channel, of what its faces say.

    Maths: of a triple, `score(u, v, k) = sum_h w_h max(a_uv, b_uk, c_vk)_h`; of a pair,
      `score(u, v) = sum_h w_h max(a_u, b_v)_h`. Face i of a tuple is the tuple without its node
      m - 1 - i.

    The maxima, h for each tuple, are never formed; the gradient decides anew which face each comes
    from, the first one where they are equal. A NaN makes the scores that read it NaN.

    Args:
      weights: The weight of each channel, `[h]`.
      *faces: For triples `[u, v, h]`, `[u, k, h]` and `[v, k, h]`; for pairs `[u, h]` and `[v, h]`.
        Finite. Use `vmap` for batches.
      implementation: "xla", a loop; or "reference", which forms all maxima, but where it is one
        fused reduction: on GPUs, for which it is chosen.

    Returns:
      `[u, v, k]` or `[u, v]`.

    Raises:
      InputError: The implementation does not exist, or there are not two or three faces.
      ShapeMismatchError: Shapes or dtypes do not fit.

    Example:
      >>> one, two = jnp.array([[1.0], [4.0]]), jnp.array([[2.0], [3.0]])
      >>> score(jnp.array([10.0]), one, two).tolist()
      [[20.0, 30.0], [40.0, 40.0]]

    Source: the pointer decoders of Velickovic et al. 2022, arXiv 2205.15659.
    """
    given = [jnp.asarray(x) for x in (weights, *faces)]
    _check(*given)
    return _score(given[0], tuple(given[1:]), _version(implementation))


def _version(implementation: str | None) -> Version:
    chosen = "reference" if default_implementation() == "fused" else "xla"
    name = chosen if implementation is None else implementation
    if name not in VERSIONS:
        raise InputError(
            f"`implementation` is {implementation!r}; it must be one of {', '.join(VERSIONS)}."
        )
    return VERSIONS[name]


@functools.partial(jax.jit, static_argnums=(2,))
def _score(weights: Array, faces: tuple[Array, ...], version: Version) -> Array:
    return gradient.score(weights, faces, version)


def _check(weights: Array, *faces: Array) -> None:
    m = len(faces)
    if m not in (2, 3):
        raise InputError(f"`faces` are {m}, but a pair has two faces and a triple three.")
    letters = _LETTERS[:m]
    axes = [letters.replace(letters[m - 1 - i], "") + "h" for i in range(m)]
    places: dict[str, tuple[int, str]] = {}
    for i, (x, expected) in enumerate(zip((weights, *faces), ("h", *axes), strict=True)):
        name = f"faces[{i - 1}]" if i else "weights"
        if x.ndim != len(expected):
            raise ShapeMismatchError(
                f"`{name}` has shape {x.shape}; give [{', '.join(expected)}], and use `vmap` for "
                "batches."
            )
        if not jnp.issubdtype(x.dtype, jnp.floating) or x.dtype != weights.dtype:
            raise ShapeMismatchError(
                f"`{name}` is {x.dtype} and `weights` is {weights.dtype}: give floats of one dtype."
            )
        for letter, size in zip(expected, x.shape, strict=True):
            other, where = places.setdefault(letter, (size, name))
            if size != other:
                raise ShapeMismatchError(
                    f"the axis {letter} has {size} places in `{name}` {x.shape} and {other} in "
                    f"`{where}`."
                )
