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
from catalign.algorithms.inputs import GRAPH_AND_SOURCE, check_adjacency, edge_mask, graph_inputs
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.graph import AbstractGraphLaw, ErdosRenyi
from catalign.distributions.weight import AbstractWeightLaw, BenchmarkWeights

_UNDIRECTED = ErdosRenyi(0.5)
_WEIGHTS = BenchmarkWeights()


class Estimate(NamedTuple):
    """What is known of the shortest paths: a distance (0 where none), a predecessor, and which nodes are reached."""

    d: Float[Array, " n"]
    pi: Int[Array, " n"]
    msk: Bool[Array, " n"]


class Rounds(NamedTuple):
    """The state of Bellman-Ford: the estimate now, and one round later."""

    now: Estimate
    later: Estimate


def sample_weighted(
    key: KeyArray,
    size: int,
    *,
    graph: AbstractGraphLaw = _UNDIRECTED,
    weights: AbstractWeightLaw = _WEIGHTS,
) -> Probes:
    """Draws a weighted graph and a source.

    Args:
      key: The source of chance.
      size: The number of nodes.
      graph: The law of the edges.
      weights: The law of the weights.
    """
    edges, lengths, source = jax.random.split(key, 3)
    mask = graph.sample(edges, size)
    drawn = weights.sample(lengths, size, directed=graph.directed)
    s = jax.random.randint(source, (), 0, size, dtype=jnp.int32)
    return graph_inputs(mask, drawn) | {"s": s}


def _relax_all(inputs: Probes, now: Estimate) -> Estimate:
    """One round: relax every edge out of a reached node; among equal offers the first sender wins."""
    usable = edge_mask(inputs) & now.msk[:, None]
    offers = jnp.where(usable, now.d[:, None] + inputs["A"], jnp.inf)
    best = offers.min(axis=0)
    sender = jnp.argmin(offers, axis=0).astype(jnp.int32)
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


def _check_bellman_ford(inputs: Probes) -> None:
    """The domain: consistent edges, and no cycle of negative weight that the source reaches."""
    check_adjacency("bellman_ford", inputs)
    weights = np.asarray(inputs["A"])
    if (weights >= 0).all():
        return
    n = weights.shape[-1]
    loop = np.eye(n, dtype=bool)
    edges = np.where(loop, weights != 0, np.asarray(inputs["adj"]))
    costs = np.where(edges, weights, np.inf)
    d = np.where(np.arange(n)[None, :] == np.asarray(inputs["s"])[:, None], 0.0, np.inf)
    for _ in range(n):
        before, d = d, np.minimum(d, (d[:, :, None] + costs).min(axis=1))
    improved = d < before
    if improved.any():
        b, v = (int(i) for i in np.argwhere(improved)[0])
        raise InputError(
            f"`inputs['A']` of bellman_ford has a cycle of negative weight that the source reaches, in instance {b} "
            f"(the distance of node {v} falls forever). Shortest paths exist only without such cycles."
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
    sampler=sample_weighted,
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
