"""Convex hulls against the recorded benchmark and scipy."""

import itertools

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from catalign._errors import InputError
from catalign.algorithms import geometry
from catalign.algorithms.catalogue import get
from catalign.algorithms.geometry import RADIUS, _straight, sample_disk
from catalign.algorithms.geometry_hull import graham_scan, jarvis_march
from catalign.distributions.random import uniform
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import draw, instance, run

BATCH = 64

drawn_disk = jax.jit(sample_disk, static_argnums=1)
straight = jax.jit(_straight, static_argnums=2)

BOTH = pytest.mark.parametrize("algorithm", [graham_scan, jarvis_march], ids=lambda a: a.name)


@pytest.mark.parametrize("path", golden_files("graham_scan", "jarvis_march"), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(get(path.stem.rsplit("_n", 1)[0]), path)


@BOTH
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_equals_scipy_on_points_in_general_position(algorithm, seed):
    """Points of a coarse grid, many as low as each other, of which no three are collinear."""
    rng = np.random.default_rng(seed)
    rows = []
    while len(rows) < BATCH:
        points = []
        for x, y in rng.permutation(np.stack(np.mgrid[:9, :9], axis=-1).reshape(-1, 2)):
            turns = [
                (b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])
                for a, b in itertools.combinations(points, 2)
            ]
            if all(turns) and len(points) < 8:
                points.append((x, y))
        if len(points) == 8:
            rows.append(np.array(points, np.float32))
    x, y = np.moveaxis(np.stack(rows), 2, 0)
    in_hull = run(algorithm, instance(x=x, y=y)).outputs["in_hull"]
    for row, points in zip(in_hull, rows, strict=True):
        assert set(np.flatnonzero(row)) == set(ConvexHull(points).vertices)


@BOTH
def test_equals_scipy_on_samples(algorithm):
    inputs = draw(algorithm, batch=BATCH, size=8)
    assert (np.hypot(inputs["x"], inputs["y"]) <= 2.00001).all()
    in_hull = run(algorithm, inputs).outputs["in_hull"]
    for row, x, y in zip(in_hull, inputs["x"], inputs["y"], strict=True):
        assert set(np.flatnonzero(row)) == set(ConvexHull(np.stack([x, y], axis=1)).vertices)


@pytest.mark.parametrize("n", [3, 4, 7, 12])
def test_every_three_collinear_points_are_found(n):
    """One straight triple after the other, in each of its places, and then none."""
    rng = np.random.default_rng(n)
    triples = list(itertools.combinations(range(n), 3))
    x, y = rng.uniform(-1, 1, (2, len(triples) + 1, n)).astype(np.float32)
    for row, (a, b, c) in enumerate(triples):
        x[row, c], y[row, c] = (x[row, a] + x[row, b]) / 2, (y[row, a] + y[row, b]) / 2
    found = np.asarray(jax.jit(jax.vmap(lambda x, y: _straight(x, y, 1e-6)))(x, y))
    for row, triple in zip(found, triples, strict=False):
        assert row.any()
        assert set(np.flatnonzero(row)) <= set(triple)
    assert not found[-1].any()


def test_points_on_a_line_are_drawn_anew_and_the_others_stay():
    """In single precision most draws of 256 points have three on a line, as the first does."""
    points = drawn_disk(jax.random.key(3), 256)
    x, y = np.asarray(points["x"], float), np.asarray(points["y"], float)
    assert not straight(x, y, 3e-6).any()
    radius, angle = np.asarray(uniform(jax.random.split(jax.random.key(3))[1], (2, 256)))
    first = RADIUS * np.sqrt(radius) * np.cos(2 * np.pi * angle)
    moved = np.abs(first - x) > 1e-5
    assert 0 < moved.sum() < 20
    assert np.hypot(x, y).max() <= RADIUS + 1e-5


def test_more_points_than_single_precision_tells_apart_are_refused():
    with pytest.raises(InputError, match=r"size is 1025, but of more than 1024 points .*float32"):
        graham_scan.sample_inputs(jax.random.key(0), 1, 1025)


def test_as_many_points_as_a_tolerance_allows_are_drawn(monkeypatch):
    monkeypatch.setattr(geometry, "COLLINEAR", 4 / 60**2)
    points = jax.jit(jax.vmap(lambda key: sample_disk(key, 60)))(
        jax.random.split(jax.random.key(0), 4)
    )
    for x, y in zip(points["x"], points["y"], strict=True):
        assert not straight(x, y, 4 / 60**2).any()
    with pytest.raises(InputError, match="of more than 60 points"):
        sample_disk(jax.random.key(0), 61)


def test_density_of_the_samples_is_that_of_a_disk():
    inputs = draw(graham_scan, batch=256, size=8)
    radius = np.hypot(inputs["x"], inputs["y"]).ravel() / RADIUS
    # The square of the radius is uniform.
    np.testing.assert_allclose(np.mean(radius**2), 1 / 2, atol=0.03)
    np.testing.assert_allclose(np.mean(radius**4), 1 / 3, atol=0.03)


@BOTH
def test_all_points_of_a_circle_are_corners_two_lowest_ones_too(algorithm):
    angle = np.array([0.1, 1.0, 2.2, 3.0, 4.1, 5.0, 5.5, 6.1])
    x, y = np.cos(angle), np.sin(angle)
    y[4:6] = -0.99
    inputs = instance(x=np.tile(x, (BATCH, 1)), y=np.tile(y, (BATCH, 1)))
    trace = run(algorithm, inputs)
    assert trace.outputs["in_hull"].all()
    assert set(trace.hints["best"][-1].tolist()) == {4}
    if algorithm is jarvis_march:
        assert trace.lengths.tolist() == [algorithm.max_steps(8)] * BATCH


@BOTH
def test_refuses_repeated_and_collinear_points_and_too_few(algorithm):
    with pytest.raises(InputError, match="Points 0 and 2 of instance 0"):
        algorithm.traces(instance(x=[[1.0, 0.0, 1.0]], y=[[1.0, 0.0, 1.0]]))
    for x, y in (([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]), ([0.0, 0.0, 0.0], [0.0, 2.0, 1.0])):
        with pytest.raises(
            InputError, match=r"Points \d, \d and \d of instance 0 in \w+ lie on one"
        ):
            algorithm.traces(instance(x=[x], y=[y]))
    with pytest.raises(InputError, match="have 2 nodes; it needs at least 3"):
        algorithm.traces(instance(x=[[0.0, 1.0]], y=[[0.0, 1.0]]))
