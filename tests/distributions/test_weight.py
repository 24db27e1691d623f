"""The laws of weights keep their promises."""

import jax
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.distributions import weight as laws

N = 8
ALL = [
    laws.BenchmarkWeights(),
    laws.UniformWeights(-1.0, 2.0),
    laws.LogUniformWeights(0.01, 10.0),
    laws.IntegerWeights(-2, 3),
    laws.ConstantWeights(2.5),
]
RANGES = [(0.0, 1.001), (-1.0, 2.0), (0.01, 10.0), (-2.0, 3.0), (2.5, 2.5)]


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize(("law", "bounds"), list(zip(ALL, RANGES, strict=True)))
def test_weights_are_symmetric_unless_directed(law, bounds, directed):
    drawn = np.asarray(law.sample(jax.random.key(0), N, directed=directed))
    assert drawn.shape == (N, N)
    constant = isinstance(law, laws.ConstantWeights)
    assert (drawn == drawn.T).all() == (not directed or constant)
    assert drawn.min() >= bounds[0]
    assert drawn.max() <= bounds[1] * (1 + 1e-6)


def test_benchmark_weights_have_the_benchmarks_mean():
    keys = jax.random.split(jax.random.key(0), 200)
    drawn = np.asarray(
        jax.vmap(lambda k: laws.BenchmarkWeights().sample(k, N, directed=False))(keys)
    )
    off = ~np.eye(N, dtype=bool)
    assert drawn[:, off].mean() == pytest.approx(4 / 9, abs=0.01)  # E sqrt(u v) = (2/3)^2
    assert drawn.min() >= 0.001**0.5 - 1e-6


def test_integer_weights_are_whole_and_reach_both_ends():
    drawn = np.asarray(laws.IntegerWeights(1, 3).sample(jax.random.key(0), 20, directed=True))
    assert np.unique(drawn).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("law", "arguments"),
    [
        (laws.UniformWeights, {"low": 1.0, "high": 0.0}),
        (laws.LogUniformWeights, {"low": 0.0}),
        (laws.IntegerWeights, {"low": 3, "high": 2}),
    ],
)
def test_bad_parameters_are_named(law, arguments):
    with pytest.raises(InputError, match="`low` is"):
        law(**arguments)
