"""The certificate of a program: what is proved and checked of it, or where it is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from catalign._errors import InputError
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.check import check_same_spec
from catalign.algorithms.spec import Location
from catalign.algorithms.trace import Trace
from catalign.alignment.certificate import Certificate, Counterexample, Exhaustive, Sampled
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.reasoner import DiscreteReasoner
from catalign.training.discrete import enumeration
from catalign.training.discrete.agreement import THE_END, Disagreement, disagreements
from catalign.training.discrete.execution import (
    first_difference,
    hints_exact,
    is_small,
    wrong,
)
from catalign.training.discrete.family import families
from catalign.training.discrete.proof.equality import Typed
from catalign.training.discrete.proof.evidence import Evidence, weigh
from catalign.training.discrete.typed.catalogue import TYPED

SEED = 2**30
"""Certificates draw from another stream than training."""
FULL = 16
"""The size up to which a sample is as large as asked for; beyond, it shrinks in proportion."""
SIZES = (16, 64, 256)
"""The sizes of samples, as far as they are within reach."""
ALWAYS = 64
"""The size up to which a sample is always within reach."""
WORK = 2e9
"""The largest number of candidates that all steps of a larger instance may look at."""


def certify_program(
    model: Program | DiscreteReasoner,
    algorithm: Algorithm,
    *,
    sizes: Sequence[int] | None = None,
    count: int = 32,
) -> Certificate:
    """Runs a program beside its algorithm, and proves it equal to the algorithm's typed rules.

    Three kinds of evidence are kept apart. All instances of a small size and samples of families
    are run. Hints count as outputs do: a rule that gives another value than the algorithm, read at
    a state that the algorithm comes to, refutes the program even where no output shows it. Where
    only the number of steps differs, nothing is refuted: that is listed as not proved.

    Where the algorithm has typed rules, which are written by hand and run beside it on the same
    instances, the program's rules are proved equal to these for every size, or the cell that
    differs is named. A proof says no more than that: what ties the typed rules to the algorithm
    stands among the preconditions. All runs are in float64, whatever the caller's setting: what is
    certified are the rules, and fewer digits decide ties by rounding.

    Args:
      model: The program, or a reasoner with one.
      algorithm: What it shall equal: every hint and output of every instance, ended by itself.
      sizes: The sizes of the samples; 16, 64, and 256 where that is `within_reach`, if left out.
      count: The number of instances of each family and size; beyond size 16 fewer, in proportion.

    Returns:
      The evidence, or a counterexample: a smallest instance found, with the first rule that goes
      wrong.

    Raises:
      InputError: The program has other inputs, hints or outputs than the algorithm, or `model` is
        no program.

    Example:
      >>> import catalign
      >>> minimum = catalign.load("minimum")
      >>> algorithm = catalign.algorithms.get("minimum")
      >>> certificate = certify_program(minimum, algorithm, sizes=(8,), count=4)
      >>> certificate.verdict, certificate.exhaustive[0].up_to
      ('proved for all sizes', 5)
    """
    program = model.program if isinstance(model, DiscreteReasoner) else model
    if not isinstance(program, Program):
        raise InputError(
            f"`model` is a {type(program).__name__}, but `certify` takes a Program, or a reasoner "
            "as `catalign.load` gives it. A scan alone or a cell of a grid has a method `certify`; "
            "a comparator goes to `certify_sorting`, an aligned network to `certify_paths`."
        )
    check_same_spec(f"the program of {program.name}", program.spec, algorithm.name, algorithm.spec)
    subject = f"the program of {program.name} against {algorithm.name}"
    if sizes is None:
        sizes = [size for size in SIZES if within_reach(algorithm, size)]
    typed = TYPED.get(algorithm.name)
    if typed is not None and typed.program.spec != algorithm.spec:
        typed = None
    with jax.enable_x64(True):
        return _certified(_Beside(program, algorithm, typed), subject, sizes, count)


def _certified(beside: "_Beside", subject: str, sizes: Sequence[int], count: int) -> Certificate:
    algorithm = beside.algorithm
    exhaustive: list[Exhaustive] = []
    cases = up_to = 0
    largest = enumeration.largest(algorithm)
    for n in range(algorithm.min_size, largest + 1):
        inputs = enumeration.instances(algorithm, n)
        if inputs and _has_instances(algorithm, inputs):
            refuted = beside.run(inputs)
            if refuted is not None:
                return Certificate(subject=subject, counterexample=refuted)
            cases, up_to = cases + len(next(iter(inputs.values()))), n
    if cases:
        text = f"equal hints and outputs for {enumeration.statement(algorithm)}"
        exhaustive.append(Exhaustive(statement=text, up_to=up_to, cases=cases))
    sampled: list[Sampled] = []
    known = list(families(algorithm))
    for size in sizes:
        if size < algorithm.min_size:
            continue
        drawn, many = [], max(1, count * FULL // max(size, FULL))
        for number, family in enumerate(known):
            key = jax.random.fold_in(jax.random.key(SEED + size), number)
            drawn.append(family.sample(algorithm, key, many, size))
        inputs = jax.tree.map(lambda *parts: jnp.concatenate(parts), *drawn)
        refuted = beside.run(inputs)
        if refuted is not None:
            return Certificate(subject=subject, counterexample=refuted)
        sampled += [
            Sampled(family=family.name, size=size, count=many)
            for family, part in zip(known, drawn, strict=True)
            if len(next(iter(part.values())))
        ]
    tie = "the typed rules are the algorithm: equal at every hint and output of "
    if cases:
        tie += f"all {cases} instances up to size {up_to} and of "
    tie += f"{sum(s.count for s in sampled)} samples"
    evidence = beside.evidence(tie)
    return Certificate(
        subject=subject,
        proved=evidence.proved,
        exhaustive=tuple(exhaustive),
        sampled=tuple(sampled),
        preconditions=(
            *evidence.preconditions,
            "scalars are computed in one float type, in the order of the rules",
        ),
        unproved=(*evidence.unproved, *beside.unsettled()),
    )


def _has_instances(algorithm: Algorithm, inputs: Mapping[str, Any]) -> bool:
    """Whether the algorithm takes instances of this size."""
    try:
        algorithm.check(inputs)
    except InputError:
        return False
    return True


def within_reach(algorithm: Algorithm, size: int) -> bool:
    """Whether a sample of a size is run in seconds, and its traces fit in memory.

    By the algorithm's bound on its steps. A step looks at all candidates of all receivers: nodes,
    or pairs where a hint lies at edges.
    """
    at_edges = any(p.location is Location.EDGE for p in algorithm.spec.hints)
    n = algorithm.nodes(size)
    work = algorithm.max_steps(n) * n ** (3 if at_edges else 2)
    return size <= ALWAYS or work <= WORK


class _Beside:
    """A program and typed rules beside an algorithm, and how they have differed so far."""

    def __init__(self, program: Program, algorithm: Algorithm, typed: Typed | None) -> None:
        self.program, self.algorithm, self.typed = program, algorithm, typed
        self.learned: dict[str, Disagreement] = {}
        self.own: dict[str, Disagreement] = {}
        self.cut = self.drifted = 0

    def run(self, inputs: Mapping[str, Any]) -> Counterexample | None:
        """Runs a batch; an instance where the program is wrong, if there is one."""
        compiled = self.typed is None and not is_small(self.algorithm, inputs)
        if compiled:
            # One compiled run judges all; only what it finds wrong is looked at step by step.
            exact = hints_exact(self.program, self.algorithm, inputs)
            if exact.all():
                return None
            inputs = {name: value[~exact] for name, value in inputs.items()}
        bad, trace = wrong(self.program, self.algorithm, inputs)
        if bad.any():
            return _refuted(self.program, self.algorithm, trace, int(np.flatnonzero(bad)[0]))
        found = disagreements(self.program, trace)
        complete = int(np.asarray(trace.complete).sum())
        self.cut += len(trace.complete) - complete
        if compiled and not found:
            self.drifted += complete
        self.learned = found | self.learned
        if self.typed is not None:
            self.own = disagreements(self.typed.program, trace) | self.own
        wrong_rule = next((d for d in found.values() if d.rule != THE_END), None)
        return None if wrong_rule is None else wrong_rule.refutes()

    def unsettled(self) -> list[str]:
        """What was run and not judged, in words."""
        said = []
        if self.cut:
            said.append(f"{self.cut} runs that the algorithm does not complete were not judged")
        if self.drifted:
            said.append(
                f"{self.drifted} runs differ in a hint or in their end, though each rule agrees at "
                "each state of the algorithm, and the outputs are right: rounding adds up"
            )
        return said

    def evidence(self, tie: str) -> Evidence:
        """What can be proved."""
        if self.typed is None:
            reasons = ["no proof was tried: the algorithm has no typed rules"]
            reasons += [f"{name}: {found}" for name, found in self.learned.items()]
            return Evidence(unproved=tuple(reasons))
        if self.own:
            name, found = next(iter(self.own.items()))
            return Evidence(
                unproved=(f"the typed rules are not this algorithm's: {name}, {found}",)
            )
        return weigh(self.program, self.typed, tie, self.learned)


def _refuted(program: Program, algorithm: Algorithm, trace: Trace, b: int) -> Counterexample:
    one = {name: np.asarray(value)[b : b + 1] for name, value in trace.inputs.items()}
    cell, expected, actual = first_difference(program, algorithm, one)
    shown = {name: value[0].tolist() for name, value in one.items()}
    return Counterexample(inputs=shown, expected=expected, actual=actual, cell=cell)
