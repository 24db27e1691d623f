"""A discrete program read as a lens: what its states show, and where a step leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algorithms.trace import Trace
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.reasoner import DiscreteReasoner
from catalign.para.dynamical_system import DynamicalSystem
from catalign.para.poly import Poly

STEP = "step"
"""The one direction of a state that goes on."""


@dataclass(frozen=True)
class Shown:
    """A position of an algorithm's interface: the hints of a state that goes on, or the outputs.

    Attributes:
      is_end: Whether the run ends here.
      fields: The probes and their values, nested tuples.
    """

    is_end: bool
    fields: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, probes: Mapping[str, Any], *, is_end: bool = False) -> "Shown":
        """What the arrays of some probes hold, by name."""
        return cls(is_end, tuple((name, _nested(probes[name])) for name in sorted(probes)))

    def __str__(self) -> str:
        words = (f"{name}={_text(value)}" for name, value in self.fields)
        return ("end " if self.is_end else "") + " ".join(words)


def program_system(
    model: DiscreteReasoner | Program,
    inputs: Probes,
    *,
    at: int = 0,
    first: Probes | None = None,
    max_steps: int = 10_000,
) -> DynamicalSystem:
    """The run of a learned program on one instance, as a lens.

    Maths: `S y^S -> H y + O`: S are the states that are reached, numbered from 0. One that goes on
    shows its hints (in H) and has one direction, `"step"`; the last one shows the outputs (in O)
    and has none.

    Args:
      model: The program.
      inputs: A batch of instances.
      at: Which of them.
      first: Their hints at step 0, if the program has no rules for them.
      max_steps: When to give up.

    Raises:
      InputError: The run does not end by itself, or there is no such instance.

    Example:
      >>> import catalign
      >>> import jax
      >>> inputs = catalign.algorithms.get("minimum").sample_inputs(jax.random.key(0), 1, 3)
      >>> print(program_system(catalign.load("minimum"), inputs))
      minimum: 4*y^4 -> 3*y + 1

    Source: Niu & Spivak, Polynomial Functors, chapter 4.
    """
    program = model.program if isinstance(model, DiscreteReasoner) else model
    _check_place(at, next(iter(inputs.values())).shape[0])
    given = _alone(inputs, at)
    state = program.begin(np, given, None if first is None else _alone(first, at))
    shown = []
    for _ in range(max_steps):
        shown.append(Shown.of({p.name: state[p.name][0] for p in program.spec.hints}))
        new = program.advance(np, given, state)
        if program.is_done(np, given, state, new)[0]:
            outputs = program.finish(np, given, state)
            ends = {p.name: outputs[p.name][0] for p in program.spec.outputs}
            return _listed(program.name, [*shown, Shown.of(ends, is_end=True)])
        state = new
    raise InputError(
        f"the program of {program.name} did not end within {max_steps} steps. Give more "
        "`max_steps`, or another instance."
    )


def trace_system(name: str, trace: Trace, *, at: int = 0) -> DynamicalSystem:
    """The run of an algorithm as a lens of the same type, to compare a program's with.

    Args:
      name: Its name.
      trace: A batch of runs.
      at: Which of them.

    Raises:
      InputError: The run was cut, or there is none at this place.

    Example:
      >>> import catalign
      >>> import jax
      >>> from catalign.para.dynamical_system import distinguishing_word
      >>> runs = catalign.algorithms.get("minimum").sample(jax.random.key(0), 1, 6)
      >>> learned = program_system(catalign.load("minimum"), runs.inputs)
      >>> distinguishing_word(learned, trace_system("minimum", runs), (0, 0)) is None
      True
    """
    _check_place(at, trace.lengths.shape[0])
    if not trace.complete[at]:
        raise InputError(f"the run of {name} was cut after {trace.steps} steps. Give a whole one.")
    shown = [
        Shown.of({probe: value[t, at] for probe, value in trace.hints.items()})
        for t in range(int(trace.lengths[at]))
    ]
    outputs = {probe: value[at] for probe, value in trace.outputs.items()}
    return _listed(name, [*shown, Shown.of(outputs, is_end=True)])


def _listed(name: str, shown: Sequence[Shown]) -> DynamicalSystem:
    return DynamicalSystem(
        name,
        lambda s: shown[s],
        lambda s, _: s + 1,
        tuple(range(len(shown))),
        Poly.of({position: () if position.is_end else (STEP,) for position in shown}),
    )


def _check_place(at: int, runs: int) -> None:
    if not 0 <= at < runs:
        raise InputError(f"`at` is {at}, but the batch holds {runs}, numbered from 0.")


def _alone(probes: Probes, at: int) -> dict[str, np.ndarray]:
    """A batch of one."""
    return {name: np.asarray(value)[at : at + 1] for name, value in probes.items()}


def _nested(value: Any) -> Any:
    found = np.asarray(value).tolist()

    def frozen(x: Any) -> Any:
        return tuple(map(frozen, x)) if isinstance(x, list) else x

    return frozen(found)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + " ".join(map(_text, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(int(value))
