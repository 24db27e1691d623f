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


@pytest.mark.parametrize("n", [1, 2])
def test_few_nodes_are_sorted(n):
    key = np.arange(n, 0, -1, dtype=np.float32)
    trace = run(quicksort, instance(key=key[None]))
    assert sorted_by(trace.outputs["pred"][0], key) == sorted(key.tolist())
    assert trace.lengths.tolist() == [max(1, n)]
