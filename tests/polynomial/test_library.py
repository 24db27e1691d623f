"""The named diagrams: their formulas, and the algorithms that they run."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import InputError
from catalign.polynomial import library
from catalign.polynomial.interpretation import FiniteGraph, interpret
from catalign.polynomial.sort import SortSum, V
from tests.polynomial.reference import COUNT, INF, SHORTEST, fields, transform
from tests.strategies import LAW, finite_graphs

FORMULAS = {
    library.message_passing_sparse: [
        "node[target(e)] += node[source(e)] * node[target(e)] * edge[e] * graph  for e in E"
    ],
    library.message_passing_dense: [
        "node[v] += node[u] * node[v] * edge[u,v] * graph  for u,v in V*V"
    ],
    library.bellman_ford: [
        "f[v] += f[v] * b[v]  for v in V",
        "f[target(e)] += f[source(e)] * w[e]  for e in E",
    ],
    library.bellman_ford_dense: [
        "f[v] += f[v] * b[v]  for v in V",
        "f[v] += f[u] * w[u,v]  for u,v in V*V",
    ],
    library.convolution: ["node[target(e)] += node[source(e)]  for e in E"],
    library.edge_update: ["edge[u,v] += node[u] * node[v] * edge[u,v] * graph  for u,v in V*V"],
    library.edge_update_sparse: [
        "edge[e] += node[source(e)] * node[target(e)] * edge[e] * graph  for e in E"
    ],
    library.node_edge_update: [
        "node[v] += node[u] * node[v] * edge[u,v] * graph  for u,v in V*V",
        "edge[u,v] += node[u] * node[v] * edge[u,v] * graph  for u,v in V*V",
    ],
    library.triplet: [
        "edge[u,v] += node[u] * node[v] * node[w] * edge[u,v] * edge[u,w] * edge[w,v] * graph"
        "  for u,v,w in V*V*V"
    ],
    library.node_triplet_update: [
        "node[v] += node[u] * node[v] * edge[u,v] * graph  for u,v in V*V",
        "edge[u,v] += node[u] * node[v] * node[w] * edge[u,v] * edge[u,w] * edge[w,v] * graph"
        "  for u,v,w in V*V*V",
    ],
    library.floyd_warshall: ["edge[u,w] += edge[u,v] * edge[v,w]  for u,v,w in V*V*V"],
    library.readout: ["graph += node[v]  for v in V"],
    library.readout_with_pairs: [
        "graph += node[v]  for v in V",
        "graph += edge[u,v]  for u,v in V*V",
    ],
    library.broadcast: ["node[v] += graph  for v in V"],
    library.pair_readout: ["edge[u,v] += node[u] * node[v]  for u,v in V*V"],
    library.pointer: ["node[v] += node[pi(v)]  for v in V"],
    library.pointer_push: ["node[pi(v)] += node[v]  for v in V"],
}


@pytest.mark.parametrize("diagram", library.ALL, ids=lambda d: d.name)
def test_formula(diagram):
    assert diagram.formula.split("\n") == FORMULAS[diagram]


def test_all_lists_each_diagram_once_under_its_name():
    assert len(set(library.ALL)) == len(library.ALL) == len(FORMULAS)
    assert all(getattr(library, diagram.name) is diagram for diagram in library.ALL)


def test_the_numbers_of_arguments_are_those_of_the_paper():
    assert library.triplet.X == 7 * V**3
    assert library.node_triplet_update.X == 4 * V**2 + 7 * V**3
    assert library.node_triplet_update.Y == V**2 + V**3


@LAW
@given(finite_graphs(), st.data())
def test_bellman_ford_relaxes_every_edge(graph, data):
    distances = data.draw(fields(SHORTEST, graph.n_node))
    weights = data.draw(fields(SHORTEST, graph.n_edge))
    no_bias = [0] * graph.n_node
    expected = list(distances)
    for u, v, w in zip(graph.senders, graph.receivers, weights, strict=True):
        expected[v] = min(expected[v], distances[u] + w)
    step = interpret(library.bellman_ford, graph)
    assert transform(step, SHORTEST, distances + no_bias + weights) == expected


@LAW
@given(finite_graphs(), st.data())
def test_the_dense_and_the_sparse_relaxation_agree(graph, data):
    distances = data.draw(fields(SHORTEST, graph.n_node))
    weights = data.draw(fields(SHORTEST, graph.n_edge))
    matrix = {(u, v): INF for u in range(graph.n_node) for v in range(graph.n_node)}
    for u, v, w in zip(graph.senders, graph.receivers, weights, strict=True):
        matrix[u, v] = min(matrix[u, v], w)
    inputs = distances + [0] * graph.n_node
    sparse = transform(interpret(library.bellman_ford, graph), SHORTEST, inputs + weights)
    dense = interpret(library.bellman_ford_dense, graph)
    assert transform(dense, SHORTEST, inputs + list(matrix.values())) == sparse


@LAW
@given(st.integers(1, 5).flatmap(lambda n: fields(SHORTEST, n * n)))
def test_squaring_gives_all_shortest_distances(drawn):
    n = math.isqrt(len(drawn))
    nodes = range(n)
    # No weight is negative, so that no cycle is.
    distances = [0 if u == v else abs(drawn[u * n + v]) for u in nodes for v in nodes]
    expected = list(distances)
    for k in nodes:
        for u in nodes:
            for v in nodes:
                through = expected[u * n + k] + expected[k * n + v]
                expected[u * n + v] = min(expected[u * n + v], through)
    square = interpret(library.floyd_warshall, FiniteGraph(n, [], []))
    for _ in range(math.ceil(math.log2(n))):
        distances = transform(square, SHORTEST, distances)
    assert distances == expected


@pytest.mark.parametrize(
    ("sparse", "dense"),
    [
        (library.message_passing_sparse, library.message_passing_dense),
        (library.bellman_ford, library.bellman_ford_dense),
        (library.edge_update_sparse, library.edge_update),
    ],
    ids=lambda d: d.name,
)
def test_on_the_complete_graph_sparse_and_dense_are_one(sparse, dense):
    graph = FiniteGraph.complete(3)
    assert interpret(sparse, graph) == interpret(dense, graph)


def test_swapped_ends_are_another_diagram():
    graph = FiniteGraph(3, [0, 1], [1, 2])
    reversed_graph = FiniteGraph(3, [1, 2], [0, 1])
    one, other = (interpret(library.convolution, g) for g in (graph, reversed_graph))
    assert not one.is_isomorphic(other)


def test_pushing_along_a_pointer_counts_who_points():
    graph, pi = FiniteGraph(3, [], []), {"pi": [1, 1, 2]}
    assert transform(interpret(library.pointer_push, graph, pi), COUNT, [1, 1, 1]) == [0, 2, 1]
    assert transform(interpret(library.pointer, graph, pi), COUNT, [5, 6, 7]) == [6, 6, 7]


def test_following_a_pointer_twice_is_pointer_doubling():
    graph, twice = FiniteGraph(4, [], []), library.pointer.then(library.pointer)
    pi = [1, 2, 3, 3]
    step = interpret(library.pointer, graph, {"pi": pi})
    doubled = interpret(library.pointer, graph, {"pi": [pi[pi[v]] for v in range(4)]})
    assert step.then(step).is_isomorphic(doubled)
    assert twice.codomain == V


@pytest.mark.parametrize("k", [1, 2, 3])
def test_weisfeiler_leman(k):
    diagram = library.weisfeiler_leman(k)
    assert (SortSum((V**k,)), k * V ** (k + 1)) == (diagram.W, diagram.X)
    assert (SortSum((V ** (k + 1),)), SortSum((V**k,))) == (diagram.Y, diagram.Z)


def test_weisfeiler_leman_needs_a_node():
    with pytest.raises(InputError, match="at least one node"):
        library.weisfeiler_leman(0)
