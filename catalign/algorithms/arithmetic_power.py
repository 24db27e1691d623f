"""Modular exponentiation by squaring.

Source: Cormen et al., Introduction to Algorithms, section 31.6; the bits of the exponent are taken
from the least significant on, because halving a number gives them in any base.
"""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Int

from catalign._typing import Flag, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arithmetic_chain import named
from catalign.algorithms.check import HostProbes
from catalign.algorithms.number import (
    ORDER,
    at_least_one,
    check_nonzero,
    check_order,
    number,
    number_inputs,
)
from catalign.algorithms.spec import Spec, Stage
from catalign.distributions.digit import (
    MAX_BASE,
    at_least,
    check_base,
    divide_digit,
    multiples,
    normalise,
    shift_down,
    shift_up,
    subtract,
)
from catalign.distributions.operand import UNIFORM_DIGITS, AbstractOperandLaw


class _Modulus(NamedTuple):
    """A modulus m of h limbs, and its reciprocal `floor(L^2h / m)` of 2h + 1."""

    limbs: Int[Array, " h"]
    reciprocal: Int[Array, " k"]


class _Squares(NamedTuple):
    """The powers as limbs, the exponent as digits."""

    result: Int[Array, " h"]
    square: Int[Array, " h"]
    exponent: Int[Array, " n"]
    modulus: _Modulus


