"""Runs a reasoner on a graph of the user's own."""

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from catalign._errors import InputError, UnsupportedError
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Kind, Location, Probe, Spec
from catalign.integral.graph import SparseGraph
from catalign.nn.aligned import AlignedReasoner
from catalign.nn.prediction import Execution
from catalign.nn.reasoner import AbstractReasoner
from tasks.answer import Answer, Verdict
from tasks.execution import compare, compute, facts
from tasks.graph_input import Graph
from tasks.verify import check_paths, follow, shortest_distances

DENSE_LIMIT = 2048
"""The most nodes for which an n x n array is made."""

_SHORTEST_PATHS = {"bellman_ford": False, "dijkstra": False, "bfs": True}
"""Algorithms that answer with shortest-path predecessors, and whether each edge counts 1."""


@dataclass(frozen=True)
class Roles:
    """Which input of a spec a graph file fills.

    Attributes:
      mask: The edges.
      source: The node to start from, if there is one.
      weight: The edges' weights, if there are any.
      position: The `pos` input, if there is one.
    """

    mask: str
    source: str | None
    weight: str | None
    position: str | None


def graph_roles(spec: Spec) -> Roles | None:
    """How a graph file fills a spec; None if it cannot, or if a table of nodes cannot answer."""
    if any(probe.location is Location.EDGE for probe in spec.outputs):
        return None
    found: dict[str, str] = {}
    for probe in spec.inputs:
        role = _role(probe)
        if role is None or role in found:
            return None
        found[role] = probe.name
    if "mask" not in found:
        return None
    return Roles(
        mask=found["mask"],
        source=found.get("source"),
        weight=found.get("weight"),
        position=found.get("position"),
    )


def solve_graph(
    algorithm: Algorithm, reasoner: AbstractReasoner, graph: Graph, *, source: str | None
) -> tuple[Answer, Verdict]:
    """Runs a reasoner on a graph and checks what it answers.

    The reasoner runs to its fixed point: along the edges where it can, else on all pairs.

    Args:
      algorithm: What the reasoner learned; its spec is one that a graph file fills.
      reasoner: The trained reasoner.
      graph: The instance.
      source: The name of the node to start from; the first node if left out.

    Raises:
      InputError: There is no such source, or the graph is outside the algorithm's domain.
      UnsupportedError: The graph is too large for a reasoner on all pairs.
    """
    roles = graph_roles(algorithm.spec)
    assert roles is not None
    if graph.n_node < algorithm.min_size:
        raise InputError(
            f"--input has {graph.n_node} nodes, but {algorithm.name} needs at least "
            f"{algorithm.min_size}."
        )
    if source is not None and roles.source is None:
        raise InputError(
            f"--source is given, but {algorithm.name} starts from no node. Leave it out."
        )
    start = 0 if source is None else graph.index("--source", source)
    hops = _SHORTEST_PATHS.get(algorithm.name)
    if hops:
        graph = dataclasses.replace(graph, weights=np.ones_like(graph.weights))
    # Before the run, because a cycle of negative weight would keep it running.
    truth = None if hops is None else shortest_distances(graph, start)
    execution = _execute(algorithm, reasoner, roles, graph, start)
    told = {
        "source": graph.names[start] if roles.source else None,
        "nodes": graph.n_node,
        "edges": len(graph.senders) if graph.directed else len(graph.senders) // 2,
        "directed": graph.directed,
        **facts(execution),
    }
    if truth is None:
        return _table(algorithm.spec, graph, execution, told), _against_algorithm(
            algorithm, roles, graph, start, execution
        )
    predecessors = np.asarray(execution.outputs[algorithm.spec.outputs[0].name])
    tree = follow(graph, start, predecessors)
    before = [None if p == v else graph.names[p] for v, p in enumerate(predecessors.tolist())]
    rows = list(zip(graph.names, before, tree.distance.tolist(), strict=True))
    answer = Answer(("node", "predecessor", "distance"), rows, told)
    return answer, check_paths(graph, tree, *truth)


