"""The semirings that algorithms compute in, each a frozen value.

| name | values | add | multiply | zero | one | answers |
|---|---|---|---|---|---|---|
| `min_plus` | (-inf, inf] | min | + | inf | 0 | the shortest path |
| `max_plus` | [-inf, inf) | max | + | -inf | 0 | the longest path in a DAG |
| `max_min` | [-inf, inf] | max | min | -inf | inf | the widest path |
| `min_max` | [-inf, inf] | min | max | inf | -inf | the smallest largest step |
| `lor_land` | bool | or | and | False | True | reachability |
| `plus_times` | finite numbers | + | x | 0 | 1 | the number of paths |
| `max_times` | [0, inf) | max | x | 0 | 1 | the most reliable path |
| `log_plus(t)` | (-inf, inf] | soft minimum | + | inf | 0 | tends to `min_plus` as t -> 0 |

An infinity of the other sign is absorbed by zero: in `min_plus`, `-inf + inf = inf`. No operation
ever forms `inf - inf`.
"""

import functools
from collections.abc import Callable
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from catalign._errors import InputError
from catalign.algebra.monoid import Axis, CommutativeMonoid, SegmentIds, check_segments
from catalign.algebra.semiring import Semiring

_INF = float("inf")


def _is_empty(x: Array, axis: Axis) -> bool:
    axes = (axis,) if isinstance(axis, int) else axis
    return any(x.shape[a] == 0 for a in axes)


def _reduction(reduce: Callable[..., Array], unit: float | bool) -> Callable[..., Array]:
    def along(x: ArrayLike, axis: Axis) -> Array:
        """Combines along an axis; the unit on an empty one."""
        x = jnp.asarray(x)
        if _is_empty(x, axis):
            shape = jax.eval_shape(functools.partial(jnp.any, axis=axis), x).shape
            return jnp.full(shape, unit, x.dtype)
        return reduce(x, axis=axis)

    return along


def _segment_reduction(
    segment: Callable[..., Array], unit: float | bool, fill: float | bool
) -> Callable[..., Array]:
    """Wraps a segment reduction of JAX, which leaves `fill` on an empty segment."""

    def by_segment(
        x: ArrayLike, segment_ids: SegmentIds, num_segments: int, indices_are_sorted: bool = False
    ) -> Array:
        """Combines the rows of equal id; the unit where there is none."""
        check_segments(x, segment_ids)
        x, segment_ids = jnp.asarray(x), jnp.asarray(segment_ids)
        out = segment(x, segment_ids, num_segments, indices_are_sorted=indices_are_sorted)
        return out if unit == fill else jnp.where(out == fill, jnp.asarray(unit, out.dtype), out)

    return by_segment


def _absorbing_sum(zero: float) -> Callable[[Array, Array], Array]:
    def add(a: ArrayLike, b: ArrayLike) -> Array:
        """The sum, where `zero` (an infinity) absorbs even the infinity of the other sign."""
        return jnp.where(b == zero, zero, a) + jnp.where(a == zero, zero, b)

    return add


def _absorbing_sum_along(zero: float) -> Callable[..., Array]:
    def total(x: Array, axis: Axis) -> Array:
        """The sum along an axis, `zero` as soon as one term is."""
        is_zero = jnp.any(x == zero, axis=axis, keepdims=True)
        return jnp.sum(jnp.where(is_zero, zero, x), axis=axis)

    return total


def _absorbing_sum_by_segment(zero: float) -> Callable[..., Array]:
    def total(x: Array, ids: Array, num_segments: int, indices_are_sorted: bool = False) -> Array:
        """The sum by segments, `zero` as soon as one term is."""
        is_zero = jax.ops.segment_max(
            x == zero, ids, num_segments, indices_are_sorted=indices_are_sorted
        )
        finite = jnp.where(is_zero[ids], jnp.zeros((), x.dtype), x)
        summed = jax.ops.segment_sum(
            finite, ids, num_segments, indices_are_sorted=indices_are_sorted
        )
        return jnp.where(is_zero, zero, summed)

    return total


def _monoid(
    name: str,
    op: Callable[[Array, Array], Array],
    *,
    unit: float | bool,
    reduce: Callable[..., Array],
    segment: Callable[..., Array],
    fill: float | bool,
    is_selective: bool = True,
) -> CommutativeMonoid:
    return CommutativeMonoid(
        name=name,
        op=op,
        unit=unit,
        is_idempotent=is_selective,
        is_selective=is_selective,
        reduce=_reduction(reduce, unit),
        segment=_segment_reduction(segment, unit, fill),
    )


