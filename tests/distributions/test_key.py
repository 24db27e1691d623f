"""The laws of keys keep their promises."""

import jax
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.distributions import key as laws

N = 7


def draw(law):
    return np.asarray(jax.vmap(lambda k: law.sample(k, N))(jax.random.split(jax.random.key(0), 50)))


def test_uniform_keys_lie_in_the_interval():
    drawn = draw(laws.UniformKeys(-1.0, 1.0))
    assert drawn.shape == (50, N)
    assert drawn.min() >= -1
    assert drawn.max() < 1
    assert drawn.min() < -0.8
    assert drawn.max() > 0.8


def test_log_uniform_keys_spread_over_magnitudes():
    drawn = np.log10(draw(laws.LogUniformKeys(1e-4, 1.0)))
    counts, _ = np.histogram(drawn, bins=4, range=(-4, 0))
    assert (counts > 50).all()


def test_tied_keys_have_few_values():
    assert np.unique(draw(laws.TiedKeys(3))) == pytest.approx([0, 1 / 3, 2 / 3])


@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_orders(n):
    key = jax.random.key(3)
    rising = np.asarray(laws.SortedKeys().sample(key, n))
    falling = np.asarray(laws.ReversedKeys().sample(key, n))
    pipe = np.asarray(laws.OrganPipeKeys().sample(key, n))
    assert (np.diff(rising) >= 0).all()
    np.testing.assert_array_equal(falling, rising[::-1])
    top = pipe.argmax()
    assert (np.diff(pipe[: top + 1]) >= 0).all()
    assert (np.diff(pipe[top:]) <= 0).all()
    assert abs(top - (n - 1) / 2) <= 0.5
    np.testing.assert_array_equal(np.sort(pipe), rising)


@pytest.mark.parametrize(
    ("law", "arguments"),
    [
        (laws.UniformKeys, {"low": 1.0, "high": 1.0}),
        (laws.LogUniformKeys, {"low": 0.0}),
        (laws.TiedKeys, {"values": 0}),
    ],
)
def test_bad_parameters_are_named(law, arguments):
    with pytest.raises(InputError, match=f"`{next(iter(arguments))}` is"):
        law(**arguments)
