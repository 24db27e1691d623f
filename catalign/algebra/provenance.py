"""Provenance: which term won a sum, so that a shortest path yields its predecessors.

Only a *selective* addition (min, max, or) has a winner. Among equal terms the first in order wins,
as in the classical algorithms; a sum with nothing to choose from (every term zero) has the winner
-1.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Int

from catalign._errors import UnsupportedError
from catalign.algebra.monoid import Axis, CommutativeMonoid, Monoid, SegmentIds, check_segments
from catalign.algebra.semiring import Semiring

_NONE = -1
_LAST = np.iinfo(np.int32).max

Pair = tuple[Array, Array]


def arg_reduce(semiring: Semiring, values: Array, axis: int) -> tuple[Array, Int[Array, "..."]]:
    """Sums along an axis and names the term that won.

    Maths: `(sum_k x_k, min { k : x_k = sum })`, and -1 for the winner where every term is zero.

    Args:
      semiring: One with a selective addition.
      values: The terms.
      axis: The axis of the terms, in the order of preference.

    Returns:
      The sum (differentiable), and the winner's position on the axis, int32.

    Raises:
      UnsupportedError: The addition is not selective, so no term wins.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> value, arg = arg_reduce(min_plus, jnp.array([[4.0, 2.0, 2.0], [jnp.inf] * 3]), axis=1)
      >>> value.tolist(), arg.tolist()
      ([2.0, inf], [1, -1])
    """
    check_selective(semiring)
    total = semiring.add.reduce(values, axis)
    if values.shape[axis] == 0:
        return total, jnp.full(total.shape, _NONE, jnp.int32)
    winner = jnp.argmax(values == jnp.expand_dims(total, axis), axis=axis).astype(jnp.int32)
    return total, jnp.where(total == semiring.zero, _NONE, winner)


def arg_segment(
    semiring: Semiring,
    values: Array,
    segment_ids: SegmentIds,
    num_segments: int,
    *,
    indices_are_sorted: bool = False,
) -> tuple[Array, Int[Array, "..."]]:
    """Sums by segments and names the row that won in each.

    Args:
      semiring: One with a selective addition.
      values: The terms, one a row; rows may be vectors.
      segment_ids: The segment of each row.
      num_segments: The number of segments.
      indices_are_sorted: Whether the ids ascend.

    Returns:
      The sums (differentiable), and the winning row's index, int32; -1 where a segment is empty or
      all zero.

    Raises:
      UnsupportedError: The addition is not selective.
      ShapeMismatchError: There is not one id for each row.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> value, arg = arg_segment(min_plus, jnp.array([4.0, 2.0, 2.0]), jnp.array([0, 2, 2]), 3)
      >>> value.tolist(), arg.tolist()
      ([4.0, inf, 2.0], [0, -1, 1])
    """
    check_selective(semiring)
    check_segments(values, segment_ids)
    rows = values.shape[0]
    total = semiring.add.segment(
        values, segment_ids, num_segments, indices_are_sorted=indices_are_sorted
    )
    row = jnp.arange(rows, dtype=jnp.int32).reshape((rows,) + (1,) * (values.ndim - 1))
    candidates = jnp.where(values == total[segment_ids], row, rows)
    first = jax.ops.segment_min(candidates, segment_ids, num_segments, indices_are_sorted)
    return total, jnp.where((total == semiring.zero) | (first >= rows), _NONE, first)


def check_selective(semiring: Semiring) -> None:
    """Raises unless a term of each sum wins.

    Raises:
      UnsupportedError: The addition is not selective.
    """
    if not semiring.add.is_selective:
        raise UnsupportedError(
            f"`semiring` is {semiring.name}, whose addition {semiring.add.name} blends its terms, "
            "so none wins. Provenance needs a selective addition: min_plus, max_plus, max_min, "
            "min_max, lor_land or max_times."
        )


@functools.lru_cache(maxsize=64)
def with_provenance(semiring: Semiring) -> Semiring:
    """The semiring of pairs (value, arg), in which a sum remembers its winner.

    Maths: `(a, i) + (b, j)` is the pair whose value wins; of equal values, the smaller arg, where
    -1 (no arg) comes last. `(a, i) (b, j) = (a b, i if i >= 0 else j)`; the zero is `(0, -1)` and
    the one `(1, -1)`.

    Addition is a commutative idempotent monoid, multiplication a monoid, and zero annihilates, for
    every selective semiring. Distributivity over sums of terms that all carry an arg holds where
    multiplication by a nonzero value is injective (`min_plus`, `max_plus`, `max_times`); it fails
    where multiplication saturates (`max_min`, `min_max`), because a product may tie terms that
    differed.

    Args:
      semiring: One with a selective addition.

    Raises:
      UnsupportedError: The addition is not selective.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> pairs = (jnp.array([5.0, 2.0, 2.0]), jnp.array([7, 9, 4]))
      >>> value, arg = with_provenance(min_plus).add.reduce(pairs, axis=0)
      >>> float(value), int(arg)
      (2.0, 4)
    """
    check_selective(semiring)

    def add(left: Pair, right: Pair) -> Pair:
        (a, i), (b, j) = left, right
        total = semiring.add.op(a, b)
        take_left = (a == total) & ((b != total) | (_rank(i) <= _rank(j)))
        return total, jnp.where(take_left, i, j)

    def along(pairs: Pair, axis: Axis) -> Pair:
        values, args = pairs
        total = semiring.add.reduce(values, axis)
        won = jnp.where(values == jnp.expand_dims(total, axis), _rank(args), _LAST)
        return total, _from_rank(jnp.min(won, axis=axis, initial=_LAST), args)

    def by_segment(
        pairs: Pair, segment_ids: SegmentIds, num_segments: int, indices_are_sorted: bool = False
    ) -> Pair:
        values, args = pairs
        total = semiring.add.segment(values, segment_ids, num_segments, indices_are_sorted)
        won = jnp.where(values == total[segment_ids], _rank(args), _LAST)
        least = jax.ops.segment_min(won, segment_ids, num_segments, indices_are_sorted)
        return total, _from_rank(least, args)

    def multiply(left: Pair, right: Pair) -> Pair:
        (a, i), (b, j) = left, right
        product = semiring.multiply.op(a, b)
        return product, jnp.where(product == semiring.zero, _NONE, jnp.where(i >= 0, i, j))

    return Semiring(
        f"provenance({semiring.name})",
        CommutativeMonoid(
            name=f"first {semiring.add.name}",
            op=add,
            unit=(semiring.zero, _NONE),
            is_idempotent=True,
            is_selective=True,
            reduce=along,
            segment=by_segment,
        ),
        Monoid(
            name=f"{semiring.multiply.name}, first arg", op=multiply, unit=(semiring.one, _NONE)
        ),
        semiring.dtype_kind,
    )


def _rank(args: Array) -> Array:
    """The order of preference of args: -1, which is none, comes last."""
    return jnp.where(args < 0, _LAST, args)


def _from_rank(rank: Array, like: Array) -> Array:
    return jnp.where(rank >= _LAST, _NONE, rank).astype(like.dtype)
