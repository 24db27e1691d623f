"""Long division of two numbers of n digits.

Source: Knuth, The Art of Computer Programming, volume 2, section 4.3.1.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Int

from catalign._typing import Flag, Index, KeyArray, Probes
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
    place,
)
from catalign.algorithms.spec import Spec, Stage
from catalign.distributions.digit import divide_digit, multiples
from catalign.distributions.operand import UNIFORM_DIGITS, AbstractOperandLaw, LogUniformOperands

LOG_UNIFORM_OPERANDS = LogUniformOperands()


class _Rows(NamedTuple):
    i: Index
    quotient: Int[Array, " n"]
    remainder: Int[Array, " n"]
    table: Int[Array, "base m"]


@functools.cache
def division_in(base: int) -> Algorithm:
    """Division of two numbers of n digits with remainder.

    Inputs `a` and `b`, which is not 0. A hint shows one row, from the most significant digit on:
    `i` marks the digit of a that is brought down, `remainder_h` is what the row leaves, and
    `quotient_h` has got its digit i. The outputs are `quotient` and `remainder`. A run has n hints.

    Maths: with `x = base remainder + a_i`: `quotient_i = x div b < base`, `remainder = x mod b`.

    Args:
      base: The base of the digits, from 2 on.

    Raises:
      InputError: `base` is not supported.

    Example:
      >>> from catalign.algorithms.number import from_integers
      >>> trace = division.trace(from_integers(division, {"a": 1000, "b": 17}))
      >>> trace.outputs["quotient"].tolist(), trace.outputs["remainder"].tolist()
      ([8, 5, 0, 0], [4, 1, 0, 0])
    """
    name = named("division", base)

    def row(inputs: Probes, state: _Rows) -> _Rows:
        n = inputs["a"].shape[0]
        i = state.i - 1
        x = jnp.concatenate([inputs["a"][i][None], state.remainder])
        q, rest = divide_digit(x, state.table, base=base)
        node = jnp.arange(n, dtype=jnp.int32)
        return _Rows(i, jnp.where(node == i, q, state.quotient), rest[:n], state.table)

    def init(inputs: Probes) -> _Rows:
        n = inputs["a"].shape[0]
        zero = jnp.zeros_like(inputs["a"])
        table = multiples(inputs["b"], base=base, count=base, size=n + 1)
        return row(inputs, _Rows(jnp.int32(n), zero, zero, table))

    def done(inputs: Probes, state: _Rows) -> Flag:
        return state.i == 0

    def hints(inputs: Probes, state: _Rows) -> Probes:
        return {"i": state.i, "quotient_h": state.quotient, "remainder_h": state.remainder}

    def outputs(inputs: Probes, state: _Rows) -> Probes:
        return {"quotient": state.quotient, "remainder": state.remainder}

    def validate(inputs: HostProbes) -> None:
        check_order(name, inputs)
        check_nonzero(name, "b", inputs)

    return Algorithm(
        name=name,
        spec=Spec(
            *ORDER,
            number("a", base),
            number("b", base),
            place("i"),
            number("quotient_h", base, Stage.HINT),
            number("remainder_h", base, Stage.HINT),
            number("quotient", base, Stage.OUTPUT),
            number("remainder", base, Stage.OUTPUT),
        ),
        sampler=_sampler(base),
        init=init,
        step=row,
        done=done,
        hints=hints,
        outputs=outputs,
        max_steps=lambda n: n,
        source="Knuth, The Art of Computer Programming, volume 2, section 4.3.1",
        validate=validate,
    )


def _sampler(base: int) -> Callable[..., Probes]:
    """Divisors are log-uniform, so that quotients of every length come up."""

    def sample(
        key: KeyArray,
        size: int,
        operands: AbstractOperandLaw = UNIFORM_DIGITS,
        divisors: AbstractOperandLaw = LOG_UNIFORM_OPERANDS,
    ) -> Probes:
        dividend_key, divisor_key = jax.random.split(key)
        a = operands.sample(dividend_key, size, base=base, count=1)[0]
        b = divisors.sample(divisor_key, size, base=base, count=1)[0]
        return number_inputs(size, a=a, b=at_least_one(b))

    return sample


division = division_in(10)
"""Division in base 10."""