class Limbs(NamedTuple):
    """Numbers in a larger base: a limb is as many digits as fit below `MAX_BASE`.

    Attributes:
      base: The base of the digits.
      width: The digits of a limb.
    """

    base: int
    width: int

    @property
    def size(self) -> int:
        """The base L of the limbs."""
        return self.base**self.width

    def pack(self, digits: Int[Array, " n"]) -> Int[Array, " h"]:
        """The limbs of a number."""
        n = digits.shape[0]
        rows = jnp.pad(digits, (0, -n % self.width)).reshape(-1, self.width)
        return (rows * self._powers).sum(axis=1, dtype=jnp.int32)

    def unpack(self, limbs: Int[Array, " h"], n: int) -> Int[Array, " n"]:
        """The first n digits of a number."""
        return (limbs[:, None] // self._powers % self.base).reshape(-1)[:n]

    @property
    def _powers(self) -> Int[Array, "1 w"]:
        return jnp.array([[self.base**i for i in range(self.width)]], jnp.int32)


def limbs_of(base: int) -> Limbs:
    """The largest limbs of digits in a base.

    Example:
      >>> limbs_of(10)
      Limbs(base=10, width=4)
    """
    check_base(base)
    return Limbs(base, max(w for w in range(1, 16) if base**w <= MAX_BASE))


def multiply(x: Int[Array, " a"], y: Int[Array, " c"], *, base: int) -> Int[Array, " a+c"]:
    """The product of two numbers.

    The rows of the schoolbook are added up before any carry moves: each digit product goes into two
    columns, its remainder and its quotient by the base.

    Example:
      >>> multiply(jnp.array([9, 9], jnp.int32), jnp.array([9], jnp.int32), base=10).tolist()
      [1, 9, 8]
    """
    a, c = x.shape[0], y.shape[0]
    products = x[:, None] * y[None, :]

    def columns(rows: Int[Array, "a c"]) -> Int[Array, " a+c"]:
        # Read in rows of one place less, each row of the padded square starts one place later.
        padded = jnp.pad(rows, ((0, 0), (0, a))).reshape(-1)
        shifted = padded[: a * (a + c - 1)].reshape(a, a + c - 1)
        return jnp.pad(shifted.sum(axis=0, dtype=jnp.int32), (0, 1))

    total = columns(products % base) + shift_up(columns(products // base))
    return normalise(total, base=base, bound=2 * min(a, c) * (base - 1))


def _modulus(m: Int[Array, " n"], limbs: Limbs) -> _Modulus:
    """The reciprocal, by long division of a 1 with zeros, digit by digit."""
    n, h = m.shape[0], -(-m.shape[0] // limbs.width)
    table = multiples(m, base=limbs.base, count=limbs.base, size=n + 1)

    def row(rest: Array, digit: Array) -> tuple[Array, Array]:
        quotient, rest = divide_digit(shift_up(rest).at[0].set(digit), table, base=limbs.base)
        return rest, quotient

    one = (jnp.arange(2 * h * limbs.width + 1, dtype=jnp.int32) == 0).astype(jnp.int32)
    _, quotient = jax.lax.scan(row, jnp.zeros(n + 1, jnp.int32), one)
    return _Modulus(limbs.pack(m), limbs.pack(quotient[::-1]))


def _reduce(x: Int[Array, " k"], modulus: _Modulus, base: int) -> Int[Array, " h"]:
    """`x mod m` for x below `L^2h` with a quotient of h limbs (Barrett).

    Maths: `q - 1 <= floor(x floor(L^2h / m) / L^2h) <= q` for `q = floor(x / m)`, so one
    subtraction of m mends the remainder.
    """
    m, reciprocal = modulus
    h = m.shape[0]
    quotient = multiply(x, reciprocal, base=base)[2 * h : 3 * h]
    near = subtract(x[: h + 1], multiply(quotient, m, base=base)[: h + 1], base=base)
    wide = jnp.pad(m, (0, 1))
    return jnp.where(at_least(near, wide), subtract(near, wide, base=base), near)[:h]


def _halve(x: Int[Array, " n"], base: int) -> tuple[Int[Array, " n"], Flag]:
    """The half of a number, rounded down, and whether it is odd."""
    odd = x & 1
    if base % 2:
        odd = jnp.flip(jnp.cumsum(jnp.flip(odd), dtype=jnp.int32)) & 1
    return (base * shift_down(odd) + x) // 2, odd[0] == 1


@functools.cache
def modular_exponentiation_in(base: int) -> Algorithm:
    """The power `a^e mod m` of numbers of n digits, with `a^0 = 1`.

    Inputs `a`, the exponent `e`, and `m`, which is not 0. A hint shows the work on one bit of the
    exponent: if `exponent_h` is odd, `result_h` is multiplied by `square_h`; then `square_h` is
    squared and `exponent_h` halved. The output is `result`. A run has one hint more than e has
    bits, at most `ceil(n log2 base) + 1`; each is two modular products, whose rows as hints of
    their own would be too many to keep.

    Maths: `result square^exponent = a^e (mod m)` after every step; until `exponent = 0`.

    Args:
      base: The base of the digits, from 2 on.

    Raises:
      InputError: `base` is not supported.

    Example:
      >>> from catalign.algorithms.number import from_integers
      >>> inputs = from_integers(modular_exponentiation, {"a": 7, "e": 560, "m": 561})
      >>> modular_exponentiation.trace(inputs).outputs["result"].tolist()
      [1, 0, 0]
    """
    name = named("modular_exponentiation", base)

    limbs = limbs_of(base)

    def init(inputs: Probes) -> _Squares:
        modulus = _modulus(inputs["m"], limbs)
        a = limbs.pack(inputs["a"])
        one = (jnp.arange(a.shape[0], dtype=jnp.int32) == 0).astype(jnp.int32)
        wide = jnp.pad(jnp.stack([one, a]), ((0, 0), (0, a.shape[0])))
        result, square = jax.vmap(lambda x: _reduce(x, modulus, limbs.size))(wide)
        return _Squares(result, square, inputs["e"], modulus)

    def step(inputs: Probes, state: _Squares) -> _Squares:
        exponent, odd = _halve(state.exponent, base)

        def times_square(x: Array) -> Array:
            product = multiply(state.square, x, base=limbs.size)
            return _reduce(product, state.modulus, limbs.size)

        product, square = jax.vmap(times_square)(jnp.stack([state.result, state.square]))
        return _Squares(jnp.where(odd, product, state.result), square, exponent, state.modulus)

    def done(inputs: Probes, state: _Squares) -> Flag:
        return jnp.all(state.exponent == 0)

    def hints(inputs: Probes, state: _Squares) -> Probes:
        n = state.exponent.shape[0]
        return {
            "result_h": limbs.unpack(state.result, n),
            "square_h": limbs.unpack(state.square, n),
            "exponent_h": state.exponent,
        }

    def outputs(inputs: Probes, state: _Squares) -> Probes:
        return {"result": limbs.unpack(state.result, state.exponent.shape[0])}

    def validate(inputs: HostProbes) -> None:
        check_order(name, inputs)
        check_nonzero(name, "m", inputs)

    def sample(
        key: KeyArray,
        size: int,
        operands: AbstractOperandLaw = UNIFORM_DIGITS,
        exponents: AbstractOperandLaw = UNIFORM_DIGITS,
    ) -> Probes:
        operand_key, exponent_key = jax.random.split(key)
        a, m = operands.sample(operand_key, size, base=base, count=2)
        e = exponents.sample(exponent_key, size, base=base, count=1)[0]
        return number_inputs(size, a=a, e=e, m=at_least_one(m))

    return Algorithm(
        name=name,
        spec=Spec(
            *ORDER,
            number("a", base),
            number("e", base),
            number("m", base),
            number("result_h", base, Stage.HINT),
            number("square_h", base, Stage.HINT),
            number("exponent_h", base, Stage.HINT),
            number("result", base, Stage.OUTPUT),
        ),
        sampler=sample,
        init=init,
        step=step,
        done=done,
        hints=hints,
        outputs=outputs,
        max_steps=lambda n: math.ceil(n * math.log2(base)) + 1,
        source="Cormen et al., Introduction to Algorithms, section 31.6",
        validate=validate,
    )


modular_exponentiation = modular_exponentiation_in(10)
"""Modular exponentiation in base 10."""
