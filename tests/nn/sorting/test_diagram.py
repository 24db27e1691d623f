"""A layer of the network has a polynomial diagram, and computes its integral transform."""

import jax.numpy as jnp
import numpy as np
import pytest

from catalign.algebra.instances import max_min, min_max
from catalign.integral.graph import DenseGraph
from catalign.integral.transform import integral_transform
from catalign.nn.sorting import Comparator, network, sort
from catalign.nn.sorting.diagram import compare, partners
from catalign.polynomial.sort import SortSum, V

ASCENDING = Comparator(1, (False,) * 6 + (True,) * 3)
"""Swaps where the first number is greater."""
N = 13


def test_a_layer_is_a_diagram_on_places() -> None:
    assert compare.type == "V <- 2 V -> V -> V"
    assert compare.domain == compare.messages == compare.codomain == SortSum((V,))
    assert compare.pointers == ("partner",)
    assert compare.formula == "record[v] += record[v] * record[partner(v)]  for v in V"


@pytest.mark.parametrize("layer", network.layers(N))
def test_partners_are_each_others(layer: tuple[int, int]) -> None:
    other = partners(N, layer)
    assert np.array_equal(other[other], np.arange(N))
    assert set(np.abs(other - np.arange(N)).tolist()) == {0, layer[1]}


def test_each_layer_is_the_transform_of_its_diagram(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = jnp.asarray(np.random.default_rng(0).integers(-4, 5, N), jnp.float32)
    for layer in network.layers(N):
        monkeypatch.setattr(network, "layers", lambda _, layer=layer: [layer])
        other = partners(N, layer)
        lesser, greater = (
            integral_transform(
                compare,
                semiring,
                {"record": keys},
                DenseGraph.complete(N),
                pointers={"partner": jnp.asarray(other, jnp.int32)},
            )
            for semiring in (max_min, min_max)
        )
        expected = jnp.where(other > np.arange(N), lesser, greater)
        (keys,) = sort(ASCENDING, (keys,))
        assert np.array_equal(keys, expected), layer
    assert np.array_equal(keys, np.sort(keys))
