"""Articulation points and bridges (Cormen et al., problem 22-2)."""

import functools
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int

from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import first, index_type, put
from catalign.algorithms.check import HostProbes
from catalign.algorithms.depth_first import (
    BLACK,
    CLOSE,
    COLOR,
    DOWN,
    LOOK,
    OPEN,
    S_LAST,
    S_PREV,
    WHITE,
    S,
    U,
    V,
    Walk,
    advance,
    clock,
    neighbours,
    stamp,
    start,
    ticks,
)
from catalign.algorithms.inputs import GRAPH, check_adjacency, check_undirected
from catalign.algorithms.sampling import check_undirected_law, sample_unweighted
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.graph import AbstractGraphLaw, ErdosRenyi

_SPARSE = ErdosRenyi(0.2)


class LowLink(NamedTuple):
    """The state of a depth-first search with low points.

    Attributes:
      walk: Where the search stands.
      pi: The tree.
      d: When each node was opened, in ticks.
      f: When each node was closed.
      low: The earliest opening time that a node's subtree reaches by one edge out of the tree.
      time: The clock.
      found: What was found: articulation points, or the lower ends of bridges.
      child_cnt: The number of children of each node.
    """

    walk: Walk
    pi: Int[Array, " n"]
    d: Int[Array, " n"]
    f: Int[Array, " n"]
    low: Int[Array, " n"]
    time: Index
    found: Bool[Array, " n"]
    child_cnt: Int[Array, " n"]


def _init(inputs: Probes) -> LowLink:
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    zero = jnp.zeros_like(nodes)
    walk = start(zero, jnp.int32(0))
    return LowLink(walk, nodes, zero, zero, zero, jnp.int32(0), zero > 0, zero)


def _step(inputs: Probes, state: LowLink) -> tuple[LowLink, Bool[Array, " n"]]:
    """One move; a closing node takes the least low point of its children, also returned."""
    before, pi = state.walk, state.pi
    nodes = jnp.arange(pi.shape[0], dtype=jnp.int32)
    walk = advance(
        before,
        lambda u: neighbours(inputs, u),
        root=first(before.color == WHITE),
        seen=(before.color != WHITE) & (state.d > 0),
        looks=lambda u: nodes != pi[u],
    )
    u, v = walk.u, walk.v
    d, f, time = stamp(walk, state.d, state.f, state.time)
    pi = put(pi, v, u, when=walk.did(DOWN))
    child_cnt = put(state.child_cnt, u, state.child_cnt[u] + 1, when=walk.did(DOWN))

    low = put(state.low, u, time, when=walk.did(OPEN))
    children = walk.did(CLOSE) & (pi == u) & (nodes != u)
    of_children = jnp.min(jnp.where(children, low, low[u]))
    reached = jnp.where(walk.did(LOOK), jnp.minimum(low[u], d[v]), of_children)
    low = put(low, u, jnp.minimum(low[u], reached), when=walk.did(LOOK) | walk.did(CLOSE))
    return LowLink(walk, pi, d, f, low, time, state.found, child_cnt), children


def _articulation_points_step(inputs: Probes, state: LowLink) -> LowLink:
    """A closing node is a cut if a child's subtree cannot pass it, or a root with two children."""
    state, children = _step(inputs, state)
    u = state.walk.u
    is_root = state.pi[u] == u
    blocked = jnp.any(children & (state.low >= state.d[u]))
    cut = jnp.where(is_root, state.child_cnt[u] > 1, blocked)
    found = put(state.found, u, jnp.asarray(True), when=state.walk.did(CLOSE) & cut)
    return state._replace(found=found)


def _bridges_step(inputs: Probes, state: LowLink) -> LowLink:
    """The edge from a closing node to a child is a bridge if the child's subtree cannot pass it."""
    state, children = _step(inputs, state)
    return state._replace(found=state.found | (children & (state.low > state.d[state.walk.u])))


def _done(inputs: Probes, state: LowLink) -> Flag:
    del inputs
    return jnp.all(state.walk.color == BLACK)


