"""Answers about the structure of small graphs: all of them, against plain search and networkx."""

import itertools

import networkx as nx
import numpy as np
import pytest

from catalign.algorithms.biconnectivity import articulation_points, bridges
from catalign.algorithms.elementary_graph import dfs, topological_sort
from catalign.algorithms.strong_components import strongly_connected_components
from tests.algorithms.answering import judge, maps, places, subsets
from tests.algorithms.graphs import instance, to_networkx

N = 4
SEEDS = range(12)


def drawn(seed, *, undirected=False, acyclic=False, n=N):
    """A random graph, sparse or dense."""
    rng = np.random.default_rng(seed)
    mask = rng.random((n, n)) < rng.uniform(0.2, 0.9)
    if undirected:
        mask = mask | mask.T
    if acyclic:
        order = rng.permutation(n)
        mask = np.triu(mask, 1)[np.ix_(order, order)]
    return instance(mask)


def searches(edges):
    """The forests of all depth-first searches."""
    found, seen = set(), set()

    def go_on(stack, pi):
        if (stack, pi) in seen:
            return
        seen.add((stack, pi))
        white = [v for v, parent in enumerate(pi) if parent is None]
        if not white:
            found.add(pi)
        elif not stack:
            for v in white:
                go_on((v,), (*pi[:v], v, *pi[v + 1 :]))
        else:
            u = stack[-1]
            for v in (down := [v for v in white if edges[u, v]]):
                go_on((*stack, v), (*pi[:v], u, *pi[v + 1 :]))
            if not down:
                go_on(stack[:-1], pi)

    go_on((), (None,) * len(edges))
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("undirected", [False, True])
def test_dfs_accepts_every_order_of_search_and_nothing_else(seed, undirected):
    inputs = drawn(seed, undirected=undirected)
    answers = maps(N, N)
    right = searches(inputs["adj"][0])
    assert right
    correct = judge(dfs, inputs, pi=answers).correct
    np.testing.assert_array_equal(correct, [tuple(pi) in right for pi in answers.tolist()])


def test_dfs_names_the_branches_that_each_should_have_found_the_other():
    star_and_edge = np.zeros((4, 4))
    star_and_edge[0, 1:] = star_and_edge[1, 2] = star_and_edge[2, 1] = 1
    inputs = instance(star_and_edge)
    verdict = judge(dfs, inputs, pi=[[0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 2, 0], [0, 0, 1, 2]])
    assert verdict.correct.tolist() == [False, True, False, False]
    # 1 and 2 lead to each other, so they are no siblings; a circle; a pointer along no edge.
    assert places(verdict, "pi", 0) == [1, 2]
    assert 1 in places(verdict, "pi", 2)
    assert places(verdict, "pi", 3) == [3]


@pytest.mark.parametrize("seed", SEEDS)
def test_topological_sort_accepts_every_order_that_respects_the_edges(seed):
    inputs = drawn(seed, acyclic=True)
    right = set()
    for order in itertools.permutations(range(N)):
        if all(
            order.index(u) < order.index(v) for u, v in to_networkx(inputs, directed=True).edges
        ):
            topo = dict(itertools.pairwise(order)) | {order[-1]: order[-1]}
            right.add((order[0], *(topo[v] for v in range(N))))
    answers = maps(N + 1, N)
    correct = judge(topological_sort, inputs, topo=answers[:, 1:], topo_head=answers[:, 0]).correct
    np.testing.assert_array_equal(correct, [tuple(row) in right for row in answers.tolist()])


def test_topological_sort_names_the_place():
    inputs = instance([[0, 1, 1], [0, 0, 0], [0, 0, 0]])
    topo = [[1, 2, 2], [1, 2, 2], [1, 1, 0], [2, 2, 2], [1, 2, 1]]
    verdict = judge(topological_sort, inputs, topo=topo, topo_head=[0, 1, 2, 0, 0])
    assert verdict.correct.tolist() == [True, False, False, False, False]
    assert verdict.violated["topo_head"].tolist() == [False, True, False, False, False]
    found = [places(verdict, "topo", answer) for answer in range(5)]
    # Right; right, but for the head; 0 comes after 2; 1 is left out; no end.
    assert found == [[], [], [0], [0, 1], [0, 1, 2]]


@pytest.mark.parametrize("seed", SEEDS)
def test_components_may_have_the_name_of_any_of_their_nodes(seed):
    inputs = drawn(seed)
    components = list(nx.strongly_connected_components(to_networkx(inputs, directed=True)))
    answers = maps(N, N)
    right = [
        all(len(names := {row[v] for v in part}) == 1 and names <= part for part in components)
        for row in answers.tolist()
    ]
    verdict = judge(strongly_connected_components, inputs, scc_id=answers)
    np.testing.assert_array_equal(verdict.correct, right)


def test_components_name_the_node_that_disagrees():
    circle = instance([[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1], [0, 0, 0, 0]])
    names = [[2, 2, 2, 3], [2, 1, 2, 3], [2, 2, 2, 2]]
    verdict = judge(strongly_connected_components, circle, scc_id=names)
    assert [places(verdict, "scc_id", i) for i in range(3)] == [[], [1], [3]]


@pytest.mark.parametrize("seed", SEEDS)
def test_articulation_points_and_bridges_have_one_answer(seed):
    inputs = drawn(seed, undirected=True, n=5)
    graph = to_networkx(inputs)
    cuts = np.isin(np.arange(5), list(nx.articulation_points(graph)))
    verdict = judge(articulation_points, inputs, is_cut=subsets(5))
    np.testing.assert_array_equal(verdict.violated["is_cut"], subsets(5) != cuts[None, :])

    right = inputs["adj"][0].astype(np.int8) - 1
    for u, v in nx.bridges(graph):
        right[u, v] = right[v, u] = 1
    flips = np.eye(25, dtype=bool).reshape(25, 5, 5)
    answers = np.where(flips, 1 - right[None], right[None]).astype(np.int8)
    asked = flips & inputs["adj"]
    verdict = judge(bridges, inputs, is_bridge=answers)
    np.testing.assert_array_equal(verdict.violated["is_bridge"], asked)
