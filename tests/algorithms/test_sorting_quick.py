"""Quicksort against the recorded benchmark and Python's sort."""

import numpy as np
import pytest
from hypothesis import given

from catalign.algorithms.sorting_quick import quicksort
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import SIZE, few, instance, rows, run, sorted_by


@pytest.mark.parametrize("path", golden_files("quicksort"), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(quicksort, path)


@few
@given(rows(0, 4))
def test_sorts_keys_with_ties(keys):
    trace = run(quicksort, instance(key=keys))
    for key, pred in zip(keys, trace.outputs["pred"], strict=True):
        assert sorted_by(pred, key) == sorted(key.tolist())


def test_sorted_and_equal_keys_take_the_most_steps():
    keys = np.stack([np.arange(SIZE), np.zeros(SIZE), np.arange(SIZE)]).astype(np.float32)
    trace = run(quicksort, instance(key=keys))
    assert trace.lengths.tolist() == [quicksort.max_steps(SIZE)] * 3


def test_one_node_is_sorted():
    trace = run(quicksort, instance(key=[[0.5]]))
    assert trace.outputs["pred"].tolist() == [[0]]
