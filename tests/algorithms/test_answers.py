"""The entry of all checks: recorded answers of every algorithm, planted faults, bad requests."""

import dataclasses

import jax
import numpy as np
import pytest

import catalign
from catalign._errors import InputError, ShapeMismatchError
from catalign.algorithms.answers import verify
from catalign.algorithms.catalogue import TABLE, get
from catalign.algorithms.spec import Kind
from catalign.data import golden
from tests.algorithms.answering import judge, question
from tests.algorithms.golden import golden_files

NAMES = [row.name for row in TABLE if not row.module.startswith("arithmetic")]
KEYS = question(key=[3, 1, 2])


def test_every_algorithm_of_the_benchmark_has_a_check():
    assert len(NAMES) == 30


def wrong(probe, value, n):
    """Another value of the probe's kind, or none of it."""
    if probe.kind is Kind.MASK:
        return ~value if value.dtype == bool else 1 - value
    return (value + 1) % (probe.classes or n)


@pytest.mark.parametrize("name", NAMES)
def test_recorded_answers_pass_and_most_changes_of_one_place_do_not(name):
    algorithm = get(name)
    for path in golden_files(name)[1:3]:
        with jax.enable_x64(True):
            trace = jax.device_get(golden.load(path, algorithm.spec))
            assert verify(algorithm, trace.inputs, trace.outputs).correct.all(), path.stem
        refused, n = 0, algorithm.size(trace.inputs)
        for probe in algorithm.spec.outputs:
            outputs = {key: np.array(x) for key, x in trace.outputs.items()}
            spot = (1, *np.argwhere(outputs[probe.name][1] >= outputs[probe.name][1].max())[-1])
            outputs[probe.name][spot] = wrong(probe, outputs[probe.name][spot], n)
            verdict = verify(algorithm, trace.inputs, outputs)
            others = np.delete(verdict.correct, 1)
            assert others.all(), f"{path.stem}: {verdict}"
            refused += not verdict.correct[1]
    assert refused, f"{name} accepts every change"


def test_the_right_answer_of_a_jitted_run_passes():
    minimum = get("minimum")
    assert catalign.algorithms.verify is verify
    verdict = verify(minimum, KEYS, {"min": np.array([1], np.int32)})
    assert str(verdict) == "1 of 1 answers are right."
    verdict = verify(minimum, KEYS, {"min": np.array([3])})
    assert str(verdict) == "0 of 1 answers are right. Instance 0: min is wrong."


def test_arithmetic_is_checked_too():
    addition = get("addition")
    digits = {name: np.array([[4, 9]], np.int32) for name in ("a", "b")}
    inputs = {"pos": KEYS["pos"][:, :2], "pred": np.array([[0, 0]], np.int32)} | digits
    carry = np.array([[False, True]])
    verdict = verify(addition, inputs, {"sum": np.array([[8, 8]]), "carry": carry})
    assert verdict.correct.tolist() == [True]


def test_what_cannot_be_checked_is_named():
    minimum = get("minimum")
    own = dataclasses.replace(minimum, name="own_minimum")
    with pytest.raises(InputError, match="`algorithm` is own_minimum, which has no check"):
        verify(own, KEYS, {})
    with pytest.raises(InputError, match="`outputs` of minimum lack min"):
        verify(minimum, KEYS, {})
    with pytest.raises(ShapeMismatchError, match=r"has shape \(1, 3\) .* has shape \(1,\) here"):
        verify(minimum, KEYS, {"min": np.zeros((1, 3), np.int32)})
    with pytest.raises(ShapeMismatchError, match="dtype float64, but the node mask_one"):
        verify(minimum, KEYS, {"min": np.zeros(1)})
    with pytest.raises(InputError, match=r"falls from 3\.0 at node 0"):
        judge(get("binary_search"), KEYS | {"target": np.zeros(1)}, **{"return": [0]})
