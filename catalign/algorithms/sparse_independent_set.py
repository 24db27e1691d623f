"""A maximal independent set on an edge list, by Luby's rounds."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool

from catalign._typing import Flag, KeyArray, Probes
from catalign.algorithms.sparse import (
    LISTED,
    SparseAlgorithm,
    check_undirected,
    check_undirected_law,
    first_sender,
    least_at_receivers,
    sample_listed,
)
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.edge_list import AbstractEdgeListLaw, Connected
from catalign.distributions.random import uniform

_CONNECTED = Connected()


class Competition(NamedTuple):
    """The state.

    Attributes:
      in_mis: The nodes of the set so far.
      alive: The nodes that are neither in the set nor next to it, as far as they know.
      told: Whether the nodes of the set have yet to tell their neighbours.
    """

    in_mis: Bool[Array, " n"]
    alive: Bool[Array, " n"]
    told: Flag


def _init(inputs: Probes) -> Competition:
    none = jnp.zeros(inputs["pos"].shape, dtype=bool)
    return Competition(none, ~none, jnp.asarray(False))


def _compete(inputs: Probes, alive: Bool[Array, " n"]) -> Bool[Array, " n"]:
    """The nodes whose priority is below those of all their rivals; of equals the first wins."""
    senders, receivers = inputs["senders"], inputs["receivers"]
    rank = inputs["randomness"]
    rival = alive[senders] & (senders != receivers)
    best = least_at_receivers(inputs, jnp.where(rival, rank[senders], jnp.inf))
    first = first_sender(inputs, rival & (rank[senders] == best[receivers]))
    nodes = jnp.arange(rank.shape[0], dtype=jnp.int32)
    return alive & ((rank < best) | ((rank == best) & (nodes < first)))


def _step(inputs: Probes, state: Competition) -> Competition:
    """Winners join the set; in the next step, they and their neighbours leave the competition."""
    n = state.alive.shape[0]
    wins = _compete(inputs, state.alive) & ~state.told
    beside = first_sender(inputs, state.in_mis[inputs["senders"]]) < n
    out = (state.in_mis | beside) & state.told
    return Competition(state.in_mis | wins, state.alive & ~out, ~state.told)


def _done(inputs: Probes, state: Competition) -> Flag:
    del inputs
    return ~jnp.any(state.alive)


def _sample(key: KeyArray, size: int, *, graph: AbstractEdgeListLaw = _CONNECTED) -> Probes:
    check_undirected_law("sparse_mis", graph)
    draw, priorities = jax.random.split(key)
    return sample_listed(draw, size, graph) | {"randomness": uniform(priorities, (size,))}


sparse_mis = SparseAlgorithm(
    name="sparse_mis",
    spec=Spec(
        *LISTED,
        Probe("randomness", Stage.INPUT, Location.NODE, Kind.SCALAR),
        Probe("inmis_h", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("alive_h", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("phase_h", Stage.HINT, Location.GRAPH, Kind.MASK),
        Probe("inmis", Stage.OUTPUT, Location.NODE, Kind.MASK),
    ),
    sampler=_sample,
    init=_init,
    step=_step,
    done=_done,
    hints=lambda inputs, state: {
        "inmis_h": state.in_mis,
        "alive_h": state.alive,
        "phase_h": state.told,
    },
    outputs=lambda inputs, state: {"inmis": state.in_mis},
    max_steps=lambda n: 2 * n + 1,
    source="Luby 1986; with priorities drawn once: Blelloch, Fineman and Shun 2012; Minder et al. "
    "2023, arXiv 2309.12253",
    validate=lambda inputs: check_undirected("sparse_mis", inputs),
)
"""A maximal independent set: in each round the nodes of locally least priority join it.

The priorities are an input, drawn once for the run, so the answer is that of the greedy algorithm
that goes through the nodes by their priority.
"""
