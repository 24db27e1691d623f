"""The Kleene star of a matrix: shortest, widest and possible paths between all pairs."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jaxtyping import Shaped

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.semiring import Semiring
from catalign.kernels.batching import fold_batch
from catalign.kernels.closure import floyd_warshall, reference, squaring

Version = Callable[[Array, Semiring], Array]
Matrix = Shaped[Array | np.ndarray, "..."]

VERSIONS: MappingProxyType[str, Version] = MappingProxyType(
    {
        "floyd_warshall": floyd_warshall.star,
        "squaring": squaring.star,
        "reference": reference.star,
    }
)
"""The implementations by name; the first is chosen where none is named."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Closure:
    """All paths of a graph.

    Attributes:
      value: The star of the matrix, `[..., n, n]`.
      predecessor: The node before j on a best path from i to j, int32 `[..., n, n]`; -1 where i is
        j or there is no path.
      cycle: A node on a cycle that is better than staying, such as a negative one, int32 `[...]`,
        or -1 if there is none. If there is one, no star exists and `value` means nothing.
    """

    value: Array
    predecessor: Array
    cycle: Array


def star(a: Matrix, semiring: Semiring, *, implementation: str | None = None) -> Array:
    """Sums over all walks between all pairs: distances in `min_plus`, reachability in `lor_land`.

    Maths: `A* = I + A + A^2 + ...`, which is `I + ... + A^(n-1)` unless a cycle is better than
      staying, that is `1 + c != 1`.

    Under `jit` nothing can be raised: a matrix without a star then gives NaN. The gradient of an
    entry goes to the edges of a best path.

    Args:
      a: The edges, `[..., n, n]`; the semiring's zero where there is none.
      semiring: One whose addition is selective, such as `min_plus`, `max_min` (the widest paths),
        `min_max` (the least bottlenecks), `lor_land`, or `max_plus` on a graph without cycles.
      implementation: "floyd_warshall", in blocks; "squaring"; or "reference", one step at a time.

    Returns:
      `[..., n, n]`.

    Raises:
      InputError: A cycle is better than staying, or the implementation does not exist.
      ShapeMismatchError: The matrix is not square, or its dtype is not the semiring's.
      UnsupportedError: The addition is not selective.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> inf = jnp.inf
      >>> edges = jnp.array([[inf, 1.0, 9.0], [inf, inf, 2.0], [inf, inf, inf]])
      >>> star(edges, min_plus)[0].tolist()
      [0.0, 1.0, 3.0]
      >>> star(edges.at[2, 0].set(-4.0), min_plus)
      Traceback (most recent call last):
        ...
      catalign._errors.InputError: `a` has no star in min_plus: a cycle through node 2 is ...
    """
    a = _checked(a, semiring)
    value, cycle = _star(a, semiring, _version(implementation))
    if not isinstance(cycle, Tracer) and (np.asarray(cycle) >= 0).any():
        at = int(np.asarray(cycle).max())
        raise InputError(
            f"`a` has no star in {semiring.name}: a cycle through node {at} is better than "
            "staying, so each round improves on the last. Remove such cycles; `close` finds them."
        )
    return value


def close(a: Matrix, semiring: Semiring) -> Closure:
    """As `star`, with the paths themselves, and without raising.

    Raises:
      ShapeMismatchError: As in `star`.
      UnsupportedError: As in `star`.

    Example:
      >>> from catalign.algebra.instances import lor_land
      >>> ring = jnp.array([[False, True, False], [False, False, True], [True, False, False]])
      >>> close(ring, lor_land).predecessor.tolist()
      [[-1, 0, 1], [2, -1, 1], [2, 0, -1]]
    """
    return _close(_checked(a, semiring), semiring)


def _version(implementation: str | None) -> Version:
    name = next(iter(VERSIONS)) if implementation is None else implementation
    if name not in VERSIONS:
        raise InputError(
            f"`implementation` is {implementation!r}; it must be one of {', '.join(VERSIONS)}."
        )
    return VERSIONS[name]


def _checked(a: Matrix, semiring: Semiring) -> Array:
    if not semiring.add.is_selective:
        raise UnsupportedError(
            f"`semiring` is {semiring.name}, whose sum over all walks is no best one. For the "
            "sum of the walks of a given length, multiply with `semiring_matmul`."
        )
    a = jnp.asarray(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeMismatchError(f"`a` has shape {a.shape}; give a square matrix, [..., n, n].")
    semiring.check_dtype(a, "a")
    return a


def _improving_cycle(value: Array, semiring: Semiring) -> Array:
    """The last node that a cycle brings back better than one, of `[p, n, n]`; -1 if none."""
    one = jnp.asarray(semiring.one, value.dtype)
    diagonal = jnp.diagonal(value, axis1=1, axis2=2)
    better = semiring.add.op(one, diagonal) != one
    nodes = jnp.arange(value.shape[1], dtype=jnp.int32)
    return jnp.max(jnp.where(better, nodes, -1), axis=1, initial=-1)


def _value(a: Array, semiring: Semiring, version: Version) -> Array:
    return fold_batch(lambda a: version(a, semiring))(a)


_differentiable = jax.custom_vjp(_value, nondiff_argnums=(1, 2))


def _forward(a: Array, semiring: Semiring, version: Version) -> tuple[Array, Array]:
    return _value(a, semiring, version), a


def _backward(semiring: Semiring, version: Version, a: Array, cotangent: Array) -> tuple[Array]:
    """By the products of repeated squaring, in memory for log n of them."""
    del version
    return jax.vjp(lambda a: squaring.star(a, semiring), a)[1](cotangent)


_differentiable.defvjp(_forward, _backward)


@functools.partial(jax.jit, static_argnums=(1, 2))
def _star(a: Array, semiring: Semiring, version: Version) -> tuple[Array, Array]:
    flat = a.reshape(math.prod(a.shape[:-2]), *a.shape[-2:])
    value = _differentiable(flat, semiring, version)
    cycle = _improving_cycle(value, semiring)
    if jnp.issubdtype(value.dtype, jnp.floating):
        value = jnp.where(cycle[:, None, None] < 0, value, jnp.nan)
    return value.reshape(a.shape), cycle.reshape(a.shape[:-2])


@functools.partial(jax.jit, static_argnums=(1,))
def _close(a: Array, semiring: Semiring) -> Closure:
    flat = a.reshape(math.prod(a.shape[:-2]), *a.shape[-2:])
    run = fold_batch(lambda a: floyd_warshall.with_predecessors(a, semiring))
    value, before = run(flat)
    cycle = _improving_cycle(value, semiring)
    return Closure(value.reshape(a.shape), before.reshape(a.shape), cycle.reshape(a.shape[:-2]))
