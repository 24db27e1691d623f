"""Kadane's algorithm against the recorded benchmark and all subarrays."""

import numpy as np
import pytest
from hypothesis import given

from catalign.algorithms.divide_and_conquer import find_maximum_subarray_kadane as kadane
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import BATCH, SIZE, draw, few, instance, rows, run


@pytest.mark.parametrize("path", golden_files(kadane.name), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(kadane, path)


@few
@given(rows(-3, 3))
def test_finds_a_greatest_sum(keys):
    trace = run(kadane, instance(key=keys))
    for b, key in enumerate(keys):
        start, end = int(trace.outputs["start"][b]), int(trace.outputs["end"][b])
        best = max(key[i:j].sum() for i in range(SIZE) for j in range(i + 1, SIZE + 1))
        assert start <= end
        assert key[start : end + 1].sum() == best == trace.hints["best_sum"][-1, b]


def test_of_negative_keys_takes_the_greatest_alone():
    keys = np.array([[-3, -1, -2, -5, -4, -6]] * BATCH, np.float32)
    outputs = run(kadane, instance(key=keys)).outputs
    assert (outputs["start"].tolist(), outputs["end"].tolist()) == ([1] * BATCH, [1] * BATCH)


def test_one_node_is_the_subarray():
    assert run(kadane, instance(key=[[-0.5]])).outputs["end"].tolist() == [0]


def test_samples_have_both_signs():
    key = draw(kadane)["key"]
    assert -1 <= key.min() < 0 < key.max() < 1
    assert np.unique(key).size == key.size
