"""Convex hulls: Graham's scan and Jarvis's march (Cormen et al., section 33.3).

Both start from the lowest point and go round the hull to the left.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from catalign._typing import Flag, Index, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import ascending, put
from catalign.algorithms.chain import CONSTANT_PRED_H, chain
from catalign.algorithms.check import HostProbes
from catalign.algorithms.geometry import (
    POINTS,
    check_general_position,
    lowest,
    sample_disk,
    turn,
)
from catalign.algorithms.sorting import node_hint
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage

IN_HULL_H = Probe("in_hull_h", Stage.HINT, Location.NODE, Kind.MASK)
IN_HULL = Probe("in_hull", Stage.OUTPUT, Location.NODE, Kind.MASK)

BEGIN, FIND, SORT, POP, PUSH = range(5)


class _Scan(NamedTuple):
    """Graham's scan: the points by angle, and the stack of those that may be corners.

    The stack is a list of pointers: `below` is the point under each point, itself where there is
    none, and `top` is its last point. The point considered is `order[turn]`.
    """

    angle: Float[Array, " n"]
    order: Int[Array, " n"]
    on_stack: Bool[Array, " n"]
    below: Int[Array, " n"]
    top: Index
    turn: Index
    phase: Index


def _scan_start(inputs: Probes) -> _Scan:
    x, y = inputs["x"], inputs["y"]
    n = x.shape[0]
    node = jnp.arange(n, dtype=jnp.int32)
    first = lowest(x, y)
    angle = jnp.where(node == first, 0, jnp.arctan2(y - y[first], x - x[first]))
    # A point as low as the first has its angle too, and comes after it.
    order = ascending(jnp.where(node == first, -1, angle))
    zero = jnp.int32(0)
    return _Scan(angle, order, jnp.zeros(n, bool), node, top=zero, turn=zero, phase=zero)


def _scan_step(inputs: Probes, state: _Scan) -> _Scan:
    """Finds the lowest point, sorts the others by angle; then one push or pop of the stack.

    A point is pushed once the path over the two on top and it turns left; else the top is popped.
    """
    x, y = inputs["x"], inputs["y"]
    first, top = state.order[0], state.top
    finds, scans = state.phase == BEGIN, state.phase >= SORT
    next_turn = jnp.where((state.phase == SORT) | (state.phase == PUSH), state.turn + 1, state.turn)
    point = state.order[next_turn]
    straight = turn(x, y, state.below[top], top, point) <= 0
    pops = scans & (top != first) & straight
    pushes = scans & ~pops
    below = put(state.below, top, top, when=pops)
    on_stack = put(state.on_stack, top, jnp.bool_(False), when=pops)
    pushed = jnp.where(finds, first, point)
    return state._replace(
        on_stack=put(on_stack, pushed, jnp.bool_(True), when=finds | pushes),
        below=put(below, point, top, when=pushes),
        top=jnp.where(pops, state.below[top], jnp.where(finds | pushes, pushed, top)),
        turn=next_turn,
        phase=jnp.where(scans, jnp.where(pops, POP, PUSH), state.phase + 1),
    )


def _scan_done(inputs: Probes, state: _Scan) -> Flag:
    return (state.phase == PUSH) & (state.turn == inputs["x"].shape[0] - 1)


def _scan_hints(inputs: Probes, state: _Scan) -> Probes:
    return {
        "best": jnp.where(state.phase >= FIND, state.order[0], 0),
        "atans": jnp.where(state.phase >= SORT, state.angle, 0),
        "in_hull_h": state.on_stack,
        "stack_prev": state.below,
        "last_stack": state.top,
        "i": jnp.where(state.phase >= FIND, state.order[state.turn], 0),
        "phase": state.phase,
    }


graham_scan = Algorithm(
    name="graham_scan",
    spec=Spec(
        *POINTS,
        node_hint("best"),
        Probe("atans", Stage.HINT, Location.NODE, Kind.SCALAR),
        IN_HULL_H,
        Probe("stack_prev", Stage.HINT, Location.NODE, Kind.POINTER),
        node_hint("last_stack"),
        node_hint("i"),
        Probe("phase", Stage.HINT, Location.GRAPH, Kind.CATEGORICAL, classes=5),
        IN_HULL,
    ),
    sampler=sample_disk,
    init=_scan_start,
    step=_scan_step,
    done=_scan_done,
    hints=_scan_hints,
    outputs=lambda inputs, state: {"in_hull": state.on_stack},
    max_steps=lambda n: 2 * n - 1,
    source="Graham 1972; Cormen et al., Introduction to Algorithms, section 33.3",
    validate=lambda inputs: _check_points("graham_scan", inputs),
    min_size=3,
)
"""The corners of the convex hull, by a scan of the points in order of their angle."""


class _March(NamedTuple):
    """Jarvis's march: it stands at the corner `last`; `endpoint` is the best next corner so far.

    `arrives` holds in the first step at a corner, before any point is looked at.
    """

    in_hull: Bool[Array, " n"]
    best: Index
    last: Index
    endpoint: Index
    i: Index
    arrives: Flag
    begun: Flag


def _march_start(inputs: Probes) -> _March:
    zero, no = jnp.int32(0), jnp.bool_(False)
    in_hull = jnp.zeros(inputs["x"].shape[0], bool)
    return _March(in_hull, lowest(inputs["x"], inputs["y"]), zero, zero, zero, no, no)


def _march_step(inputs: Probes, state: _March) -> _March:
    """Arrives at the next corner, or looks at one point i: is it further to the right?"""
    x, y = inputs["x"], inputs["y"]
    seen_all = ~state.arrives & (state.i == x.shape[0] - 1)
    arrives = ~state.begun | seen_all
    i = jnp.where(arrives | state.arrives, 0, state.i + 1)
    nearer = turn(x, y, state.last, state.endpoint, i) < 0
    improves = (state.endpoint == state.last) | nearer
    last = jnp.where(state.begun, jnp.where(arrives, state.endpoint, state.last), state.best)
    endpoint = jnp.where(arrives, 0, jnp.where(improves, i, state.endpoint))
    return _March(
        in_hull=put(state.in_hull, last, jnp.bool_(True), when=arrives),
        best=state.best,
        last=last,
        endpoint=endpoint,
        i=i,
        arrives=arrives,
        begun=jnp.bool_(True),
    )


def _march_done(inputs: Probes, state: _March) -> Flag:
    seen_all = state.begun & ~state.arrives & (state.i == inputs["x"].shape[0] - 1)
    return seen_all & (state.endpoint == state.best)


def _march_hints(inputs: Probes, state: _March) -> Probes:
    return {
        "pred_h": chain(inputs["x"].shape[0]),
        "in_hull_h": state.in_hull,
        "best": jnp.where(state.begun, state.best, 0),
        "last_point": state.last,
        "endpoint": state.endpoint,
        "i": state.i,
        "phase": state.begun.astype(jnp.int32),
    }


jarvis_march = Algorithm(
    name="jarvis_march",
    spec=Spec(
        *POINTS,
        CONSTANT_PRED_H,
        IN_HULL_H,
        node_hint("best"),
        node_hint("last_point"),
        node_hint("endpoint"),
        node_hint("i"),
        Probe("phase", Stage.HINT, Location.GRAPH, Kind.CATEGORICAL, classes=2),
        IN_HULL,
    ),
    sampler=sample_disk,
    init=_march_start,
    step=_march_step,
    done=_march_done,
    hints=_march_hints,
    outputs=lambda inputs, state: {"in_hull": state.in_hull},
    max_steps=lambda n: 1 + n * (n + 1),
    source="Jarvis 1973; Cormen et al., Introduction to Algorithms, section 33.3",
    validate=lambda inputs: _check_points("jarvis_march", inputs),
    min_size=3,
)
"""The corners of the convex hull, one after the other: n + 1 steps a corner."""


def _check_points(name: str, inputs: HostProbes) -> None:
    check_general_position(name, inputs["x"], inputs["y"])
