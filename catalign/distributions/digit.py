"""Numbers as arrays of digits, least significant first: exact at any length, in int32.

A number of n digits in base b is an int32 array `x` with `0 <= x_i < b` and value
`sum of x_i b^i`. No value that is formed from digits exceeds the square of the base, whatever n is,
so nothing overflows. Carries are found for all digits at once (carry lookahead): no function has a
loop over the digits.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Int

from catalign._errors import InputError

MAX_BASE = 2**15
"""The largest base: digit products and their carries stay below 2**30."""


def check_base(base: int) -> None:
    """Raises unless digits of this base are supported.

    Raises:
      InputError: `base` is not between 2 and 2**15.
    """
    if not 2 <= base <= MAX_BASE:
        raise InputError(f"`base` is {base}; digits need a base from 2 to {MAX_BASE}.")


def to_digits(value: int, size: int, *, base: int = 10) -> np.ndarray:
    """The digits of a Python integer, least significant first, padded with leading zeros.

    Args:
      value: A number of at least 0.
      size: How many digits to write.
      base: The base.

    Raises:
      InputError: `value` is negative or needs more digits.

    Example:
      >>> to_digits(2026, 6).tolist()
      [6, 2, 0, 2, 0, 0]
    """
    check_base(base)
    if value < 0 or value >= base**size:
        raise InputError(
            f"`value` is {value}, but {size} digits in base {base} hold 0 to {base}**{size} - 1."
        )
    digits = np.zeros(size, np.int32)
    for i in range(size):
        value, digits[i] = divmod(value, base)
    return digits


def to_integer(digits: Array | np.ndarray, *, base: int = 10) -> int:
    """The Python integer that a row of digits stands for.

    Maths: `sum of x_i base^i`.

    Example:
      >>> to_integer(np.array([6, 2, 0, 2, 0, 0]))
      2026
    """
    value = 0
    for digit in np.asarray(digits)[::-1].tolist():
        value = value * base + digit
    return value


def shift_up(values: Array, fill: int = 0) -> Array:
    """Moves every entry of the last axis to the next place and drops the last one.

    The first place gets `fill`.

    Example:
      >>> shift_up(jnp.array([1, 2, 3])).tolist()
      [0, 1, 2]
    """
    first = jnp.full((*values.shape[:-1], 1), fill, values.dtype)
    return jnp.concatenate([first, values[..., :-1]], axis=-1)


def shift_down(values: Array, fill: int = 0) -> Array:
    """Moves every entry of the last axis to the place before and drops the first one.

    The last place gets `fill`.

    Example:
      >>> shift_down(jnp.array([1, 2, 3])).tolist()
      [2, 3, 0]
    """
    last = jnp.full((*values.shape[:-1], 1), fill, values.dtype)
    return jnp.concatenate([values[..., 1:], last], axis=-1)


def lookahead(generate: Bool[Array, "*b n"], propagate: Bool[Array, "*b n"]) -> Bool[Array, "*b n"]:
    """The carry out of every digit, for all digits at once.

    Maths: `c_i = g_i or (p_i and c_{i-1})`, so the last digit up to i that does not propagate
    decides `c_i`.

    Args:
      generate: Where a carry arises whatever arrives.
      propagate: Where a carry leaves exactly if one arrives. Disjoint from `generate`.

    Example:
      >>> lookahead(jnp.array([True, False, False]), jnp.array([False, True, False])).tolist()
      [True, True, False]
    """
    verdict = jnp.where(propagate, 0, _places(generate.shape) + generate.astype(jnp.int32))
    return (jax.lax.cummax(verdict, axis=verdict.ndim - 1) & 1) == 1


def normalise(columns: Int[Array, "*b n"], *, base: int, bound: int) -> Int[Array, "*b n"]:
    """Turns column sums into digits; what leaves the last column is dropped.

    Maths: digits `x` with `sum of x_i base^i = sum of columns_i base^i` modulo `base^n`.

    Each pass keeps `columns mod base` and hands `columns div base` on, which shrinks the columns
    until every carry is 0 or 1; lookahead does the rest.

    Args:
      columns: Sums of at least 0.
      base: The base.
      bound: No column is greater than this; sets the number of passes.

    Example:
      >>> normalise(jnp.array([81, 81, 0], jnp.int32), base=10, bound=81).tolist()
      [1, 9, 8]
    """
    while bound > 2 * base - 2:
        columns = columns % base + shift_up(columns // base)
        bound = base - 1 + bound // base
    carry = lookahead(columns >= base, columns == base - 1)
    return (columns + shift_up(carry.astype(jnp.int32))) % base


def subtract(x: Int[Array, "*b n"], y: Int[Array, "*b n"], *, base: int) -> Int[Array, "*b n"]:
    """The digits of `x - y`, modulo `base^n` where x is smaller.

    Example:
      >>> hundred, one = jnp.eye(3, dtype=jnp.int32)[2], jnp.eye(3, dtype=jnp.int32)[0]
      >>> subtract(hundred, one, base=10).tolist()
      [9, 9, 0]
    """
    difference = x - y
    borrow = lookahead(difference < 0, difference == 0)
    return (difference - shift_up(borrow.astype(jnp.int32))) % base


def at_least(x: Int[Array, "*b n"], y: Int[Array, "*b n"]) -> Bool[Array, "*b"]:
    """Whether `x >= y`: the highest digit that differs decides.

    Example:
      >>> bool(at_least(jnp.array([9, 1], jnp.int32), jnp.array([0, 2], jnp.int32)))
      False
    """
    verdict = jnp.where(x == y, 0, _places(x.shape) + (x < y).astype(jnp.int32))
    return (verdict.max(axis=-1) & 1) == 0


def multiples(x: Int[Array, " n"], *, base: int, count: int, size: int) -> Int[Array, "count size"]:
    """The numbers `0 x, 1 x, ..., (count - 1) x`, with `size` digits each.

    Example:
      >>> multiples(jnp.array([7, 1], jnp.int32), base=10, count=3, size=2).tolist()
      [[0, 0], [7, 1], [4, 3]]
    """
    wide = jnp.pad(x, (0, size - x.shape[0]))
    factor = jnp.arange(count, dtype=jnp.int32)[:, None]
    return normalise(factor * wide[None, :], base=base, bound=(count - 1) * (base - 1))


def divide_digit(
    x: Int[Array, " n"], table: Int[Array, "count n"], *, base: int
) -> tuple[Int[Array, ""], Int[Array, " n"]]:
    """One row of long division: the largest multiple in a table that fits, and what it leaves.

    Maths: `q = max {k : k y <= x}` and `x - q y`, for the table of the multiples of y.

    Example:
      >>> table = multiples(jnp.array([7, 1], jnp.int32), base=10, count=10, size=3)
      >>> q, rest = divide_digit(jnp.array([0, 6, 0], jnp.int32), table, base=10)
      >>> int(q), rest.tolist()
      (3, [9, 0, 0])
    """
    count = table.shape[0]
    q = jnp.int32(0)
    # Binary search: the multiples that fit come first.
    for bit in reversed(range((count - 1).bit_length())):
        more = q + (1 << bit)
        fits = (more < count) & at_least(x, table[jnp.minimum(more, count - 1)])
        q = jnp.where(fits, more, q)
    return q, subtract(x, table[q], base=base)


def _places(shape: tuple[int, ...]) -> Int[Array, "..."]:
    """2, 4, 6, ... along the last axis: the greatest place wins, its lowest bit is its verdict."""
    return jnp.broadcast_to(2 * jnp.arange(1, shape[-1] + 1, dtype=jnp.int32), shape)
