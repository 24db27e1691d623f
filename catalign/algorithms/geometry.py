"""Whether two segments intersect (Cormen et al., section 33.1), and what the hulls share."""

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float

from catalign._errors import InputError
from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import first, least
from catalign.algorithms.inputs import POS, positions
from catalign.algorithms.sorting import node_hint
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.random import uniform

X = Probe("x", Stage.INPUT, Location.NODE, Kind.SCALAR)
Y = Probe("y", Stage.INPUT, Location.NODE, Kind.SCALAR)
POINTS = (POS, X, Y)

RADIUS = 2.0
COLLINEAR = 1e-12


def turn(x: Array, y: Array, a: Array | int, b: Array | int, c: Array | int) -> Array:
    """Which way the path a, b, c of nodes turns: positive to the left, 0 straight on or back.

    Maths: the cross product `(b - a) x (c - a)`, twice the signed area of the triangle.

    Example:
      >>> x, y = jnp.array([0.0, 1.0, 1.0]), jnp.array([0.0, 0.0, 1.0])
      >>> float(turn(x, y, jnp.int32(0), jnp.int32(1), jnp.int32(2)))
      1.0
    """
    return (x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a])


def lowest(x: Float[Array, " n"], y: Float[Array, " n"]) -> Index:
    """The lowest point, the leftmost of several.

    Example:
      >>> int(lowest(jnp.array([2.0, 1.0, 0.0]), jnp.array([0.0, 0.0, 1.0])))
      1
    """
    is_low = y == jnp.min(y)
    return least(jnp.where(is_low, x, jnp.inf))[1]


STRAIGHT = 0.5
"""How likely it is that a triple of points in the disk turns by at most t, as a multiple of t."""
CROWDED = 1.0
"""How many straight triples one new point may be expected to close: of more, each point that is
drawn anew brings on another, and drawing does not end."""


def sample_disk(key: KeyArray, size: int) -> Probes:
    """Points uniform in a disk of radius 2, no three of them collinear.

    Points that are in line with two others are drawn anew until there are none. As in the
    benchmark, but for its tolerance of 1e-12, which is raised to what the numbers can tell: about
    4e-6 in single precision, where drawing anew ends for up to 1,024 points.

    Args:
      key: The random key.
      size: The number of points.

    Raises:
      InputError: There are so many points that drawing anew would not end.
    """
    dtype = jnp.result_type(float)
    tolerance = max(COLLINEAR, 32 * float(jnp.finfo(dtype).eps))
    most = int(math.sqrt(2 * CROWDED / (STRAIGHT * tolerance)))
    if size > most:
        raise InputError(
            f"size is {size}, but of more than {most} points some three stay on a line, as far as "
            f"{dtype.name} tells, however often they are drawn anew. Draw fewer, or set "
            "jax_enable_x64."
        )

    def draw(key: KeyArray) -> tuple[Array, Array]:
        radius, angle = uniform(key, (2, size))
        radius, angle = RADIUS * jnp.sqrt(radius), 2 * jnp.pi * angle
        return radius * jnp.cos(angle), radius * jnp.sin(angle)

    def again(carry: tuple[KeyArray, Array, Array, Array]) -> Flag:
        return jnp.any(carry[3])

    def redraw(carry: tuple[KeyArray, Array, Array, Array]) -> tuple[KeyArray, Array, Array, Array]:
        key, x, y, straight = carry
        key, chosen = jax.random.split(key)
        x, y = (jnp.where(straight, *pair) for pair in zip(draw(chosen), (x, y), strict=True))
        return key, x, y, _straight(x, y, tolerance)

    nothing = jnp.zeros(size, dtype)
    start = (key, nothing, nothing, jnp.ones(size, bool))
    _, x, y, _ = jax.lax.while_loop(again, redraw, start)
    return {"pos": positions(size), "x": x, "y": y}


