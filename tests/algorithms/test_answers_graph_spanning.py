"""All answers to small questions about spanning trees, against networkx."""

import networkx as nx
import numpy as np
import pytest

from catalign.algorithms.minimum_spanning_tree import mst_kruskal, mst_prim
from tests.algorithms.answering import judge, maps, places, subsets
from tests.algorithms.graphs import instance, to_networkx, with_source

N = 4
SEEDS = range(12)
PAIRS = np.stack(np.triu_indices(N, 1), axis=1)


def drawn(seed):
    """A random undirected graph with few weights, so that many trees are minimum."""
    rng = np.random.default_rng(seed)
    mask = np.triu(rng.random((N, N)) < rng.uniform(0.3, 1.0))
    weights = np.triu(rng.integers(-1, 3, (N, N)))
    return with_source(instance(weights + np.triu(weights, 1).T, mask | mask.T), rng.integers(N))


def is_minimum(edges, graph):
    """Whether the edges are a spanning forest of the graph, and none is lighter."""
    if len(set(map(frozenset, edges))) != len(edges) or not all(graph.has_edge(*e) for e in edges):
        return False
    forest = nx.Graph()
    forest.add_nodes_from(graph)
    forest.add_edges_from(edges)
    spans = nx.number_connected_components(forest) == nx.number_connected_components(graph)
    best = nx.minimum_spanning_tree(graph).size("weight")
    return spans and nx.is_forest(forest) and sum(graph.edges[e]["weight"] for e in edges) == best


@pytest.mark.parametrize("seed", SEEDS)
def test_prim_accepts_every_minimum_tree_of_the_source(seed):
    inputs = drawn(seed)
    source = int(inputs["s"][0])
    graph = to_networkx(inputs)
    part = graph.subgraph(nx.node_connected_component(graph, source))
    right = []
    for pi in maps(N, N).tolist():
        others_alone = all(pi[v] == v for v in graph if v not in part)
        tree = [(pi[v], v) for v in part if v != source]
        right.append(others_alone and pi[source] == source and is_minimum(tree, part))
    assert any(right)
    np.testing.assert_array_equal(judge(mst_prim, inputs, pi=maps(N, N)).correct, right)


@pytest.mark.parametrize("seed", SEEDS)
def test_kruskal_accepts_every_minimum_forest(seed):
    inputs = drawn(seed)
    del inputs["s"]
    graph = to_networkx(inputs)
    chosen = subsets(len(PAIRS))
    right = [is_minimum([tuple(e) for e in PAIRS[row].tolist()], graph) for row in chosen]
    assert any(right)
    marked = np.zeros((len(chosen), N, N), bool)
    marked[:, PAIRS[:, 0], PAIRS[:, 1]] = marked[:, PAIRS[:, 1], PAIRS[:, 0]] = chosen
    np.testing.assert_array_equal(judge(mst_kruskal, inputs, in_mst=marked).correct, right)


def test_the_edge_at_fault_is_named():
    #  0 - 1 weighs 1, 1 - 2 weighs 2, 0 - 2 weighs 3; 3 is alone.
    inputs = instance([[0, 1, 3, 0], [1, 0, 2, 0], [3, 2, 0, 0], [0, 0, 0, 0]])

    def marks(*edges):
        matrix = np.zeros((N, N), bool)
        for u, v in edges:
            matrix[u, v] = True
        return matrix

    tree = [(0, 1), (1, 0), (1, 2), (2, 1)]
    answers = {
        (): tree,
        ((0, 2), (2, 0)): [(0, 1), (1, 0), (0, 2), (2, 0)],  # A heavier edge.
        ((2, 3), (3, 2)): [*tree, (2, 3), (3, 2)],  # No edge.
        ((1, 2), (2, 1)): tree[:3],  # In one direction.
        ((0, 2), (1, 2), (2, 0), (2, 1)): tree[:2],  # Two edges would join 2 to the others.
        ((0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)): [*tree, (0, 2), (2, 0)],  # A circle.
    }
    verdict = judge(mst_kruskal, inputs, in_mst=[marks(*edges) for edges in answers.values()])
    for i, expected in enumerate(answers):
        found = set(places(verdict, "in_mst", i))
        # The answer in one direction leaves 1 and 2 apart: their other neighbours could join too.
        assert found == set(expected) if i != 3 else found >= set(expected)

    verdict = judge(mst_prim, with_source(inputs, 0), pi=[[0, 0, 1, 3], [0, 0, 0, 3], [0, 0, 1, 2]])
    assert [places(verdict, "pi", i) for i in range(3)] == [[], [2], [3]]
