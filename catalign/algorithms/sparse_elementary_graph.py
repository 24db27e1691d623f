"""Breadth-first and depth-first search, and eccentricity, on edge lists.

The searches show what the dense ones of `elementary_graph` show, step by step.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.arrays import first, put
from catalign.algorithms.depth_first import DOWN, WHITE, advance, stamp
from catalign.algorithms.elementary_graph import Frontier, Timed, bfs, dfs
from catalign.algorithms.sampling import sample_source
from catalign.algorithms.sparse import (
    LISTED,
    LISTED_AND_SOURCE,
    SparseAlgorithm,
    check_undirected,
    check_undirected_law,
    first_sender,
    leaving,
    sample_listed,
)
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.edge_list import AbstractEdgeListLaw, Connected

_CONNECTED = Connected()


def _sample_from(key: KeyArray, size: int, *, graph: AbstractEdgeListLaw = _CONNECTED) -> Probes:
    draw, source = jax.random.split(key)
    return sample_listed(draw, size, graph) | {"s": sample_source(source, size)}


def _spread(inputs: Probes, reach: Bool[Array, " n"], pi: Int[Array, " n"]) -> Frontier:
    """One round: reached nodes reach their neighbours; a new one points to its first finder."""
    finder = first_sender(inputs, reach[inputs["senders"]])
    fresh = (finder < reach.shape[0]) & ~reach
    return Frontier(reach, pi, reach | fresh, jnp.where(fresh, finder, pi))


def _bfs_init(inputs: Probes) -> Frontier:
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    return _spread(inputs, nodes == inputs["s"], nodes)


sparse_bfs = SparseAlgorithm(
    name="sparse_bfs",
    spec=Spec(*LISTED_AND_SOURCE, *bfs.spec.hints, *bfs.spec.outputs),
    sampler=_sample_from,
    init=_bfs_init,
    step=lambda inputs, state: _spread(inputs, state.next_reach, state.next_pi),
    done=bfs.done,
    hints=bfs.hints,
    outputs=bfs.outputs,
    max_steps=bfs.max_steps,
    source=bfs.source,
)
"""Breadth-first search on an edge list, by rounds."""


def _sample(key: KeyArray, size: int, *, graph: AbstractEdgeListLaw = _CONNECTED) -> Probes:
    return sample_listed(key, size, graph)


def _neighbours(inputs: Probes, u: Index) -> Bool[Array, " n"]:
    """Where the edges of `u` lead."""
    n = inputs["pos"].shape[0]
    to = jnp.where(leaving(inputs, u), inputs["receivers"], jnp.int32(n))
    return jnp.zeros(n, dtype=bool).at[to].set(True, mode="drop")


def _dfs_step(inputs: Probes, state: Timed) -> Timed:
    before = state.walk
    walk = advance(
        before,
        lambda u: _neighbours(inputs, u),
        root=first(before.color == WHITE),
        seen=(before.color != WHITE) & (state.d > 0),
    )
    d, f, time = stamp(walk, state.d, state.f, state.time)
    return Timed(walk, put(state.pi, walk.v, walk.u, when=walk.did(DOWN)), d, f, time)


sparse_dfs = SparseAlgorithm(
    name="sparse_dfs",
    spec=Spec(*LISTED, *dfs.spec.hints, *dfs.spec.outputs),
    sampler=_sample,
    init=dfs.init,
    step=_dfs_step,
    done=dfs.done,
    hints=dfs.hints,
    outputs=dfs.outputs,
    max_steps=dfs.max_steps,
    source=dfs.source,
)
"""Depth-first search with times on an edge list: each hint shows one move."""


class Flood(NamedTuple):
    """The state: a flood from the source builds a tree, and echoes climb it.

    Attributes:
      visited: The nodes that the flood has reached.
      pi: The tree: from each node to the one that the flood came from.
      hops: How far each node is from the source, in edges.
      echoed: The nodes that have told their parent the greatest distance below them.
      echo: That distance; 0 before.
    """

    visited: Bool[Array, " n"]
    pi: Int[Array, " n"]
    hops: Int[Array, " n"]
    echoed: Bool[Array, " n"]
    echo: Int[Array, " n"]


def _flood_init(inputs: Probes) -> Flood:
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    source = nodes == inputs["s"]
    zero = jnp.zeros_like(nodes)
    return Flood(source, nodes, zero, jnp.zeros_like(source), zero)


def _flood_step(inputs: Probes, state: Flood) -> Flood:
    """One round: the flood moves on, and a node whose children have all echoed echoes.

    A node learns its children in the round after the flood has reached it; one without children
    echoes its own distance.
    """
    n = state.pi.shape[0]
    finder = first_sender(inputs, state.visited[inputs["senders"]])
    fresh = (finder < n) & ~state.visited
    pi = jnp.where(fresh, finder, state.pi)
    hops = jnp.where(fresh, state.hops[jnp.minimum(finder, n - 1)] + 1, state.hops)
    visited = state.visited | fresh

    child = visited & (pi != jnp.arange(n, dtype=jnp.int32))
    above = jnp.where(child, pi, jnp.int32(n))
    waits = jnp.zeros(n, dtype=bool).at[above].max(~state.echoed, mode="drop")
    heard = state.hops.at[above].max(state.echo, mode="drop")
    speaks = state.visited & ~state.echoed & ~waits
    return Flood(visited, pi, hops, state.echoed | speaks, jnp.where(speaks, heard, state.echo))


def _flood_numbers(inputs: Probes, state: Flood) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    dtype = inputs["pos"].dtype
    return state.hops.astype(dtype), state.echo.astype(dtype)


def _flood_hints(inputs: Probes, state: Flood) -> Probes:
    hops, echo = _flood_numbers(inputs, state)
    return {
        "visited_h": state.visited,
        "pi_h": state.pi,
        "floodstate_h": hops,
        "msgphase_h": state.echoed,
        "echostate_h": echo,
        "eccentricity_h": echo[inputs["s"]],
    }


def _flood_done(inputs: Probes, state: Flood) -> Flag:
    return state.echoed[inputs["s"]]


def _sample_undirected(
    key: KeyArray, size: int, *, graph: AbstractEdgeListLaw = _CONNECTED
) -> Probes:
    check_undirected_law("sparse_eccentricity", graph)
    return _sample_from(key, size, graph=graph)


sparse_eccentricity = SparseAlgorithm(
    name="sparse_eccentricity",
    spec=Spec(
        *LISTED_AND_SOURCE,
        Probe("visited_h", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("pi_h", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("floodstate_h", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("msgphase_h", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("echostate_h", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("eccentricity_h", Stage.HINT, Location.GRAPH, Kind.SCALAR),
        Probe("eccentricity", Stage.OUTPUT, Location.GRAPH, Kind.SCALAR),
    ),
    sampler=_sample_undirected,
    init=_flood_init,
    step=_flood_step,
    done=_flood_done,
    hints=_flood_hints,
    outputs=lambda inputs, state: {
        "eccentricity": _flood_numbers(inputs, state)[1][inputs["s"]],
    },
    max_steps=lambda n: 2 * n,
    source="Flooding and echo: Chang 1982, Echo algorithms; Minder et al. 2023, arXiv 2309.12253",
    validate=lambda inputs: check_undirected("sparse_eccentricity", inputs),
)
"""The greatest number of hops from the source to a node of its component, by flood and echo."""
