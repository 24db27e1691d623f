"""Strongly connected components (Cormen et al., section 22.5)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int

from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import first, least, put
from catalign.algorithms.depth_first import (
    BLACK,
    COLOR,
    S_LAST,
    S_PREV,
    WHITE,
    S,
    U,
    V,
    Walk,
    advance,
    clock,
    stamp,
    start,
)
from catalign.algorithms.inputs import GRAPH, check_adjacency
from catalign.algorithms.sampling import sample_unweighted
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.graph import AbstractGraphLaw
from catalign.distributions.graph_family import Communities

_COMMUNITIES = Communities()


class Components(NamedTuple):
    """The state: two depth-first searches, one after the other."""

    walk: Walk
    scc_id: Int[Array, " n"]
    d: Int[Array, " n"]
    f: Int[Array, " n"]
    time: Index
    phase: Flag


def _scc_init(inputs: Probes) -> Components:
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    zero = jnp.zeros_like(nodes)
    walk = start(zero, jnp.int32(0))
    return Components(walk, nodes, zero, zero, jnp.int32(0), jnp.asarray(False))


def _scc_step(inputs: Probes, state: Components) -> Components:
    """A move in the graph (phase 0), or in its transpose with the latest roots first (phase 1)."""
    before = state.walk
    white = before.color == WHITE
    turn = ~state.phase & jnp.all(before.color == BLACK)
    _, latest = least(jnp.where(white | turn, -state.f, 1))

    def edges(u: Index) -> Bool[Array, " n"]:
        return jnp.where(state.phase, inputs["adj"][:, u], inputs["adj"][u])

    walk = advance(
        before,
        edges,
        root=jnp.where(state.phase, latest, first(white)),
        # The times of phase 0 are kept, so only the roots are opened in phase 1.
        seen=~white & (state.d > 0),
    )
    again = start(jnp.zeros_like(before.color), latest)
    walk = jax.tree.map(lambda new, old: jnp.where(turn, new, old), again, walk)
    d, f, time = stamp(walk, state.d, state.f, state.time)
    phase = state.phase | turn
    scc_id = put(state.scc_id, walk.u, walk.s, when=phase)
    return Components(walk, scc_id, d, f, time, phase)


def _scc_done(inputs: Probes, state: Components) -> Flag:
    del inputs
    return state.phase & jnp.all(state.walk.color == BLACK)


def _scc_hints(inputs: Probes, state: Components) -> Probes:
    return {
        "scc_id_h": state.scc_id,
        "A_t": inputs["adj"].T,
        **clock(inputs, state.d, state.f, state.time),
        **state.walk.hints,
        "phase": state.phase,
    }


def _scc_sample(key: KeyArray, size: int, *, graph: AbstractGraphLaw = _COMMUNITIES) -> Probes:
    return sample_unweighted(key, size, graph)


strongly_connected_components = Algorithm(
    name="strongly_connected_components",
    spec=Spec(
        *GRAPH,
        Probe("scc_id_h", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("A_t", Stage.HINT, Location.EDGE, Kind.MASK),
        COLOR,
        Probe("d", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("f", Stage.HINT, Location.NODE, Kind.SCALAR),
        S_PREV,
        S,
        U,
        V,
        S_LAST,
        Probe("time", Stage.HINT, Location.GRAPH, Kind.SCALAR),
        Probe("phase", Stage.HINT, Location.GRAPH, Kind.MASK),
        Probe("scc_id", Stage.OUTPUT, Location.NODE, Kind.POINTER),
    ),
    sampler=_scc_sample,
    init=_scc_init,
    step=_scc_step,
    done=_scc_done,
    hints=_scc_hints,
    outputs=lambda inputs, state: {"scc_id": state.scc_id},
    max_steps=lambda n: 6 * n,
    source="Aho, Hopcroft and Ullman 1974; Cormen et al., Introduction to Algorithms, 22.5",
    validate=lambda inputs: check_adjacency("strongly_connected_components", inputs),
)
"""Strongly connected components; `scc_id` is the root of a node's tree in the second search."""
