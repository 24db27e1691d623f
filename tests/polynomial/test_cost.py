import pytest
from hypothesis import given

from catalign.polynomial import library
from catalign.polynomial.cost import Cost, cost_of
from catalign.polynomial.interpretation import FiniteGraph, interpret
from tests.strategies import LAW, finite_graphs


@pytest.mark.parametrize("diagram", library.ALL, ids=lambda d: d.name)
def test_the_cost_is_that_of_the_finite_diagram(diagram):
    graph = FiniteGraph(3, [0, 1, 1], [1, 2, 2])
    finite = interpret(diagram, graph, {"pi": [0, 0, 1]})
    assert cost_of(diagram, 3, n_edge=3) == Cost(finite.X, finite.Y, finite.Z)


@LAW
@given(finite_graphs())
def test_the_cost_of_a_path_is_the_sum(graph):
    path = library.broadcast.then(library.convolution)
    costs = [cost_of(d, graph.n_node, n_edge=graph.n_edge) for d in path.diagrams]
    assert cost_of(path, graph.n_node, n_edge=graph.n_edge) == costs[0] + costs[1]


def test_prints():
    assert str(cost_of(library.triplet, 64)) == (
        "1,835,008 gathers, 262,144 messages, 4,096 outputs"
    )
