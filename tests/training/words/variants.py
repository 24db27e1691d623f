"""Other rules on digits, each an algorithm in one value: what no learner here was written for."""

import dataclasses
import functools

import jax.numpy as jnp

from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arithmetic import addition_in, subtraction_in
from catalign.algorithms.arithmetic_chain import Column, category, chained, mask, pair_sampler
from catalign.algorithms.arithmetic_digit import digit_multiplication_in
from catalign.algorithms.number import number
from catalign.algorithms.spec import Spec, Stage
from examples.remainder_by_seven import remainder_by_seven


def _written(name, base, rule):
    return {number(name, base, Stage.OUTPUT): rule}


@functools.cache
def hopping_addition() -> Algorithm:
    """A carry that a nine swallows: it is added, and goes no further."""
    return chained(
        "hopping_addition",
        Column(
            operands=(number("a", 10), number("b", 10)),
            state=mask("carry"),
            leaving=lambda x, c: x["a"] + x["b"] >= 10,
            answers=_written("sum", 10, lambda x, c: (x["a"] + x["b"] + c.astype(jnp.int32)) % 10),
        ),
        pair_sampler(10),
    )


@functools.cache
def greatest_so_far() -> Algorithm:
    """The greatest digit of the first number from the top, unless the second one is above it."""
    return chained(
        "greatest_so_far",
        Column(
            operands=(number("a", 5), number("b", 5)),
            state=category("best", 5),
            leaving=lambda x, best: jnp.where(x["b"] > best, jnp.maximum(x["a"], best), best),
            answers={},
            from_last=True,
        ),
        pair_sampler(5),
    )


@functools.cache
def addition_by_sums() -> Algorithm:
    """Addition in base 3 that shows the sum alone: no carry, and no hint."""
    algorithm = addition_in(3)
    (total,) = (p for p in algorithm.spec.outputs if p.name == "sum")
    shown = {f.name: getattr(algorithm, f.name) for f in dataclasses.fields(Algorithm)}
    shown |= {
        "name": "addition_by_sums",
        "spec": Spec(*algorithm.spec.inputs, total),
        "hints": lambda inputs, state: {},
        "outputs": lambda inputs, state: {"sum": algorithm.outputs(inputs, state)["sum"]},
    }
    return Algorithm(**shown)


VARIANTS = (
    addition_in(16),
    subtraction_in(7),
    digit_multiplication_in(4),
    hopping_addition(),
    greatest_so_far(),
    remainder_by_seven,
)
