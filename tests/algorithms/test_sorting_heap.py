"""Heapsort against the recorded benchmark and Python's sort."""

import numpy as np
import pytest
from hypothesis import given

from catalign.algorithms.sorting_heap import heapsort
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import few, instance, rows, run, sorted_by


@pytest.mark.parametrize("path", golden_files("heapsort"), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(heapsort, path)


@few
@given(rows(0, 4))
def test_sorts_keys_with_ties(keys):
    trace = run(heapsort, instance(key=keys))
    for key, pred in zip(keys, trace.outputs["pred"], strict=True):
        assert sorted_by(pred, key) == sorted(key.tolist())


@few
@given(rows(0, 4))
def test_parents_form_a_heap_once_it_is_built(keys):
    trace = run(heapsort, instance(key=keys))
    for b, key in enumerate(keys):
        first = int(np.argmax(trace.hints["phase"][:, b] > 0))
        parent = trace.hints["parent"][first - 1, b]
        assert all(key[parent[i]] >= key[i] for i in range(len(key)))
        assert np.sum(parent == np.arange(len(key))) == 1


def test_one_node_is_sorted():
    trace = run(heapsort, instance(key=[[0.5]]))
    assert trace.outputs["pred"].tolist() == [[0]]
