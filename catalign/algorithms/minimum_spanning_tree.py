"""Minimum spanning trees (Cormen et al., chapter 23)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import least, put
from catalign.algorithms.check import HostProbes
from catalign.algorithms.inputs import (
    GRAPH,
    GRAPH_AND_SOURCE,
    check_adjacency,
    check_undirected,
)
from catalign.algorithms.priority_first import Search, begin, is_empty, take_least
from catalign.algorithms.sampling import check_undirected_law, sample_source, sample_weighted
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.graph import AbstractGraphLaw, ErdosRenyi
from catalign.distributions.weight import AbstractWeightLaw, BenchmarkWeights

_DENSE = ErdosRenyi(0.5)
_SPARSE = ErdosRenyi(0.2)
_WEIGHTS = BenchmarkWeights()


def _check(name: str, inputs: HostProbes) -> None:
    check_adjacency(name, inputs)
    check_undirected(name, inputs)


def _prim_sample(
    key: KeyArray,
    size: int,
    *,
    graph: AbstractGraphLaw = _DENSE,
    weights: AbstractWeightLaw = _WEIGHTS,
) -> Probes:
    check_undirected_law("mst_prim", graph)
    draw, source = jax.random.split(key)
    return sample_weighted(draw, size, graph, weights) | {"s": sample_source(source, size)}


def _prim_step(inputs: Probes, state: Search) -> Search:
    """The lightest node of the queue joins the tree; its edges are offered to its neighbours."""
    return take_least(inputs, state, lambda key, weights: weights)


mst_prim = Algorithm(
    name="mst_prim",
    spec=Spec(
        *GRAPH_AND_SOURCE,
        Probe("pi_h", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("key", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("mark", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("in_queue", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("u", Stage.HINT, Location.NODE, Kind.MASK_ONE),
        Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER),
    ),
    sampler=_prim_sample,
    init=begin,
    step=_prim_step,
    done=is_empty,
    hints=lambda inputs, state: {
        "pi_h": state.pi,
        "key": state.priority,
        "mark": state.mark,
        "in_queue": state.in_queue,
        "u": state.u,
    },
    outputs=lambda inputs, state: {"pi": state.pi},
    max_steps=lambda n: n + 1,
    source="Prim 1957; Cormen et al., Introduction to Algorithms, 23.2",
    validate=lambda inputs: _check("mst_prim", inputs),
)
"""Prim's algorithm: the tree of the source's component, grown by its lightest outgoing edge."""


DECIDED, CLIMB_U, CLIMB_V = range(3)


class Forest(NamedTuple):
    """The state of Kruskal's algorithm: the chosen edges, a union-find forest, the current edge.

    Attributes:
      in_mst: The chosen edges, in both directions.
      pi: The parent of each node in the union-find forest.
      u: One end of the current edge.
      v: The other end.
      root_u: Where the climb from u to its root stands.
      root_v: Where the climb from v to its root stands.
      mask_u: The nodes that the climb from u has met.
      mask_v: The nodes that the climb from v has met.
      phase: 1 while u climbs, 2 while v climbs, 0 when the edge is decided.
      lightest: The weight of the lightest edge from each node to a later one that is still to come;
        inf if none.
      partner: The other end of that edge.
    """

    in_mst: Bool[Array, "n n"]
    pi: Int[Array, " n"]
    u: Index
    v: Index
    root_u: Index
    root_v: Index
    mask_u: Bool[Array, " n"]
    mask_v: Bool[Array, " n"]
    phase: Index
    lightest: Float[Array, " n"]
    partner: Int[Array, " n"]


def _kruskal_init(inputs: Probes) -> Forest:
    n = inputs["pos"].shape[0]
    nodes = jnp.arange(n, dtype=jnp.int32)
    none, zero = nodes < 0, jnp.int32(0)
    # The graph is symmetric: the edges to earlier nodes, down each column, are those to later ones.
    later = inputs["adj"] & (nodes[:, None] > nodes[None, :])
    lightest, partner = least(jnp.where(later, inputs["A"], jnp.inf))
    return Forest(
        in_mst=jnp.zeros((n, n), dtype=bool),
        pi=nodes,
        u=zero,
        v=zero,
        root_u=zero,
        root_v=zero,
        mask_u=none,
        mask_v=none,
        phase=zero,
        lightest=lightest,
        partner=partner,
    )


def _kruskal_step(inputs: Probes, state: Forest) -> Forest:
    """Picks the lightest edge to come, or climbs one step from u or from v to its root, or decides.

    Of equal edges the first is picked, row by row. A climb links all nodes that it has met to the
    place that it has come to (path compression). An edge that joins two trees is chosen; the root
    of lower number goes below the other.
    """
    n = state.pi.shape[0]
    nodes = jnp.arange(n, dtype=jnp.int32)
    above_u, above_v = state.pi[state.root_u], state.pi[state.root_v]
    picks = state.phase == DECIDED
    climbs_u = (state.phase == CLIMB_U) & (above_u != state.root_u)
    climbs_v = ~picks & ~climbs_u & (above_v != state.root_v)
    joins = ~picks & ~climbs_u & ~climbs_v & (state.root_u != state.root_v)

    weight, row = least(state.lightest)
    u, v = jnp.where(picks, row, state.u), jnp.where(picks, state.partner[row], state.v)
    lightest, partner = _next_in_row(inputs, row, state.partner[row], weight)

    met = (climbs_u & state.mask_u) | (climbs_v & state.mask_v)
    pi = jnp.where(met, jnp.where(climbs_u, above_u, above_v), state.pi)
    lower = jnp.minimum(state.root_u, state.root_v)
    upper = jnp.maximum(state.root_u, state.root_v)
    ends, others = jnp.stack([state.u, state.v]), jnp.stack([state.v, state.u])
    up = jnp.where(climbs_v, CLIMB_V, DECIDED)
    return Forest(
        in_mst=state.in_mst.at[jnp.where(joins, ends, n), others].set(True, mode="drop"),
        pi=put(pi, lower, upper, when=joins),
        u=u,
        v=v,
        root_u=jnp.where(picks, u, jnp.where(climbs_u, above_u, state.root_u)),
        root_v=jnp.where(picks, v, jnp.where(climbs_v, above_v, state.root_v)),
        mask_u=jnp.where(picks, nodes == u, state.mask_u | (climbs_u & (nodes == above_u))),
        mask_v=jnp.where(picks, nodes == v, state.mask_v | (climbs_v & (nodes == above_v))),
        phase=jnp.where(picks | climbs_u, CLIMB_U, up),
        lightest=put(state.lightest, row, lightest, when=picks),
        partner=put(state.partner, row, partner, when=picks),
    )


def _next_in_row(inputs: Probes, u: Index, v: Index, weight: Array) -> tuple[Array, Array]:
    """The lightest edge from u to a later node, after the edge to v; inf if there is none."""
    nodes = jnp.arange(inputs["A"].shape[0], dtype=jnp.int32)
    row = inputs["A"][u]
    after = (row > weight) | ((row == weight) & (nodes > v))
    return least(jnp.where(inputs["adj"][u] & (nodes > u) & after, row, jnp.inf))


def _kruskal_done(inputs: Probes, state: Forest) -> Flag:
    del inputs
    return (state.phase == DECIDED) & jnp.all(jnp.isinf(state.lightest))


def _kruskal_sample(
    key: KeyArray,
    size: int,
    *,
    graph: AbstractGraphLaw = _SPARSE,
    weights: AbstractWeightLaw = _WEIGHTS,
) -> Probes:
    check_undirected_law("mst_kruskal", graph)
    return sample_weighted(key, size, graph, weights)


def _kruskal_max_steps(n: int) -> int:
    """The bound on the number of moves.

    The start, two moves for each of at most n(n - 1)/2 edges, and the steps of n(n - 1) climbs. A
    climb takes one step more than it changes links, and links only ever change to nodes of a higher
    number.
    """
    return 1 + 2 * n * (n - 1) + n * (n - 1) // 2


mst_kruskal = Algorithm(
    name="mst_kruskal",
    spec=Spec(
        *GRAPH,
        Probe("in_mst_h", Stage.HINT, Location.EDGE, Kind.MASK),
        Probe("pi", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("u", Stage.HINT, Location.NODE, Kind.MASK_ONE),
        Probe("v", Stage.HINT, Location.NODE, Kind.MASK_ONE),
        Probe("root_u", Stage.HINT, Location.NODE, Kind.MASK_ONE),
        Probe("root_v", Stage.HINT, Location.NODE, Kind.MASK_ONE),
        Probe("mask_u", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("mask_v", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("phase", Stage.HINT, Location.GRAPH, Kind.CATEGORICAL, classes=3),
        Probe("in_mst", Stage.OUTPUT, Location.EDGE, Kind.MASK),
    ),
    sampler=_kruskal_sample,
    init=_kruskal_init,
    step=_kruskal_step,
    done=_kruskal_done,
    hints=lambda inputs, state: {
        "in_mst_h": state.in_mst,
        "pi": state.pi,
        "u": state.u,
        "v": state.v,
        "root_u": state.root_u,
        "root_v": state.root_v,
        "mask_u": state.mask_u,
        "mask_v": state.mask_v,
        "phase": state.phase,
    },
    outputs=lambda inputs, state: {"in_mst": state.in_mst},
    max_steps=_kruskal_max_steps,
    source="Kruskal 1956; Cormen et al., Introduction to Algorithms, 23.2",
    validate=lambda inputs: _check("mst_kruskal", inputs),
)
"""Kruskal's algorithm: the lightest edges that close no cycle, by union-find."""
