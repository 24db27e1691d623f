"""Laws of sizes: the right sizes, in the right shares, wherever a size is asked for."""

import collections

import jax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.distributions.size import Sizes, UniformSizes

GRID = [k / 1200 for k in range(1200)]


@given(low=st.integers(1, 9), count=st.integers(1, 6))
def test_uniform_sizes_have_equal_shares(low: int, count: int) -> None:
    law = UniformSizes(low, low + count - 1)
    shares = collections.Counter(map(law.quantile, GRID))
    assert sorted(shares) == list(range(low, low + count))
    assert max(shares.values()) - min(shares.values()) <= 1


@given(weights=st.lists(st.integers(0, 5), min_size=1, max_size=5).filter(any))
def test_sizes_have_the_shares_of_their_weights(weights: list[int]) -> None:
    law = Sizes(tuple(range(1, len(weights) + 1)), tuple(map(float, weights)))
    shares = collections.Counter(map(law.quantile, GRID))
    for size, weight in enumerate(weights, start=1):
        assert shares[size] == pytest.approx(len(GRID) * weight / sum(weights), abs=1)
        assert (shares[size] > 0) == (weight > 0)


def test_equal_keys_give_equal_sizes_and_others_differ() -> None:
    keys = [jax.random.key(seed) for seed in range(40)]
    sizes = [Sizes().sample(key) for key in keys]
    assert sizes == [Sizes().sample(key) for key in keys]
    assert set(sizes) == {4, 7, 11, 13, 16}


def test_every_sampler_takes_one() -> None:
    minimum, law = get("minimum"), UniformSizes(3, 4)
    draws = [minimum.sample(jax.random.key(seed), 2, law).inputs["key"].shape for seed in range(9)]
    assert set(draws) == {(2, 3), (2, 4)}
    again = minimum.sample_inputs(jax.random.key(0), 2, law)["key"].shape
    assert again == draws[0]


def test_a_law_inside_of_jit_is_named() -> None:
    minimum = get("minimum")
    with pytest.raises(InputError, match="`key` is traced"):
        jax.jit(lambda key: minimum.sample_inputs(key, 2, UniformSizes(3, 4)))(jax.random.key(0))


def test_a_size_too_small_for_the_algorithm_is_named() -> None:
    with pytest.raises(InputError, match="`size` is 1, but graham_scan needs"):
        get("graham_scan").sample_inputs(jax.random.key(0), 2, Sizes((1,)))


@pytest.mark.parametrize(
    ("law", "arguments", "named"),
    [
        (UniformSizes, (0, 3), "`low` is 0"),
        (UniformSizes, (5, 4), "`low` is 5 and `high` is 4"),
        (Sizes, ((),), "`sizes` is"),
        (Sizes, ((0, 4),), "`sizes` is"),
        (Sizes, ((4, 8), (1.0,)), "there are 2 sizes"),
        (Sizes, ((4, 8), (1.0, -1.0)), "`weights` is"),
        (Sizes, ((4, 8), (0.0, 0.0)), "`weights` is"),
    ],
)
def test_bad_laws_are_named(law, arguments, named: str) -> None:
    with pytest.raises(InputError, match=named):
        law(*arguments)
