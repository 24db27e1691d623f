"""Tests of the checks of answers: right ones pass, planted faults are found."""

import networkx as nx
import numpy as np
import pytest

from catalign._errors import InputError
from tasks.graph_input import Graph
from tasks.verify import check_paths, check_sorted, check_sum, follow, shortest_distances


def graph_of(n, edges):
    """A directed graph on nodes 0 to n - 1."""
    edges = sorted(edges, key=lambda e: (e[1], e[0]))
    s, r, w = (np.array(x) for x in zip(*edges, strict=True)) if edges else (np.zeros(0),) * 3
    return Graph(
        names=tuple(map(str, range(n))),
        senders=s.astype(np.int32),
        receivers=r.astype(np.int32),
        weights=w.astype(np.float64),
        directed=True,
    )


CHAIN = graph_of(5, [(0, 1, 1.0), (1, 2, 2.0), (0, 2, 4.0), (2, 3, 0.0)])
"""Node 4 is out of reach; the edge of weight 0 is an edge."""


def verdict(graph, predecessors, source=0):
    """The verdict on a predecessor list."""
    expected, reference = shortest_distances(graph, source)
    return check_paths(graph, follow(graph, source, np.array(predecessors)), expected, reference)


def test_right_predecessors_pass():
    assert verdict(CHAIN, [0, 0, 1, 2, 4]).correct
    assert follow(CHAIN, 0, np.array([0, 0, 1, 2, 4])).distance.tolist() == [0, 1, 3, 3, np.inf]


@pytest.mark.parametrize(
    ("predecessors", "says"),
    [
        ([0, 0, 0, 2, 4], "first is '2': 4, should be 3"),
        ([0, 0, 1, 2, 3], "first is '4'"),
        ([0, 0, 1, 3, 4], "first is '3': inf, should be 3"),
        ([0, 2, 1, 2, 4], "no valid path"),
        ([3, 0, 1, 2, 4], "no valid path"),
    ],
    ids=["detour", "no such edge", "given up", "cycle", "source has one"],
)
def test_planted_faults_are_found(predecessors, says):
    result = verdict(CHAIN, predecessors)
    assert result.correct is False
    assert says in result.text


def test_random_graphs_against_networkx():
    for seed in range(5):
        drawn = nx.gnp_random_graph(12, 0.2, seed=seed, directed=True)
        rng = np.random.default_rng(seed)
        graph = graph_of(12, [(u, v, rng.uniform()) for u, v in drawn.edges])
        for u, v, w in zip(graph.senders, graph.receivers, graph.weights, strict=True):
            drawn[int(u)][int(v)]["weight"] = float(w)
        before, distance = nx.dijkstra_predecessor_and_distance(drawn, 0)
        pi = [before[v][0] if before.get(v) else v for v in range(12)]
        assert verdict(graph, pi).correct
        followed = follow(graph, 0, np.array(pi)).distance
        assert np.allclose(followed, [distance.get(v, np.inf) for v in range(12)])


def test_negative_weights_and_negative_cycles():
    assert verdict(graph_of(3, [(0, 1, 5.0), (0, 2, 2.0), (2, 1, -4.0)]), [0, 2, 0]).correct
    with pytest.raises(InputError, match="negative weight"):
        shortest_distances(graph_of(2, [(0, 1, 1.0), (1, 0, -2.0)]), 0)


def test_a_graph_without_edges():
    assert verdict(graph_of(2, []), [0, 1]).correct


def test_a_long_path_is_followed_to_its_end():
    n = 3000
    graph = graph_of(n, [(i, i + 1, 1.0) for i in range(n - 1)])
    assert follow(graph, 0, np.maximum(np.arange(n) - 1, 0)).distance[-1] == n - 1


def test_sorting():
    assert check_sorted([3.0, 1.0, 1.0], [1, 2, 0]).correct
    assert check_sorted([3.0, 1.0, 1.0], [2, 1, 0]).correct
    assert "place 1: 3, should be 1" in check_sorted([3.0, 1.0], [0, 1]).text
    assert check_sorted([3.0], None).correct is False


def test_sums():
    assert check_sum("999", "1", "1000").correct
    assert check_sum("0", "0", "0").correct
    assert check_sum("999", "1", "999").text.startswith("4 of 4 digits differ")
    assert check_sum("9" * 20000, "1", "1" + "0" * 20000).correct
