"""All answers to small questions about shortest paths, against networkx; the known traps."""

import jax
import networkx as nx
import numpy as np
import pytest

from catalign.algorithms.all_pairs import floyd_warshall
from catalign.algorithms.dag_shortest import dag_shortest_paths
from catalign.algorithms.elementary_graph import bfs
from catalign.algorithms.single_source import bellman_ford, dijkstra
from tests.algorithms.answering import judge, maps, places
from tests.algorithms.graphs import instance, to_networkx, with_source

N = 4
SEEDS = range(12)


def drawn(seed, *, low=0, acyclic=False, n=N):
    """A random directed graph with few weights, 0 among them, so that many answers are right."""
    rng = np.random.default_rng(seed)
    mask = rng.random((n, n)) < rng.uniform(0.3, 1.0)
    if acyclic:
        order = rng.permutation(n)
        mask = np.triu(mask, 1)[np.ix_(order, order)]
    return with_source(instance(rng.integers(low, 3, (n, n)), mask), rng.integers(n))


def is_shortest(pi, source, graph):
    """Whether each node's pointers spell a shortest path, or it points to itself without one."""
    length = nx.single_source_bellman_ford_path_length(graph, source)
    for v in graph:
        if v == source or v not in length:
            if pi[v] != v:
                return False
            continue
        walk = [v]
        while walk[-1] != source and len(walk) <= len(pi):
            walk.append(pi[walk[-1]])
        steps = list(zip(walk[1:], walk, strict=False))
        if walk[-1] != source or not all(graph.has_edge(*step) for step in steps):
            return False
        if sum(graph.edges[step]["weight"] for step in steps) != length[v]:
            return False
    return True


def unit(graph):
    for edge in graph.edges:
        graph.edges[edge]["weight"] = 1.0
    return graph


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "algorithm", [bellman_ford, dijkstra, dag_shortest_paths, bfs], ids=lambda a: a.name
)
def test_accepts_every_shortest_path_tree_and_nothing_else(algorithm, seed):
    acyclic = algorithm is dag_shortest_paths
    inputs = drawn(seed, low=-2 if acyclic else 0, acyclic=acyclic)
    graph, source = to_networkx(inputs, directed=True), int(inputs["s"][0])
    graph = unit(graph) if algorithm is bfs else graph
    answers = maps(N, N)
    right = [is_shortest(pi, source, graph) for pi in answers.tolist()]
    assert any(right)
    np.testing.assert_array_equal(judge(algorithm, inputs, pi=answers).correct, right)


@pytest.mark.parametrize("seed", range(4))
def test_floyd_warshall_accepts_a_shortest_path_tree_of_each_node(seed):
    inputs = drawn(seed, n=3)
    del inputs["s"]
    inputs["A"] = inputs["A"] * ~np.eye(3, dtype=bool)[None]
    graph = to_networkx(inputs, directed=True)
    right = np.zeros((3, 27), bool)
    for i in range(3):
        for answer, row in enumerate(maps(3, 3).tolist()):
            # Without a path, Pi[i, j] is i.
            no_path = [row[j] == i and not graph.has_edge(i, j) for j in range(3)]
            pi = [j if no_path[j] else row[j] for j in range(3)]
            selfish = any(row[j] == j != i for j in range(3))
            right[i, answer] = is_shortest(pi, i, graph) and not selfish
    verdict = judge(floyd_warshall, inputs, Pi=maps(9, 3).reshape(-1, 3, 3))
    np.testing.assert_array_equal(
        ~verdict.violated["Pi"].any(axis=2).reshape(27, 27, 27, 3),
        np.stack(np.meshgrid(*right, indexing="ij"), axis=-1),
    )


def test_floyd_warshall_may_close_a_walk_where_there_is_a_self_loop():
    inputs = instance([[5, 1], [2, 0]])
    answers = [[[0, 0], [1, 1]], [[1, 0], [1, 1]], [[0, 0], [1, 0]], [[3, 0], [1, -1]]]
    verdict = judge(floyd_warshall, inputs, Pi=answers)
    assert [places(verdict, "Pi", i) for i in range(4)] == [[], [], [(1, 1)], [(0, 0), (1, 1)]]


def test_a_circle_of_weight_0_is_no_path():
    """1 and 2 point to each other: no edge improves any length that they could claim."""
    weights, mask = np.zeros((4, 4)), np.zeros((4, 4), bool)
    mask[1, 2] = mask[2, 1] = mask[0, 3] = True
    unreached = with_source(instance(weights, mask), 0)
    mask[0, 1] = True
    reached = with_source(instance(weights, mask), 0)
    for algorithm in (bellman_ford, dijkstra):
        verdict = judge(algorithm, unreached, pi=[[0, 2, 1, 0], [0, 1, 2, 0]])
        assert [places(verdict, "pi", i) for i in range(2)] == [[1, 2], []]
        verdict = judge(algorithm, reached, pi=[[0, 2, 1, 0], [0, 0, 1, 0]])
        assert [places(verdict, "pi", i) for i in range(2)] == [[1, 2], []]


def test_the_node_at_fault_is_named():
    inputs = with_source(instance([[0, 1, 3, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]), 0)
    faults = {
        (0, 0, 1, 2): [],
        (0, 0, 0, 2): [2],  # A longer path.
        (0, 0, 2, 2): [2],  # Not reached, though an edge leads there; 3 hangs on it.
        (0, 0, 1, 1): [3],  # No edge.
        (1, 0, 1, 2): [0],  # The source.
        (0, 0, 1, 9): [3],  # No node.
    }
    for algorithm in (bellman_ford, dijkstra, dag_shortest_paths):
        verdict = judge(algorithm, inputs, pi=list(faults))
        assert [places(verdict, "pi", i) for i in range(len(faults))] == list(faults.values())
    stray = with_source(instance([[0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]]), 0)
    verdict = judge(bfs, stray, pi=[[0, 2, 2, 2], [0, 0, 2, 2], [0, 0, 2, 3]])
    # 2 is rightly unreached: what points there is not.
    assert [places(verdict, "pi", i) for i in range(3)] == [[1, 3], [3], []]


def test_ties_by_rounding_are_accepted_in_the_precision_of_the_weights_only():
    chain = np.zeros((4, 4))
    chain[0, 1], chain[1, 2], chain[2, 3], chain[0, 3] = 0.1, 0.2, 0.3, 0.6
    inputs = with_source(instance(chain), 0)
    assert judge(bellman_ford, inputs, pi=[[0, 0, 1, 2], [0, 0, 1, 0]]).correct.all()
    chain[0, 3] = 0.60001
    inputs = with_source(instance(chain), 0)
    assert judge(bellman_ford, inputs, pi=[[0, 0, 1, 2], [0, 0, 1, 0]]).correct.tolist() == [1, 0]
    with jax.enable_x64(True):
        inputs = with_source(instance(chain), 0) | {"A": chain[None]}
        inputs["A"][0, 0, 3] = 0.6 + 1e-9
        verdict = judge(bellman_ford, inputs, pi=[[0, 0, 1, 2], [0, 0, 1, 0]])
    assert verdict.correct.tolist() == [1, 0]
