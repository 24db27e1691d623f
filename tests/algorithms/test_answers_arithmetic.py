"""Checks of answers: right ones pass, every planted fault is found where it is."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.algorithms.answers_arithmetic import verify_arithmetic
from catalign.algorithms.catalogue import TABLE, get
from catalign.algorithms.elementary_graph import bfs
from catalign.algorithms.number import from_integers
from catalign.algorithms.spec import Kind
from catalign.algorithms.trace import Trace

NAMES = [row.name for row in TABLE if row.module.startswith("arithmetic")]
SIZE, BATCH = 4, 4


@functools.cache
def solved(name: str) -> Trace:
    """Random questions, none of them 0, and their right answers."""
    algorithm = get(name)
    operands = [p for p in algorithm.spec.inputs if p.kind is Kind.CATEGORICAL]
    rng = np.random.default_rng(4)
    rows = [
        {
            p.name: int(rng.integers(1, (p.classes or 1) ** (SIZE if p.rank else 1)))
            for p in operands
        }
        for _ in range(BATCH)
    ]
    instances = [from_integers(algorithm, row, size=SIZE) for row in rows]
    return jax.device_get(algorithm.traces(jax.tree.map(lambda *x: jnp.stack(x), *instances)))


@pytest.mark.parametrize("name", NAMES)
def test_right_answers_pass_and_planted_faults_are_found(name):
    algorithm = get(name)
    trace = solved(name)
    assert verify_arithmetic(algorithm, trace.inputs, trace.outputs).correct.all()
    for probe in algorithm.spec.outputs:
        for place in range(SIZE if probe.rank else 1):
            outputs = {key: np.array(x) for key, x in trace.outputs.items()}
            spot = (1, place) if probe.rank else 1
            value = outputs[probe.name][spot]
            wrong = ~value if probe.kind is Kind.MASK else (value + 1) % (probe.classes or 1)
            outputs[probe.name][spot] = wrong
            verdict = verify_arithmetic(algorithm, trace.inputs, outputs)
            assert verdict.correct.tolist() == [True, False, True, True], (probe, place)
            assert verdict.violated[probe.name][spot], (probe, place)
            assert f"Instance 1: {probe.name} is wrong" in str(verdict)


def test_a_digit_outside_the_base_is_wrong():
    division = get("division")
    trace = solved("division")
    outputs = {key: np.array(x) for key, x in trace.outputs.items()}
    outputs["quotient"][0, :2] += np.array([10, -1], np.int32)
    verdict = verify_arithmetic(division, trace.inputs, outputs)
    assert verdict.correct.tolist() == [False, True, True, True]


def test_what_cannot_be_checked_is_named():
    with pytest.raises(InputError, match="`algorithm` is bfs"):
        verify_arithmetic(bfs, {}, {})
    with pytest.raises(InputError, match="lack gcd"):
        verify_arithmetic(get("gcd"), {}, {})
