"""Traces as graphs of other libraries: jraph's GraphsTuple and networkx's DiGraph, and back.

A probe is called `input/NAME`, `hint/NAME` or `output/NAME`, as in the golden format. Its values go
to where it is located: the nodes, the edges or the graph; a mask_one goes to the graph, as the
index of its node. Hints get a time axis last. The graph also holds `length` and `complete`.

The edges are the listed ones of an algorithm on edge lists. Other algorithms have a value at every
pair of nodes; there the edges are the pairs at which some probe is ever not 0, and back again all
other pairs hold 0. So a trace comes back as it went.
"""

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

import jax.numpy as jnp
import jraph
import numpy as np

from catalign._errors import InputError, UnsupportedError
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.sparse import RECEIVERS, SENDERS, SparseAlgorithm
from catalign.algorithms.spec import Kind, Location, Probe, Stage
from catalign.algorithms.trace import Trace

_LENGTH, _COMPLETE = "length", "complete"


class _Run(NamedTuple):
    """One run as a graph: values by probe, `[n, ...]`, `[e, ...]` and `[...]`, with time last."""

    n: int
    senders: np.ndarray
    receivers: np.ndarray
    nodes: dict[str, np.ndarray]
    edges: dict[str, np.ndarray]
    whole: dict[str, np.ndarray]


def to_jraph(algorithm: Algorithm, trace: Trace) -> jraph.GraphsTuple:
    """A batch of traces as one GraphsTuple, with a graph for each run.

    Args:
      algorithm: What was run.
      trace: A batch of runs.

    Returns:
      Graphs whose nodes, edges and globals are dictionaries. Pointers count the nodes of their own
      graph from 0.

    Raises:
      InputError: The trace has no batch axis.

    Example:
      >>> import jax
      >>> from catalign.algorithms.catalogue import get
      >>> bfs = get("bfs")
      >>> trace = bfs.sample(jax.random.key(0), batch_size=2, size=4)
      >>> graph = to_jraph(bfs, trace)
      >>> graph.n_node.tolist(), graph.nodes["hint/pi_h"].shape
      ([4, 4], (8, 4))
    """
    runs = [_take(algorithm, trace, b) for b in range(_batch(trace))]
    offsets = np.cumsum([0] + [run.n for run in runs])
    shifted = list(zip(runs, offsets, strict=False))

    def join(parts: list[dict[str, np.ndarray]], *, stack: bool) -> dict[str, Any]:
        merge = np.stack if stack else np.concatenate
        return {name: jnp.asarray(merge([part[name] for part in parts])) for name in parts[0]}

    return jraph.GraphsTuple(
        nodes=join([run.nodes for run in runs], stack=False),
        edges=join([run.edges for run in runs], stack=False),
        globals=join([run.whole for run in runs], stack=True),
        senders=jnp.asarray(np.concatenate([run.senders + at for run, at in shifted]), jnp.int32),
        receivers=jnp.asarray(
            np.concatenate([run.receivers + at for run, at in shifted]), jnp.int32
        ),
        n_node=jnp.asarray([run.n for run in runs], jnp.int32),
        n_edge=jnp.asarray([len(run.senders) for run in runs], jnp.int32),
    )


def from_jraph(algorithm: Algorithm, graph: jraph.GraphsTuple) -> Trace:
    """The batch of traces that `to_jraph` made into graphs.

    Args:
      algorithm: What was run.
      graph: Graphs as `to_jraph` makes them, without padding graphs.

    Raises:
      InputError: A probe is missing, or the graphs differ in their number of nodes.
    """
    sizes = np.asarray(graph.n_node).tolist()
    ends = np.cumsum([0, *sizes])
    edge_ends = np.cumsum([0, *np.asarray(graph.n_edge).tolist()])
    runs = []
    for b, n in enumerate(sizes):
        nodes, edges = slice(ends[b], ends[b + 1]), slice(edge_ends[b], edge_ends[b + 1])
        runs.append(
            _Run(
                n,
                np.asarray(graph.senders)[edges] - ends[b],
                np.asarray(graph.receivers)[edges] - ends[b],
                _sliced("nodes", graph.nodes, nodes),
                _sliced("edges", graph.edges, edges),
                _sliced("globals", graph.globals, b),
            )
        )
    return _join(algorithm, runs)


