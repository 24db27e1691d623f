"""Elementary graph algorithms (Cormen et al., chapter 22)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int

from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import first, put
from catalign.algorithms.check import HostProbes
from catalign.algorithms.depth_first import (
    BLACK,
    CLOSE,
    COLOR,
    DOWN,
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
)
from catalign.algorithms.inputs import (
    GRAPH,
    GRAPH_AND_SOURCE,
    check_acyclic,
    check_adjacency,
)
from catalign.algorithms.sampling import check_acyclic_law, sample_source, sample_unweighted
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.graph import AbstractGraphLaw, Acyclic, ErdosRenyi

_UNDIRECTED = ErdosRenyi(0.5)
_DIRECTED = ErdosRenyi(0.5, directed=True)
_ACYCLIC = Acyclic(_DIRECTED)


class Frontier(NamedTuple):
    """What breadth-first search has reached and from where, now and one round later."""

    reach: Bool[Array, " n"]
    pi: Int[Array, " n"]
    next_reach: Bool[Array, " n"]
    next_pi: Int[Array, " n"]


def _spread(inputs: Probes, reach: Bool[Array, " n"], pi: Int[Array, " n"]) -> Frontier:
    """One round: reached nodes reach their neighbours; a new one points to its first finder."""
    finder = first(inputs["adj"] & reach[:, None])
    fresh = (finder < reach.shape[0]) & ~reach
    return Frontier(reach, pi, reach | fresh, jnp.where(fresh, finder, pi))


def _bfs_init(inputs: Probes) -> Frontier:
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    return _spread(inputs, nodes == inputs["s"], nodes)


def _bfs_step(inputs: Probes, state: Frontier) -> Frontier:
    return _spread(inputs, state.next_reach, state.next_pi)


def _bfs_done(inputs: Probes, state: Frontier) -> Flag:
    del inputs
    return jnp.all(state.reach == state.next_reach)


def _bfs_sample(key: KeyArray, size: int, *, graph: AbstractGraphLaw = _UNDIRECTED) -> Probes:
    draw, source = jax.random.split(key)
    return sample_unweighted(draw, size, graph) | {"s": sample_source(source, size)}


bfs = Algorithm(
    name="bfs",
    spec=Spec(
        *GRAPH_AND_SOURCE,
        Probe("reach_h", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("pi_h", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER),
    ),
    sampler=_bfs_sample,
    init=_bfs_init,
    step=_bfs_step,
    done=_bfs_done,
    hints=lambda inputs, state: {"reach_h": state.reach, "pi_h": state.pi},
    outputs=lambda inputs, state: {"pi": state.pi},
    max_steps=lambda n: n,
    source="Breadth-first search: Moore 1959; Cormen et al., Introduction to Algorithms, 22.2",
    validate=lambda inputs: check_adjacency("bfs", inputs),
)
"""Breadth-first search, by rounds: each hint shows what is reached after one more round."""


class Timed(NamedTuple):
    """The state of depth-first search: the walk, the tree, and the times in ticks of the clock."""

    walk: Walk
    pi: Int[Array, " n"]
    d: Int[Array, " n"]
    f: Int[Array, " n"]
    time: Index


def _dfs_sample(key: KeyArray, size: int, *, graph: AbstractGraphLaw = _DIRECTED) -> Probes:
    return sample_unweighted(key, size, graph)


def _dfs_init(inputs: Probes) -> Timed:
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    zero = jnp.zeros_like(nodes)
    return Timed(start(zero, jnp.int32(0)), nodes, zero, zero, jnp.int32(0))


def _dfs_step(inputs: Probes, state: Timed) -> Timed:
    before = state.walk
    walk = advance(
        before,
        lambda u: neighbours(inputs, u),
        root=first(before.color == WHITE),
        seen=(before.color != WHITE) & (state.d > 0),
    )
    d, f, time = stamp(walk, state.d, state.f, state.time)
    return Timed(walk, put(state.pi, walk.v, walk.u, when=walk.did(DOWN)), d, f, time)


def _dfs_done(inputs: Probes, state: Timed) -> Flag:
    del inputs
    return jnp.all(state.walk.color == BLACK)


def _dfs_hints(inputs: Probes, state: Timed) -> Probes:
    return {"pi_h": state.pi, **clock(inputs, state.d, state.f, state.time), **state.walk.hints}


dfs = Algorithm(
    name="dfs",
    spec=Spec(
        *GRAPH,
        Probe("pi_h", Stage.HINT, Location.NODE, Kind.POINTER),
        COLOR,
        Probe("d", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("f", Stage.HINT, Location.NODE, Kind.SCALAR),
        S_PREV,
        S,
        U,
        V,
        S_LAST,
        Probe("time", Stage.HINT, Location.GRAPH, Kind.SCALAR),
        Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER),
    ),
    sampler=_dfs_sample,
    init=_dfs_init,
    step=_dfs_step,
    done=_dfs_done,
    hints=_dfs_hints,
    outputs=lambda inputs, state: {"pi": state.pi},
    max_steps=lambda n: 3 * n,
    source="Depth-first search: Moore 1959; Cormen et al., Introduction to Algorithms, 22.3",
    validate=lambda inputs: check_adjacency("dfs", inputs),
)
"""Depth-first search with times: each hint shows one move."""


class Sorting(NamedTuple):
    """The state: the walk, and the sorted list, from its head along `topo` to its tail."""

    walk: Walk
    topo: Int[Array, " n"]
    head: Index


def begin_sorting(n: int, root: Index) -> Sorting:
    """An empty list, and a search from `root`."""
    nodes = jnp.arange(n, dtype=jnp.int32)
    return Sorting(start(jnp.zeros_like(nodes), root), nodes, jnp.int32(0))


def sort_step(inputs: Probes, state: Sorting) -> Sorting:
    """One move of the search; a node that closes goes to the head of the list."""
    before, topo, head = state
    walk = advance(before, lambda u: neighbours(inputs, u), root=first(before.color == WHITE))
    closed = walk.did(CLOSE)
    # Before the first node closes the list is empty, and its head, node 0, is not black.
    linked = closed & (walk.color[head] == BLACK)
    return Sorting(walk, put(topo, walk.u, head, when=linked), jnp.where(closed, walk.u, head))


def _topological_sort_init(inputs: Probes) -> Sorting:
    return begin_sorting(inputs["pos"].shape[0], jnp.int32(0))


def _topological_sort_done(inputs: Probes, state: Sorting) -> Flag:
    del inputs
    return jnp.all(state.walk.color == BLACK)


def _topological_sort_hints(inputs: Probes, state: Sorting) -> Probes:
    del inputs
    return {"topo_h": state.topo, "topo_head_h": state.head, **state.walk.hints}


def _dag_sample(key: KeyArray, size: int, *, graph: AbstractGraphLaw = _ACYCLIC) -> Probes:
    check_acyclic_law("topological_sort", graph)
    return sample_unweighted(key, size, graph)


def _check_dag(inputs: HostProbes) -> None:
    check_adjacency("topological_sort", inputs)
    check_acyclic("topological_sort", inputs)


topological_sort = Algorithm(
    name="topological_sort",
    spec=Spec(
        *GRAPH,
        Probe("topo_h", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("topo_head_h", Stage.HINT, Location.NODE, Kind.MASK_ONE),
        COLOR,
        S_PREV,
        S,
        U,
        V,
        S_LAST,
        Probe("topo", Stage.OUTPUT, Location.NODE, Kind.POINTER),
        Probe("topo_head", Stage.OUTPUT, Location.NODE, Kind.MASK_ONE),
    ),
    sampler=_dag_sample,
    init=_topological_sort_init,
    step=sort_step,
    done=_topological_sort_done,
    hints=_topological_sort_hints,
    outputs=lambda inputs, state: {"topo": state.topo, "topo_head": state.head},
    max_steps=lambda n: 3 * n,
    source="Knuth 1973; Cormen et al., Introduction to Algorithms, 22.4",
    validate=_check_dag,
)
"""Topological sort: a linked list of the nodes in which every edge points forwards."""
