"""Shortest paths in directed acyclic graphs (Cormen et al., section 24.2)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.check import HostProbes
from catalign.algorithms.depth_first import COLOR, S_LAST, S_PREV, U, V
from catalign.algorithms.elementary_graph import Sorting, begin_sorting, sort_step
from catalign.algorithms.inputs import GRAPH_AND_SOURCE, check_acyclic, check_adjacency
from catalign.algorithms.sampling import check_acyclic_law, sample_source, sample_weighted
from catalign.algorithms.single_source import Estimate
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.graph import AbstractGraphLaw, Acyclic, ErdosRenyi
from catalign.distributions.weight import AbstractWeightLaw, BenchmarkWeights

_ACYCLIC = Acyclic(ErdosRenyi(0.5, directed=True))
_WEIGHTS = BenchmarkWeights()


class InOrder(NamedTuple):
    """The state: first the nodes are sorted, then they are relaxed in that order."""

    sorting: Sorting
    estimate: Estimate
    phase: Flag


def _relax_from(inputs: Probes, u: Index, now: Estimate) -> Estimate:
    """Relaxes the edges out of one node."""
    offers = now.d[u] + inputs["A"][u]
    nodes = jnp.arange(offers.shape[0], dtype=jnp.int32)
    better = inputs["adj"][u] & (nodes != u) & (~now.msk | (offers < now.d))
    return Estimate(
        d=jnp.where(better, offers, now.d),
        pi=jnp.where(better, u, now.pi),
        msk=now.msk | better,
    )


def _dag_init(inputs: Probes) -> InOrder:
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    estimate = Estimate(d=jnp.zeros_like(inputs["A"][0]), pi=nodes, msk=nodes < 0)
    return InOrder(begin_sorting(nodes.shape[0], inputs["s"]), estimate, jnp.asarray(False))


def _dag_step(inputs: Probes, state: InOrder) -> InOrder:
    """Phase 0 sorts what the source reaches; phase 1 relaxes the list's head and drops it."""
    sorting, estimate, phase = state
    turn = ~phase & sorting.walk.tree_ended
    moved = sort_step(inputs, sorting)
    dropped = sorting._replace(head=sorting.topo[sorting.head])
    relaxed = _relax_from(inputs, sorting.head, estimate)
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    marked = estimate._replace(msk=nodes == inputs["s"])

    def choose(in_phase_0: Array, at_turn: Array, in_phase_1: Array) -> Array:
        return jnp.where(turn, at_turn, jnp.where(phase, in_phase_1, in_phase_0))

    return InOrder(
        jax.tree.map(choose, moved, sorting, dropped),
        jax.tree.map(choose, estimate, marked, relaxed),
        phase | turn,
    )


def _dag_done(inputs: Probes, state: InOrder) -> Flag:
    del inputs
    topo, head = state.sorting.topo, state.sorting.head
    return state.phase & (topo[head] == head)


def _dag_hints(inputs: Probes, state: InOrder) -> Probes:
    del inputs
    shown = {
        "pi_h": state.estimate.pi,
        "d": state.estimate.d,
        "mark": state.estimate.msk,
        "topo_h": state.sorting.topo,
        "topo_head_h": state.sorting.head,
        "phase": state.phase,
    }
    walk = dict(state.sorting.walk.hints)
    del walk["s"]  # There is one root, the source.
    return shown | walk


def _dag_sample(
    key: KeyArray,
    size: int,
    *,
    graph: AbstractGraphLaw = _ACYCLIC,
    weights: AbstractWeightLaw = _WEIGHTS,
) -> Probes:
    check_acyclic_law("dag_shortest_paths", graph)
    draw, source = jax.random.split(key)
    return sample_weighted(draw, size, graph, weights) | {"s": sample_source(source, size)}


def _check_dag(inputs: HostProbes) -> None:
    check_adjacency("dag_shortest_paths", inputs)
    check_acyclic("dag_shortest_paths", inputs)


dag_shortest_paths = Algorithm(
    name="dag_shortest_paths",
    spec=Spec(
        *GRAPH_AND_SOURCE,
        Probe("pi_h", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("d", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("mark", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("topo_h", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("topo_head_h", Stage.HINT, Location.NODE, Kind.MASK_ONE),
        COLOR,
        S_PREV,
        U,
        V,
        S_LAST,
        Probe("phase", Stage.HINT, Location.GRAPH, Kind.MASK),
        Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER),
    ),
    sampler=_dag_sample,
    init=_dag_init,
    step=_dag_step,
    done=_dag_done,
    hints=_dag_hints,
    outputs=lambda inputs, state: {"pi": state.estimate.pi},
    max_steps=lambda n: 3 * n + 1,
    source="Lawler 1976; Cormen et al., Introduction to Algorithms, 24.2",
    validate=_check_dag,
)
"""Shortest paths in a directed acyclic graph: a topological sort from the source, then one pass."""
