"""Monoids, and commutative monoids with their reductions along an axis and by segments.

A monoid combines values in order; a commutative one combines a bag of values, so it can aggregate
the messages that arrive at a node. Values are arrays, or pytrees of arrays of one shape (such as
the pairs of `provenance`).
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Int

from catalign._errors import ShapeMismatchError

Values = Any
SegmentIds = Int[Array | np.ndarray, " n"]
Operation = Callable[[Any, Any], Any]
Axis = int | tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Monoid:
    """An associative operation with a unit.

    Maths: `op(op(a, b), c) = op(a, op(b, c))` and `op(unit, a) = a = op(a, unit)`.

    Attributes:
      name: Its name, for messages.
      op: The operation, elementwise on arrays of one shape and dtype.
      unit: The unit, a Python scalar (or a pytree of them, for values that are pytrees).

    Example:
      >>> first = Monoid(name="first", op=lambda a, b: jnp.where(a >= 0, a, b), unit=-1)
      >>> int(first.fold(jnp.array([-1, 4, 7])))
      4
    """

    name: str
    op: Operation
    unit: Any

    def full(self, shape: tuple[int, ...], like: Values) -> Values:
        """An array of units with the dtype of `like`."""
        return jax.tree.map(lambda u, x: jnp.full(shape, u, jnp.asarray(x).dtype), self.unit, like)

    def fold(self, x: Values, axis: int = 0) -> Values:
        """Combines the values along an axis, in order; the unit on an empty axis.

        Maths: `((x_0 . x_1) . x_2) ...`, grouped as a balanced tree, which associativity allows.
        """
        return _tree_fold(self.op, self.unit, x, axis)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True)
class CommutativeMonoid(Monoid):
    """A monoid whose operation forgets order, with its reductions.

    Maths: `op(a, b) = op(b, a)`; so it is an algebra of the bag monad, and sums a fibre of
    messages.

    Attributes:
      name: Its name, for messages.
      op: The operation.
      unit: The unit.
      is_idempotent: Whether `op(a, a) = a`: whether hearing a message twice is harmless.
      is_selective: Whether `op(a, b)` is always `a` or `b`, so that the winner can be named.
        Implies idempotent.
      reduce: `reduce(x, axis)` combines along an axis, or several; the unit on an empty axis.
      segment: `segment(x, segment_ids, num_segments, indices_are_sorted=False)` combines the rows
        of equal id, and gives the unit where there is none.

    `from_operation` derives both reductions from the operation alone.
    """

    is_idempotent: bool
    reduce: Callable[..., Any]
    segment: Callable[..., Any]
    is_selective: bool = False

    @classmethod
    def from_operation(
        cls, name: str, op: Operation, *, unit: Any, is_idempotent: bool, is_selective: bool = False
    ) -> "CommutativeMonoid":
        """Builds a commutative monoid of one's own, with generic reductions of logarithmic depth.

        Args:
          name: Its name, for messages.
          op: The operation: associative and commutative, elementwise.
          unit: The unit, a Python scalar or a pytree of them.
          is_idempotent: Whether `op(a, a) = a`.
          is_selective: Whether `op(a, b)` is `a` or `b`.

        Example:
          >>> gcd = CommutativeMonoid.from_operation("gcd", jnp.gcd, unit=0, is_idempotent=True)
          >>> gcd.segment(jnp.array([12, 18, 7]), jnp.array([0, 0, 2]), 3).tolist()
          [6, 0, 7]
        """
        return cls(
            name=name,
            op=op,
            unit=unit,
            is_idempotent=is_idempotent,
            is_selective=is_selective,
            reduce=functools.partial(_tree_reduce, op, unit),
            segment=functools.partial(_scan_segments, op, unit),
        )

    def __str__(self) -> str:
        return self.name


def check_segments(x: Values, segment_ids: SegmentIds) -> None:
    """Raises unless every row of `x` has one segment id.

    Raises:
      ShapeMismatchError: The ids are not a vector as long as the values.
    """
    shape = jnp.shape(jax.tree.leaves(x)[0])
    if jnp.ndim(segment_ids) != 1 or shape[:1] != jnp.shape(segment_ids):
        raise ShapeMismatchError(
            f"`x` has shape {shape} but `segment_ids` has shape {jnp.shape(segment_ids)}. "
            "Give one id for each row of `x`."
        )


def _tree_fold(op: Operation, unit: Any, x: Values, axis: int) -> Values:
    x = jax.tree.map(lambda leaf: jnp.moveaxis(jnp.asarray(leaf), axis, 0), x)
    size = jax.tree.leaves(x)[0].shape[0]
    if size == 0:
        return jax.tree.map(lambda u, leaf: jnp.full(leaf.shape[1:], u, leaf.dtype), unit, x)
    while size > 1:
        paired = 2 * (size // 2)
        merged = op(
            jax.tree.map(lambda leaf, end=paired: leaf[0:end:2], x),
            jax.tree.map(lambda leaf, end=paired: leaf[1:end:2], x),
        )
        x = jax.tree.map(
            lambda done, leaf, end=paired: jnp.concatenate([done, leaf[end:]]), merged, x
        )
        size = paired // 2 + size % 2
    return jax.tree.map(lambda leaf: leaf[0], x)


def _tree_reduce(op: Operation, unit: Any, x: Values, axis: Axis) -> Values:
    ndim = jnp.ndim(jax.tree.leaves(x)[0])
    axes = (axis,) if isinstance(axis, int) else axis
    for one in sorted((a % ndim for a in axes), reverse=True):
        x = _tree_fold(op, unit, x, one)
    return x


def _scan_segments(
    op: Operation,
    unit: Any,
    x: Values,
    segment_ids: SegmentIds,
    num_segments: int,
    indices_are_sorted: bool = False,
) -> Values:
    """A segmented scan over rows sorted by id; the last row of each segment holds its sum."""
    check_segments(x, segment_ids)
    x, segment_ids = jax.tree.map(jnp.asarray, x), jnp.asarray(segment_ids)
    empty = jax.tree.map(
        lambda u, leaf: jnp.full((num_segments, *leaf.shape[1:]), u, leaf.dtype), unit, x
    )
    if segment_ids.shape[0] == 0:
        return empty
    if not indices_are_sorted:
        order = jnp.argsort(segment_ids, stable=True)
        segment_ids = segment_ids[order]
        x = jax.tree.map(lambda leaf: leaf[order], x)

    def combine(left: tuple[Any, Array], right: tuple[Any, Array]) -> tuple[Any, Array]:
        same = left[1] == right[1]
        summed = op(left[0], right[0])
        kept = jax.tree.map(lambda a, b: jnp.where(_as_rows(same, a.ndim), a, b), summed, right[0])
        return kept, right[1]

    summed, _ = jax.lax.associative_scan(combine, (x, segment_ids))
    is_last = jnp.append(segment_ids[1:] != segment_ids[:-1], True)
    target = jnp.where(is_last, segment_ids, num_segments)
    return jax.tree.map(lambda out, leaf: out.at[target].set(leaf, mode="drop"), empty, summed)


def _as_rows(mask: Array, ndim: int) -> Array:
    return mask.reshape(mask.shape + (1,) * (ndim - mask.ndim))