def _role(probe: Probe) -> str | None:
    match (probe.location, probe.kind):
        case (Location.EDGE, Kind.MASK):
            return "mask"
        case (Location.EDGE, Kind.SCALAR):
            return "weight"
        case (Location.NODE, Kind.MASK_ONE):
            return "source"
        case (Location.NODE, Kind.SCALAR) if probe.name == "pos":
            return "position"
    return None


def _execute(
    algorithm: Algorithm, reasoner: AbstractReasoner, roles: Roles, graph: Graph, start: int
) -> Execution:
    if isinstance(reasoner, AlignedReasoner):
        sparse = SparseGraph(
            senders=jnp.asarray(graph.senders),
            receivers=jnp.asarray(graph.receivers),
            n_node=graph.n_node,
            receivers_are_sorted=True,
        )
        inputs = _node_inputs(roles, graph, start)
        if roles.weight is not None:
            inputs[roles.weight] = jnp.asarray(_scaled(algorithm, graph.weights), dtype=float)
        run = jax.jit(partial(reasoner.run_sparse, max_steps=graph.n_node + 1))
        return jax.device_get(run(inputs, sparse))
    if graph.n_node > DENSE_LIMIT:
        raise UnsupportedError(
            f"--input has {graph.n_node} nodes, but this reasoner works on all pairs of nodes, for "
            f"at most {DENSE_LIMIT}. Train one with --processor=aligned: it runs along edges."
        )
    return compute(algorithm, reasoner, _dense_inputs(algorithm, roles, graph, start))


def _node_inputs(roles: Roles, graph: Graph, start: int) -> dict[str, jax.Array]:
    inputs = {}
    if roles.position is not None:
        inputs[roles.position] = jnp.arange(graph.n_node, dtype=float) / graph.n_node
    if roles.source is not None:
        inputs[roles.source] = jnp.int32(start)
    return inputs


def _dense_inputs(algorithm: Algorithm, roles: Roles, graph: Graph, start: int) -> dict[str, Any]:
    inputs = _node_inputs(roles, graph, start)
    weights, mask = graph.matrix()
    if roles.weight is not None:
        inputs[roles.weight] = jnp.asarray(_scaled(algorithm, weights), dtype=float)
    # As in the benchmark, every node is its own neighbour in the mask.
    inputs[roles.mask] = jnp.asarray(mask | np.eye(graph.n_node, dtype=bool))
    return inputs


def _scaled(algorithm: Algorithm, weights: np.ndarray) -> np.ndarray:
    """Weights in the range of the training data, for algorithms that see no scale.

    A power of two changes no digit of a weight, and no comparison of paths.
    """
    largest = float(np.max(np.abs(weights), initial=0.0))
    if algorithm.name not in _SHORTEST_PATHS or algorithm.name == "bfs" or largest == 0.0:
        return weights
    return np.ldexp(weights, -int(np.frexp(largest)[1]))


def _table(spec: Spec, graph: Graph, execution: Execution, told: dict[str, Any]) -> Answer:
    """The outputs of any algorithm: those at the nodes as columns, those of the graph as facts."""
    columns: dict[str, list[Any]] = {}
    for probe in spec.outputs:
        values = np.asarray(execution.outputs[probe.name])
        points = probe.kind in (Kind.POINTER, Kind.SHOULD_BE_PERMUTATION, Kind.MASK_ONE)
        written = [_named(graph, x) if points else x for x in values.reshape(-1).tolist()]
        if probe.rank == 1:
            columns[probe.name] = written
        else:
            told = {**told, probe.name: written[0]}
    rows = list(zip(graph.names, *columns.values(), strict=True))
    return Answer(("node", *columns), rows, told)


def _named(graph: Graph, index: int) -> str | None:
    return graph.names[index] if index >= 0 else None


def _against_algorithm(
    algorithm: Algorithm, roles: Roles, graph: Graph, start: int, execution: Execution
) -> Verdict:
    reference = f"the algorithm {algorithm.name} itself"
    if graph.n_node > DENSE_LIMIT:
        return Verdict(None, reference, f"{graph.n_node} nodes are too many to run {reference} on.")
    return compare(algorithm, _dense_inputs(algorithm, roles, graph, start), execution, reference)
