"""Segments against the recorded benchmark and exact rational arithmetic."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from catalign._errors import InputError
from catalign.algorithms.geometry import lowest, segments_intersect
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import draw, few, instance, rows, run


@pytest.mark.parametrize("path", golden_files("segments_intersect"), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(segments_intersect, path)


def meets(x, y):
    """Whether two segments share a point: solves for it, or compares intervals on one line."""
    x, y = [Fraction(float(v)) for v in x], [Fraction(float(v)) for v in y]
    (ax, ay), (bx, by) = (x[1] - x[0], y[1] - y[0]), (x[3] - x[2], y[3] - y[2])
    cx, cy = x[2] - x[0], y[2] - y[0]
    determinant = ax * by - ay * bx
    if determinant != 0:
        s, t = (cx * by - cy * bx) / determinant, (cx * ay - cy * ax) / determinant
        return 0 <= s <= 1 and 0 <= t <= 1
    if ax * cy - ay * cx != 0 or bx * cy - by * cx != 0:
        return False
    return all(
        max(min(v[0], v[1]), min(v[2], v[3])) <= min(max(v[0], v[1]), max(v[2], v[3]))
        for v in (x, y)
    )


@few
@given(rows(0, 3, size=4), rows(0, 3, size=4))
def test_finds_a_shared_point_touching_and_overlapping_too(x, y):
    trace = run(segments_intersect, instance(x=x, y=y))
    assert trace.outputs["intersect"].tolist() == [meets(a, b) for a, b in zip(x, y, strict=True)]


def test_refuses_other_than_two_segments():
    with pytest.raises(InputError, match="has 3 nodes, but two segments have 4 ends"):
        segments_intersect.traces(instance(x=[[0.0, 1.0, 2.0]], y=[[0.0, 1.0, 0.0]]))


def test_half_of_the_samples_intersect():
    inputs = draw(segments_intersect, batch=64)
    assert inputs["x"].shape == (64, 4)
    share = np.mean([meets(x, y) for x, y in zip(inputs["x"], inputs["y"], strict=True)])
    assert 0.3 < share < 0.7


def test_segments_are_drawn_as_by_rejection():
    """Given the answer, the four ends are uniform in the square: compare with drawing anew."""
    inputs = draw(segments_intersect, batch=2000, size=4)
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 1, (2, 2000, 4))
    for answer in (True, False):
        ours, theirs = (
            np.array([abs(p[1] - p[0]) + abs(q[1] - q[0]) for p, q in zip(u, v, strict=True)])[
                [meets(p, q) is answer for p, q in zip(u, v, strict=True)]
            ]
            for u, v in ((inputs["x"], inputs["y"]), (x, y))
        )
        np.testing.assert_allclose(ours.mean(), theirs.mean(), atol=0.06)
        np.testing.assert_allclose(ours.std(), theirs.std(), atol=0.06)


def test_the_lowest_point_is_the_leftmost_of_several():
    assert int(lowest(jnp.array([3.0, 1.0, 2.0]), jnp.array([0.0, 0.0, 1.0]))) == 1
