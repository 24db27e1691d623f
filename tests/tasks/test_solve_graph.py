"""Tests of reasoners on graphs of the user's own."""

import dataclasses

import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest
from flax import nnx

from catalign._errors import InputError, UnsupportedError
from catalign.algebra.instances import min_plus
from catalign.algorithms.catalogue import get
from catalign.nn.aligned import AlignedReasoner
from tasks.graph_input import read_graph
from tasks.solve import reads, solve
from tasks.solve_graph import DENSE_LIMIT
from tests.tasks.oracle import Oracle

BELLMAN_FORD = get("bellman_ford")


@pytest.fixture(scope="module")
def exact():
    """The aligned reasoner with the constants that training finds."""
    reasoner = AlignedReasoner(BELLMAN_FORD.spec, min_plus, rngs=nnx.Rngs(0))
    rule = jnp.array([float(term == "A[u,v]") for term in reasoner.message.terms])
    reasoner.message.theta = nnx.Param(rule)
    reasoner.seed["s"].theta = nnx.Param(jnp.zeros_like(reasoner.seed["s"].theta[...]))
    return reasoner


def graph_file(folder, n, edges, name="g.csv"):
    path = folder / name
    path.write_text("source,target,weight\n" + "".join(f"{u},{v},{w}\n" for u, v, w in edges))
    return path


@pytest.fixture
def sparse(tmp_path):
    """More nodes than any n x n array is made for."""
    rng = np.random.default_rng(0)
    n, m = DENSE_LIMIT + 500, 4 * DENSE_LIMIT
    drawn = zip(rng.integers(0, n, m), rng.integers(0, n, m), rng.integers(1, 100, m), strict=True)
    return read_graph(graph_file(tmp_path, n, drawn))


def test_a_large_sparse_graph(exact, sparse):
    answer, verdict = solve(BELLMAN_FORD, exact, sparse)
    assert verdict.correct, verdict
    assert len(answer.rows) == sparse.n_node
    assert answer.facts["converged"]


def test_names_sources_and_distances(exact, tmp_path):
    path = graph_file(tmp_path, 4, [("b", "a", 2e6), ("b", "c", 1), ("c", "a", 1.5), ("d", "b", 1)])
    answer, verdict = solve(BELLMAN_FORD, exact, read_graph(path), source="b")
    assert verdict.correct, verdict
    assert sorted(answer.rows) == [
        ("a", "c", 2.5),
        ("b", None, 0.0),
        ("c", "b", 1.0),
        ("d", None, float("inf")),
    ]
    with pytest.raises(InputError, match="--source is 'z'"):
        solve(BELLMAN_FORD, exact, read_graph(path), source="z")


def test_a_planted_fault_is_wrong(exact, tmp_path):
    faulty = nnx.clone(exact)
    faulty.message.theta = nnx.Param(jnp.ones_like(faulty.message.theta[...]))
    path = graph_file(tmp_path, 3, [("a", "b", 1), ("b", "c", 1), ("a", "c", 2.1)])
    assert solve(BELLMAN_FORD, exact, read_graph(path))[1].correct is True
    assert solve(BELLMAN_FORD, faulty, read_graph(path))[1].correct is False


def test_negative_cycles_are_refused_before_the_run(exact, tmp_path):
    path = graph_file(tmp_path, 2, [("a", "b", -1), ("b", "a", 0.5)])
    with pytest.raises(InputError, match="negative weight"):
        solve(BELLMAN_FORD, exact, read_graph(path))
    with pytest.raises(InputError, match="is the graph directed"):
        solve(BELLMAN_FORD, exact, read_graph(path, directed=False))


def test_a_reasoner_on_all_pairs(tmp_path, sparse):
    graph = read_graph(graph_file(tmp_path, 3, [(0, 1, 3), (1, 2, 4), (0, 2, 9)], "d.csv"))
    for name in ("bellman_ford", "bfs"):
        answer, verdict = solve(get(name), Oracle(get(name)), graph)
        assert verdict.correct, verdict
        assert [row[2] for row in answer.rows] == (
            [0, 3, 7] if name == "bellman_ford" else [0, 1, 1]
        )
    with pytest.raises(UnsupportedError, match="--processor=aligned"):
        solve(BELLMAN_FORD, Oracle(BELLMAN_FORD), sparse)


def test_an_algorithm_of_ones_own_is_checked_against_itself(tmp_path):
    mine = dataclasses.replace(BELLMAN_FORD, name="mine")
    graph = read_graph(graph_file(tmp_path, 3, [(0, 1, 3), (1, 2, 4), (0, 2, 9)]))
    answer, verdict = solve(mine, Oracle(mine), graph)
    assert (answer.columns, list(answer.rows)) == (
        ("node", "pi"),
        [("0", "0"), ("1", "0"), ("2", "1")],
    )
    assert verdict.correct
    wrong = Oracle(mine, lambda name, value: jnp.zeros_like(value))
    assert solve(mine, wrong, graph)[1].text == "1 of pi differ from the algorithm mine itself."


def test_les_miserables(exact, tmp_path):
    graph = nx.les_miserables_graph()
    path = graph_file(tmp_path, 77, [(u, v, d["weight"]) for u, v, d in graph.edges(data=True)])
    answer, verdict = solve(BELLMAN_FORD, exact, read_graph(path, directed=False), source="Valjean")
    assert verdict.correct, verdict
    expected = nx.single_source_dijkstra_path_length(graph, "Valjean")
    assert {name: distance for name, _, distance in answer.rows} == expected


def test_what_algorithms_read():
    expected = {
        "bellman_ford": "graph",
        "bfs": "graph",
        "insertion_sort": "numbers",
        "addition": "two integers",
    }
    assert {name: reads(get(name).spec) for name in expected} == expected
