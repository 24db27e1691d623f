"""bellman_ford and dijkstra against the recorded benchmark and networkx."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.algorithms.single_source import bellman_ford, dijkstra
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.graphs import (
    distances,
    graphs,
    instance,
    small,
    to_networkx,
    with_source,
)


@pytest.mark.parametrize("path", golden_files("bellman_ford", "dijkstra"), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(get(path.stem.rsplit("_n", 1)[0]), path)


def assert_shortest(inputs, trace, last_step):
    graph, s = to_networkx(inputs, directed=True), int(inputs["s"][0])
    expected = nx.single_source_bellman_ford_path_length(graph, s)
    expected = [expected.get(v) for v in range(len(graph))]
    assert distances(np.asarray(trace.outputs["pi"])[0], inputs) == expected
    shown = np.asarray(trace.hints["d"])[last_step, 0].tolist()
    assert shown == [0.0 if d is None else d for d in expected]


@small
@given(graphs(directed=True, source=True))
def test_bellman_ford_finds_shortest_paths(inputs):
    assert_shortest(inputs, bellman_ford.traces(inputs), -1)


@small
@given(graphs(acyclic=True, source=True, weights=(-8, 8)))
def test_bellman_ford_takes_negative_weights(inputs):
    assert_shortest(inputs, bellman_ford.traces(inputs), -1)


@small
@given(graphs(directed=True, source=True, weights=(-3, 8)))
def test_bellman_ford_refuses_exactly_the_negative_cycles(inputs):
    graph = to_networkx(inputs, directed=True)
    loops = np.einsum("bii->bi", inputs["A"])[0]
    graph.add_weighted_edges_from((v, v, w) for v, w in enumerate(loops) if w)
    reached = {int(inputs["s"][0])} | nx.descendants(graph, int(inputs["s"][0]))
    assume((inputs["A"] < 0).any())
    if nx.negative_edge_cycle(graph.subgraph(reached).copy()):
        with pytest.raises(InputError, match="cycle of negative weight"):
            bellman_ford.traces(inputs)
    else:
        assert_shortest(inputs, bellman_ford.traces(inputs), -1)


@small
@given(graphs(directed=True, source=True))
def test_dijkstra_finds_shortest_paths(inputs):
    trace = dijkstra.traces(inputs)
    assert_shortest(inputs, trace, -1)
    reached = nx.descendants(to_networkx(inputs, directed=True), int(inputs["s"][0]))
    assert int(trace.lengths[0]) == len(reached) + 2


@pytest.mark.parametrize("algorithm", [bellman_ford, dijkstra], ids=lambda a: a.name)
def test_ties_go_to_the_first_node(algorithm):
    square = instance([[0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]])
    assert algorithm.traces(with_source(square, 0)).outputs["pi"].tolist() == [[0, 0, 0, 1]]


@pytest.mark.parametrize("algorithm", [bellman_ford, dijkstra], ids=lambda a: a.name)
def test_a_cycle_of_weight_zero_keeps_a_tree(algorithm):
    mask = np.array([[0, 1, 0], [0, 0, 1], [0, 1, 0]], dtype=bool)
    inputs = with_source(instance(np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]]), mask), 0)
    trace = algorithm.traces(inputs)
    assert trace.outputs["pi"].tolist() == [[0, 0, 1]]
    assert trace.complete.all()


@pytest.mark.parametrize("algorithm", [bellman_ford, dijkstra], ids=lambda a: a.name)
def test_single_node(algorithm):
    trace = algorithm.traces(with_source(instance([[0.0]]), 0))
    assert trace.complete.all()
    assert trace.outputs["pi"].tolist() == [[0]]


def test_dijkstra_needs_weights_of_at_least_zero():
    with pytest.raises(InputError, match="needs weights of at least 0; bellman_ford"):
        dijkstra.traces(with_source(instance([[0, -1], [0, 0]]), 0))


def test_weights_must_be_finite():
    inputs = with_source(instance([[0, np.nan], [0, 0]]), 0)
    with pytest.raises(InputError, match=r"'A'.*bellman_ford is nan.*must be finite"):
        bellman_ford.traces(inputs)
