"""Addition, subtraction, comparison and parity: one carry, borrow or verdict runs up the digits.

See `arithmetic_chain` for how these algorithms run. An addition has one more hint than its longest
carry chain. The state of the last node is part of the answer (the carry out), which is why all
states are an output.

Source: Knuth, The Art of Computer Programming, volume 2, section 4.3.1.
"""

import functools

import jax.numpy as jnp
from jax import Array

from catalign._errors import InputError
from catalign._typing import KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arithmetic_chain import (
    Column,
    category,
    chained,
    mask,
    named,
    pair_sampler,
)
from catalign.algorithms.number import number, number_inputs
from catalign.algorithms.spec import Stage
from catalign.distributions.operand import UNIFORM_DIGITS, AbstractOperandLaw

MAX_OPERANDS = 2**15
"""The most operands of one addition: sums of so many digits stay below 2**30."""


@functools.cache
def addition_in(base: int) -> Algorithm:
    """Addition of two numbers of n digits.

    Inputs `a` and `b`. The hint `carry_h` is the carry out of each digit. The outputs are the n
    digits of `sum`, and `carry`: the carry out of the last node is digit n of the sum.

    Maths: with `t_i = a_i + b_i + carry_{i-1}`: `carry_i = [t_i >= base]`, `sum_i = t_i mod base`.

    Args:
      base: The base of the digits, from 2 on.

    Raises:
      InputError: `base` is not supported.

    Example:
      >>> from catalign.algorithms.number import from_integers
      >>> trace = addition.trace(from_integers(addition, {"a": 95, "b": 7}))
      >>> trace.outputs["sum"].tolist(), trace.outputs["carry"].tolist()
      ([2, 0], [True, True])
    """

    def total(inputs: Probes, carry: Array) -> Array:
        return inputs["a"] + inputs["b"] + carry.astype(jnp.int32)

    return chained(
        named("addition", base),
        Column(
            operands=(number("a", base), number("b", base)),
            state=mask("carry"),
            leaving=lambda inputs, carry: total(inputs, carry) >= base,
            answers={
                number("sum", base, Stage.OUTPUT): lambda inputs, carry: (
                    total(inputs, carry) % base
                ),
            },
        ),
        pair_sampler(base),
    )


addition = addition_in(10)
"""Addition in base 10."""


@functools.cache
def subtraction_in(base: int) -> Algorithm:
    """Subtraction of two numbers of n digits.

    Inputs `a` and `b`. The hint `borrow_h` says which digits borrow from the next. The outputs are
    the n digits of `difference`, and `borrow`: if the last node borrows, then a is smaller than b
    and the difference is that of `base^n + a`.

    Maths: with `t_i = a_i - b_i - borrow_{i-1}`: `borrow_i = [t_i < 0]`,
    `difference_i = t_i mod base`.

    Args:
      base: The base of the digits, from 2 on.

    Raises:
      InputError: `base` is not supported.

    Example:
      >>> from catalign.algorithms.number import from_integers
      >>> trace = subtraction.trace(from_integers(subtraction, {"a": 102, "b": 7}))
      >>> trace.outputs["difference"].tolist(), trace.outputs["borrow"].tolist()
      ([5, 9, 0], [True, True, False])
    """

    def total(inputs: Probes, borrow: Array) -> Array:
        return inputs["a"] - inputs["b"] - borrow.astype(jnp.int32)

    return chained(
        named("subtraction", base),
        Column(
            operands=(number("a", base), number("b", base)),
            state=mask("borrow"),
            leaving=lambda inputs, borrow: total(inputs, borrow) < 0,
            answers={
                number("difference", base, Stage.OUTPUT): lambda inputs, borrow: (
                    total(inputs, borrow) % base
                ),
            },
        ),
        pair_sampler(base),
    )


subtraction = subtraction_in(10)
"""Subtraction in base 10."""


