"""Insertion sort and bubble sort against the recorded benchmark and Python's stable sort."""

import jax
import numpy as np
import pytest
from hypothesis import given

from catalign.algorithms.catalogue import get
from catalign.algorithms.sorting import bubble_sort, insertion_sort
from catalign.distributions.key import ReversedKeys
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import BATCH, few, instance, rows, run, sorted_by

BOTH = pytest.mark.parametrize("algorithm", [insertion_sort, bubble_sort], ids=lambda a: a.name)


def stable(key: np.ndarray) -> list[int]:
    """Each node's predecessor in Python's order, which keeps equal keys as they were."""
    order = sorted(range(len(key)), key=lambda i: key[i])
    before = {node: order[max(place - 1, 0)] for place, node in enumerate(order)}
    return [before[node] for node in range(len(key))]


@pytest.mark.parametrize(
    "path", golden_files("insertion_sort", "bubble_sort"), ids=lambda p: p.stem
)
def test_equals_the_benchmark(path):
    assert_golden(get(path.stem.rsplit("_n", 1)[0]), path)


@BOTH
@few
@given(rows(0, 3))
def test_equal_keys_keep_their_order(algorithm, keys):
    assert run(algorithm, instance(key=keys)).outputs["pred"].tolist() == [stable(k) for k in keys]


@BOTH
def test_one_node_is_sorted(algorithm):
    trace = run(algorithm, instance(key=[[0.5]]))
    assert trace.outputs["pred"].tolist() == [[0]]
    assert trace.lengths.tolist() == [1]


@BOTH
def test_the_hints_end_at_the_output(algorithm):
    trace = algorithm.sample(jax.random.key(0), 3, 6, keys=ReversedKeys())
    np.testing.assert_array_equal(trace.hints["pred_h"][-1], trace.outputs["pred"])
    assert sorted_by(np.asarray(trace.outputs["pred"][0]), np.arange(6)) == [5, 4, 3, 2, 1, 0]


def test_insertion_sort_shows_the_sorted_prefix():
    keys = np.array([[3.0, 1.0, 2.0, 0.0, 5.0, 4.0]] * BATCH, np.float32)
    shown = run(insertion_sort, instance(key=keys)).hints["pred_h"][:, 0]
    for j, pred in enumerate(shown):
        assert sorted_by(pred, keys[0])[: j + 1] == sorted(keys[0][: j + 1].tolist())
