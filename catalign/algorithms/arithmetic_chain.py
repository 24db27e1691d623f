"""Arithmetic whose state runs along the digits, from each to its neighbour.

The state of such an algorithm is one value at each digit, which depends on the operands there and
on the state of a neighbour: a carry, a borrow, a remainder. All digits recompute it in each step
from their neighbour's last state, starting from zero, as the wires of a ripple-carry adder do:
after t steps the t digits nearest to where the chain begins are right, and the run ends when
nothing changes. A run of n digits has at most n + 1 hints.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from catalign._typing import Flag, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.check import HostProbes
from catalign.algorithms.number import ORDER, check_nonzero, check_order, number_inputs
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.digit import check_base, shift_down, shift_up
from catalign.distributions.operand import UNIFORM_DIGITS, AbstractOperandLaw

SOURCE = "Knuth, The Art of Computer Programming, volume 2, section 4.3.1"

Rule = Callable[[Probes, Array], Array]
"""`rule(inputs, arriving state)`: a value at each digit."""


def mask(name: str) -> Probe:
    """A yes or no at each digit, as an output."""
    return Probe(name, Stage.OUTPUT, Location.NODE, Kind.MASK)


def category(name: str, classes: int) -> Probe:
    """One of a few values at each digit, as an output."""
    return Probe(name, Stage.OUTPUT, Location.NODE, Kind.CATEGORICAL, classes=classes)


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """What an algorithm does at one digit: a state arrives, a state leaves, outputs are written.

    Attributes:
      operands: The inputs beside the order of the digits: numbers, and single digits at the graph.
      state: The state that leaves each digit, as an output. Its hint has the same name with `_h`.
      leaving: `leaving(inputs, arriving)` gives the state that leaves each digit. It treats every
        digit alone, so that a digit's state depends on its own operands and arriving state only.
      answers: The other outputs, each with its value as such a function.
      from_last: Whether the chain begins at the most significant digit.
      nonzero: The operands at the graph that may not be 0; all other digits may be any.
    """

    operands: tuple[Probe, ...]
    state: Probe
    leaving: Rule
    answers: Mapping[Probe, Rule]
    from_last: bool = False
    nonzero: tuple[str, ...] = ()

    @property
    def rules(self) -> dict[str, Rule]:
        """For each output and hint by name, its value at a digit, from the arriving state."""
        named = {p.name: rule for p, rule in self.answers.items()}
        return {**named, self.state.name: self.leaving, f"{self.state.name}_h": self.leaving}


@dataclass(frozen=True, kw_only=True, eq=False)
class ChainedAlgorithm(Algorithm):
    """An algorithm that `chained` made from what it does at one digit.

    Attributes:
      column: What it does at one digit.
      made: What `chained` made of it: the functions of the run and of the domain.
    """

    column: Column
    made: tuple[Callable[..., Any], ...]

    @property
    def is_its_column(self) -> bool:
        """Whether it runs as its column says: `dataclasses.replace` may have changed a function."""
        held = (self.init, self.step, self.done, self.hints, self.outputs)
        held += (self.max_steps, self.validate)
        return all(here is there for here, there in zip(held, self.made, strict=True))


def chained(
    name: str,
    column: Column,
    sampler: Callable[..., Probes],
) -> ChainedAlgorithm:
    """The algorithm that repeats a column at all digits until no state changes.

    Args:
      name: Its name.
      column: What it does at one digit. The state that arrives at the first one is 0 (or False).
      sampler: Draws the operands of one instance.
    """
    output = column.state
    hint = dataclasses.replace(output, name=f"{output.name}_h", stage=Stage.HINT)
    kind = jnp.bool_ if output.kind is Kind.MASK else jnp.int32
    arriving = shift_down if column.from_last else shift_up

    def init(inputs: Probes) -> Array:
        return jnp.zeros(inputs["pred"].shape, kind)

    def step(inputs: Probes, carry: Array) -> Array:
        return column.leaving(inputs, arriving(carry))

    def done(inputs: Probes, carry: Array) -> Flag:
        return jnp.all(step(inputs, carry) == carry)

    def hints(inputs: Probes, carry: Array) -> Probes:
        return {hint.name: carry}

    def outputs(inputs: Probes, carry: Array) -> Probes:
        arrived = arriving(carry)
        written = {p.name: answer(inputs, arrived) for p, answer in column.answers.items()}
        return written | {output.name: carry}

    def check(inputs: HostProbes) -> None:
        check_order(name, inputs)
        for operand in column.nonzero:
            check_nonzero(name, operand, inputs)

    def longest(n: int) -> int:
        return n + 1

    return ChainedAlgorithm(
        name=name,
        spec=Spec(*ORDER, *column.operands, hint, *column.answers, output),
        sampler=sampler,
        init=init,
        step=step,
        done=done,
        hints=hints,
        outputs=outputs,
        max_steps=longest,
        source=SOURCE,
        validate=check,
        column=column,
        made=(init, step, done, hints, outputs, longest, check),
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