def to_networkx(algorithm: Algorithm, trace: Trace, *, run: int = 0) -> Any:
    """One run as a networkx DiGraph, with its probes as attributes.

    Values are Python numbers; a hint is a list of them, one for each step.

    Args:
      algorithm: What was run.
      trace: A batch of runs.
      run: Which of them.

    Raises:
      InputError: The trace has no batch axis or no such run, or an edge is listed twice, which a
        DiGraph cannot hold.
      UnsupportedError: networkx is not installed.

    Example:
      >>> import jax
      >>> from catalign.algorithms.catalogue import get
      >>> bfs = get("bfs")
      >>> trace = bfs.sample(jax.random.key(0), batch_size=2, size=4)
      >>> graph = to_networkx(bfs, trace, run=1)
      >>> graph.nodes[2]["output/pi"] == int(trace.outputs["pi"][1, 2])
      True
    """
    networkx = _networkx()
    if not 0 <= run < _batch(trace):
        raise InputError(f"`run` is {run}, but the trace holds the runs 0 to {_batch(trace) - 1}.")
    taken = _take(algorithm, trace, run)
    graph = networkx.DiGraph(**{name: value.tolist() for name, value in taken.whole.items()})
    graph.add_nodes_from(range(taken.n))
    for name, values in taken.nodes.items():
        networkx.set_node_attributes(graph, dict(enumerate(values.tolist())), name)
    pairs = list(zip(taken.senders.tolist(), taken.receivers.tolist(), strict=True))
    graph.add_edges_from(pairs)
    if graph.number_of_edges() < len(pairs):
        twice = next(pair for i, pair in enumerate(pairs) if pair in pairs[:i])
        raise InputError(
            f"`trace` lists the edge {twice[0]} -> {twice[1]} twice in run {run}, and a DiGraph "
            "holds one. Merge parallel edges, or use `to_jraph`."
        )
    for name, values in taken.edges.items():
        at = dict(zip(pairs, values.tolist(), strict=True))
        networkx.set_edge_attributes(graph, at, name)
    return graph


def from_networkx(algorithm: Algorithm, graph: Any) -> Trace:
    """The trace, a batch of one, that `to_networkx` made into a graph.

    Args:
      algorithm: What was run.
      graph: A DiGraph as `to_networkx` makes it, whose nodes are 0 to n - 1.

    Raises:
      InputError: The nodes are others, or an attribute is missing.
      UnsupportedError: networkx is not installed.
    """
    _networkx()
    n = graph.number_of_nodes()
    if set(graph) != set(range(n)):
        raise InputError(
            f"`graph` must have the nodes 0 to {n - 1}; got {sorted(map(str, graph))[:5]}. "
            "Relabel them with networkx.convert_node_labels_to_integers(graph)."
        )
    pairs = sorted(graph.edges)
    ends = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    nodes, edges = [graph.nodes[v] for v in range(n)], [graph.edges[pair] for pair in pairs]
    kept = Location.NODE, Location.EDGE

    def column(rows: list[Mapping[str, Any]], probe: Probe) -> np.ndarray:
        name = _name(probe)
        if any(name not in row for row in rows):
            raise InputError(
                f"`graph` lacks the attribute {name!r} at some {probe.location.value}."
            )
        return np.asarray([row[name] for row in rows])

    probes = [p for p in _carried(algorithm) if _place(p) in kept]
    run = _Run(
        n,
        ends[:, 0],
        ends[:, 1],
        {_name(p): column(nodes, p) for p in probes if _place(p) is Location.NODE},
        {_name(p): column(edges, p) for p in probes if _place(p) is Location.EDGE},
        {name: np.asarray(value) for name, value in graph.graph.items()},
    )
    return _join(algorithm, [run])


def _networkx() -> ModuleType:
    try:
        return importlib.import_module("networkx")
    except ImportError as error:
        raise UnsupportedError(
            "networkx is not installed. Install it: pip install 'catalign[interop]'."
        ) from error


def _batch(trace: Trace) -> int:
    if trace.lengths.ndim != 1:
        raise InputError(
            f"`trace` has `lengths` of shape {trace.lengths.shape}, but a batch of runs has one "
            "axis. Use `algorithm.traces` in place of `algorithm.trace`."
        )
    return trace.lengths.shape[0]


def _name(probe: Probe) -> str:
    return f"{probe.stage.value}/{probe.name}"


def _place(probe: Probe) -> Location:
    return Location.GRAPH if probe.kind is Kind.MASK_ONE else probe.location


def _carried(algorithm: Algorithm) -> list[Probe]:
    """The probes that a graph carries as values; the ends of listed edges are its structure."""
    ends = (SENDERS, RECEIVERS) if isinstance(algorithm, SparseAlgorithm) else ()
    return [p for p in algorithm.spec if p not in ends]


def _stage(trace: Trace, stage: Stage) -> Mapping[str, Any]:
    return {Stage.INPUT: trace.inputs, Stage.HINT: trace.hints, Stage.OUTPUT: trace.outputs}[stage]


