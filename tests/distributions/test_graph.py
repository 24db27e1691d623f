"""Erdos-Renyi graphs and their acyclic form keep their promises."""

import jax
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.distributions.graph import Acyclic, ErdosRenyi

N = 8


def draw(law, count=300):
    keys = jax.random.split(jax.random.key(0), count)
    return np.asarray(jax.jit(jax.vmap(lambda k: law.sample(k, N)))(keys))


@pytest.mark.parametrize(
    ("law", "density"),
    [
        (ErdosRenyi(0.4), 0.16),
        (ErdosRenyi(0.4, directed=True), 0.4),
        (ErdosRenyi((0.2, 0.6), directed=True), 0.4),
        (ErdosRenyi(0.0), 0.0),
        (ErdosRenyi(1.0), 1.0),
    ],
)
def test_density_is_the_benchmarks(law, density):
    drawn = draw(law)
    off = ~np.eye(N, dtype=bool)
    assert drawn[:, off].mean() == pytest.approx(density, abs=0.02)
    if not law.directed:
        np.testing.assert_array_equal(drawn, drawn.swapaxes(1, 2))


def test_each_graph_has_one_of_the_probabilities():
    density = draw(ErdosRenyi((0.0, 1.0), directed=True)).mean(axis=(1, 2))
    assert np.unique(density).tolist() == [0.0, 1.0]
    assert 0.4 < density.mean() < 0.6


def test_acyclic_graphs_have_no_cycle_and_keep_the_density():
    law = Acyclic(ErdosRenyi(0.5, directed=True))
    drawn = draw(law)
    assert law.acyclic
    assert law.directed
    power = drawn.astype(float)
    for _ in range(3):
        power = power @ power
    assert not power.any()  # no path of eight edges on eight nodes
    assert drawn.sum() / len(drawn) == pytest.approx(0.5 * N * (N - 1) / 2, rel=0.05)
    assert (drawn.mean(axis=0)[~np.eye(N, dtype=bool)] > 0.1).all()  # relabelled


@pytest.mark.parametrize("p", [-0.1, 1.5, (), (0.5, 2.0)])
def test_bad_probabilities_are_named(p):
    with pytest.raises(InputError, match="`p` is"):
        ErdosRenyi(p)