def _hints(inputs: Probes, state: LowLink) -> Probes:
    return {
        "pi_h": state.pi,
        **clock(inputs, state.d, state.f, state.time),
        "low": ticks(inputs, state.low),
        **state.walk.hints,
    }


def _bridge_matrix(inputs: Probes, state: LowLink) -> Int[Array, "n n"]:
    """1 at both directions of a bridge, 0 at other edges, -1 where there is no edge."""
    n = state.pi.shape[0]
    # Narrow numbers: these n x n comparisons are what a step spends its time on.
    nodes = jnp.arange(n, dtype=index_type(n))
    parent = jnp.where(state.found, state.pi.astype(nodes.dtype), nodes.dtype.type(-1))
    bridge = (parent[:, None] == nodes[None, :]) | (parent[None, :] == nodes[:, None])
    edge = inputs["adj"] | (nodes[:, None] == nodes[None, :])
    return bridge.astype(jnp.int8) - (~edge).astype(jnp.int8)


def _sample(
    name: str, key: KeyArray, size: int, *, graph: AbstractGraphLaw = _SPARSE
) -> dict[str, Array]:
    check_undirected_law(name, graph)
    return sample_unweighted(key, size, graph)


def _max_steps(n: int) -> int:
    """The bound on the number of moves.

    START, OPEN, DOWN and CLOSE take three moves a node. A scan of u makes at most one LOOK for each
    of n nodes, and there is one scan for u itself and one after each of its children: 2n - 1 scans
    in all.
    """
    return 3 * n + n * (2 * n - 1)


def _check(name: str, inputs: HostProbes) -> None:
    check_adjacency(name, inputs)
    check_undirected(name, inputs)


_TIMES = (
    COLOR,
    Probe("d", Stage.HINT, Location.NODE, Kind.SCALAR),
    Probe("f", Stage.HINT, Location.NODE, Kind.SCALAR),
    Probe("low", Stage.HINT, Location.NODE, Kind.SCALAR),
)
_STACK = (S_PREV, S, U, V, S_LAST, Probe("time", Stage.HINT, Location.GRAPH, Kind.SCALAR))

articulation_points = Algorithm(
    name="articulation_points",
    spec=Spec(
        *GRAPH,
        Probe("is_cut_h", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("pi_h", Stage.HINT, Location.NODE, Kind.POINTER),
        *_TIMES,
        Probe("child_cnt", Stage.HINT, Location.NODE, Kind.SCALAR),
        *_STACK,
        Probe("is_cut", Stage.OUTPUT, Location.NODE, Kind.MASK),
    ),
    sampler=functools.partial(_sample, "articulation_points"),
    init=_init,
    step=_articulation_points_step,
    done=_done,
    hints=lambda inputs, state: {
        "is_cut_h": state.found,
        "child_cnt": ticks(inputs, state.child_cnt),
        **_hints(inputs, state),
    },
    outputs=lambda inputs, state: {"is_cut": state.found},
    max_steps=_max_steps,
    source="Tarjan 1972; Cormen et al., Introduction to Algorithms, problem 22-2",
    validate=lambda inputs: _check("articulation_points", inputs),
)
"""Articulation points: the nodes whose removal disconnects their component."""

bridges = Algorithm(
    name="bridges",
    spec=Spec(
        *GRAPH,
        Probe("is_bridge_h", Stage.HINT, Location.EDGE, Kind.MASK, partial=True),
        Probe("pi_h", Stage.HINT, Location.NODE, Kind.POINTER),
        *_TIMES,
        *_STACK,
        Probe("is_bridge", Stage.OUTPUT, Location.EDGE, Kind.MASK, partial=True),
    ),
    sampler=functools.partial(_sample, "bridges"),
    init=_init,
    step=_bridges_step,
    done=_done,
    hints=lambda inputs, state: {
        "is_bridge_h": _bridge_matrix(inputs, state),
        **_hints(inputs, state),
    },
    outputs=lambda inputs, state: {"is_bridge": _bridge_matrix(inputs, state)},
    max_steps=_max_steps,
    source="Tarjan 1974; Cormen et al., Introduction to Algorithms, problem 22-2",
    validate=lambda inputs: _check("bridges", inputs),
)
"""Bridges: the edges whose removal disconnects their component."""
