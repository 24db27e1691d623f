"""Variants load by name as a user's own files do, run to their end, and are other algorithms."""

from pathlib import Path

import jax
import numpy as np
import pytest

from catalign.algorithms import catalogue
from catalign.algorithms.spec import Kind
from tasks.library import algorithm_of
from tests.training.discrete.variants import QUICK, SLOW

FILE = Path(__file__).with_name("variants.py")
INDICES = (Kind.POINTER, Kind.MASK_ONE, Kind.SHOULD_BE_PERMUTATION)


def _original(variant):
    """The algorithm of the benchmark that a variant shares its spec with."""
    return next(a for a in map(catalogue.get, catalogue.CLRS_30) if a.spec is variant.spec)


@pytest.mark.parametrize("name", [*QUICK, *SLOW])
def test_a_variant_loads_by_its_name(name):
    assert algorithm_of(f"{FILE}:{name}").name == name


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
def test_a_variant_shows_a_run_of_its_own(name):
    algorithm = algorithm_of(f"{FILE}:{name}")
    inputs = algorithm.sample_inputs(jax.random.key(0), 4, 8)
    n = algorithm.size(inputs)
    bound = algorithm.max_steps(n)
    trace = algorithm.traces(inputs, steps=bound + 1)
    assert (trace.lengths <= bound).all(), "a run does not end by itself"
    shown = {**trace.hints, **trace.outputs}
    for probe in (*algorithm.spec.hints, *algorithm.spec.outputs):
        value = np.asarray(shown[probe.name])
        if probe.kind in INDICES:
            assert ((value >= 0) & (value < n)).all(), probe.name
        assert np.isfinite(value).all(), probe.name
    known = _original(algorithm).traces(inputs, steps=bound + 1)
    other = {**known.hints, **known.outputs}
    assert any(not np.array_equal(shown[probe], other[probe]) for probe in shown)
