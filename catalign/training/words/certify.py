"""The certificate of a reasoner of words: proved equal to the algorithm's column, or refuted."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arithmetic_chain import ChainedAlgorithm, Column
from catalign.algorithms.check import check_same_spec
from catalign.alignment.certificate import (
    Certificate,
    Counterexample,
    Coverage,
    Exhaustive,
    Proof,
    Sampled,
)
from catalign.alignment.column import column_alphabets, column_transducer
from catalign.alignment.transducer import certify_transducer
from catalign.nn.scan.reasoner import ScanReasoner
from catalign.training.discrete.family import families
from catalign.training.words.examples import answered, instances, write

LIMIT = 20_000
"""How many words of one length are listed at most."""
LONGEST = 5
"""How long words are listed at most."""
SIZES = (16, 64, 256, 1024)
"""The sizes of samples where none are given."""
SEED = 2**30
"""Certificates draw from another stream than training."""
FULL = 64
"""The size up to which a sample is as large as asked for; beyond, it shrinks in proportion."""


def certify_words(
    reasoner: ScanReasoner,
    algorithm: Algorithm,
    *,
    sizes: Sequence[int] | None = None,
    count: int = 32,
) -> Certificate:
    """Runs the transducers of a reasoner beside an algorithm, and compares them with its column.

    All words of a small length and samples of families are run; the last hints count as outputs
    do. Where the algorithm runs as a column says (`arithmetic_chain.chained`), each transducer is
    compared with the column on every pair of states that words lead to, which proves it for all
    sizes or gives a shortest word that it gets wrong.

    Args:
      reasoner: The reasoner.
      algorithm: What it shall equal.
      sizes: The sizes of the samples; 16, 64, 256 and 1,024 if left out.
      count: The number of instances of each family and size; beyond size 64 fewer, in proportion.

    Raises:
      InputError: The reasoner has other probes than the algorithm.
    """
    subject = f"the transducers of {reasoner.name} against {algorithm.name}"
    check_same_spec(subject, reasoner.spec, algorithm.name, algorithm.spec)
    coverage = _coverage(reasoner)
    beside = _Beside(reasoner, algorithm)

    def refuted(by: Counterexample) -> Certificate:
        return Certificate(subject=subject, coverage=coverage, counterexample=by)

    cases = up_to = 0
    for n, inputs in _listed(reasoner, algorithm):
        judged, wrong = beside.run(inputs)
        if wrong is not None:
            return refuted(wrong)
        if judged:
            cases, up_to = cases + judged, n
    sampled: list[Sampled] = []
    known = list(families(algorithm))
    for size in SIZES if sizes is None else sizes:
        if size < algorithm.min_size:
            continue
        many = max(1, count * FULL // max(size, FULL))
        for number, family in enumerate(known):
            key = jax.random.fold_in(jax.random.key(SEED + size), number)
            inputs = family.sample(algorithm, key, many, size)
            if not len(inputs[reasoner.form.order.name]):
                continue
            judged, wrong = beside.run(inputs, compiled=True)
            if wrong is not None:
                return refuted(wrong)
            if judged:
                sampled.append(Sampled(family=family.name, size=size, count=judged))
    proofs, wrong, unproved = _proved(reasoner, algorithm, subject)
    if wrong is not None:
        return refuted(wrong)
    statement = "equal last hints and outputs on every word, in the order and places that are drawn"
    return Certificate(
        subject=subject,
        proved=proofs,
        exhaustive=(Exhaustive(statement=statement, up_to=up_to, cases=cases),) if cases else (),
        sampled=tuple(sampled),
        preconditions=PRECONDITIONS if proofs else (),
        coverage=coverage,
        unproved=(*unproved, *beside.unsettled()),
    )


PRECONDITIONS = (
    "digits are in the order of the nodes",
    "the column treats every digit alone, as its definition says",
)


def _proved(
    reasoner: ScanReasoner, algorithm: Algorithm, subject: str
) -> tuple[tuple[Proof, ...], Counterexample | None, tuple[str, ...]]:
    """A proof for each transducer; or what refutes one; or why there is none."""
    if not isinstance(algorithm, ChainedAlgorithm):
        reason = "no proof was tried: the algorithm is not made from a column (see `chained`)"
        return (), None, (reason,)
    if not algorithm.is_its_column:
        reason = "no proof was tried: functions that its column made were replaced since"
        return (), None, (reason,)
    column, letters = algorithm.column, reasoner.form.letters
    alphabets = column_alphabets(column, letters)
    proofs: list[Proof] = []
    unproved: list[str] = []
    for name, machine in reasoner.machines.items():
        turned = machine.word_type.from_last != column.from_last
        # With one state it does not matter from which end it reads.
        if turned and machine.transducer.minimise().states > 1:
            unproved.append(f"{name}: it is read from the other end than the column")
            continue
        found = certify_transducer(
            machine.transducer,
            column_transducer(column, name, letters, alphabets),
            subject=f"{subject}, {name}",
            alphabets=alphabets,
        )
        if found.counterexample is not None:
            return (), _by_names(reasoner, column, name, found.counterexample), ()
        proofs += [
            Proof(
                statement=f"{name} equal to the algorithm's column, from which its run is made",
                method=proof.method,
                cases=proof.cases,
            )
            for proof in found.proved
        ]
    return ((), None, tuple(unproved)) if unproved else (tuple(proofs), None, ())


def _by_names(
    reasoner: ScanReasoner, column: Column, name: str, wrong: Counterexample
) -> Counterexample:
    """A word that a proof failed on as an instance, in the order of the nodes."""
    turn = slice(None, None, -1 if column.from_last else 1)
    shown = _shown(reasoner, np.array(wrong.inputs["word"])[turn])
    return Counterexample(
        inputs=shown,
        expected=wrong.expected[turn],
        actual=wrong.actual[turn],
        cell=f"{name}, {wrong.cell}",
    )


def _shown(reasoner: ScanReasoner, letters: np.ndarray) -> dict[str, Any]:
    """The operands of one word by name."""
    form = reasoner.form
    return {
        probe.name: (letters[0, k] if k in form.constant else letters[:, k]).tolist()
        for k, probe in enumerate(form.letters)
    }


def _listed(reasoner: ScanReasoner, algorithm: Algorithm) -> Iterator[tuple[int, dict[str, Any]]]:
    """All instances of each small size."""
    form = reasoner.form
    ranges = [range(size) for size in form.operands]
    at_nodes = math.prod(len(r) for k, r in enumerate(ranges) if k not in form.constant)
    at_graph = math.prod(len(ranges[k]) for k in form.constant)
    n = algorithm.min_size
    while at_graph * at_nodes**n <= LIMIT and n <= LONGEST:
        columns = [r for k, r in enumerate(ranges) if k not in form.constant] * n
        columns += [ranges[k] for k in form.constant]
        flat = np.array(list(itertools.product(*columns)), np.int32)
        width = len(ranges) - len(form.constant)
        nodes = flat[:, : n * width].reshape(-1, n, width)
        graph = np.repeat(flat[:, None, n * width :], n, axis=1)
        inputs = instances(algorithm, form, np.concatenate([nodes, graph], axis=2))
        if len(inputs[form.order.name]):
            yield n, inputs
        n += 1


class _Beside:
    """A reasoner beside an algorithm, and how many runs could not be judged."""

    def __init__(self, reasoner: ScanReasoner, algorithm: Algorithm) -> None:
        self.reasoner, self.algorithm = reasoner, algorithm
        self.cut = 0

    def run(
        self, inputs: Mapping[str, Any], *, compiled: bool = False
    ) -> tuple[int, Counterexample | None]:
        """How many runs of a batch were judged, and the first instance that is wrong.

        Args:
          inputs: The instances.
          compiled: Whether the compiled scan is run, and not the same on the host.
        """
        block = answered(self.reasoner.form, self.algorithm.traces(inputs))
        judged = len(block.letters)
        self.cut += len(inputs[self.reasoner.form.order.name]) - judged
        if not judged:
            return 0, None
        give = _write_compiled if compiled else write
        for name, found in give(self.reasoner, block.letters).items():
            bad = np.flatnonzero((found != block.values[name]).any(axis=1))
            if len(bad):
                b = int(bad[0])
                return judged, Counterexample(
                    inputs=_shown(self.reasoner, block.letters[b]),
                    expected=block.values[name][b].tolist(),
                    actual=found[b].tolist(),
                    cell=name,
                )
        return judged, None

    def unsettled(self) -> tuple[str, ...]:
        """What was run and not judged, in words."""
        if not self.cut:
            return ()
        return (f"{self.cut} runs that the algorithm does not complete were not judged",)


def _write_compiled(reasoner: ScanReasoner, letters: np.ndarray) -> dict[str, np.ndarray]:
    """`write` by what is run elsewhere, compiled."""
    on_device, machines = jnp.asarray(letters), reasoner.machines
    values = {machine: machine(on_device) for machine in dict.fromkeys(machines.values())}
    return {name: np.asarray(values[machine]) for name, machine in machines.items()}


def _coverage(reasoner: ScanReasoner) -> tuple[Coverage, ...]:
    machines = dict.fromkeys(reasoner.machines.values())
    return tuple(table for machine in machines for table in machine.coverage)
