"""Minimum, binary search and quickselect against the recorded benchmark, NumPy and Python."""

import numpy as np
import pytest
from hypothesis import given

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.algorithms.searching import binary_search, minimum, quickselect
from catalign.distributions.key import TiedKeys, UniformKeys
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import BATCH, SIZE, draw, few, instance, rows, run


@pytest.mark.parametrize(
    "path", golden_files("minimum", "binary_search", "quickselect"), ids=lambda p: p.stem
)
def test_equals_the_benchmark(path):
    assert_golden(get(path.stem.rsplit("_n", 1)[0]), path)


@few
@given(rows(0, 3))
def test_minimum_is_the_first_least_key(keys):
    trace = run(minimum, instance(key=keys))
    assert trace.outputs["min"].tolist() == [k.tolist().index(min(k)) for k in keys]


@few
@given(rows(0, 8), rows(-1, 9, size=1))
def test_binary_search_finds_where_the_target_belongs(keys, target):
    keys, target = np.sort(keys), target[:, 0]
    trace = run(binary_search, instance(key=keys, target=target))
    place = [np.searchsorted(k, t) for k, t in zip(keys, target, strict=True)]
    assert trace.outputs["return"].tolist() == np.minimum(place, SIZE - 1).tolist()


@few
@given(rows(0, 3))
def test_quickselect_finds_the_upper_median(keys):
    trace = run(quickselect, instance(key=keys))
    found = keys[np.arange(BATCH), trace.outputs["median"]]
    assert found.tolist() == np.sort(keys)[:, SIZE // 2].tolist()


def test_one_node_is_found():
    assert run(minimum, instance(key=[[0.5]])).outputs["min"].tolist() == [0]
    assert run(quickselect, instance(key=[[0.5]])).outputs["median"].tolist() == [0]
    trace = run(binary_search, instance(key=[[0.5]], target=[0.7]))
    assert trace.outputs["return"].tolist() == [0]


def test_binary_search_refuses_unsorted_keys():
    with pytest.raises(
        InputError, match=r"falls from 2.0 at node 1 to 0.0 at node 2 of instance 1"
    ):
        binary_search.traces(instance(key=[[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]], target=[0.0, 0.0]))


def test_samples_follow_their_laws():
    laws = {"keys": TiedKeys(2), "target": UniformKeys(5.0, 6.0)}
    inputs = draw(binary_search, **laws)
    assert set(np.unique(inputs["key"])) <= {0.0, 0.5}
    assert (np.diff(inputs["key"]) >= 0).all()
    assert (np.asarray(inputs["target"]) >= 5).all()
