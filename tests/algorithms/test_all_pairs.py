"""floyd_warshall against the recorded benchmark and networkx."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from catalign._errors import InputError
from catalign.algorithms.all_pairs import floyd_warshall
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.graphs import graphs, instance, small, to_networkx


@pytest.mark.parametrize("path", golden_files("floyd_warshall"), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(floyd_warshall, path)


def assert_shortest(inputs):
    pi = np.asarray(floyd_warshall.traces(inputs).outputs["Pi"])[0]
    graph = to_networkx(inputs, directed=True)
    for i, expected in nx.all_pairs_bellman_ford_path_length(graph):
        for j in set(graph) - {i}:
            if j not in expected:
                assert pi[i, j] == i
                continue
            total, v, hops = 0.0, j, 0
            while v != i:
                total += graph.edges[pi[i, v], v]["weight"]
                v, hops = int(pi[i, v]), hops + 1
                assert hops < len(graph), "the pointers run in a circle"
            assert total == expected[j]


@small
@given(graphs(directed=True, weights=(1, 8)))
def test_finds_all_shortest_paths(inputs):
    assert_shortest(inputs)


@small
@given(graphs(acyclic=True, weights=(-8, 8)))
def test_takes_negative_weights(inputs):
    assert_shortest(inputs)


def test_single_node():
    trace = floyd_warshall.traces(instance([[0.0]]))
    assert trace.complete.all()
    assert trace.outputs["Pi"].tolist() == [[[0]]]


def test_a_negative_cycle_is_refused():
    with pytest.raises(InputError, match="cycle of negative weight through node 0"):
        floyd_warshall.traces(instance([[0, -2], [1, 0]]))
