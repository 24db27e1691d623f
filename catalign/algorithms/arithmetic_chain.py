"""Arithmetic whose state runs along the digits, from each to its neighbour.

The state of such an algorithm is one value at each digit, which depends on the operands there and
on the state of a neighbour: a carry, a borrow, a remainder. All digits recompute it in each step
from their neighbour's last state, starting from zero, as the wires of a ripple-carry adder do:
after t steps the t digits nearest to where the chain begins are right, and the run ends when
nothing changes. A run of n digits has at most n + 1 hints.
"""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jax import Array

from catalign._typing import Flag, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.check import HostProbes
from catalign.algorithms.number import ORDER, check_order, number_inputs
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.digit import check_base
from catalign.distributions.operand import UNIFORM_DIGITS, AbstractOperandLaw

SOURCE = "Knuth, The Art of Computer Programming, volume 2, section 4.3.1"


def mask(name: str, stage: Stage) -> Probe:
    """A yes or no at each digit."""
    return Probe(name, stage, Location.NODE, Kind.MASK)


def category(classes: int) -> Callable[[str, Stage], Probe]:
    """One of a few values at each digit."""

    def probe(name: str, stage: Stage) -> Probe:
        return Probe(name, stage, Location.NODE, Kind.CATEGORICAL, classes=classes)

    return probe


def named(name: str, base: int) -> str:
    """The name of an algorithm in a base: 10 goes without saying.

    Raises:
      InputError: `base` is not supported.

    Example:
      >>> named("addition", 2)
      'addition_base_2'
    """
    check_base(base)
    return name if base == 10 else f"{name}_base_{base}"


def chained(
    *,
    name: str,
    operands: tuple[Probe, ...],
    state: Callable[[str, Stage], Probe],
    state_name: str,
    arriving: Callable[[Array], Array],
    leaving: Callable[[Probes, Array], Array],
    answers: Mapping[Probe, Callable[[Probes, Array], Array]],
    sampler: Callable[..., Probes],
    validate: Callable[[HostProbes], None] | None = None,
) -> Algorithm:
    """An algorithm whose state runs along the digits.

    Args:
      name: Its name.
      operands: The inputs beside the order of the digits.
      state: Makes the probe of the state.
      state_name: The name of the state as an output; its hint ends in `_h`.
      arriving: Moves the states to the digits that read them, with 0 (or False) at the first.
      leaving: `leaving(inputs, arriving state)` gives the next state of every digit.
      answers: The outputs beside the states, each with its value as a function of the inputs and
        the arriving states.
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
        arrived = arriving(carry)
        return {p.name: answer(inputs, arrived) for p, answer in answers.items()} | {
            output.name: carry
        }

    def check(inputs: HostProbes) -> None:
        check_order(name, inputs)
        if validate is not None:
            validate(inputs)

    return Algorithm(
        name=name,
        spec=Spec(*ORDER, *operands, hint, *answers, output),
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


def pair_sampler(base: int) -> Callable[..., Probes]:
    """A sampler of two operands `a` and `b`, with their law as the argument `operands`."""

    def sample(key: KeyArray, size: int, operands: AbstractOperandLaw = UNIFORM_DIGITS) -> Probes:
        a, b = operands.sample(key, size, base=base, count=2)
        return number_inputs(size, a=a, b=b)

    return sample


def digit_sampler(name: str, base: int, *, least: int) -> Callable[..., Probes]:
    """A sampler of an operand `a` and of a digit, uniform from `least` on, called `name`."""

    def sample(key: KeyArray, size: int, operands: AbstractOperandLaw = UNIFORM_DIGITS) -> Probes:
        number_key, digit_key = jax.random.split(key)
        a = operands.sample(number_key, size, base=base, count=1)[0]
        drawn = jax.random.randint(digit_key, (), least, base, jnp.int32)
        return number_inputs(size, a=a, **{name: drawn})

    return sample
