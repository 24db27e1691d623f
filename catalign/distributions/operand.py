"""Laws of the operands of arithmetic: numbers as digits, least significant first.

Digits that are uniform and independent rarely test an adder: in base 10 the longest carry chain
among n of them is about `log10 n`. The other laws give the long chains that they miss.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Int

from catalign._errors import InputError
from catalign._typing import KeyArray
from catalign.distributions.digit import check_base, normalise, to_digits

MAX_QUOTIENT = 1024


class AbstractOperandLaw(ABC):
    """A law of one or several numbers of equally many digits.

    Law: every digit of a sample lies in 0 to `base - 1`.
    """

    @abstractmethod
    def sample(
        self, key: KeyArray, size: int, *, base: int = 10, count: int = 2
    ) -> Int[Array, "count size"]:
        """Draws `count` numbers of `size` digits, least significant first."""


@dataclass(frozen=True)
class UniformDigits(AbstractOperandLaw):
    """Every digit is uniform and independent: the number is uniform below `base^size`.

    Example:
      >>> UniformDigits().sample(jax.random.key(0), 5).shape
      (2, 5)
    """

    def sample(
        self, key: KeyArray, size: int, *, base: int = 10, count: int = 2
    ) -> Int[Array, "count size"]:
        """Draws `count` numbers of `size` digits."""
        _check(size, base)
        return jax.random.randint(key, (count, size), 0, base, jnp.int32)


@dataclass(frozen=True)
class LogUniformOperands(AbstractOperandLaw):
    """Every order of magnitude is equally likely, so that short and long numbers meet.

    The number of digits is uniform from 1 to `size`, the leading digit follows Benford's law, and
    the others are uniform.

    Example:
      >>> bool((LogUniformOperands().sample(jax.random.key(0), 5).max(axis=1) > 0).all())
      True
    """

    def sample(
        self, key: KeyArray, size: int, *, base: int = 10, count: int = 2
    ) -> Int[Array, "count size"]:
        """Draws `count` numbers of `size` digits."""
        _check(size, base)
        digit_key, shape_key = jax.random.split(key)
        digits = jax.random.randint(digit_key, (count, size), 0, base, jnp.int32)
        length, mantissa = jax.random.uniform(shape_key, (2, count, 1))
        top = jnp.minimum((length * size).astype(jnp.int32), size - 1)
        lead = jnp.exp(mantissa * jnp.log(float(base)))
        lead = jnp.clip(lead.astype(jnp.int32), 1, base - 1)
        place = jnp.arange(size, dtype=jnp.int32)[None, :]
        return jnp.where(place < top, digits, jnp.where(place == top, lead, 0))


@dataclass(frozen=True)
class CarryChain(AbstractOperandLaw):
    """Two numbers whose sum has a longest carry chain of a given length.

    A chain is a digit that makes a carry and the digits after it that pass it on, each of which
    would have made none by itself. Adding 1 to `n` nines is a chain of `n`. The chain's place is
    uniform; the other digits are as independent as the bound on their own chains allows.

    Args:
      length: The length of the longest chain, 0 for a sum without a carry; at most the number of
        digits.

    Raises:
      InputError: `length` is negative; when sampling, it is longer than the numbers.

    Example:
      >>> a, b = CarryChain(4).sample(jax.random.key(0), 4)
      >>> (a + b >= 9).tolist()
      [True, True, True, True]
    """

    length: int

    def __post_init__(self) -> None:
        if self.length < 0:
            raise InputError(f"`length` is {self.length}; a carry chain has at least 0 digits.")

    def sample(
        self, key: KeyArray, size: int, *, base: int = 10, count: int = 2
    ) -> Int[Array, "count size"]:
        """Draws two numbers of `size` digits."""
        _check(size, base)
        _check_pair(self, count)
        if self.length > size:
            raise InputError(
                f"`length` is {self.length}, but the carry chains of {size} digits have at most "
                f"{size}. Draw longer numbers."
            )
        digit_key, place_key = jax.random.split(key)
        drawn = jax.random.uniform(digit_key, (4, 2, size))
        free = _between(drawn[0], 0, base - 1)
        kill = _pair_with_sum(drawn[1], 0, base - 2, base)
        generate = _pair_with_sum(drawn[2], base, 2 * base - 2, base)
        passing = _pair_with_sum(drawn[3], base - 1, base - 1, base)
        if self.length == 0:
            return jnp.where(free.sum(axis=0, keepdims=True) >= base, kill, free)
        node = jnp.arange(size, dtype=jnp.int32)
        passes = free.sum(axis=0) == base - 1
        run = node - jax.lax.cummax(jnp.where(passes, -1, node))
        pair = jnp.where((passes & (run % self.length == 0))[None, :], kill, free)
        start = jax.random.randint(place_key, (), 0, size - self.length + 1, jnp.int32)
        offset = node[None, :] - start
        pair = jnp.where(offset == 0, generate, pair)
        pair = jnp.where((offset > 0) & (offset < self.length), passing, pair)
        return jnp.where(offset == self.length, kill, pair)


@dataclass(frozen=True)
class AllPropagate(AbstractOperandLaw):
    """Two numbers whose digits add up to `base - 1` at every place but the lowest.

    One carry then runs through all digits: the worst case of an adder.

    Args:
      carry: Whether the lowest digits make a carry. If not, they add up to `base - 1` too, and no
        carry moves, though every digit would pass one on.

    Example:
      >>> a, b = AllPropagate(carry=False).sample(jax.random.key(0), 3)
      >>> (a + b).tolist()
      [9, 9, 9]
    """

    carry: bool = True

    def sample(
        self, key: KeyArray, size: int, *, base: int = 10, count: int = 2
    ) -> Int[Array, "count size"]:
        """Draws two numbers of `size` digits."""
        _check(size, base)
        _check_pair(self, count)
        drawn = jax.random.uniform(key, (2, 2, size))
        passing = _pair_with_sum(drawn[0], base - 1, base - 1, base)
        generate = _pair_with_sum(drawn[1], base, 2 * base - 2, base)
        if not self.carry:
            return passing
        return jnp.concatenate([generate[:, :1], passing[:, 1:]], axis=1)


@dataclass(frozen=True)
class GivenGcd(AbstractOperandLaw):
    """Two numbers with a known greatest common divisor, which is drawn first.

    Maths: Euclid's algorithm backwards, from `(g, 0)`: `(u, v) -> (q u + v, u)` with quotients q of
    the Gauss-Kuzmin law (those of a random real, cut at 1024), for as long as the numbers fit.
    Either of the two comes first.

    Args:
      value: The gcd. Left out, it is log-uniform with at most half of the digits.

    Raises:
      InputError: `value` is below 1; when sampling, it has too many digits.

    Example:
      >>> from catalign.distributions.digit import to_integer
      >>> import math
      >>> a, b = GivenGcd(12).sample(jax.random.key(0), 6)
      >>> math.gcd(to_integer(a), to_integer(b))
      12
    """

    value: int | None = None

    def __post_init__(self) -> None:
        if self.value is not None and self.value < 1:
            raise InputError(f"`value` is {self.value}; a gcd that is built first is at least 1.")

    def sample(
        self, key: KeyArray, size: int, *, base: int = 10, count: int = 2
    ) -> Int[Array, "count size"]:
        """Draws two numbers of `size` digits."""
        _check_pair(self, count)
        return self.sample_with_outcome(key, size, base=base)[0]

    def sample_with_outcome(
        self, key: KeyArray, size: int, *, base: int = 10
    ) -> tuple[Int[Array, "2 size"], Int[Array, " size"]]:
        """Draws two numbers of `size` digits, and gives their gcd with them."""
        _check(size, base)
        outcome_key, quotient_key, order_key = jax.random.split(key, 3)
        if self.value is None:
            short = LogUniformOperands().sample(outcome_key, (size + 1) // 2, base=base, count=1)[0]
            outcome = jnp.zeros(size, jnp.int32).at[: short.shape[0]].set(short)
        else:
            outcome = jnp.asarray(to_digits(self.value, size, base=base))
        u, v = _euclid_backwards(quotient_key, outcome, base)
        swap = jax.random.bernoulli(order_key)
        return jnp.where(swap, jnp.stack([v, u]), jnp.stack([u, v])), outcome


UNIFORM_DIGITS = UniformDigits()
"""The default law of operands."""


def _check(size: int, base: int) -> None:
    check_base(base)
    if size < 1:
        raise InputError(f"`size` is {size}; a number has at least 1 digit.")


def _check_pair(law: AbstractOperandLaw, count: int) -> None:
    if count != 2:
        raise InputError(
            f"`count` is {count}, but {law} is a law of two numbers. "
            "Use UniformDigits() or LogUniformOperands()."
        )


def _between(u: Array, low: Array | int, high: Array | int) -> Array:
    """Whole numbers from `low` to `high`, uniform where `u` is uniform in [0, 1).

    Spans stay below 2**16, where float32 is fine enough.
    """
    span = jnp.asarray(high - low + 1).astype(u.dtype)
    return low + jnp.floor(u * span).astype(jnp.int32)


def _pair_with_sum(u: Array, low: int, high: int, base: int) -> Int[Array, "2 size"]:
    """Digit pairs: the sum is uniform from `low` to `high`, then the first digit given the sum."""
    total = _between(u[0], low, high)
    least, most = jnp.maximum(0, total - (base - 1)), jnp.minimum(base - 1, total)
    first = _between(u[1], least, most)
    return jnp.stack([first, total - first])


def _euclid_backwards(key: KeyArray, outcome: Array, base: int) -> tuple[Array, Array]:
    """The last pair `(u, v)` with gcd `outcome` whose numbers fit."""
    size = outcome.shape[0]
    bound = (MAX_QUOTIENT + 1) * (base - 1)
    spare = 1
    while base**spare <= MAX_QUOTIENT:
        spare += 1

    def advance(carry: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        key, u, v, _ = carry
        key, draw_key = jax.random.split(key)
        # 1 / (2^U - 1) has the law of the complete quotients of a random real (Gauss).
        tail = jnp.exp2(jax.random.uniform(draw_key)) - 1.0
        quotient = jnp.clip(1.0 / jnp.maximum(tail, 1e-6), 1.0, MAX_QUOTIENT).astype(jnp.int32)
        wide = normalise(jnp.pad(quotient * u + v, (0, spare)), base=base, bound=bound)
        fits = jnp.all(wide[size:] == 0)
        return key, jnp.where(fits, wide[:size], u), jnp.where(fits, u, v), fits

    start = (key, outcome, jnp.zeros_like(outcome), jnp.bool_(True))
    _, u, v, _ = jax.lax.while_loop(lambda carry: carry[3], advance, start)
    return u, v
