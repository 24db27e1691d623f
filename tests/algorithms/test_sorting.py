"""Sorting algorithms: golden parity, the order of `sorted`, ties."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.inputs import positions
from catalign.algorithms.sorting import bubble_sort, insertion_sort
from tests.algorithms.golden import assert_golden, golden_files

STABLE = (insertion_sort, bubble_sort)
SIZE, BATCH = 5, 2


def keys(values: list[list[float]]) -> Probes:
    key = jnp.asarray(values, jnp.float32)
    return {"pos": jnp.broadcast_to(positions(key.shape[1]), key.shape), "key": key}


def stable_predecessors(key: np.ndarray) -> list[int]:
    """Each node's predecessor in Python's stable order."""
    order = sorted(range(len(key)), key=lambda i: key[i])
    before = {node: order[max(place - 1, 0)] for place, node in enumerate(order)}
    return [before[node] for node in range(len(key))]


@pytest.mark.parametrize(
    "path", golden_files("insertion_sort", "bubble_sort"), ids=lambda p: p.stem
)
def test_golden_parity(path):
    assert_golden({a.name: a for a in STABLE}[path.stem.rsplit("_n", 1)[0]], path)


@pytest.mark.parametrize("algorithm", STABLE, ids=lambda a: a.name)
@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(0, 3), min_size=SIZE, max_size=SIZE), min_size=BATCH, max_size=BATCH
    )
)
def test_ties_keep_the_given_order(algorithm: Algorithm, values):
    inputs = keys(values)
    trace = jax.device_get(algorithm.traces(inputs))
    assert trace.complete.all()
    assert trace.outputs["pred"].tolist() == [
        stable_predecessors(key) for key in np.asarray(inputs["key"])
    ]


@pytest.mark.parametrize("algorithm", STABLE, ids=lambda a: a.name)
def test_one_node_is_sorted(algorithm):
    trace = algorithm.traces(keys([[0.5]]))
    assert trace.outputs["pred"].tolist() == [[0]]
    assert trace.lengths.tolist() == [1]


def test_hints_of_insertion_sort_stay_a_chain():
    trace = jax.device_get(insertion_sort.sample(jax.random.key(0), BATCH, SIZE))
    for step in trace.hints["pred_h"].reshape(-1, SIZE):
        assert sorted(step[np.arange(SIZE) != step]) == sorted(set(step[np.arange(SIZE) != step]))


def test_samples_are_uniform_keys():
    key = insertion_sort.sample_inputs(jax.random.key(1), 4, SIZE)["key"]
    assert key.shape == (4, SIZE)
    assert 0 <= float(key.min()) < float(key.max()) < 1