def _straight(x: Float[Array, " n"], y: Float[Array, " n"], tolerance: float) -> Bool[Array, " n"]:
    """A mask of points: of each triple that turns by no more than the tolerance, at least one.

    Three nodes cut the cycle of all nodes into three gaps. Each turn is met at the node a where a
    shortest gap begins, which leads to `a + i`; the third node is `a + j`, so `2i <= j <= n - i`.
    Each pair of gaps is looked at for all a at once.
    """
    n = x.shape[0]
    twice_x, twice_y = jnp.concatenate([x, x]), jnp.concatenate([y, y])

    def ahead(gap: Index) -> tuple[Array, Array]:
        there = functools.partial(jax.lax.dynamic_slice_in_dim, start_index=gap, slice_size=n)
        return there(twice_x) - x, there(twice_y) - y

    def by_first_gap(i: Index, flattest: Array) -> Array:
        dx, dy = ahead(i)

        def by_second(j: Index, flattest: Array) -> Array:
            ex, ey = ahead(j)
            return jnp.minimum(flattest, jnp.abs(dx * ey - ex * dy))

        return jax.lax.fori_loop(2 * i, n - i + 1, by_second, flattest)

    start = jnp.full(n, jnp.inf, x.dtype)
    return jax.lax.fori_loop(1, n // 3 + 1, by_first_gap, start) <= tolerance


def check_general_position(name: str, x: np.ndarray, y: np.ndarray) -> None:
    """Raises unless all points differ and no three of them lie on a line.

    Maths: seen from a point, the directions of all others differ, up to sign.

    Raises:
      InputError: Two points are equal, or three are collinear to 1e-12.
    """
    n = x.shape[1]
    x, y = x.astype(np.float64), y.astype(np.float64)
    others = np.array([[j for j in range(n) if j != i] for i in range(n)])
    dx, dy = x[:, others] - x[:, :, None], y[:, others] - y[:, :, None]
    equal = (dx == 0) & (dy == 0)
    if equal.any():
        b, i, j = (int(k) for k in np.argwhere(equal)[0])
        raise InputError(
            f"Points {i} and {others[i, j]} of instance {b} in {name} are both "
            f"({x[b, i]}, {y[b, i]}). Give each point once."
        )
    angle = np.arctan2(dy, dx) % np.pi
    order = np.argsort(angle, axis=-1)
    angle = np.take_along_axis(angle, order, axis=-1)
    # Directions are cyclic: the last is next to the first, half a turn on.
    gap = np.diff(angle, axis=-1, append=angle[..., :1] + np.pi)
    bad = gap <= COLLINEAR
    if bad.any():
        b, i, place = (int(k) for k in np.argwhere(bad)[0])
        j, k = (int(others[i, order[b, i, p % (n - 1)]]) for p in (place, place + 1))
        raise InputError(
            f"Points {i}, {j} and {k} of instance {b} in {name} lie on one line, and {name} is for "
            "points of which no three do. Move one, or leave the middle one out."
        )


# The nodes 0, 1 and 2, 3 are the ends of the two segments. Turn t compares node t - 1 with the
# other segment.
ENDS = ((2, 3), (2, 3), (0, 1), (0, 1))
PAIRINGS = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 2, 1))
DRAWS = 8


class _Segments(NamedTuple):
    """Where each end lies, seen from the other segment: its side, and whether it is in the box."""

    direction: Float[Array, " 4"]
    in_box: Bool[Array, " 4"]
    turn: Index


def _segments_start(inputs: Probes) -> _Segments:
    x, y = inputs["x"], inputs["y"]
    if x.shape[0] != 4:
        raise InputError(
            f"`inputs['x']` of segments_intersect has {x.shape[0]} nodes, but two segments have 4 "
            "ends: 0 and 1, 2 and 3."
        )
    return _Segments(*_sides(x, y), jnp.int32(0))


def _sides(x: Float[Array, "4 *k"], y: Float[Array, "4 *k"]) -> tuple[Array, Array]:
    """Which side of the other segment each end lies on, and whether it is in the box around it."""
    sides = [-turn(x, y, i, j, k) for k, (i, j) in enumerate(ENDS)]
    in_box = [
        _between(x[i], x[k], x[j]) & _between(y[i], y[k], y[j]) for k, (i, j) in enumerate(ENDS)
    ]
    return jnp.stack(sides), jnp.stack(in_box)


