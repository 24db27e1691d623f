"""All answers to small questions about sequences, against plain Python."""

import itertools

import numpy as np
import pytest

from catalign.algorithms.catalogue import get
from catalign.algorithms.divide_and_conquer import find_maximum_subarray_kadane
from catalign.algorithms.searching import binary_search, minimum, quickselect
from catalign.algorithms.sorting import insertion_sort
from tests.algorithms.answering import judge, maps, places, question, two_strings

KEYS = [[1, 2, 3, 4], [2, 1, 2, 1], [3, 3, 3, 3], [4, 1, 4, 0], [0, 2, 2, 1]]
N = 4
NODES = range(N)


def asked(keys):
    return question(key=keys)


@pytest.mark.parametrize("keys", KEYS, ids=str)
def test_sorting_accepts_every_order_of_equal_keys(keys):
    right = set()
    for order in itertools.permutations(NODES):
        if all(keys[a] <= keys[b] for a, b in itertools.pairwise(order)):
            before = {order[0]: order[0]} | {b: a for a, b in itertools.pairwise(order)}
            right.add(tuple(before[v] for v in NODES))
    expected = [tuple(row) in right for row in maps(N, N).tolist()]
    for name in ("insertion_sort", "bubble_sort", "heapsort", "quicksort"):
        correct = judge(get(name), asked(keys), pred=maps(N, N)).correct
        np.testing.assert_array_equal(correct, expected)


def test_sorting_names_the_place():
    faults = {
        (0, 0, 1, 2): [],
        (0, 0, 3, 1): [2],  # Out of order.
        (0, 0, 1, 1): [2, 3],  # One predecessor for two.
        (0, 0, 2, 2): [0, 2],  # Two heads.
        (0, 0, 1, -1): [0, 3],  # No node, as if a head.
    }
    verdict = judge(insertion_sort, asked([1, 2, 3, 4]), pred=list(faults))
    assert [places(verdict, "pred", i) for i in range(len(faults))] == list(faults.values())
    circle = judge(insertion_sort, asked([3, 3, 3, 3]), pred=[[0, 2, 1, 0]])
    assert places(circle, "pred") == [1, 2]


@pytest.mark.parametrize("keys", KEYS, ids=str)
def test_searches_accept_every_node_with_the_right_key(keys):
    found = judge(minimum, asked(keys), min=np.arange(N))
    assert found.correct.tolist() == [k == min(keys) for k in keys]
    found = judge(quickselect, asked(keys), median=np.arange(N))
    assert found.correct.tolist() == [k == sorted(keys)[2] for k in keys]
    keys = sorted(keys)
    for target in (-1.0, 1.0, 1.5, 2.0, 9.0):
        at_least = [k for k in keys if k >= target]
        right = at_least[0] if at_least else keys[-1]
        inputs = asked(keys) | {"target": np.array([target], np.float32)}
        found = judge(binary_search, inputs, **{"return": np.arange(N)})
        assert found.correct.tolist() == [k == right for k in keys]


@pytest.mark.parametrize("keys", [*KEYS, [-1, -2, -1, -3], [1, -1, 1, -1], [2, -1, 0, 2]], ids=str)
def test_kadane_accepts_every_greatest_sum(keys):
    sums = {(i, j): sum(keys[i : j + 1]) for i in NODES for j in NODES if i <= j}
    best = max(sums.values())
    answers = maps(2, N)
    verdict = judge(
        find_maximum_subarray_kadane, asked(keys), start=answers[:, 0], end=answers[:, 1]
    )
    expected = [sums.get(tuple(row), best - 1) == best for row in answers.tolist()]
    np.testing.assert_array_equal(verdict.correct, expected)


def test_kadane_names_the_end_that_is_wrong():
    ends = np.array([[1, 2], [0, 2], [1, 1], [0, 3], [2, 1]])
    inputs = asked([-5, 2, 3, -4])
    verdict = judge(find_maximum_subarray_kadane, inputs, start=ends[:, 0], end=ends[:, 1])
    assert verdict.violated["start"].tolist() == [False, True, False, True, True]
    assert verdict.violated["end"].tolist() == [False, False, True, True, True]


@pytest.mark.parametrize("name", ["naive_string_matcher", "kmp_matcher"])
def test_matchers_accept_every_occurrence(name):
    for haystack, needle in [("01010", "01"), ("00000", "00"), ("01230", "31"), ("1", "1")]:
        length = len(haystack) + len(needle)
        right = [i for i in range(len(haystack)) if haystack.startswith(needle, i)]
        answers = np.arange(-1, length + 1)
        correct = judge(get(name), two_strings(haystack, needle), match=answers).correct
        assert answers[correct].tolist() == (right or [len(haystack)])
