"""A discrete program: rules for the first state, the step, the end and the outputs of an algorithm.

It is what a discrete processor has learned. The same definition runs on NumPy, a step at a time,
and under jit on any device.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from catalign._errors import InputError
from catalign.algorithms.spec import Kind, Location, Spec
from catalign.nn.discrete.rule import Rule, Tree
from catalign.nn.discrete.signature import Field, Fields, Memory
from catalign.nn.discrete.view import View


@dataclass(frozen=True)
class Program:
    """A learned algorithm.

    Maths: a dynamical system with states S (the hints and the memory), first state `first(inputs)`,
    step `S -> S`, a halting predicate on S, and a read-out of the outputs.

    Attributes:
      name: The algorithm that it was learned from.
      spec: The probes.
      memory: The memory fields.
      first: One rule a hint, from the inputs, in the order of evaluation. A hint without a
        rule is given with each instance, as the benchmark gives all of them.
      step: One rule a hint, from the inputs and the state, in order; a rule reads the next values
        (primed) of those before it.
      halt: Whether a state is the last one.
      outputs: One rule an output, from the last state.
    """

    name: str
    spec: Spec
    memory: tuple[Memory, ...]
    first: tuple[Rule, ...]
    step: tuple[Rule, ...]
    halt: Tree
    outputs: tuple[Rule, ...]

    @property
    def given(self) -> tuple[str, ...]:
        """The hints whose first value is given, because no rule for it was found."""
        ruled = {rule.field.name.removesuffix("'") for rule in self.first}
        return tuple(p.name for p in self.spec.hints if p.name not in ruled)

    def begin(self, xp: Any, inputs: Fields, first: Fields | None = None) -> dict[str, Any]:
        """The first state: hints and memory.

        Args:
          xp: `numpy` or `jax.numpy`.
          inputs: Stored values, `[m, ...]`.
          first: The hints at the start; only those `given` are read.

        Raises:
          InputError: A hint that is given is missing.
        """
        n = self.size(inputs)
        missing = [name for name in self.given if first is None or name not in first]
        if missing:
            raise InputError(
                f"`first` lacks {', '.join(missing)}: the program of {self.name} has no rule for "
                "the first value. Give the first hints of a trace."
            )
        view = View(xp, inputs, n)
        hints = {name: first[name] for name in self.given} if first is not None else {}
        hints |= _evaluate(self.first, view)
        hints = {p.name: hints[p.name] for p in self.spec.hints}
        return hints | {m.field.name: m.begin(xp, hints, n) for m in self.memory}

    def advance(self, xp: Any, inputs: Fields, state: Fields) -> dict[str, Any]:
        """The next state."""
        view = View(xp, {**inputs, **state}, self.size(inputs), inputs)
        new = _evaluate(self.step, view)
        old = {name: state[name] for name in new}
        memory = {m.field.name: m.update(xp, state[m.field.name], old, new) for m in self.memory}
        return new | memory

    def is_done(self, xp: Any, inputs: Fields, state: Fields, new: Fields) -> Any:
        """Whether each state is the last one, bool `[m]`, given what a step would make of it."""
        view = View(xp, {**inputs, **state}, self.size(inputs), inputs)
        for name, value in fixed(xp, self.spec, state, new).items():
            view.put(name, value)
        value = self.halt.evaluate(view)
        return xp.broadcast_to(value, (view.m, 1, 1, 1)).reshape(view.m) == 1

    def finish(self, xp: Any, inputs: Fields, state: Fields) -> dict[str, Any]:
        """The outputs of a last state, which may read what one more step would make of it."""
        view = View(xp, {**inputs, **state}, self.size(inputs), inputs)
        _evaluate(self.step, view)
        return _evaluate(self.outputs, view)

    def size(self, inputs: Fields) -> int:
        """The number of nodes."""
        return next(inputs[p.name].shape[1] for p in self.spec.inputs if p.rank)

    def run(
        self,
        inputs: Mapping[str, Array],
        max_steps: int,
        lengths: Array | None = None,
        first: Mapping[str, Array] | None = None,
    ) -> tuple[dict[str, Array], dict[str, Array], Array, Array]:
        """Runs a batch to its end, or for given lengths. Jittable.

        Returns:
          The outputs, the last state, the number of hint steps of each instance and whether it
          ended by itself.
        """
        state = self.begin(jnp, inputs, first)
        m = next(iter(inputs.values())).shape[0]

        def body(carry: Any) -> Any:
            t, state, done, steps = carry
            new = self.advance(jnp, inputs, state)
            if lengths is None:
                done = done | self.is_done(jnp, inputs, state, new)
            else:
                done = done | (steps >= lengths)
            kept = {
                name: jnp.where(done.reshape(m, *(1,) * (value.ndim - 1)), state[name], value)
                for name, value in new.items()
            }
            return t + 1, kept, done, steps + (~done).astype(jnp.int32)

        start = (jnp.int32(0), state, jnp.zeros(m, bool), jnp.ones(m, jnp.int32))
        _, state, done, steps = jax.lax.while_loop(
            lambda c: (c[0] < max_steps) & ~c[2].all(), body, start
        )
        return self.finish(jnp, inputs, state), state, steps, done


FIXED = "@fixed"
"""The field that says that a step would change no hint; with a hint's name, not that one."""


def fixed_fields(spec: Spec) -> list[Field]:
    """The fields that say what a step would not change."""
    names = [FIXED, *(f"{FIXED} {p.name}" for p in spec.hints)]
    return [Field(name, Kind.MASK, Location.GRAPH, 2) for name in names]


def fixed(xp: Any, spec: Spec, state: Fields, new: Fields) -> dict[str, Any]:
    """Whether two states show the same hints, scalars up to rounding, bool `[m]` each."""
    found = {}
    every = xp.asarray(True)
    for probe in spec.hints:
        old, now = state[probe.name], new[probe.name]
        equal = old == now
        if probe.kind is Kind.SCALAR:
            close = 32 * float(xp.finfo(now.dtype).eps)
            equal = equal | (xp.abs(old - now) <= close * (1 + xp.abs(old)))
        equal = equal.reshape(equal.shape[0], -1).all(axis=1)
        found[f"{FIXED} {probe.name}"] = equal
        every = every & equal
    return {FIXED: every, **found}


def _evaluate(rules: tuple[Rule, ...], view: View) -> dict[str, Any]:
    """The values of some rules by their fields' plain names; each may read those before it."""
    found = {}
    for rule in rules:
        value = rule.evaluate(view)
        view.put(rule.field.name, value)
        found[rule.field.name.removesuffix("'")] = value
    return found
