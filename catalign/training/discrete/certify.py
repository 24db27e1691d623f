"""The certificate of a program: what was checked of it, or an instance where it is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from catalign._errors import InputError
from catalign.algorithms.algorithm import Algorithm
from catalign.alignment.certificate import Certificate, Counterexample, Exhaustive, Sampled
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.reasoner import DiscreteReasoner
from catalign.training.discrete import enumeration
from catalign.training.discrete.execution import first_difference, wrong
from catalign.training.discrete.family import families

SEED = 2**30
"""Certificates draw from another stream than training."""


def certify(
    model: Program | DiscreteReasoner,
    algorithm: Algorithm,
    *,
    sizes: Sequence[int] = (16, 64),
    count: int = 32,
) -> Certificate:
    """Runs a program beside its algorithm: on all small instances, and on samples of families.

    Nothing is called proved: that the rules agree on every instance up to a size, and on samples
    beyond, is evidence of two other kinds, which the certificate keeps apart.

    Args:
      model: The program, or a reasoner with one.
      algorithm: What it shall equal: every output of every instance, ended by itself.
      sizes: The sizes of the samples.
      count: The number of instances of each family and size.

    Returns:
      Exhaustive and sampled evidence, or a counterexample: a smallest instance found, with the
      first rule that goes wrong.

    Example:
      >>> import catalign
      >>> minimum = catalign.load("minimum")
      >>> algorithm = catalign.algorithms.get("minimum")
      >>> print(certify(minimum, algorithm, sizes=(8,), count=4).verdict)
      exhaustive up to size 5
    """
    program = model.program if isinstance(model, DiscreteReasoner) else model
    subject = f"the program of {program.name} against {algorithm.name}"
    exhaustive: list[Exhaustive] = []
    cases = 0
    largest = enumeration.largest(algorithm)
    for n in range(algorithm.min_size, largest + 1):
        inputs = enumeration.instances(algorithm, n)
        if inputs:
            try:
                refuted = _refute(program, algorithm, inputs)
            except InputError:
                continue  # There is no instance of this size.
            if refuted is not None:
                return Certificate(subject=subject, counterexample=refuted)
            cases += len(next(iter(inputs.values())))
    if cases:
        text = f"equal outputs for {enumeration.statement(algorithm)}"
        exhaustive.append(Exhaustive(statement=text, up_to=largest, cases=cases))
    sampled: list[Sampled] = []
    known = list(families(algorithm))
    for size in sizes:
        if size < algorithm.min_size:
            continue
        drawn = []
        for number, family in enumerate(known):
            key = jax.random.fold_in(jax.random.key(SEED + size), number)
            drawn.append(family.sample(algorithm, key, count, size))
        inputs = jax.tree.map(lambda *parts: jnp.concatenate(parts), *drawn)
        refuted = _refute(program, algorithm, inputs)
        if refuted is not None:
            return Certificate(subject=subject, counterexample=refuted)
        sampled += [
            Sampled(family=family.name, size=size, count=count)
            for family, part in zip(known, drawn, strict=True)
            if len(next(iter(part.values())))
        ]
    return Certificate(
        subject=subject,
        exhaustive=tuple(exhaustive),
        sampled=tuple(sampled),
        preconditions=("scalars are computed in one float type, in the order of the rules",),
    )


def _refute(
    program: Program, algorithm: Algorithm, inputs: Mapping[str, Any]
) -> Counterexample | None:
    bad, trace = wrong(program, algorithm, inputs)
    if not bad.any():
        return None
    b = int(np.flatnonzero(bad)[0])
    one = {name: np.asarray(value)[b : b + 1] for name, value in trace.inputs.items()}
    cell, expected, actual = first_difference(program, algorithm, one)
    shown = {name: value[0].tolist() for name, value in one.items()}
    return Counterexample(inputs=shown, expected=expected, actual=actual, cell=cell)
