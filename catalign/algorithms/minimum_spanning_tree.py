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


def _pick(inputs: Probes, state: Forest) -> Forest:
    """Makes the lightest edge to come the current one; among equals the first, row by row."""
    weight, u = least(state.lightest)
    v = state.partner[u]
    nodes = jnp.arange(state.pi.shape[0], dtype=jnp.int32)
    row = inputs["A"][u]
    after = (row > weight) | ((row == weight) & (nodes > v))
    rest = jnp.where(inputs["adj"][u] & (nodes > u) & after, row, jnp.inf)
    next_weight, next_partner = least(rest)
    return state._replace(
        u=u,
        v=v,
        root_u=u,
        root_v=v,
        mask_u=nodes == u,
        mask_v=nodes == v,
        phase=jnp.int32(CLIMB_U),
        lightest=put(state.lightest, u, next_weight),
        partner=put(state.partner, u, next_partner),
    )


def _climb(
    pi: Int[Array, " n"], root: Index, mask: Bool[Array, " n"]
) -> tuple[Int[Array, " n"], Index, Bool[Array, " n"]]:
    """One step up; the nodes met so far are linked to the new place (path compression)."""
    root = pi[root]
    return jnp.where(mask, root, pi), root, put(mask, root, jnp.asarray(True))


def _decide(state: Forest) -> Forest:
    """Chooses the edge if it joins two trees; the root of lower number goes below the other."""
    joins = state.root_u != state.root_v
    lower = jnp.minimum(state.root_u, state.root_v)
    upper = jnp.maximum(state.root_u, state.root_v)
    nodes = jnp.arange(state.pi.shape[0], dtype=jnp.int32)
    is_u, is_v = nodes == state.u, nodes == state.v
    edge = (is_u[:, None] & is_v[None, :]) | (is_v[:, None] & is_u[None, :])
    return state._replace(
        in_mst=state.in_mst | (edge & joins),
        pi=put(state.pi, lower, upper, when=joins),
        phase=jnp.int32(DECIDED),
    )


def _kruskal_step(inputs: Probes, state: Forest) -> Forest:
    """Picks an edge, or climbs one step from u or v towards its root, or decides the edge."""
    picked = _pick(inputs, state)
    pi_u, root_u, mask_u = _climb(state.pi, state.root_u, state.mask_u)
    up_u = state._replace(pi=pi_u, root_u=root_u, mask_u=mask_u, phase=jnp.int32(CLIMB_U))
    pi_v, root_v, mask_v = _climb(state.pi, state.root_v, state.mask_v)
    up_v = state._replace(pi=pi_v, root_v=root_v, mask_v=mask_v, phase=jnp.int32(CLIMB_V))

    is_decided = state.phase == DECIDED
    climbs_u = (state.phase == CLIMB_U) & (root_u != state.root_u)
    climbs_v = root_v != state.root_v
    return jax.tree.map(
        lambda a, b, c, d: jnp.where(
            is_decided, a, jnp.where(climbs_u, b, jnp.where(climbs_v, c, d))
        ),
        picked,
        up_u,
        up_v,
        _decide(state),
    )


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
