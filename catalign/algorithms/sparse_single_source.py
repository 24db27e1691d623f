"""Shortest paths from a source, and Prim's tree, on edge lists.

They show what the dense algorithms of `single_source` and `minimum_spanning_tree` show, step by
step. A relaxation is a minimum over the edges that enter each node; of equal offers, that of the
first sender wins.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign._errors import InputError
from catalign._typing import KeyArray, Probes
from catalign.algorithms.arrays import least, put
from catalign.algorithms.check import HostProbes
from catalign.algorithms.minimum_spanning_tree import mst_prim
from catalign.algorithms.priority_first import Search
from catalign.algorithms.sampling import sample_source
from catalign.algorithms.single_source import Estimate, Rounds, bellman_ford, dijkstra
from catalign.algorithms.sparse import (
    WEIGHTED_AND_SOURCE,
    SparseAlgorithm,
    check_nonnegative,
    check_undirected,
    check_undirected_law,
    first_sender,
    least_at_receivers,
    leaving,
    sample_listed_weighted,
)
from catalign.algorithms.spec import Spec
from catalign.distributions.edge_list import AbstractEdgeListLaw, Connected
from catalign.distributions.weight import AbstractWeightLaw, BenchmarkWeights

_CONNECTED = Connected()
_WEIGHTS = BenchmarkWeights()


def _sample(
    key: KeyArray,
    size: int,
    *,
    graph: AbstractEdgeListLaw = _CONNECTED,
    weights: AbstractWeightLaw = _WEIGHTS,
) -> Probes:
    draw, source = jax.random.split(key)
    return sample_listed_weighted(draw, size, graph, weights) | {"s": sample_source(source, size)}


def _relax_all(inputs: Probes, now: Estimate) -> Estimate:
    """One round: relax every edge out of a reached node."""
    n = now.d.shape[0]
    senders = inputs["senders"]
    offers = jnp.where(now.msk[senders], now.d[senders] + inputs["A"], jnp.inf)
    # The barrier makes the offers one array, that is read twice, and not computed twice.
    offers = jax.lax.optimization_barrier(offers)
    best = least_at_receivers(inputs, offers)
    sender = first_sender(inputs, offers == best[inputs["receivers"]])
    better = best < jnp.where(now.msk, now.d, jnp.inf)
    return Estimate(
        d=jnp.where(better, best, now.d),
        pi=jnp.where(better, jnp.minimum(sender, n - 1), now.pi),
        msk=now.msk | better,
    )


def _bellman_ford_init(inputs: Probes) -> Rounds:
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    zero = jnp.zeros(nodes.shape, dtype=inputs["A"].dtype)
    first = Estimate(d=zero, pi=nodes, msk=nodes == inputs["s"])
    return Rounds(first, _relax_all(inputs, first))


def _check_bellman_ford(inputs: HostProbes) -> None:
    """The domain: no cycle of negative weight that the source reaches."""
    if (inputs["A"] >= 0).all():
        return
    n = inputs["pos"].shape[-1]
    for b, source in enumerate(inputs["s"]):
        edge = inputs["receivers"][b] < n
        senders, receivers = inputs["senders"][b][edge], inputs["receivers"][b][edge]
        weights = inputs["A"][b][edge].astype(np.float64)
        d = np.where(np.arange(n) == source, 0.0, np.inf)
        for _ in range(n):
            later = d.copy()
            np.minimum.at(later, receivers, d[senders] + weights)
            fell = later < d
            if not fell.any():
                break
            d = later
        else:
            raise InputError(
                "`inputs['A']` of sparse_bellman_ford has a cycle of negative weight that the "
                f"source reaches, in instance {b}: the distance of node {int(fell.argmax())} "
                "falls forever. Shortest paths exist only without such cycles."
            )


sparse_bellman_ford = SparseAlgorithm(
    name="sparse_bellman_ford",
    spec=Spec(*WEIGHTED_AND_SOURCE, *bellman_ford.spec.hints, *bellman_ford.spec.outputs),
    sampler=_sample,
    init=_bellman_ford_init,
    step=lambda inputs, state: Rounds(state.later, _relax_all(inputs, state.later)),
    done=bellman_ford.done,
    hints=bellman_ford.hints,
    outputs=bellman_ford.outputs,
    max_steps=bellman_ford.max_steps,
    source=bellman_ford.source,
    validate=_check_bellman_ford,
)
"""Bellman-Ford on an edge list, by rounds."""


def _begin(inputs: Probes) -> Search:
    """The source alone in the queue."""
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    source = nodes == inputs["s"]
    zero = jnp.zeros(nodes.shape, dtype=inputs["A"].dtype)
    return Search(nodes, zero, jnp.zeros_like(source), source, inputs["s"])


def _take_least(inputs: Probes, state: Search, offer: Callable[[Array, Array], Array]) -> Search:
    """Takes the least node out of the queue and lets it make its offers to its neighbours."""
    _, u = least(jnp.where(state.in_queue, state.priority, jnp.inf))
    mark = put(state.mark, u, jnp.asarray(True))
    queue = put(state.in_queue, u, jnp.asarray(False))
    weights = least_at_receivers(inputs, jnp.where(leaving(inputs, u), inputs["A"], jnp.inf))
    neighbour = weights < jnp.inf
    offers = offer(state.priority[u], jnp.where(neighbour, weights, jnp.zeros_like(weights)))
    accepts = neighbour & ~mark & (~queue | (offers < state.priority))
    return Search(
        pi=jnp.where(accepts, u, state.pi),
        priority=jnp.where(accepts, offers, state.priority),
        mark=mark,
        in_queue=queue | accepts,
        u=u,
    )


sparse_dijkstra = SparseAlgorithm(
    name="sparse_dijkstra",
    spec=Spec(*WEIGHTED_AND_SOURCE, *dijkstra.spec.hints, *dijkstra.spec.outputs),
    sampler=_sample,
    init=_begin,
    step=lambda inputs, state: _take_least(inputs, state, lambda d, weights: d + weights),
    done=dijkstra.done,
    hints=dijkstra.hints,
    outputs=dijkstra.outputs,
    max_steps=dijkstra.max_steps,
    source=dijkstra.source,
    validate=lambda inputs: check_nonnegative("sparse_dijkstra", inputs),
)
"""Dijkstra's algorithm on an edge list: each hint shows one node taken out of the queue."""


def _prim_sample(
    key: KeyArray,
    size: int,
    *,
    graph: AbstractEdgeListLaw = _CONNECTED,
    weights: AbstractWeightLaw = _WEIGHTS,
) -> Probes:
    check_undirected_law("sparse_mst_prim", graph)
    return _sample(key, size, graph=graph, weights=weights)


sparse_mst_prim = SparseAlgorithm(
    name="sparse_mst_prim",
    spec=Spec(*WEIGHTED_AND_SOURCE, *mst_prim.spec.hints, *mst_prim.spec.outputs),
    sampler=_prim_sample,
    init=_begin,
    step=lambda inputs, state: _take_least(inputs, state, lambda key, weights: weights),
    done=mst_prim.done,
    hints=mst_prim.hints,
    outputs=mst_prim.outputs,
    max_steps=mst_prim.max_steps,
    source=mst_prim.source,
    validate=lambda inputs: check_undirected("sparse_mst_prim", inputs),
)
"""Prim's algorithm on an edge list: the minimum spanning tree of the source's component."""
