"""Elementary graph algorithms (Cormen et al., chapter 22)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int

from catalign._typing import Flag, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.inputs import GRAPH_AND_SOURCE, check_adjacency, edge_mask, graph_inputs
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.graph import AbstractGraphLaw, ErdosRenyi


class Frontier(NamedTuple):
    """The state of breadth-first search: what is reached and from where, now and one round later."""

    reach: Bool[Array, " n"]
    pi: Int[Array, " n"]
    next_reach: Bool[Array, " n"]
    next_pi: Int[Array, " n"]


def _spread(inputs: Probes, reach: Bool[Array, " n"], pi: Int[Array, " n"]) -> Frontier:
    """One round: every reached node reaches its neighbours; a new one points to the first that reached it."""
    arrives = edge_mask(inputs) & reach[:, None]
    fresh = arrives.any(axis=0) & ~reach
    first = jnp.argmax(arrives, axis=0).astype(jnp.int32)
    return Frontier(reach, pi, reach | fresh, jnp.where(fresh, first, pi))


def _bfs_init(inputs: Probes) -> Frontier:
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    return _spread(inputs, nodes == inputs["s"], nodes)


def _bfs_step(inputs: Probes, state: Frontier) -> Frontier:
    return _spread(inputs, state.next_reach, state.next_pi)


def _bfs_done(inputs: Probes, state: Frontier) -> Flag:
    del inputs
    return jnp.all(state.reach == state.next_reach)


def _bfs_sample(key: KeyArray, size: int, *, graph: AbstractGraphLaw = ErdosRenyi(0.5)) -> Probes:
    edges, source = jax.random.split(key)
    s = jax.random.randint(source, (), 0, size, dtype=jnp.int32)
    return graph_inputs(graph.sample(edges, size)) | {"s": s}


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
