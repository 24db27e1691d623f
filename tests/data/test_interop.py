"""Traces as graphs of jraph and networkx: there and back, and graphs that are wrong."""

import sys

import jax
import jraph
import networkx as nx
import numpy as np
import pytest

from catalign._errors import InputError, UnsupportedError
from catalign.algorithms.catalogue import get
from catalign.algorithms.sparse_catalogue import get_sparse
from catalign.data import golden, interop
from tests.algorithms.golden import FOLDER

SPARSE = "sparse_dijkstra"
# Between them: every kind, every location, places without a value, no edges, listed edges.
NAMES = ["bridges", "lcs_length", "heapsort", "dfs", SPARSE]


def algorithm_of(name):
    return get_sparse(name) if name == SPARSE else get(name)


@pytest.fixture(scope="module")
def traces():
    """Recorded runs, and runs on the lists 0 - 1 - 2 - 3 and 2 - 0 with room for two more edges."""
    recorded = {name: golden.load(FOLDER / f"{name}_n5.npz", get(name).spec) for name in NAMES[:-1]}
    inputs = {
        "pos": np.tile(np.arange(4, dtype=np.float32) / 4, (2, 1)),
        "s": np.array([0, 2]),
        "senders": np.array([[0, 1, 2, 4, 4], [2, 4, 0, 4, 4]]),
        "receivers": np.array([[1, 2, 3, 4, 4], [0, 4, 2, 4, 4]]),
        "A": np.array([[0.5, 0.25, 1, 0, 0], [2, 0, 2, 0, 0]], np.float32),
    }
    return recorded | {SPARSE: get_sparse(SPARSE).traces(inputs)}


def assert_same(mine, theirs):
    np.testing.assert_array_equal(mine.lengths, theirs.lengths)
    np.testing.assert_array_equal(mine.complete, theirs.complete)
    for stage in ("inputs", "hints", "outputs"):
        found, expected = getattr(mine, stage), getattr(theirs, stage)
        assert set(found) == set(expected)
        for name in expected:
            label = f"{stage}/{name}"
            assert found[name].dtype == expected[name].dtype, label
            np.testing.assert_array_equal(found[name], expected[name], err_msg=label)


def held(trace):
    """A sparse trace with the edges of each run first, in as many places as the most need."""
    n = trace.inputs["pos"].shape[1]
    order = np.argsort(np.asarray(trace.inputs["receivers"]) == n, axis=1, stable=True)
    most = int((np.asarray(trace.inputs["receivers"]) < n).sum(axis=1).max())
    inputs = dict(trace.inputs)
    for name in ("senders", "receivers", "A"):
        inputs[name] = np.take_along_axis(np.asarray(inputs[name]), order, axis=1)[:, :most]
    return type(trace)(inputs, trace.hints, trace.outputs, trace.lengths, trace.complete)


@pytest.mark.parametrize("name", NAMES)
def test_jraph_and_back(traces, name):
    trace, algorithm = traces[name], algorithm_of(name)
    graph = interop.to_jraph(algorithm, trace)
    assert isinstance(graph, jraph.GraphsTuple)
    assert int(graph.n_edge.sum()) == graph.senders.shape[0]
    expected = held(trace) if name == SPARSE else trace
    assert_same(interop.from_jraph(algorithm, graph), expected)


@pytest.mark.parametrize("name", NAMES)
def test_networkx_and_back(traces, name):
    trace, algorithm = traces[name], algorithm_of(name)
    graph = interop.to_networkx(algorithm, trace, run=1)
    back = interop.from_networkx(algorithm, graph)
    one = jax.tree.map(lambda x: x[1:2], (trace.inputs, trace.outputs))
    hints = {key: value[:, 1:2] for key, value in trace.hints.items()}
    expected = type(trace)(one[0], hints, one[1], trace.lengths[1:2], trace.complete[1:2])
    if name == SPARSE:
        # networkx has the edges in order, and the two of this run are in the order of senders.
        expected = held(expected)
        for key in ("senders", "receivers", "A"):
            expected.inputs[key] = expected.inputs[key][:, ::-1]
    assert_same(back, expected)


def test_a_graph_holds_the_edges_and_pointers(traces):
    trace = traces[SPARSE]
    graph = interop.to_networkx(get_sparse(SPARSE), trace)
    assert sorted(graph.edges(data="input/A")) == [(0, 1, 0.5), (1, 2, 0.25), (2, 3, 1.0)]
    assert graph.graph["input/s"] == 0
    assert graph.nodes[3]["output/pi"] == 2
    assert graph.nodes[3]["hint/d"] == [0.0, 0.0, 0.0, 1.75, 1.75]
    joined = interop.to_jraph(get_sparse(SPARSE), trace)
    assert joined.n_node.tolist() == [4, 4]
    assert joined.senders.tolist() == [0, 1, 2, 6, 4]
    assert joined.receivers.tolist() == [1, 2, 3, 4, 6]


def test_edges_of_a_dense_trace_are_those_of_its_graph(traces):
    trace = traces["dfs"]
    graph = interop.to_networkx(get("dfs"), trace)
    expected = {(int(u), int(v)) for u, v in np.argwhere(np.asarray(trace.inputs["adj"])[0])}
    assert set(graph.edges) == expected


def test_wrong_graphs_are_named(traces):
    algorithm, trace = get_sparse(SPARSE), traces[SPARSE]
    graph = interop.to_networkx(algorithm, trace)
    with pytest.raises(InputError, match="must have the nodes 0 to 3"):
        interop.from_networkx(algorithm, nx.relabel_nodes(graph, {0: "a"}))
    del graph.nodes[2]["hint/d"]
    with pytest.raises(InputError, match="lacks the attribute 'hint/d' at some node"):
        interop.from_networkx(algorithm, graph)
    joined = interop.to_jraph(algorithm, trace)
    with pytest.raises(InputError, match=r"one number of nodes; got \[3, 5\]"):
        interop.from_jraph(algorithm, joined._replace(n_node=np.array([3, 5])))
    with pytest.raises(InputError, match=r"`graph\.nodes` is ndarray"):
        interop.from_jraph(algorithm, joined._replace(nodes=np.zeros(8)))
    del joined.globals["length"]
    with pytest.raises(InputError, match="no value of 'length'"):
        interop.from_jraph(algorithm, joined)
    del joined.nodes["output/pi"]
    with pytest.raises(InputError, match="no node values of 'output/pi'"):
        interop.from_jraph(algorithm, joined)


def test_wrong_traces_are_named(traces):
    algorithm, trace = get_sparse(SPARSE), traces[SPARSE]
    with pytest.raises(InputError, match="`run` is 2, but the trace holds the runs 0 to 1"):
        interop.to_networkx(algorithm, trace, run=2)
    single = type(trace)({}, {}, {}, np.int32(1), np.bool_(True))
    with pytest.raises(InputError, match=r"`lengths` of shape \(\)"):
        interop.to_jraph(algorithm, single)
    twice = dict(trace.inputs)
    twice["senders"] = twice["senders"].at[0, 3].set(0)
    twice["receivers"] = twice["receivers"].at[0, 3].set(1)
    doubled = type(trace)(twice, trace.hints, trace.outputs, trace.lengths, trace.complete)
    with pytest.raises(InputError, match="the edge 0 -> 1 twice in run 0"):
        interop.to_networkx(algorithm, doubled)


def test_networkx_is_asked_for_by_name(traces, monkeypatch):
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(UnsupportedError, match=r"networkx is not installed.*catalign\[interop\]"):
        interop.to_networkx(get_sparse(SPARSE), traces[SPARSE])
