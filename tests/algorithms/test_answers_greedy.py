"""All answers to small questions about sets, against all subsets and orders of equal weights."""

import itertools

import numpy as np
import pytest

from catalign.algorithms.greedy import activity_selector, task_scheduling
from tests.algorithms.answering import judge, places, question, subsets

N = 5
SEEDS = range(12)


def follow_each_other(chosen, s, f):
    return any(
        all(s[b] >= f[a] for a, b in itertools.pairwise(order))
        for order in itertools.permutations(chosen)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_activities_accept_every_largest_set(seed):
    rng = np.random.default_rng(seed)
    s = rng.integers(0, 6, N).astype(np.float32)
    f = s + rng.integers(0, 4, N).astype(np.float32)
    sets = [set(np.flatnonzero(row).tolist()) for row in subsets(N)]
    fits = [follow_each_other(chosen, s, f) for chosen in sets]
    most = max(len(chosen) for chosen, fit in zip(sets, fits, strict=True) if fit)
    expected = [fit and len(chosen) == most for chosen, fit in zip(sets, fits, strict=True)]
    verdict = judge(activity_selector, question(s=s, f=f), selected=subsets(N))
    np.testing.assert_array_equal(verdict.correct, expected)


def test_activities_name_what_overlaps_or_is_missing():
    s = [0, 3.5, 6, 2, 5]
    f = [3, 5.5, 9, 4, 7]
    answers = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [1, 0, 0, 1, 0], [0, 0, 0, 1, 1]], bool)
    verdict = judge(activity_selector, question(s=s, f=f), selected=answers)
    # The last: nothing can be added, and three would end after the second.
    assert [places(verdict, "selected", i) for i in range(4)] == [[], [2], [0, 3], [4]]


def by_rule(d, w):
    """What the benchmark's rule selects, for each order of equal weights."""
    found = set()
    for order in itertools.permutations(range(N)):
        if all(w[a] >= w[b] for a, b in itertools.pairwise(order)):
            chosen = []
            for i in order:
                if len(chosen) < d[i]:
                    chosen.append(i)
            found.add(frozenset(chosen))
    return found


def in_time(chosen, d):
    return all(slot < due for slot, due in enumerate(sorted(d[i] for i in chosen)))


@pytest.mark.parametrize("seed", SEEDS)
def test_tasks_accept_the_rule_and_the_heaviest_sets(seed):
    rng = np.random.default_rng(seed)
    d, w = rng.integers(1, N + 1, N), rng.integers(-1, 3, N)
    sets = [frozenset(np.flatnonzero(row).tolist()) for row in subsets(N)]
    weights = [sum(w[list(chosen)]) if in_time(chosen, d) else -np.inf for chosen in sets]
    rule = by_rule(d, w)
    expected = [
        chosen in rule or weight == max(weights)
        for chosen, weight in zip(sets, weights, strict=True)
    ]
    inputs = question(d=d, w=w)
    verdict = judge(task_scheduling, inputs, selected=subsets(N))
    np.testing.assert_array_equal(verdict.correct, expected)


def test_the_rule_may_refuse_what_the_heaviest_set_keeps():
    inputs = question(d=[2, 1, 2], w=[3, 2, 1])
    answers = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 0], [1, 1, 1]], bool)
    verdict = judge(task_scheduling, inputs, selected=answers)
    found = [places(verdict, "selected", i) for i in range(5)]
    assert found == [[], [], [0], [2], [1, 2]]
