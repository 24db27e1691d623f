"""The greedy algorithms against the recorded benchmark and all subsets."""

import itertools

import numpy as np
import pytest
from hypothesis import given

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.algorithms.greedy import activity_selector, task_scheduling
from catalign.distributions.key import TiedKeys
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import SIZE, draw, few, instance, rows, run

SUBSETS = [set(s) for k in range(SIZE + 1) for s in itertools.combinations(range(SIZE), k)]


@pytest.mark.parametrize(
    "path", golden_files("activity_selector", "task_scheduling"), ids=lambda p: p.stem
)
def test_equals_the_benchmark(path):
    assert_golden(get(path.stem.rsplit("_n", 1)[0]), path)


def compatible(chosen, s, f):
    """Whether the activities can be put in an order in which each starts after the last."""
    order = sorted(chosen, key=lambda i: (f[i], s[i]))
    return all(s[b] >= f[a] for a, b in itertools.pairwise(order))


@few
@given(rows(0, 8), rows(0, 4))
def test_selects_the_most_activities(s, duration):
    f = s + duration
    selected = run(activity_selector, instance(s=s, f=f)).outputs["selected"]
    for row, start, finish in zip(selected, s, f, strict=True):
        chosen = set(np.flatnonzero(row))
        best = max(len(c) for c in SUBSETS if compatible(c, start, finish))
        assert compatible(chosen, start, finish)
        assert len(chosen) == best


@few
@given(rows(1, SIZE), rows(0, 3))
def test_schedules_what_can_be_in_time_and_refuses_only_late_tasks(d, w):
    selected = run(task_scheduling, instance(d=d, w=w)).outputs["selected"]
    for row, deadline, weight in zip(selected, d, w, strict=True):
        chosen = set(np.flatnonzero(row))
        in_time = sorted(deadline[i] for i in chosen)
        assert all(slot < due for slot, due in enumerate(in_time))
        for i in set(range(SIZE)) - chosen:
            ahead = [j for j in chosen if (-weight[j], j) < (-weight[i], i)]
            assert len(ahead) >= deadline[i]


def test_one_node_is_selected():
    trace = run(activity_selector, instance(s=[[0.5]], f=[[0.5]]))
    assert trace.outputs["selected"].tolist() == [[True]]
    trace = run(task_scheduling, instance(d=[[1.0]], w=[[0.0]]))
    assert trace.outputs["selected"].tolist() == [[True]]


def test_refuses_what_has_no_schedule():
    with pytest.raises(InputError, match="Activity 1 of instance 0"):
        activity_selector.traces(instance(s=[[0.0, 2.0]], f=[[1.0, 1.0]]))
    for late in (0.0, 1.5, 3.0):
        with pytest.raises(InputError, match=rf"is {late} at task 1 .*whole number from 1 to 2"):
            task_scheduling.traces(instance(d=[[1.0, late]], w=[[1.0, 1.0]]))


def test_samples_are_in_the_domain():
    inputs = draw(activity_selector, times=TiedKeys(3))
    assert (inputs["s"] <= inputs["f"]).all()
    inputs = draw(task_scheduling, weights=TiedKeys(2))
    assert set(np.unique(inputs["w"])) <= {0.0, 0.5}
    assert set(np.unique(inputs["d"])) <= set(range(1, SIZE + 1))
