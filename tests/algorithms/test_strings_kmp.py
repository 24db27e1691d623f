"""Knuth-Morris-Pratt against the recorded benchmark, `str.find` and the definition of pi."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import InputError
from catalign.algorithms.strings_kmp import kmp_matcher
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import few, instance, run, strings

MATCHES = st.lists(
    st.tuples(st.text("01", min_size=6, max_size=6), st.text("01", min_size=4, max_size=4)),
    min_size=3,
    max_size=3,
)


@pytest.mark.parametrize("path", golden_files("kmp_matcher"), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(kmp_matcher, path)


@few
@given(MATCHES)
def test_finds_the_needle_or_says_that_it_is_absent(pairs):
    trace = run(kmp_matcher, strings(*pairs))
    places = [h.find(p) for h, p in pairs]
    assert trace.outputs["match"].tolist() == [6 if place < 0 else place for place in places]


def borders(needle):
    """For each prefix, the length of the longest proper prefix of it that is its suffix too."""
    return [
        max(k for k in range(q) if needle[:k] == needle[q - k : q])
        for q in range(1, len(needle) + 1)
    ]


@few
@given(MATCHES)
def test_the_prefix_function_is_its_definition(pairs):
    hints = run(kmp_matcher, strings(*pairs)).hints
    for b, (_, needle) in enumerate(pairs):
        reset, pi = hints["is_reset"][-1, b, 6:], hints["pi"][-1, b, 6:] - 6
        assert np.where(reset, 0, pi + 1).tolist() == borders(needle)


def test_two_nodes_are_two_strings():
    trace = run(kmp_matcher, strings(("1", "1"), ("1", "2")))
    assert trace.outputs["match"].tolist() == [0, 1]


def test_refuses_a_needle_longer_than_its_haystack():
    inputs = instance(key=np.array([[0, 1, 2]], np.int32), string=np.array([[False, True, True]]))
    with pytest.raises(InputError, match="kmp_matcher marks a needle of 2 nodes"):
        kmp_matcher.traces(inputs)
