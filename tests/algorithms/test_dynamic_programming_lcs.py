"""The longest common subsequence against the recorded benchmark and all subsequences."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import InputError
from catalign.algorithms.dynamic_programming_lcs import DIAGONAL, UP, lcs_length
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import draw, few, instance, run, strings

FIRST, SECOND = 4, 3
PAIRS = st.lists(
    st.tuples(
        st.text("012", min_size=FIRST, max_size=FIRST),
        st.text("012", min_size=SECOND, max_size=SECOND),
    ),
    min_size=3,
    max_size=3,
)


@pytest.mark.parametrize("path", golden_files("lcs_length"), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(lcs_length, path)


def subsequences(text):
    return {s for k in range(len(text) + 1) for s in itertools.combinations(text, k)}


def follow(b, first):
    """The common subsequence that the table tells, as pairs of places."""
    i, j, pairs = len(first) - 1, b.shape[0] - 1, []
    while i >= 0 and j >= len(first):
        if b[i, j] == DIAGONAL:
            pairs.append((i, j))
            i, j = i - 1, j - 1
        elif b[i, j] == UP:
            i -= 1
        else:
            j -= 1
    return pairs


@few
@given(PAIRS)
def test_the_table_tells_a_longest_common_subsequence(pairs):
    trace = run(lcs_length, strings(*pairs))
    for n, (first, second) in enumerate(pairs):
        both, told = first + second, follow(trace.outputs["b"][n], first)
        longest = max(map(len, subsequences(first) & subsequences(second)))
        assert all(both[i] == both[j] for i, j in told)
        assert len(told) == longest == trace.hints["c"][-1, n, FIRST - 1, -1]


def test_cells_outside_of_the_table_hold_no_class():
    b = run(lcs_length, strings(*[("0112", "210")] * 3)).outputs["b"][0]
    assert (b[FIRST:] == -1).all()
    assert (b[:, :FIRST] == -1).all()
    assert (b[:FIRST, FIRST:] >= 0).all()


def test_two_nodes_are_two_strings():
    trace = run(lcs_length, strings(("1", "1"), ("1", "2")))
    assert trace.outputs["b"][:, 0, 1].tolist() == [DIAGONAL, UP]


def test_refuses_what_is_no_pair_of_strings():
    inputs = instance(key=np.array([[0, 1, 2]], np.int32), string=np.array([[True, False, True]]))
    with pytest.raises(InputError, match="`inputs\\['string'\\]` of lcs_length"):
        lcs_length.traces(inputs)


def test_samples_are_two_halves():
    assert draw(lcs_length, size=7)["string"].sum(axis=1).tolist() == [3] * 4