def _take(algorithm: Algorithm, trace: Trace, b: int) -> _Run:
    n = algorithm.size(trace.inputs)
    values = {}
    for probe in _carried(algorithm):
        value = np.asarray(_stage(trace, probe.stage)[probe.name])
        hint = probe.stage is Stage.HINT
        values[probe] = np.moveaxis(value[:, b], 0, -1) if hint else np.asarray(value[b])
    at = {p: x for p, x in values.items() if _place(p) is Location.EDGE}
    if isinstance(algorithm, SparseAlgorithm):
        ends = [np.asarray(trace.inputs[p.name])[b] for p in (SENDERS, RECEIVERS)]
        held = ends[1] < n
        senders, receivers = ends[0][held], ends[1][held]
        edges = {_name(p): x[held] for p, x in at.items()}
    else:
        used = np.zeros((n, n), dtype=bool)
        for x in at.values():
            used |= (x != 0).reshape(n, n, -1).any(axis=-1)
        senders, receivers = np.nonzero(used)
        edges = {_name(p): x[senders, receivers] for p, x in at.items()}
    return _Run(
        n,
        senders,
        receivers,
        {_name(p): x for p, x in values.items() if _place(p) is Location.NODE},
        edges,
        {
            **{_name(p): x for p, x in values.items() if _place(p) is Location.GRAPH},
            _LENGTH: np.asarray(trace.lengths[b]),
            _COMPLETE: np.asarray(trace.complete[b]),
        },
    )


def _join(algorithm: Algorithm, runs: list[_Run]) -> Trace:
    sizes = {run.n for run in runs}
    if len(sizes) != 1:
        raise InputError(
            f"`graph` must hold graphs of one number of nodes; got {sorted(sizes)}. A batch of "
            "traces has one size: convert the sizes apart."
        )
    (n,) = sizes
    places = max(max((len(run.senders) for run in runs), default=0), 1)
    stages: dict[Stage, dict[str, Any]] = {stage: {} for stage in Stage}
    for probe in _carried(algorithm):
        rows = [_restored(algorithm, probe, run, places) for run in runs]
        value = np.stack(rows)
        value = np.moveaxis(value, -1, 0) if probe.stage is Stage.HINT else value
        stages[probe.stage][probe.name] = jnp.asarray(value, _dtype(probe))
    if isinstance(algorithm, SparseAlgorithm):
        for probe, ends in ((SENDERS, "senders"), (RECEIVERS, "receivers")):
            padded = [_padded(getattr(run, ends), places, n) for run in runs]
            stages[Stage.INPUT][probe.name] = jnp.asarray(np.stack(padded), jnp.int32)
    return Trace(
        inputs=stages[Stage.INPUT],
        hints=stages[Stage.HINT],
        outputs=stages[Stage.OUTPUT],
        lengths=jnp.asarray([_whole(run, _LENGTH) for run in runs], jnp.int32),
        complete=jnp.asarray([_whole(run, _COMPLETE) for run in runs], bool),
    )


def _restored(algorithm: Algorithm, probe: Probe, run: _Run, places: int) -> np.ndarray:
    name, place = _name(probe), _place(probe)
    if place is Location.GRAPH:
        return _whole(run, name)
    values = (run.nodes if place is Location.NODE else run.edges).get(name)
    if values is None:
        raise InputError(f"`graph` has no {place.value} values of {name!r}.")
    if place is Location.NODE:
        return values
    if isinstance(algorithm, SparseAlgorithm):
        return _padded(values, places, 0)
    matrix = np.zeros((run.n, run.n, *values.shape[1:]), values.dtype)
    matrix[run.senders, run.receivers] = values
    return matrix


def _whole(run: _Run, name: str) -> np.ndarray:
    if name not in run.whole:
        raise InputError(f"`graph` has no value of {name!r} for the graph as a whole.")
    return run.whole[name]


def _padded(values: np.ndarray, places: int, fill: int) -> np.ndarray:
    padding = np.full((places - len(values), *values.shape[1:]), fill, values.dtype)
    return np.concatenate([values, padding])


def _sliced(field: str, values: Any, rows: slice | int) -> dict[str, np.ndarray]:
    if not isinstance(values, Mapping):
        raise InputError(
            f"`graph.{field}` is {type(values).__name__}, but holds values by probe: a dictionary."
        )
    return {name: np.asarray(np.asarray(value)[rows]) for name, value in values.items()}


def _dtype(probe: Probe) -> Any:
    if probe.kind is Kind.SCALAR:
        return float
    if probe.kind is Kind.MASK:
        return jnp.int8 if probe.partial else bool
    return jnp.int32