def _extremum(name: str, *, unit: float, is_max: bool) -> CommutativeMonoid:
    return _monoid(
        name,
        jnp.maximum if is_max else jnp.minimum,
        unit=unit,
        reduce=jnp.max if is_max else jnp.min,
        segment=jax.ops.segment_max if is_max else jax.ops.segment_min,
        fill=-_INF if is_max else _INF,
    )


def _sum_with_zero(name: str, zero: float) -> CommutativeMonoid:
    return _monoid(
        name,
        _absorbing_sum(zero),
        unit=0.0,
        reduce=_absorbing_sum_along(zero),
        segment=_absorbing_sum_by_segment(zero),
        fill=0.0,
        is_selective=False,
    )


_min = _extremum("min", unit=_INF, is_max=False)
_max = _extremum("max", unit=-_INF, is_max=True)
_max_of_nonnegative = _extremum("max", unit=0.0, is_max=True)
_plus_up = _sum_with_zero("plus", _INF)
_plus_down = _sum_with_zero("plus", -_INF)
_plus = _monoid(
    "plus", jnp.add, unit=0, reduce=jnp.sum, segment=jax.ops.segment_sum, fill=0, is_selective=False
)
_times = _monoid(
    "times",
    jnp.multiply,
    unit=1,
    reduce=jnp.prod,
    segment=jax.ops.segment_prod,
    fill=1,
    is_selective=False,
)
_or = _monoid(
    "or", jnp.logical_or, unit=False, reduce=jnp.any, segment=jax.ops.segment_max, fill=False
)
_and = _monoid(
    "and", jnp.logical_and, unit=True, reduce=jnp.all, segment=jax.ops.segment_min, fill=True
)

min_plus = Semiring("min_plus", _min, _plus_up)
max_plus = Semiring("max_plus", _max, _plus_down)
max_min = Semiring("max_min", _max, _min)
min_max = Semiring("min_max", _min, _max)
lor_land = Semiring("lor_land", _or, _and, "bool")
plus_times = Semiring("plus_times", _plus, _times, "number")
max_times = Semiring("max_times", _max_of_nonnegative, _times)

SEMIRINGS = MappingProxyType(
    {s.name: s for s in (min_plus, max_plus, max_min, min_max, lor_land, plus_times, max_times)}
)
"""The semirings without parameters, by name."""


def _soft_sum(
    total: Callable[[Array], Array], peak: Array, x: Array, spread: Array, t: float
) -> Array:
    """Computes `peak - t log total(exp((peak - x) / t))`, with no inf - inf and safe gradients."""
    weights = jnp.where(x == _INF, 0.0, jnp.exp((spread - jnp.where(x == _INF, spread, x)) / t))
    mass = total(weights)
    # A mass that is NaN is no empty one.
    return jnp.where(mass == 0, _INF, peak - t * jnp.log(jnp.where(mass == 0, 1.0, mass)))


@functools.lru_cache(maxsize=64)
def log_plus(temperature: float) -> Semiring:
    """The Boltzmann semiring: a soft minimum and a plus.

    Maths: `a + b = -t log(exp(-a/t) + exp(-b/t))`; over k terms, `min - t log k <= sum <= min`.

    Args:
      temperature: The t above, positive.

    Raises:
      InputError: The temperature is not a positive finite number.

    Example:
      >>> float(log_plus(0.5).add.reduce(jnp.zeros(8), axis=0)) == -0.5 * float(jnp.log(8.0))
      True
    """
    t = float(temperature)
    if not 0 < t < _INF:
        raise InputError(
            f"`temperature` is {temperature}. Give a positive number; `min_plus` is the limit 0."
        )

    def op(a: ArrayLike, b: ArrayLike) -> Array:
        return along(jnp.stack(jnp.broadcast_arrays(a, b)), axis=0)

    def along(x: Array, axis: Axis) -> Array:
        low = jax.lax.stop_gradient(jnp.min(x, axis=axis, keepdims=True))
        low = jnp.where(jnp.isfinite(low), low, 0.0)
        return _soft_sum(lambda w: jnp.sum(w, axis=axis), jnp.squeeze(low, axis), x, low, t)

    def by_segment(
        x: Array, segment_ids: Array, num_segments: int, indices_are_sorted: bool = False
    ) -> Array:
        low = jax.lax.stop_gradient(
            jax.ops.segment_min(x, segment_ids, num_segments, indices_are_sorted)
        )
        low = jnp.where(jnp.isfinite(low), low, 0.0)

        def total(w: Array) -> Array:
            return jax.ops.segment_sum(w, segment_ids, num_segments, indices_are_sorted)

        return _soft_sum(total, low, x, low[segment_ids], t)

    name = f"log_plus({np.format_float_positional(t, trim='-')})"
    add = _monoid(
        "soft_min", op, unit=_INF, reduce=along, segment=by_segment, fill=_INF, is_selective=False
    )
    return Semiring(name, add, _plus_up, temperature=t)
