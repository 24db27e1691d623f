"""Multiplication and division of a number by one digit.

Source: Knuth, The Art of Computer Programming, volume 2, section 4.3.1.
"""

import functools

from jax import Array

from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arithmetic_chain import Column, category, chained, digit_sampler, named
from catalign.algorithms.number import digit, number
from catalign.algorithms.spec import Stage


@functools.cache
def digit_multiplication_in(base: int) -> Algorithm:
    """Multiplication of a number of n digits by one digit.

    Inputs `a` and the digit `m`. The hint `carry_h` is the carry out of each digit. The outputs are
    the n lower digits of `product`, and `carry`: the carry out of the last node is digit n.

    Maths: with `t_i = m a_i + carry_{i-1}`: `carry_i = t_i div base`, `product_i = t_i mod base`.

    Args:
      base: The base of the digits, from 2 on.

    Raises:
      InputError: `base` is not supported.

    Example:
      >>> from catalign.algorithms.number import from_integers
      >>> inputs = from_integers(digit_multiplication, {"a": 142857, "m": 7})
      >>> digit_multiplication.trace(inputs).outputs["product"].tolist()
      [9, 9, 9, 9, 9, 9]
    """

    def total(inputs: Probes, carry: Array) -> Array:
        return inputs["a"] * inputs["m"] + carry

    return chained(
        named("digit_multiplication", base),
        Column(
            operands=(number("a", base), digit("m", base)),
            state=category("carry", base),
            leaving=lambda inputs, carry: total(inputs, carry) // base,
            answers={
                number("product", base, Stage.OUTPUT): lambda inputs, carry: (
                    total(inputs, carry) % base
                ),
            },
        ),
        digit_sampler("m", base, least=0),
    )


digit_multiplication = digit_multiplication_in(10)
"""Multiplication by one digit in base 10."""


@functools.cache
def digit_division_in(base: int) -> Algorithm:
    """Division of a number of n digits by one digit: short division, from the most significant end.

    Inputs `a` and the digit `d`, which is not 0. The hint `remainder_h` is what each digit leaves
    to the next lower one. The outputs are `quotient`, and `remainder`: that of node 0 is the
    remainder of the division.

    Maths: with `t_i = base remainder_{i+1} + a_i`: `remainder_i = t_i mod d`,
    `quotient_i = t_i div d`.

    Args:
      base: The base of the digits, from 2 on.

    Raises:
      InputError: `base` is not supported.

    Example:
      >>> from catalign.algorithms.number import from_integers
      >>> trace = digit_division.trace(from_integers(digit_division, {"a": 100, "d": 7}))
      >>> trace.outputs["quotient"].tolist(), trace.outputs["remainder"].tolist()
      ([4, 1, 0], [2, 3, 1])
    """

    def total(inputs: Probes, remainder: Array) -> Array:
        return base * remainder + inputs["a"]

    return chained(
        named("digit_division", base),
        Column(
            operands=(number("a", base), digit("d", base)),
            state=category("remainder", base),
            from_last=True,
            nonzero=("d",),
            leaving=lambda inputs, remainder: total(inputs, remainder) % inputs["d"],
            answers={
                number("quotient", base, Stage.OUTPUT): lambda inputs, remainder: (
                    total(inputs, remainder) // inputs["d"]
                ),
            },
        ),
        digit_sampler("d", base, least=1),
    )


digit_division = digit_division_in(10)
"""Division by one digit in base 10."""
