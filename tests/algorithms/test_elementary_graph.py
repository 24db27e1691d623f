"""bfs, dfs and topological_sort against the recorded benchmark and networkx."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.algorithms.elementary_graph import bfs, dfs, topological_sort
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.graphs import graphs, instance, small, to_networkx, with_source


@pytest.mark.parametrize(
    "path", golden_files("bfs", "dfs", "topological_sort"), ids=lambda p: p.stem
)
def test_equals_the_benchmark(path):
    assert_golden(get(path.stem.rsplit("_n", 1)[0]), path)


@small
@given(graphs(directed=True, source=True))
def test_bfs_finds_fewest_hops(inputs):
    trace = bfs.traces(inputs)
    pi, s = np.asarray(trace.outputs["pi"])[0], int(inputs["s"][0])
    hops = nx.single_source_shortest_path_length(to_networkx(inputs, directed=True), s)
    for node in range(len(pi)):
        if node == s or node not in hops:
            assert pi[node] == node
        else:
            assert hops[int(pi[node])] == hops[node] - 1
            assert inputs["adj"][0][pi[node], node]
    assert int(trace.lengths[0]) == max(hops.values()) + 1


@small
@given(graphs(directed=True))
def test_dfs_visits_in_lexicographic_order(inputs):
    trace = dfs.traces(inputs)
    graph = to_networkx(inputs, directed=True)
    order, parent = [], {}

    def visit(u):
        order.append(u)
        for v in sorted(graph.successors(u)):
            if v not in parent:
                parent[v] = u
                visit(v)

    for root in sorted(graph):
        if root not in parent:
            parent[root] = root
            visit(root)
    n = len(parent)
    assert np.asarray(trace.outputs["pi"])[0].tolist() == [parent[v] for v in range(n)]
    opened = np.asarray(trace.hints["d"])[-1, 0]
    assert np.argsort(opened).tolist() == order
    closed = np.asarray(trace.hints["f"])[-1, 0]
    for (
        u,
        v,
    ) in graph.edges:  # the parenthesis theorem: an edge never leads to a later, disjoint interval
        assert not closed[u] < opened[v]
    assert int(trace.lengths[0]) == 3 * n


@small
@given(graphs(acyclic=True))
def test_topological_sort_orders_every_edge(inputs):
    trace = topological_sort.traces(inputs)
    topo = np.asarray(trace.outputs["topo"])[0]
    node, order = int(trace.outputs["topo_head"][0]), []
    while node not in order:
        order.append(node)
        node = int(topo[node])
    assert sorted(order) == list(range(len(topo)))
    place = np.argsort(order)
    for u, v in to_networkx(inputs, directed=True).edges:
        assert place[u] < place[v]


def test_ties_go_to_the_first_node():
    square = instance([[0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]])
    assert bfs.traces(with_source(square, 0)).outputs["pi"].tolist() == [[0, 0, 0, 1]]


@pytest.mark.parametrize("algorithm", [bfs, dfs, topological_sort], ids=lambda a: a.name)
def test_single_node(algorithm):
    inputs = instance([[0.0]])
    trace = algorithm.traces(with_source(inputs, 0) if algorithm is bfs else inputs)
    assert trace.complete.all()
    assert np.asarray(next(iter(trace.outputs.values()))).tolist() == [[0]]


def test_disconnected_nodes_stay_alone():
    inputs = with_source(instance(np.zeros((3, 3))), 1)
    trace = bfs.traces(inputs)
    assert trace.outputs["pi"].tolist() == [[0, 1, 2]]
    assert int(trace.lengths[0]) == 1


def test_a_source_that_does_not_exist():
    with pytest.raises(InputError, match=r"'s'.*bfs is 5.*outside 0 to 2"):
        bfs.traces(with_source(instance(np.zeros((3, 3))), 5))


def test_a_cycle_has_no_topological_order():
    with pytest.raises(InputError, match="topological_sort has a directed cycle"):
        topological_sort.traces(instance([[0, 1, 0], [0, 0, 1], [1, 0, 0]]))


def test_a_weight_without_an_edge():
    inputs = instance([[0, 1], [0, 0]])
    inputs["adj"] = np.eye(2, dtype=bool)[None]
    with pytest.raises(InputError, match=r"'A'.*edge 0 -> 1.*no edge there"):
        dfs.traces(inputs)
