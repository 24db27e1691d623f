"""The generator against its published test vectors, and its moments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign.distributions.random import bits, threefry, uniform, uniform_pairs


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers_of_random123(key, counter, expected):
    words = threefry(tuple(jnp.uint32(k) for k in key), tuple(jnp.uint32(c) for c in counter))
    assert tuple(int(w) for w in words) == expected


def test_uniform_fills_the_interval():
    drawn = np.asarray(jax.jit(lambda k: uniform(k, (100, 200), -1.0, 3.0))(jax.random.key(1)))
    assert drawn.dtype == np.float32
    assert drawn.min() >= -1.0
    assert drawn.max() < 3.0
    assert abs(drawn.mean() - 1.0) < 0.05
    assert abs(drawn.std() - 4 / 12**0.5) < 0.05
    assert np.abs(np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]) < 0.05


def test_float64_has_53_bits():
    with jax.enable_x64(True):
        drawn = np.asarray(uniform(jax.random.key(0), (1000,)))
    assert drawn.dtype == np.float64
    assert len(np.unique(drawn)) == 1000
    assert (drawn * 2.0**53 == np.round(drawn * 2.0**53)).all()
    assert (drawn < 1.0).all()


def test_keys_and_places_differ():
    words = jax.vmap(lambda k: bits(k, (50,)))(jax.random.split(jax.random.key(0), 40))
    assert len(np.unique(np.asarray(words))) == 2000


@pytest.mark.parametrize("wide", [False, True])
def test_uniform_pairs_are_symmetric_and_on_their_own(wide):
    with jax.enable_x64(wide):
        one, other = (np.asarray(x) for x in uniform_pairs(jax.random.key(2), 150))
    upper = np.triu_indices(150)
    drawn = np.stack([one[upper], other[upper]])
    assert drawn.dtype == (np.float64 if wide else np.float32)
    assert np.array_equal(one, one.T)
    assert np.array_equal(other, other.T)
    assert drawn.min() >= 0.0
    assert drawn.max() < 1.0
    np.testing.assert_allclose(drawn.mean(axis=1), 0.5, atol=0.02)
    np.testing.assert_allclose(drawn.std(axis=1), 1 / 12**0.5, atol=0.02)
    assert abs(np.corrcoef(drawn)[0, 1]) < 0.05
    assert len(np.unique(drawn)) > 0.99 * drawn.size
