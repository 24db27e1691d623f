"""Arithmetic whose state runs along the digits: carries, borrows, remainders.

The state of such an algorithm is one value at each digit, which depends on the operands there and
on the state of a neighbour. All digits recompute it in each step from their neighbour's last state,
starting from zero, as the wires of a ripple-carry adder do: after t steps the t digits nearest to
where the chain begins are right, and the run ends when nothing changes. A run of n digits has at
most n + 1 hints; an addition has one more hint than its longest carry chain. The state at the far
end is part of the answer (the carry out, the last remainder), so the states are an output too.

Source: Knuth, The Art of Computer Programming, volume 2, section 4.3.1.
"""

import functools
from collections.abc import Callable, Mapping

import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign._typing import Flag, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.number import (
    ORDER,
    check_order,
    number,
    number_inputs,
)
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.digit import check_base, shift_up
from catalign.distributions.operand import UNIFORM_DIGITS, AbstractOperandLaw

SOURCE = "Knuth, The Art of Computer Programming, volume 2, section 4.3.1"


def _mask(name: str, stage: Stage) -> Probe:
    return Probe(name, stage, Location.NODE, Kind.MASK)


def _chained(
    *,
    name: str,
    operands: tuple[Probe, ...],
    state: Callable[[str, Stage], Probe],
    state_name: str,
    arriving: Callable[[Array], Array],
    leaving: Callable[[Probes, Array], Array],
    answer: tuple[Probe, Callable[[Probes, Array], Array]] | None,
    sampler: Callable[..., Probes],
    validate: Callable[[Mapping[str, np.ndarray]], None] | None = None,
) -> Algorithm:
    """An algorithm whose state runs along the digits.

    Args:
      name: Its name.
      operands: The inputs beside the order of the digits.
      state: Makes the probe of the state.
      state_name: The name of the state as an output; its hint ends in `_h`.
      arriving: Moves the states to the digits that read them, with 0 (or False) at the first.
      leaving: `leaving(inputs, arriving state)` gives the next state of every digit.
      answer: The output beside the states, and `(inputs, arriving state)` to its value.
      sampler: Draws the operands of one instance.
      validate: Checks the operands.
    """
    hint, output = state(f"{state_name}_h", Stage.HINT), state(state_name, Stage.OUTPUT)
    kind = jnp.bool_ if output.kind is Kind.MASK else jnp.int32

    def init(inputs: Probes) -> Array:
        return jnp.zeros(inputs["pred"].shape, kind)

    def step(inputs: Probes, carry: Array) -> Array:
        return leaving(inputs, arriving(carry))

    def done(inputs: Probes, carry: Array) -> Flag:
        return jnp.all(step(inputs, carry) == carry)

    def hints(inputs: Probes, carry: Array) -> Probes:
        return {hint.name: carry}

    def outputs(inputs: Probes, carry: Array) -> Probes:
        shown = {output.name: carry}
        return (
            shown
            if answer is None
            else {answer[0].name: answer[1](inputs, arriving(carry))} | shown
        )

    def check(inputs: Probes) -> None:
        values = {probe: np.asarray(value) for probe, value in inputs.items()}
        check_order(name, values)
        if validate is not None:
            validate(values)

    return Algorithm(
        name=name,
        spec=Spec(*ORDER, *operands, hint, *([] if answer is None else [answer[0]]), output),
        sampler=sampler,
        init=init,
        step=step,
        done=done,
        hints=hints,
        outputs=outputs,
        max_steps=lambda n: n + 1,
        source=SOURCE,
        validate=check,
    )


def _named(name: str, base: int) -> str:
    check_base(base)
    return name if base == 10 else f"{name}_base_{base}"


def pair_sampler(base: int) -> Callable[..., Probes]:
    """A sampler of two operands `a` and `b`, with their law as the argument `operands`."""

    def sample(key: KeyArray, size: int, operands: AbstractOperandLaw = UNIFORM_DIGITS) -> Probes:
        a, b = operands.sample(key, size, base=base, count=2)
        return number_inputs(size, a=a, b=b)

    return sample


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

    return _chained(
        name=_named("addition", base),
        operands=(number("a", base), number("b", base)),
        state=_mask,
        state_name="carry",
        arriving=shift_up,
        leaving=lambda inputs, carry: total(inputs, carry) >= base,
        answer=(
            number("sum", base, Stage.OUTPUT),
            lambda inputs, carry: total(inputs, carry) % base,
        ),
        sampler=pair_sampler(base),
    )


addition = addition_in(10)