def _between(a: Array, b: Array, c: Array) -> Array:
    return (jnp.minimum(a, c) <= b) & (b <= jnp.maximum(a, c))


def _segments_hints(inputs: Probes, state: _Segments) -> Probes:
    k = jnp.maximum(state.turn - 1, 0)
    i, j = jnp.array(ENDS, jnp.int32)[k]
    started = state.turn > 0
    seen = jnp.arange(4, dtype=jnp.int32) < state.turn
    return {
        "i": jnp.where(started, i, 0),
        "j": jnp.where(started, j, 0),
        "k": k,
        "dir": jnp.where(seen, state.direction, 0),
        "on_seg": seen & state.in_box,
    }


def _intersect(direction: Float[Array, "4 *k"], in_box: Bool[Array, "4 *k"]) -> Bool[Array, "*k"]:
    """Whether the ends of each segment lie on both sides of the other, or one lies on it."""
    left, right = direction > 0, direction < 0
    of_one = (left[0] & right[1]) | (right[0] & left[1])
    of_other = (left[2] & right[3]) | (right[2] & left[3])
    return (of_one & of_other) | jnp.any((direction == 0) & in_box, axis=0)


def _take(values: Float[Array, "4 *k"], places: tuple[int, ...]) -> Float[Array, "4 *k"]:
    """A selection by known places: slices, which compile to faster code than a gather."""
    return jnp.stack([values[place] for place in places])


def _sample_segments(key: KeyArray, size: int) -> Probes:
    """Two segments in the unit square that intersect with probability 1/2, by rejection.

    As in the benchmark there are always 4 points, the ends of the segments, whatever the size.
    Four points make two segments in three ways, all equally likely. Where an intersection is asked
    for, any of the three will do, which rejects a third of the draws instead of three quarters.
    Several are drawn at once, so that hardly a batch needs a second round.
    """
    del size
    for_answer, for_points = jax.random.split(key)
    answer = jax.random.bernoulli(for_answer)

    def draw(key: KeyArray) -> tuple[Array, Array, Array]:
        """Points, whether the segments of each pairing of them meet, and which draws will do."""
        x, y = points = uniform(key, (2, 4, DRAWS))
        meet = jnp.stack([_intersect(*_sides(_take(x, p), _take(y, p))) for p in PAIRINGS])
        return points, meet, jnp.where(answer, jnp.any(meet, axis=0), ~meet[0])

    def again(carry: tuple[KeyArray, tuple[Array, Array, Array]]) -> Flag:
        return ~jnp.any(carry[1][2])

    def retry(carry: tuple[KeyArray, Any]) -> tuple[KeyArray, tuple[Array, Array, Array]]:
        key, for_draw = jax.random.split(carry[0])
        return key, draw(for_draw)

    _, (points, meet, fits) = jax.lax.while_loop(again, retry, (for_points, draw(for_points)))
    chosen = first(fits)
    pairing = jnp.array(PAIRINGS, jnp.int32)[jnp.where(answer, first(meet[:, chosen]), 0)]
    x, y = points[:, pairing, chosen]
    return {"pos": positions(4), "x": x, "y": y}


segments_intersect = Algorithm(
    name="segments_intersect",
    spec=Spec(
        *POINTS,
        node_hint("i"),
        node_hint("j"),
        node_hint("k"),
        Probe("dir", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("on_seg", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("intersect", Stage.OUTPUT, Location.GRAPH, Kind.MASK),
    ),
    sampler=_sample_segments,
    init=_segments_start,
    step=lambda inputs, state: state._replace(turn=state.turn + 1),
    done=lambda inputs, state: state.turn == 4,
    hints=_segments_hints,
    outputs=lambda inputs, state: {"intersect": _intersect(state.direction, state.in_box)},
    max_steps=lambda n: 5,
    source="Cormen et al., Introduction to Algorithms, section 33.1",
)
"""Whether the segment of points 0 and 1 meets that of points 2 and 3, touching included.

One end at a time: `dir` is the side of the line through `i` and `j` that `k` lies on, and `on_seg`
whether `k` lies in the box around them.
"""
