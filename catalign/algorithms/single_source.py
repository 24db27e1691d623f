"""Single-source shortest paths (Cormen et al., chapter 24)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int

from catalign._errors import InputError
from catalign._typing import Flag, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import least
from catalign.algorithms.check import HostProbes
from catalign.algorithms.inputs import (
    GRAPH_AND_SOURCE,
    check_adjacency,
    check_nonnegative,
    edge_costs,
)
from catalign.algorithms.priority_first import Search, begin, is_empty, take_least
from catalign.algorithms.sampling import sample_source, sample_weighted
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.graph import AbstractGraphLaw, ErdosRenyi
from catalign.distributions.weight import AbstractWeightLaw, BenchmarkWeights

_UNDIRECTED = ErdosRenyi(0.5)
_WEIGHTS = BenchmarkWeights()


class Estimate(NamedTuple):
    """What is known: distances (0 where none), predecessors, and which nodes are reached."""

    d: Float[Array, " n"]
    pi: Int[Array, " n"]
    msk: Bool[Array, " n"]


class Rounds(NamedTuple):
    """The state of Bellman-Ford: the estimate now, and one round later."""

    now: Estimate
    later: Estimate


def _sample(
    key: KeyArray,
    size: int,
    *,
    graph: AbstractGraphLaw = _UNDIRECTED,
    weights: AbstractWeightLaw = _WEIGHTS,
) -> Probes:
    draw, source = jax.random.split(key)
    return sample_weighted(draw, size, graph, weights) | {"s": sample_source(source, size)}


def _relax_all(inputs: Probes, now: Estimate) -> Estimate:
    """One round: relax every edge out of a reached node; of equal offers the first wins."""
    usable = inputs["adj"] & now.msk[:, None]
    best, sender = least(jnp.where(usable, now.d[:, None] + inputs["A"], jnp.inf))
    better = best < jnp.where(now.msk, now.d, jnp.inf)
    return Estimate(
        d=jnp.where(better, best, now.d),
        pi=jnp.where(better, sender, now.pi),
        msk=now.msk | better,
    )


def _bellman_ford_init(inputs: Probes) -> Rounds:
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    first = Estimate(d=jnp.zeros_like(inputs["A"][0]), pi=nodes, msk=nodes == inputs["s"])
    return Rounds(first, _relax_all(inputs, first))


def _bellman_ford_step(inputs: Probes, state: Rounds) -> Rounds:
    return Rounds(state.later, _relax_all(inputs, state.later))


def _bellman_ford_done(inputs: Probes, state: Rounds) -> Flag:
    del inputs
    now, later = state
    return jnp.all(now.d == later.d) & jnp.all(now.msk == later.msk)


def _check_bellman_ford(inputs: HostProbes) -> None:
    """The domain: consistent edges, and no cycle of negative weight that the source reaches."""
    check_adjacency("bellman_ford", inputs)
    if (inputs["A"] >= 0).all():
        return
    costs = edge_costs(inputs)
    n = costs.shape[-1]
    d = np.where(np.arange(n)[None, :] == np.asarray(inputs["s"])[:, None], 0.0, np.inf)
    for _ in range(n - 1):
        d = np.minimum(d, (d[:, :, None] + costs).min(axis=1))
    improved = (d[:, :, None] + costs).min(axis=1) < d
    if improved.any():
        b, v = (int(i) for i in np.argwhere(improved)[0])
        raise InputError(
            "`inputs['A']` of bellman_ford has a cycle of negative weight that the source reaches, "
            f"in instance {b}: the distance of node {v} falls forever. Shortest paths exist only "
            "without such cycles."
        )


bellman_ford = Algorithm(
    name="bellman_ford",
    spec=Spec(
        *GRAPH_AND_SOURCE,
        Probe("pi_h", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("d", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("msk", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER),
    ),
    sampler=_sample,
    init=_bellman_ford_init,
    step=_bellman_ford_step,
    done=_bellman_ford_done,
    hints=lambda inputs, state: {"pi_h": state.now.pi, "d": state.now.d, "msk": state.now.msk},
    outputs=lambda inputs, state: {"pi": state.now.pi},
    max_steps=lambda n: n,
    source="Bellman 1958; Ford 1956; Cormen et al., Introduction to Algorithms, 24.1",
    validate=_check_bellman_ford,
)
"""Bellman-Ford, by rounds: each hint shows the estimate after all edges were relaxed once more."""


def _dijkstra_step(inputs: Probes, state: Search) -> Search:
    """The nearest node of the queue is final; its edges are relaxed."""
    return take_least(inputs, state, lambda d, weights: d + weights)


def _check_dijkstra(inputs: HostProbes) -> None:
    check_adjacency("dijkstra", inputs)
    check_nonnegative("dijkstra", inputs)


dijkstra = Algorithm(
    name="dijkstra",
    spec=Spec(
        *GRAPH_AND_SOURCE,
        Probe("pi_h", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("d", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("mark", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("in_queue", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("u", Stage.HINT, Location.NODE, Kind.MASK_ONE),
        Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER),
    ),
    sampler=_sample,
    init=begin,
    step=_dijkstra_step,
    done=is_empty,
    hints=lambda inputs, state: {
        "pi_h": state.pi,
        "d": state.priority,
        "mark": state.mark,
        "in_queue": state.in_queue,
        "u": state.u,
    },
    outputs=lambda inputs, state: {"pi": state.pi},
    max_steps=lambda n: n + 1,
    source="Dijkstra 1959; Cormen et al., Introduction to Algorithms, 24.3",
    validate=_check_dijkstra,
)
"""Dijkstra's algorithm: each hint shows one node taken out of the queue and its edges relaxed."""
