"""Rule by rule along an algorithm's own runs: where a program would take another step than it.

A run of a program stops being comparable once a rule has gone wrong. Here each rule is read at the
states that the algorithm itself comes to, with the algorithm's own next values for all others, so
that each fault is found where it is, also one that no output shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalign.algorithms.trace import Trace
from catalign.alignment.certificate import Counterexample
from catalign.nn.discrete.program import Program, fixed
from catalign.nn.discrete.rule import Rule
from catalign.nn.discrete.signature import primed
from catalign.nn.discrete.view import View
from catalign.training.discrete.execution import differs
from catalign.training.discrete.transitions import Pool, pool

THE_END = "the end"
"""The name of the rule that ends a run."""
STATES = 2000
"""How many states are looked at in one batch, at most."""
CANDIDATES = 1e7
"""How many candidates of all receivers a batch has, at most: an array of them takes 80 MB."""


@dataclass(frozen=True)
class Disagreement:
    """Where a rule gives another value than the algorithm.

    Attributes:
      rule: The rule, as a certificate names it.
      inputs: The instance.
      step: The number of the state that the rule was read at.
      expected: The algorithm's value.
      actual: The rule's value.
    """

    rule: str
    inputs: Mapping[str, Any]
    step: int
    expected: Any
    actual: Any

    def refutes(self) -> Counterexample:
        """The same as what refutes a program."""
        return Counterexample(
            inputs=self.inputs,
            expected=self.expected,
            actual=self.actual,
            cell=f"{self.rule}, at step {self.step}" if self.rule.startswith("step") else self.rule,
        )

    def __str__(self) -> str:
        given = ", ".join(f"{name} = {value}" for name, value in self.inputs.items())
        return f"on {given}, at step {self.step}, it gives {self.actual}, not {self.expected}"


def disagreements(program: Program, trace: Trace) -> dict[str, Disagreement]:
    """The first disagreement of each rule that has one, by the name of the rule.

    Args:
      program: The program.
      trace: A batch of the algorithm's runs. Those that were cut short are left out.

    Example:
      >>> import catalign
      >>> import jax
      >>> minimum = catalign.algorithms.get("minimum")
      >>> trace = minimum.sample(jax.random.key(0), 4, 5)
      >>> disagreements(catalign.load("minimum").program, trace)
      {}
    """
    p = pool(program.spec, trace, program.memory)
    found: dict[str, Disagreement] = {}
    runs = np.arange(len(p.lengths))
    most = _most(program, p.n)
    with np.errstate(all="ignore"):
        for at in _chunks(np.stack([np.zeros_like(runs), runs], axis=1), most):
            view = p.starts(at[:, 1])
            for rule in program.first:
                _judge(found, "first, rule of ", rule, program, p, view, at)
        for at in _chunks(p.steps, most):
            view = p.view(at)
            for rule in program.step:
                _judge(found, "step, rule of ", rule, program, p, view, at)
        for at in _chunks(p.states, most):
            _judge_end(found, program, p, at)
        for at in _chunks(np.stack([p.lengths - 1, runs], axis=1), most):
            view = p.ends(at[:, 1])
            after = program.advance(np, view.fields, view.fields)
            wanted = {name: view.fields.get(primed(name)) for name in p.outputs}
            view = p.ends(at[:, 1])
            for probe in program.spec.hints:
                view.put(primed(probe.name), after[probe.name])
            for rule in program.outputs:
                _judge(found, "rule of output ", rule, program, p, view, at, wanted)
    return found


def _most(program: Program, n: int) -> int:
    """How many states are looked at in one batch."""
    rank = max(probe.rank for probe in (*program.spec.hints, *program.spec.outputs))
    return max(1, min(STATES, int(CANDIDATES // n ** (rank + 1))))


def _chunks(at: np.ndarray, most: int) -> list[np.ndarray]:
    return [at[k : k + most] for k in range(0, len(at), most)]


def _judge(
    found: dict[str, Disagreement],
    kind: str,
    rule: Rule,
    program: Program,
    p: Pool,
    view: View,
    at: np.ndarray,
    wanted: Mapping[str, Any] | None = None,
) -> None:
    name = rule.field.name.removesuffix("'")
    label = f"{kind}{name}"
    if label in found:
        return
    want = view.fields[rule.field.name] if wanted is None else wanted[name]
    got = rule.evaluate(view)
    bad = np.flatnonzero(differs(program.spec[name], got, want))
    if len(bad):
        found[label] = _shown(label, p, at[bad[0]], want[bad[0]], got[bad[0]])


def _judge_end(found: dict[str, Disagreement], program: Program, p: Pool, at: np.ndarray) -> None:
    if THE_END in found:
        return
    view = p.view(at)
    new = program.advance(np, view.fields, view.fields)
    for name, value in fixed(np, program.spec, view.fields, new).items():
        view.put(name, value)
    view.forget()
    got = np.broadcast_to(program.halt.evaluate(view), (view.m, 1, 1, 1)).reshape(view.m) == 1
    want = at[:, 0] == p.lengths[at[:, 1]] - 1
    bad = np.flatnonzero(got != want)
    if len(bad):
        found[THE_END] = _shown(THE_END, p, at[bad[0]], want[bad[0]], got[bad[0]])


def _shown(rule: str, p: Pool, at: np.ndarray, want: Any, got: Any) -> Disagreement:
    t, b = (int(x) for x in at)
    inputs = {name: value[b].tolist() for name, value in p.inputs.items()}
    return Disagreement(rule, inputs, t, np.asarray(want).tolist(), np.asarray(got).tolist())
