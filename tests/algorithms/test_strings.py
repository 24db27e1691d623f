"""The naive matcher against the recorded benchmark and `str.find`, and the shape of strings."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import InputError
from catalign.algorithms.strings import naive_string_matcher
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import draw, few, instance, run, strings

MATCHES = st.lists(
    st.tuples(st.text("01", min_size=5, max_size=5), st.text("01", min_size=2, max_size=2)),
    min_size=3,
    max_size=3,
)


@pytest.mark.parametrize("path", golden_files("naive_string_matcher"), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(naive_string_matcher, path)


def expected(pairs):
    """Where the needle is first found; the needle's own first node if it is absent."""
    places = [haystack.find(needle) for haystack, needle in pairs]
    return [len(h) if place < 0 else place for place, (h, _) in zip(places, pairs, strict=True)]


@few
@given(MATCHES)
def test_finds_the_needle_or_says_that_it_is_absent(pairs):
    trace = run(naive_string_matcher, strings(*pairs))
    assert trace.outputs["match"].tolist() == expected(pairs)


def test_a_needle_that_fails_at_its_last_character_takes_the_most_steps():
    longest = naive_string_matcher.max_steps(7)
    trace = run(naive_string_matcher, strings(*[("00000", "01")] * 3))
    assert trace.lengths.tolist() == [longest] * 3


def test_two_nodes_are_two_strings():
    trace = run(naive_string_matcher, strings(("1", "1"), ("1", "2")))
    assert trace.outputs["match"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("string", "message"),
    [
        ([True, False, True], "False at the first string's nodes"),
        ([False, False, False], "False at the first string's nodes"),
        ([False, True, True], "needle of 2 nodes in instance 0, longer than the haystack of 1"),
    ],
)
def test_refuses_what_is_no_haystack_and_needle(string, message):
    inputs = instance(key=np.array([[0, 1, 2]], np.int32), string=np.array([string]))
    with pytest.raises(InputError, match=message):
        naive_string_matcher.traces(inputs)


def test_samples_hold_a_needle_of_the_length_asked_for():
    inputs = draw(naive_string_matcher, batch=8, size=10, max_needle=5)
    text = ["".join(map(str, row)) for row in inputs["key"]]
    needles = inputs["string"].sum(axis=1)
    assert all(row[-m:] in row[:-m] for row, m in zip(text, needles, strict=True))
    assert 1 < len(set(needles)) <= 5


@pytest.mark.parametrize(("size", "needle"), [(4, 1), (5, 1), (16, 3)])
def test_the_needle_is_a_fifth_of_the_nodes(size, needle):
    assert naive_string_matcher.sampler(jax.random.key(0), size)["string"].sum() == needle


def test_sampling_refuses_a_needle_longer_than_its_haystack():
    with pytest.raises(InputError, match="`max_needle` is 4, but the needle of 6 nodes has 1 to 3"):
        draw(naive_string_matcher, size=6, max_needle=4)
