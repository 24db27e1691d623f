"""Tests of the laws that instances are drawn from beside an algorithm's own."""

import jax
import numpy as np
import pytest

import catalign
from catalign._errors import InputError
from catalign.algorithms import catalogue
from catalign.training.discrete.execution import wrong
from catalign.training.discrete.family import families, is_valid

KEY = jax.random.key(0)
REDRAWN, LOOPLESS = "its own law, classes redrawn", "without loops"


def drawn(name, family, count=24, size=12):
    algorithm = catalogue.get(name)
    law = next(f for f in families(algorithm) if f.name == family)
    return algorithm, law.sample(algorithm, jax.random.key(3), count, size)


@pytest.mark.parametrize("name", ["naive_string_matcher", "articulation_points"])
def test_families_have_names_of_their_own_and_stay_in_the_domain(name):
    algorithm = catalogue.get(name)
    found = list(families(algorithm))
    assert len({f.name for f in found}) == len(found)
    for family in found:
        host = {k: np.asarray(v) for k, v in family.sample(algorithm, KEY, 6, 8).items()}
        assert all(is_valid(algorithm, host, b) for b in range(6))


def test_a_batch_of_none_is_refused():
    minimum = catalogue.get("minimum")
    own = next(families(minimum))
    for count in (0, -1):
        with pytest.raises(InputError, match=f"`count` is {count}: draw at least one"):
            own.sample(minimum, KEY, count, 5)


def test_a_needle_that_is_not_there_is_drawn():
    algorithm, inputs = drawn("naive_string_matcher", REDRAWN)
    own = algorithm.sample(KEY, 24, 12)
    first = np.asarray(inputs["string"]).argmax(axis=1)
    missing = np.asarray(algorithm.traces(inputs, steps=60).outputs["match"]) == first
    assert 4 < missing.sum() < 24
    assert not (
        np.asarray(own.outputs["match"]) == np.asarray(own.inputs["string"]).argmax(1)
    ).any()
    classes = np.asarray(inputs["key"]).max(axis=1)
    assert (classes[1::2] < 2).all()
    assert (classes[::2] > 1).any()


def test_graphs_without_loops_are_drawn_of_all_densities():
    _, inputs = drawn("articulation_points", LOOPLESS, count=60)
    adj = np.asarray(inputs["adj"])
    loops = adj[:, np.arange(12), np.arange(12)]
    assert not loops[::2].any()
    assert 0.3 < loops[1::2].mean() < 0.7
    # Its own law draws a pair if both directions are drawn, each with probability 0.2.
    others = [f.name for f in families(catalogue.get("articulation_points"))]
    assert any("0.9" in name for name in others)
    density = (adj.sum(axis=(1, 2)) - loops.sum(axis=1)) / (12 * 11)
    assert density.min() < 0.1
    assert density.max() > 0.6
    assert not any("0.9" in f.name for f in families(catalogue.get("bfs")))


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("naive_string_matcher", REDRAWN),
        ("kmp_matcher", REDRAWN),
        ("articulation_points", LOOPLESS),
    ],
)
def test_shipped_programs_are_right_on_what_no_sampler_draws(name, family):
    algorithm, inputs = drawn(name, family)
    with jax.enable_x64(True):
        bad, _ = wrong(catalign.load(name).program, algorithm, inputs)
    assert not bad.any()