@functools.cache
def comparison_in(base: int) -> Algorithm:
    """Comparison of two numbers of n digits.

    Inputs `a` and `b`. The state `order` (hint `order_h`) of a digit compares the numbers up to and
    including it: 0 where they are equal, 1 where a is smaller, 2 where a is greater. The last node
    holds the answer.

    Maths: `order_i = cmp(a_i, b_i)` where the digits differ, else `order_{i-1}`.

    Args:
      base: The base of the digits, from 2 on.

    Raises:
      InputError: `base` is not supported.

    Example:
      >>> from catalign.algorithms.number import from_integers
      >>> comparison.trace(from_integers(comparison, {"a": 102, "b": 7})).outputs["order"].tolist()
      [1, 1, 2]
    """

    def order(inputs: Probes, arriving: Array) -> Array:
        a, b = inputs["a"], inputs["b"]
        return jnp.where(a == b, arriving, jnp.where(a < b, 1, 2).astype(jnp.int32))

    return chained(
        named("comparison", base),
        Column(
            operands=(number("a", base), number("b", base)),
            state=category("order", 3),
            leaving=order,
            answers={},
        ),
        pair_sampler(base),
    )


comparison = comparison_in(10)
"""Comparison in base 10."""


def _parity_sampler(
    key: KeyArray, size: int, operands: AbstractOperandLaw = UNIFORM_DIGITS
) -> Probes:
    return number_inputs(size, a=operands.sample(key, size, base=2, count=1)[0])


parity = chained(
    "parity",
    Column(
        operands=(number("a", 2),),
        state=mask("parity"),
        leaving=lambda inputs, arriving: (inputs["a"] == 1) ^ arriving,
        answers={},
    ),
    _parity_sampler,
)
"""Whether a string of n bits has an odd number of ones.

Input `a`, the bits. The state `parity` (hint `parity_h`) of a bit is that of the bits up to and
including it; the last node holds the answer.
"""


@functools.cache
def multi_operand_addition_in(base: int, *, count: int = 4) -> Algorithm:
    """Addition of several numbers of n digits.

    Inputs `x0`, `x1` and so on. The hint `carry_h` is the carry out of each digit, which is less
    than the number of operands. The outputs are the n digits of `sum`, and `carry`: the carry out
    of the last node counts multiples of `base^n`.

    Maths: with `t_i = x0_i + x1_i + ... + carry_{i-1}`: `carry_i = t_i div base`,
    `sum_i = t_i mod base`.

    Args:
      base: The base of the digits, from 2 on.
      count: The number of operands, from 2 on.

    Raises:
      InputError: `base` is not supported, or there are fewer than 2 operands.

    Example:
      >>> from catalign.algorithms.number import from_integers
      >>> inputs = from_integers(multi_operand_addition, dict(x0=99, x1=99, x2=99, x3=9))
      >>> trace = multi_operand_addition.trace(inputs)
      >>> trace.outputs["sum"].tolist(), trace.outputs["carry"].tolist()
      ([6, 0], [3, 3])
    """
    if not 2 <= count <= MAX_OPERANDS:
        raise InputError(f"`count` is {count}: add from 2 to {MAX_OPERANDS} operands.")
    names = [f"x{k}" for k in range(count)]

    def total(inputs: Probes, carry: Array) -> Array:
        return sum((inputs[name] for name in names), carry)

    def sample(key: KeyArray, size: int, operands: AbstractOperandLaw = UNIFORM_DIGITS) -> Probes:
        drawn = operands.sample(key, size, base=base, count=count)
        return number_inputs(size, **{name: drawn[k] for k, name in enumerate(names)})

    return chained(
        named("multi_operand_addition", base) + ("" if count == 4 else f"_of_{count}"),
        Column(
            operands=tuple(number(name, base) for name in names),
            state=category("carry", count),
            leaving=lambda inputs, carry: total(inputs, carry) // base,
            answers={
                number("sum", base, Stage.OUTPUT): lambda inputs, carry: (
                    total(inputs, carry) % base
                ),
            },
        ),
        sample,
    )


multi_operand_addition = multi_operand_addition_in(10)
"""Addition of four numbers in base 10."""
