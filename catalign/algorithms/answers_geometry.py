"""Checks of answers about points in the plane, by the side of a line on which a point lies.

Maths: c lies to the left of a -> b iff `(b - a) x (c - a) > 0`.

A side is in doubt where this is not 0, but nearer to it than rounding can tell in the type of the
inputs: within `8 * epsilon` times the sum of the two products' absolute values. Either answer is
right that such a doubt allows.
"""

import numpy as np
from jaxtyping import Float

from catalign._errors import InputError
from catalign.algorithms.check import HostProbes
from catalign.algorithms.geometry import ENDS
from catalign.algorithms.rounding import epsilon

_Coordinate = Float[np.ndarray, "..."]


def _sides(
    x: _Coordinate, y: _Coordinate, a: np.ndarray, b: np.ndarray, c: np.ndarray, eps: float
) -> tuple[_Coordinate, _Coordinate]:
    """The cross product for each a, b and c, and how far from 0 it is in doubt."""
    ahead = (x[:, b] - x[:, a]) * (y[:, c] - y[:, a])
    aside = (x[:, c] - x[:, a]) * (y[:, b] - y[:, a])
    return ahead - aside, 8 * eps * (np.abs(ahead) + np.abs(aside))


def _points(inputs: HostProbes) -> tuple[np.ndarray, np.ndarray, float]:
    x, y = inputs["x"], inputs["y"]
    return x.astype(np.float64), y.astype(np.float64), max(epsilon(x), epsilon(y))


def segments_intersect(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether the segments meet: each has its ends on both sides of the other, or one on it."""
    x, y, eps = _points(inputs)
    if x.shape[1] != 4:
        raise InputError(
            f"`inputs['x']` of segments_intersect has {x.shape[1]} nodes, but two segments have 4 "
            "ends: 0 and 1, 2 and 3."
        )
    i, j = np.array(ENDS).T
    k = np.arange(4)
    side, doubt = _sides(x, y, i, j, k, eps)
    between = [
        (np.minimum(z[:, i], z[:, j]) <= z[:, k]) & (z[:, k] <= np.maximum(z[:, i], z[:, j]))
        for z in (x, y)
    ]
    sign = np.sign(side)
    crosses = (sign[:, 0] * sign[:, 1] < 0) & (sign[:, 2] * sign[:, 3] < 0)
    meets = crosses | ((sign == 0) & between[0] & between[1]).any(axis=1)
    doubtful = ((sign != 0) & (np.abs(side) <= doubt)).any(axis=1)
    return {"intersect": (outputs["intersect"] != meets) & ~doubtful}


def convex_hull(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether the points marked are the corners: a line to another point has all on its left."""
    x, y, eps = _points(inputs)
    batch, n = x.shape
    surely, maybe = np.zeros((batch, n), bool), np.zeros((batch, n), bool)
    node = np.arange(n)
    for a in node:
        # Axes: the other end of the line, the point beside it.
        side, doubt = _sides(x, y, np.array([[a]]), node[:, None], node[None, :], eps)
        ends = (node[:, None] == a) | (node[None, :] == a) | (node[:, None] == node[None, :])
        line = node != a
        surely[:, a] = ((side > doubt) | ends).all(axis=2)[:, line].any(axis=1)
        maybe[:, a] = ((side >= -doubt) | ends).all(axis=2)[:, line].any(axis=1)
    return {"in_hull": np.where(outputs["in_hull"], ~maybe, surely)}
