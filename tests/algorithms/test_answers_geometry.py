"""All answers to small questions about points, against exact fractions and another hull."""

from fractions import Fraction

import numpy as np
import pytest

from catalign._errors import InputError
from catalign.algorithms.answers import verify
from catalign.algorithms.geometry import segments_intersect
from catalign.algorithms.geometry_hull import graham_scan, jarvis_march
from tests.algorithms.answering import judge, places, question, subsets

SEEDS = range(12)


def points(*pairs):
    x, y = np.array(pairs, np.float32).T
    return question(x=x, y=y)


def meet(a, b, c, d):
    """Whether two segments meet, by their parameters as fractions."""
    r, s, ac = b - a, d - c, c - a
    cross = int(r[0] * s[1] - r[1] * s[0])
    if cross:
        t = Fraction(int(ac[0] * s[1] - ac[1] * s[0]), cross)
        u = Fraction(int(ac[0] * r[1] - ac[1] * r[0]), cross)
        return 0 <= t <= 1 and 0 <= u <= 1
    if not r.any() and not s.any():
        return bool((a == c).all())
    along = r if r.any() else s
    if any(along[0] * v[1] != along[1] * v[0] for v in (ac, d - a)):
        return False
    first, second = sorted([a @ along, b @ along]), sorted([c @ along, d @ along])
    return bool(first[0] <= second[1] and second[0] <= first[1])


def test_segments_meet_or_not_with_touching_and_overlap():
    ends = np.random.default_rng(0).integers(0, 3, (300, 4, 2))
    right = np.array([meet(*four) for four in ends])
    assert 50 < right.sum() < 250
    x, y = np.moveaxis(ends.astype(np.float32), 2, 0)
    inputs = {"pos": np.zeros((300, 4), np.float32), "x": x, "y": y}
    assert verify(segments_intersect, inputs, {"intersect": right}).correct.all()
    assert not verify(segments_intersect, inputs, {"intersect": ~right}).correct.any()


def test_a_touch_within_rounding_may_be_seen_or_not():
    near = points((0, 0), (1.2, 0.4), (0.9, np.nextafter(np.float32(0.3), 1)), (0, 1))
    assert judge(segments_intersect, near, intersect=[False, True]).correct.all()
    exact = points((0, 0), (2, 2), (1, 1), (0, 1))
    assert judge(segments_intersect, exact, intersect=[False, True]).correct.tolist() == [0, 1]


def corners(pairs):
    """The corners of the hull: the lower chain from left to right, and the upper one back."""
    found = set()
    for order in (sorted(pairs), sorted(pairs, reverse=True)):
        chain = []
        for x, y in order:
            while len(chain) > 1 and (chain[-1][0] - chain[-2][0]) * (y - chain[-2][1]) <= (
                chain[-1][1] - chain[-2][1]
            ) * (x - chain[-2][0]):
                chain.pop()
            chain.append((x, y))
        found |= set(chain)
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("algorithm", [graham_scan, jarvis_march], ids=lambda a: a.name)
def test_hulls_have_one_answer(algorithm, seed):
    rng = np.random.default_rng(seed)
    # On a parabola no three points are on one line; moved inside, those of a row are not either.
    across = rng.permutation(np.arange(-3, 4))[:5]
    pairs = [
        (int(t), int(t * t + (20 - 2 * t * t) * up))
        for t, up in zip(across, rng.integers(0, 2, 5), strict=True)
    ]
    right = np.array([pair in corners(pairs) for pair in pairs])
    verdict = judge(algorithm, points(*pairs), in_hull=subsets(5))
    np.testing.assert_array_equal(verdict.violated["in_hull"], subsets(5) != right[None, :])


def test_a_corner_within_rounding_may_be_kept_or_not():
    flat = points((0, 0), (1, 1), (0.5, 0.50000006), (1, 0), (0.9, 0.2))
    answers = np.array([[1, 1, 1, 1, 0], [1, 1, 0, 1, 0], [1, 1, 0, 1, 1]], bool)
    verdict = judge(jarvis_march, flat, in_hull=answers)
    assert [places(verdict, "in_hull", i) for i in range(3)] == [[], [], [4]]


def test_two_segments_have_four_ends():
    with pytest.raises(InputError, match="has 3 nodes, but two segments have 4"):
        judge(segments_intersect, points((0, 0), (1, 0), (0, 1)), intersect=[True])
