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
from catalign.distributions.digit import divide_digit, multiples, normalise, shift_down
from catalign.distributions.operand import UNIFORM_DIGITS, AbstractOperandLaw


class _Squares(NamedTuple):
    result: Int[Array, " n"]
    square: Int[Array, " n"]
    exponent: Int[Array, " n"]
    table: Int[Array, "count m"]


def _halve(x: Int[Array, " n"], base: int) -> tuple[Int[Array, " n"], Flag]:
    """The half of a number, rounded down, and whether it is odd."""
    odd = x & 1
    if base % 2:
        odd = jnp.flip(jnp.cumsum(jnp.flip(odd), dtype=jnp.int32)) & 1
    return (base * shift_down(odd) + x) // 2, odd[0] == 1


def _multiply(x: Array, y: Array, table: Array, base: int) -> Array:
    """`x y mod m` for x, y < m: Horner's rule over the digits of y, reduced after every digit."""
    n = x.shape[0]

    def row(k: Array, product: Array) -> Array:
        columns = jnp.pad(product, (1, 1)) + jnp.pad(x * y[n - 1 - k], (0, 2))
        wide = normalise(columns, base=base, bound=base * (base - 1))
        return divide_digit(wide, table, base=base)[1][:n]

    return jax.lax.fori_loop(0, n, row, jnp.zeros_like(x))


@functools.cache
def modular_exponentiation_in(base: int) -> Algorithm:
    """The power `a^e mod m` of numbers of n digits, with `a^0 = 1`.

    Inputs `a`, the exponent `e`, and `m`, which is not 0. A hint shows the work on one bit of the
    exponent: if `exponent_h` is odd, `result_h` is multiplied by `square_h`; then `square_h` is
    squared and `exponent_h` halved. The output is `result`. A run has one hint more than e has
    bits, at most `ceil(n log2 base) + 1`; each is two modular products of n rows, which as hints of
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

    def init(inputs: Probes) -> _Squares:
        a, m = inputs["a"], inputs["m"]
        n = a.shape[0]
        # A row is less than base m + (base - 1) m, so its quotient digit may reach 2 base - 1.
        table = multiples(m, base=base, count=2 * base, size=n + 2)
        one = (jnp.arange(n, dtype=jnp.int32) == 0).astype(jnp.int32)
        reduced_one = divide_digit(jnp.pad(one, (0, 2)), table, base=base)[1][:n]
        return _Squares(reduced_one, _multiply(one, a, table, base), inputs["e"], table)

    def step(inputs: Probes, state: _Squares) -> _Squares:
        exponent, odd = _halve(state.exponent, base)
        factors = jnp.stack([state.result, state.square])
        product, square = jax.vmap(lambda y: _multiply(state.square, y, state.table, base))(factors)
        return _Squares(jnp.where(odd, product, state.result), square, exponent, state.table)

    def done(inputs: Probes, state: _Squares) -> Flag:
        return jnp.all(state.exponent == 0)

    def hints(inputs: Probes, state: _Squares) -> Probes:
        return {
            "result_h": state.result,
            "square_h": state.square,
            "exponent_h": state.exponent,
        }

    def outputs(inputs: Probes, state: _Squares) -> Probes:
        return {"result": state.result}

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
