"""Tests of the graph readers."""

import io
import json

import networkx as nx
import numpy as np
import pytest
import scipy.io
import scipy.sparse

from catalign._errors import InputError
from tasks.graph_input import read_graph


@pytest.fixture
def write(tmp_path):
    """Writes a file and returns its path."""

    def make(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


def edges(graph):
    """The edges as a set of named triples."""
    ends = zip(graph.senders, graph.receivers, graph.weights, strict=True)
    return {(graph.names[s], graph.names[r], float(w)) for s, r, w in ends}


@pytest.mark.parametrize(
    "text",
    [
        "a,b,1.5\nb,c,2\n",
        "source,target,weight\na,b,1.5\nb,c,2\n",
        "weight;target;source\n1.5;b;a\n2;c;b\n",
        "# a comment\na b 1.5\n\nb  c 2\n",
        "a\tb\t1.5\r\nb\tc\t2\r\n",
        "\ufefffrom,to,cost\na,b,1.5\nb,c,2",
        '"a","b","1.5"\n"b","c",2\n',
        "x,y,z\na,b,1.5\nb,c,2\n",
    ],
)
def test_edge_list_dialects(write, text):
    graph = read_graph(write("g.csv", text))
    assert edges(graph) == {("a", "b", 1.5), ("b", "c", 2.0)}
    assert graph.directed


def test_edge_list_without_weights_and_undirected(write):
    graph = read_graph(write("g.csv", "a,b\nb,c\n"), directed=False)
    assert edges(graph) == {("a", "b", 1.0), ("b", "a", 1.0), ("b", "c", 1.0), ("c", "b", 1.0)}


def test_weight_column_by_name(write):
    path = write("g.csv", "source,target,km,minutes\na,b,3,7\n")
    assert edges(read_graph(path, weight="minutes")) == {("a", "b", 7.0)}
    with pytest.raises(InputError, match=r"hours.*km, minutes"):
        read_graph(path, weight="hours")


def test_whole_number_names_are_ordered_as_numbers(write):
    graph = read_graph(write("g.csv", "10,9,1\n2,10,4\n"))
    assert graph.names == ("2", "9", "10")
    assert edges(graph) == {("10", "9", 1.0), ("2", "10", 4.0)}


def test_loops_and_parallel_edges_are_dropped_and_said(write):
    graph = read_graph(write("g.csv", "a,a,1\na,b,5\na,b,3\na,b,3\nb,c,1\n"))
    assert edges(graph) == {("a", "b", 3.0), ("b", "c", 1.0)}
    assert [note.split(" were")[0] for note in graph.notes] == ["1 self-loops", "1 parallel edges"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("g.csv", "", "holds no edges"),
        ("g.csv", "# nothing\n", "holds no edges"),
        ("g.csv", "a\n", "line 1.*not an edge"),
        ("g.csv", "a,b,1\nb,c\n", "line 2: 2 fields"),
        ("g.csv", "a,b,1\nb,c,x\n", "line 2.*'x'"),
        ("g.csv", "a,b,1\nb,c,nan\n", "line 2.*not a finite"),
        ("g.csv", "a,b,1\nb,c,inf\n", "line 2.*not a finite"),
        ("g.csv", "a,a,-1\na,b,1\n", "negative cycle"),
        ("g.mtx", "hello\n", "no MatrixMarket"),
        ("g.mtx", "%%MatrixMarket matrix coordinate real general\n2 3 1\n1 2 1\n", "2 x 3"),
        ("g.mtx", "%%MatrixMarket matrix coordinate complex general\n2 2 1\n1 2 1 1\n", "complex"),
        (
            "g.mtx",
            "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 2 1\n",
            "no MatrixMarket",
        ),
        (
            "g.mtx",
            "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 3 1\n",
            "no MatrixMarket",
        ),
        (
            "g.mtx",
            "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 2 nan\n",
            "1, 2.*not finite",
        ),
        ("g.json", "{", "is not JSON"),
        ("g.json", "[1]", "holds a JSON list"),
        ("g.json", "{}", "node-link"),
        ("g.json", '{"nodes": [], "edges": []}', "no nodes"),
        ("g.json", '{"nodes": [{"id": 1}, {"id": 1}], "edges": []}', "earlier node"),
        ("g.json", '{"nodes": [{"id": 1}], "edges": [{"source": 1, "target": 2}]}', "target 2"),
        ("g.json", '{"nodes": [{"id": 1}], "edges": [{"source": 1}]}', "no 'target'"),
        (
            "g.json",
            '{"nodes": [{"id": 1}], "edges": [{"source": 1, "target": 1, "weight": true}]}',
            "True",
        ),
    ],
)
def test_bad_files_are_refused_with_the_place(write, name, text, message):
    with pytest.raises(InputError, match=message):
        read_graph(write(name, text))


def test_missing_binary_and_directory(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_graph(tmp_path / "none.csv")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="UTF-8"):
        read_graph(tmp_path / "b.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_graph(tmp_path)


@pytest.mark.parametrize("key", ["edges", "links"])
@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiDiGraph])
def test_networkx_round_trip(write, key, kind):
    original = kind()
    original.add_nodes_from(["a", "b", "c", "alone"])
    original.add_weighted_edges_from([("a", "b", 2.5), ("c", "b", 1.0)])
    graph = read_graph(write("g.json", json.dumps(nx.node_link_data(original, edges=key))))
    expected = {(u, v, w) for u, v, w in original.edges(data="weight")}
    if not original.is_directed():
        expected |= {(v, u, w) for u, v, w in expected}
    assert edges(graph) == expected
    assert graph.names == ("a", "b", "c", "alone")


def test_networkx_tuple_nodes_and_no_weights(write):
    grid = nx.grid_2d_graph(2, 2)
    graph = read_graph(write("g.json", json.dumps(nx.node_link_data(grid, edges="edges"))))
    assert graph.n_node == 4
    assert set(graph.weights) == {1.0}
    with pytest.raises(InputError, match="km"):
        read_graph(write("h.json", json.dumps(nx.node_link_data(grid, edges="edges"))), weight="km")


@pytest.mark.parametrize("symmetry", ["general", "symmetric"])
@pytest.mark.parametrize("layout", ["coordinate", "array"])
def test_matrix_market_round_trip(tmp_path, symmetry, layout):
    dense = np.array([[0.0, 2.0, 0.0], [2.0, 0.0, 0.5], [0.0, 0.5, 0.0]])
    if symmetry == "general":
        dense[0, 1] = 7.0
    matrix = dense if layout == "array" else scipy.sparse.coo_array(dense)
    file = io.BytesIO()
    scipy.io.mmwrite(file, matrix, symmetry=symmetry)
    path = tmp_path / "m.mtx"
    path.write_bytes(file.getvalue())
    graph = read_graph(path)
    assert np.array_equal(graph.matrix()[0], dense)
    assert graph.directed == (symmetry == "general")
    assert graph.names == ("1", "2", "3")


def test_matrix_market_pattern_counts_every_edge_as_one(write):
    path = write("p.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 2\n")
    assert edges(read_graph(path)) == {(a, b, 1.0) for a, b in ["12", "21", "23", "32"]}


def test_unknown_node_names_the_nearest(write):
    graph = read_graph(write("g.csv", "Valjean,Javert,1\n"))
    assert graph.index("--source", "Javert") == 1
    with pytest.raises(InputError, match=r"--source is 'Jarvert'.*Javert"):
        graph.index("--source", "Jarvert")
