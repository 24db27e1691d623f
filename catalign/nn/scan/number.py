"""Arithmetic of long numbers, put together from learned and certified pieces.

Numbers are int32 digits, least significant first, as in `distributions.digit`. What is learned is a
`HardScan` (an adder, a subtractor, a divider) or a table of digit products; the wiring here is the
school method and is given. The machine's states are never read: carries and borrows show in what it
writes on a leading zero. Where the pieces are certified, so is the whole, see
`alignment.certificate.compose`.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Int

from catalign._errors import InputError, ShapeMismatchError
from catalign.distributions.digit import shift_up
from catalign.nn.scan.hard import HardScan
from catalign.nn.scan.product import DigitProducts

Digits = Int[Array, "*b n"]
AnyDigits = Int[Array, "..."]
"""Digits whose shape is checked by the function, which says more than the annotation."""


def apply(machine: HardScan, *numbers: AnyDigits) -> AnyDigits:
    """What a machine writes on numbers of equally many digits, their digits side by side.

    Raises:
      ShapeMismatchError: The numbers have different shapes.

    Example:
      >>> from catalign.nn.scan.word import Tie, WordType
      >>> xor = HardScan(WordType((2, 2), 2), Tie((1, 1), rolled=True), ((0,),) * 3, ((0,),))
      >>> apply(xor, jnp.array([1, 1, 0]), jnp.array([1, 0, 0])).tolist()
      [0, 1, 0]
    """
    shapes = {x.shape for x in numbers}
    if len(shapes) != 1:
        raise ShapeMismatchError(
            f"`numbers` have the shapes {sorted(shapes)}: pad them with leading zeros to one."
        )
    return machine(jnp.stack(numbers, axis=-1))


def add(adder: HardScan, a: AnyDigits, b: AnyDigits) -> AnyDigits:
    """The sum, with one digit more than the operands.

    Raises:
      ShapeMismatchError: The numbers have different shapes.
    """
    return apply(adder, _lead(a), _lead(b))


def subtract(
    subtractor: HardScan, a: AnyDigits, b: AnyDigits
) -> tuple[AnyDigits, Bool[Array, "..."]]:
    """The difference, modulo `base^n`, and whether it is negative.

    A subtractor that has borrowed writes something else than 0 on a leading zero.

    Raises:
      ShapeMismatchError: The numbers have different shapes.
    """
    written = apply(subtractor, _lead(a), _lead(b))
    return written[..., :-1], written[..., -1] != 0


@functools.partial(jax.jit, static_argnums=(0, 1))
def multiply(
    products: DigitProducts, adder: HardScan, a: Int[Array, " n"], b: Int[Array, " m"]
) -> Int[Array, " p"]:
    """The product, with as many digits as both operands together.

    The columns are the convolution of the digits under the learned table of products. Passes of
    `x mod base` and `x div base` then bring every column to at most twice a digit (carry save),
    and the learned adder does the rest.

    Args:
      products: The learned products of digits.
      adder: The learned adder.
      a: A number.
      b: A number; for batches use `jax.vmap`.

    Raises:
      InputError: The columns would overflow 32 bits.
    """
    base, table = products.base, jnp.asarray(np.array(products.table, np.int32))
    n, m = a.shape[0], b.shape[0]
    bound = int(np.max(np.abs(np.array(products.table)))) * min(n, m)
    if bound >= 2**31:
        raise InputError(f"`a` and `b` have {n} and {m} digits: their columns overflow 32 bits.")

    def row(i: Array, columns: Array) -> Array:
        part = jax.lax.dynamic_slice(columns, (i,), (m,))
        return jax.lax.dynamic_update_slice(columns, part + table[a[i]][b], (i,))

    columns = jax.lax.fori_loop(0, n, row, jnp.zeros(n + m, jnp.int32))
    while bound > 2 * (base - 1):
        columns = columns % base + shift_up(columns // base)
        bound = base - 1 + bound // base
    low = jnp.minimum(columns, base - 1)
    return apply(adder, low, columns - low)


@functools.partial(jax.jit, static_argnums=0)
def divide(
    subtractor: HardScan, a: Int[Array, " n"], b: Int[Array, " n"]
) -> tuple[Int[Array, " n"], Int[Array, " n"]]:
    """Quotient and rest: long division, each digit of the quotient by repeated subtraction.

    Args:
      subtractor: The learned subtractor.
      a: The dividend.
      b: The divisor, with as many digits; not zero. For batches use `jax.vmap`.

    Returns:
      Quotient and rest. Where `b` is zero, `divide` has no answer: both are -1.

    Raises:
      ShapeMismatchError: The numbers have different shapes.
    """
    by_zero = jnp.all(b == 0)

    def shorten(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        rest, quotient, shift = state
        less, negative = subtract(subtractor, rest, jnp.roll(b, shift))
        rest = jnp.where(negative, rest, less)
        quotient = quotient.at[shift].add(jnp.where(negative, 0, 1))
        return rest, quotient, shift - negative.astype(jnp.int32)

    start = (a, jnp.zeros_like(a), jnp.where(by_zero, -1, a.shape[0] - length(b)))
    rest, quotient, _ = jax.lax.while_loop(lambda state: state[2] >= 0, shorten, start)
    return jnp.where(by_zero, -1, quotient), jnp.where(by_zero, -1, rest)


@functools.partial(jax.jit, static_argnums=0)
def gcd(subtractor: HardScan, a: Int[Array, " n"], b: Int[Array, " n"]) -> Int[Array, " n"]:
    """The greatest common divisor by Euclid's algorithm, on digits.

    The rest of each division is found by subtracting the divisor, moved up as far as it fits.
    `gcd(a, 0) = a`.

    Args:
      subtractor: The learned subtractor.
      a: A number.
      b: A number of as many digits. For batches use `jax.vmap`.

    Raises:
      ShapeMismatchError: The numbers have different shapes.
    """

    def reduce(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        a, b, shift = state
        # The divisor of a negative shift is longer than the dividend: nothing fits.
        less, negative = subtract(subtractor, a, jnp.roll(b, jnp.maximum(shift, 0)))
        fits = ~negative & (shift >= 0)
        is_rest = ~fits & (shift <= 0)
        rest = jnp.where(fits, less, a)
        down = 1 - fits.astype(jnp.int32)
        nearest = jnp.minimum(shift - down, length(rest) - length(b))
        swapped = length(b) - length(a)
        return (
            jnp.where(is_rest, b, rest),
            jnp.where(is_rest, a, b),
            jnp.where(is_rest, swapped, jnp.maximum(nearest, 0)),
        )

    start = (a, b, length(a) - length(b))
    return jax.lax.while_loop(lambda state: jnp.any(state[1] != 0), reduce, start)[0]


def length(digits: Digits) -> Int[Array, "*b"]:
    """How many digits a number has without its leading zeros; 0 for zero.

    Example:
      >>> length(jnp.array([[5, 0, 3, 0], [0, 0, 0, 0]])).tolist()
      [3, 0]
    """
    place = jnp.arange(1, digits.shape[-1] + 1, dtype=jnp.int32)
    return jnp.max(jnp.where(digits != 0, jnp.broadcast_to(place, digits.shape), 0), axis=-1)


def _lead(digits: Array) -> Array:
    """With one leading zero more."""
    return jnp.pad(digits, [(0, 0)] * (digits.ndim - 1) + [(0, 1)])
