"""Matrix products in a semiring whose sum selects or is a soft minimum, with gradients."""

import functools
import math
from types import MappingProxyType

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Int, Shaped

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.semiring import Semiring
from catalign.kernels.semiring_matmul import fused, gpu, reference, xla
from catalign.kernels.semiring_matmul.arithmetic import computes_in
from catalign.kernels.semiring_matmul.vjp import Version, product, product_with_arg, soft_product

VERSIONS: MappingProxyType[str, Version] = MappingProxyType(
    {
        "xla": xla.multiply,
        "fused": fused.multiply,
        "mosaic_gpu": gpu.multiply,
        "reference": reference.multiply,
    }
)
"""The implementations by name."""

Matrix = Shaped[Array, "..."]


def multiply(
    a: Matrix, b: Matrix, semiring: Semiring, *, implementation: str | None = None
) -> Matrix:
    """Multiplies two matrices in a semiring, such as lengths of paths in `min_plus`.

    Maths: `c_ij = sum_k a_ik b_kj`; the semiring's zero where there is no k.

    Zero absorbs: no `inf - inf` is formed. A NaN that zero does not absorb makes the entries that
    read it NaN. The gradient of an entry goes to the first term that attains it; in `log_plus(t)`,
    to every term by its share.

    Of signed integers, the largest (in `max_plus` and `max_min` the least) stands for infinity.
    Other sums must stay in range.

    Args:
      a: `[..., n, k]`.
      b: `[..., k, m]`, of the same dtype; leading axes broadcast.
      semiring: `log_plus(t)`, or one whose addition is selective: `min_plus`, `max_plus`,
        `max_min`, `min_max`, `max_times`, `lor_land`, or one's own.
      implementation: "xla", a loop that never forms all products; "fused", one reduction whose
        compiler need not, chosen on GPUs; "mosaic_gpu", a kernel for GPUs of compute capability
        9.0, float32 and jax 0.11; or "reference", which forms them.

    Returns:
      `[..., n, m]`.

    Raises:
      InputError: The implementation does not exist.
      ShapeMismatchError: The shapes or dtypes do not fit each other or the semiring.
      UnsupportedError: The semiring is another, or the implementation cannot run here.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> hop = jnp.array([[0.0, 1.0, jnp.inf], [1.0, 0.0, 2.0], [jnp.inf, 2.0, 0.0]])
      >>> multiply(hop, hop, min_plus)[0].tolist()
      [0.0, 1.0, 3.0]
    """
    a, b = _checked(a, b, semiring)
    version = _version(implementation, semiring, a)
    if semiring.temperature is None:
        return _multiply(a, b, semiring, version)
    return _soft_multiply(a, b, semiring, version)


def multiply_with_arg(
    a: Matrix, b: Matrix, semiring: Semiring, *, implementation: str | None = None
) -> tuple[Matrix, Int[Array, "..."]]:
    """As `multiply`, and names the term that each entry comes from.

    Returns:
      `c`, and `arg` of its shape, int32: the least k with `a_ik b_kj = c_ij`, or -1 where `c_ij` is
      the semiring's zero, so that there is no path.

    Raises:
      InputError: As in `multiply`.
      ShapeMismatchError: As in `multiply`.
      UnsupportedError: As in `multiply`.

    Example:
      >>> from catalign.algebra.instances import max_min
      >>> wide = jnp.array([[1.0, 5.0]])
      >>> c, arg = multiply_with_arg(wide, jnp.array([[9.0], [4.0]]), max_min)
      >>> c.tolist(), arg.tolist()
      ([[4.0]], [[1]])
    """
    if not semiring.add.is_selective:
        raise UnsupportedError(
            f"`semiring` is {semiring.name}, whose sum is none of its terms, so none can be named. "
            "Use `multiply`."
        )
    a, b = _checked(a, b, semiring)
    return _multiply_with_arg(a, b, semiring, _version(implementation, semiring, a))


def default_implementation() -> str:
    """The implementation that is chosen where none is named, by the device."""
    return "fused" if jax.default_backend() == "gpu" else "xla"


def _version(implementation: str | None, semiring: Semiring, a: Array) -> Version:
    name = default_implementation() if implementation is None else implementation
    if name not in VERSIONS:
        raise InputError(
            f"`implementation` is {implementation!r}; it must be one of {', '.join(VERSIONS)}."
        )
    reason = gpu.why_not(semiring, a.dtype) if name == "mosaic_gpu" else None
    if reason is not None:
        raise UnsupportedError(
            f'`implementation` is "mosaic_gpu", which cannot run here: {reason}. Leave '
            "`implementation` out to choose one that can."
        )
    return VERSIONS[name]


def _checked(a: Array, b: Array, semiring: Semiring) -> tuple[Array, Array]:
    if not semiring.add.is_selective and semiring.temperature is None:
        raise UnsupportedError(
            f"`semiring` is {semiring.name}, whose sum is neither one of its terms nor a soft "
            "minimum. Use jnp.matmul for plus_times, and integral_transform for others."
        )
    a, b = jnp.asarray(a), jnp.asarray(b)
    fits = min(a.ndim, b.ndim) >= 2 and a.shape[-1] == b.shape[-2]
    if not fits or a.dtype != b.dtype:
        raise ShapeMismatchError(
            f"`a` is {a.dtype}{list(a.shape)} and `b` is {b.dtype}{list(b.shape)}: give [..., n, k]"
            " and [..., k, m] of one dtype."
        )
    if not computes_in(semiring, a.dtype):
        semiring.check_dtype(a, "a")
    try:
        batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError as error:
        raise ShapeMismatchError(
            f"the leading axes {a.shape[:-2]} of `a` and {b.shape[:-2]} of `b` do not broadcast."
        ) from error
    return jnp.broadcast_to(a, batch + a.shape[-2:]), jnp.broadcast_to(b, batch + b.shape[-2:])


def _flat(x: Array) -> Array:
    return x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])


@functools.partial(jax.jit, static_argnums=(2, 3))
def _multiply(a: Array, b: Array, semiring: Semiring, version: Version) -> Array:
    c = product(_flat(a), _flat(b), semiring, version)
    return c.reshape(*a.shape[:-1], b.shape[-1])


@functools.partial(jax.jit, static_argnums=(2, 3))
def _multiply_with_arg(
    a: Array, b: Array, semiring: Semiring, version: Version
) -> tuple[Array, Array]:
    c, arg = product_with_arg(_flat(a), _flat(b), semiring, version)
    shape = (*a.shape[:-1], b.shape[-1])
    return c.reshape(shape), arg.reshape(shape)


@functools.partial(jax.jit, static_argnums=(2, 3))
def _soft_multiply(a: Array, b: Array, semiring: Semiring, version: Version) -> Array:
    """Computes in float32 what is narrower."""
    wide = jnp.dtype(jnp.float32) if a.dtype.itemsize < 4 else a.dtype
    c = soft_product(_flat(a.astype(wide)), _flat(b.astype(wide)), semiring, version)
    return c.astype(a.dtype).reshape(*a.shape[:-1], b.shape[-1])
