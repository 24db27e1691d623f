"""Checks of answers about edge lists, against the checks of matrices and networkx."""

import jax
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import InputError, ShapeMismatchError
from catalign.algorithms.answers import verify
from catalign.algorithms.answers_sparse import CHECKS, _circular
from catalign.algorithms.catalogue import get
from catalign.algorithms.sparse_catalogue import get_sparse, sparse_names
from tests.algorithms.edge_lists import graph_of, to_listed

few = settings(max_examples=60, deadline=None)
N = 6


@st.composite
def questions(draw, undirected):
    """A graph with many ties, and answers: pointers at random, or along edges."""
    bits = draw(st.lists(st.booleans(), min_size=N * N, max_size=N * N))
    weights = draw(st.lists(st.sampled_from([0.0, 1.0, 1.0, 2.0]), min_size=N * N, max_size=N * N))
    adj, A = np.array(bits).reshape(N, N), np.array(weights, np.float32).reshape(N, N)
    if undirected:
        adj, A = adj | adj.T, np.triu(A) + np.triu(A, 1).T
    inputs = {
        "pos": (np.arange(N) / N).astype(np.float32),
        "s": np.int32(draw(st.integers(0, N - 1))),
        "A": np.where(adj & ~np.eye(N, dtype=bool), A, 0),
        "adj": adj | np.eye(N, dtype=bool),
    }
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    answers = []
    for _ in range(20):
        pi = np.arange(N)
        for v in range(N):
            senders = np.flatnonzero(adj[:, v])
            if len(senders) and rng.random() < 0.9:
                pi[v] = rng.choice(senders)
        if rng.random() < 0.8:
            pi[inputs["s"]] = inputs["s"]
        answers.append(pi)
    answers.append(rng.integers(-1, N + 1, N))
    return inputs, np.array(answers, np.int32)


@pytest.mark.parametrize("name", ["bfs", "dfs", "dijkstra", "bellman_ford", "mst_prim"])
def test_judges_as_the_check_of_matrices(name):
    dense, sparse = get(name), get_sparse(name)
    seen = set()

    @few
    @given(questions(name == "mst_prim"))
    def check(question):
        inputs, answers = question
        batch = {key: np.repeat(x[None], len(answers), axis=0) for key, x in inputs.items()}
        ours = {p.name: batch[p.name] for p in dense.spec.inputs}
        theirs = verify(dense, ours, {"pi": answers})
        mine = verify(sparse, to_listed(batch, sparse), {"pi": answers})
        assert mine.correct.tolist() == theirs.correct.tolist()
        seen.update(mine.correct.tolist())

    check()
    assert seen == {True, False}


def batch_of(name, size, count=2):
    algorithm = get_sparse(name)
    inputs = algorithm.sample_inputs(jax.random.key(size), count, size)
    return algorithm, {key: np.asarray(x) for key, x in inputs.items()}


@pytest.mark.parametrize("name", sparse_names())
def test_accepts_its_own_answers_and_finds_a_fault(name):
    algorithm, inputs = batch_of(name, 24)
    trace = algorithm.traces(inputs)
    outputs = {key: np.array(x) for key, x in trace.outputs.items()}
    assert verify(algorithm, inputs, outputs).correct.all()
    (output,) = outputs
    if outputs[output].dtype == bool:
        outputs[output][1] ^= np.arange(24) == 5
    elif outputs[output].ndim == 1:
        outputs[output][1] += 1
    else:
        outputs[output][1] = np.roll(outputs[output][1], 1)
    verdict = verify(algorithm, inputs, outputs)
    assert verdict.correct.tolist() == [True, False]
    assert verdict.violated[output][1].any()


def test_every_algorithm_on_edge_lists_has_a_check():
    assert set(CHECKS) == set(sparse_names())


@few
@given(st.lists(st.booleans(), min_size=N, max_size=N))
def test_independent_sets_are_those_of_networkx(marks):
    algorithm, inputs = batch_of("mis", N, 1)
    graph = graph_of(inputs)
    chosen = set(np.flatnonzero(marks).tolist())
    independent = not graph.subgraph(chosen).edges
    maximal = all(chosen & set(graph[v]) for v in set(graph) - chosen)
    verdict = verify(algorithm, inputs, {"inmis": np.array([marks])})
    assert verdict.correct.tolist() == [independent and maximal]


def test_eccentricities_are_those_of_networkx():
    algorithm, inputs = batch_of("eccentricity", 30)
    found = [nx.eccentricity(graph_of(inputs, b), v=int(s)) for b, s in enumerate(inputs["s"])]
    right = np.array(found, np.float32)
    assert verify(algorithm, inputs, {"eccentricity": right}).correct.all()
    assert not verify(algorithm, inputs, {"eccentricity": right - 1}).correct.any()


def test_a_heavier_edge_of_prims_tree_is_named():
    """A triangle with a tail: the tree must leave out the heaviest edge of the triangle."""
    ends = [(0, 1, 1.0), (1, 2, 2.0), (0, 2, 3.0), (2, 3, 9.0)]
    listed = np.array([(u, v, w) for a, b, w in ends for u, v in ((a, b), (b, a))])
    inputs = {
        "pos": np.arange(4, dtype=np.float32)[None] / 4,
        "s": np.array([0], np.int32),
        "senders": listed[None, :, 0].astype(np.int32),
        "receivers": listed[None, :, 1].astype(np.int32),
        "A": listed[None, :, 2].astype(np.float32),
    }
    prim = get_sparse("mst_prim")
    assert verify(prim, inputs, {"pi": np.array([[0, 0, 1, 2]])}).correct.all()
    verdict = verify(prim, inputs, {"pi": np.array([[0, 0, 0, 2]])})
    assert np.flatnonzero(verdict.violated["pi"][0]).tolist() == [2]


def test_a_circle_of_weight_zero_is_no_path():
    inputs = {
        "pos": np.arange(3, dtype=np.float32)[None] / 3,
        "s": np.array([0], np.int32),
        "senders": np.array([[1, 2]], np.int32),
        "receivers": np.array([[2, 1]], np.int32),
        "A": np.zeros((1, 2), np.float32),
    }
    dijkstra = get_sparse("dijkstra")
    assert verify(dijkstra, inputs, {"pi": np.array([[0, 1, 2]])}).correct.all()
    assert not verify(dijkstra, inputs, {"pi": np.array([[0, 2, 1]])}).correct.any()


@few
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12))
def test_circular_marks_circles_and_what_lies_between(pairs):
    graph = nx.DiGraph([p for p in pairs if p[0] != p[1]])
    graph.add_nodes_from(range(5))
    circles = {v for c in nx.strongly_connected_components(graph) if len(c) > 1 for v in c}
    between = {
        v
        for v in graph
        if circles & (nx.ancestors(graph, v) | {v}) and circles & (nx.descendants(graph, v) | {v})
    }
    ends = np.array([p for p in pairs if p[0] != p[1]], int).reshape(-1, 2)
    assert set(np.flatnonzero(_circular(ends[:, 0], ends[:, 1], 5)).tolist()) == between


def test_bad_input_is_named():
    algorithm, inputs = batch_of("bfs", 8)
    with pytest.raises(InputError, match="lack pi"):
        verify(algorithm, inputs, {})
    with pytest.raises(ShapeMismatchError, match=r"`outputs\['pi'\]` of sparse_bfs"):
        verify(algorithm, inputs, {"pi": np.zeros((2, 9), int)})
    with pytest.raises(InputError, match="outside 0 to 7"):
        verify(algorithm, inputs | {"s": np.array([8, 0], np.int32)}, {"pi": np.zeros((2, 8), int)})
    eccentricity, inputs = batch_of("eccentricity", 8)
    with pytest.raises(ShapeMismatchError, match="dtype float"):
        verify(eccentricity, inputs, {"eccentricity": np.zeros(2, int)})


@pytest.mark.parametrize("name", ["bfs", "mst_prim", "dfs"])
def test_the_sizes_of_salsa_are_judged(name):
    """A path of 3,000 nodes with chords: what takes a matrix would take 9 million places."""
    n = 3000
    node = np.arange(n - 1)
    u, v = np.concatenate([node, node[:-1:7]]), np.concatenate([node + 1, node[:-1:7] + 2])
    algorithm = get_sparse(name)
    inputs = {
        "pos": np.arange(n, dtype=np.float32)[None] / n,
        "s": np.array([0], np.int32),
        "senders": np.concatenate([u, v]).astype(np.int32)[None],
        "receivers": np.concatenate([v, u]).astype(np.int32)[None],
    }
    inputs["A"] = np.where(np.abs(inputs["senders"] - inputs["receivers"]) > 1, 9.0, 1.0)
    inputs = {p.name: inputs[p.name] for p in algorithm.spec.inputs}
    along, hopping = np.maximum(np.arange(n) - 1, 0), np.maximum(np.arange(n) - 1, 0)
    hopping[2::7] = np.arange(n)[:-2:7]
    answers = {"bfs": hopping, "mst_prim": along, "dfs": along}
    right = answers[name][None]
    assert verify(algorithm, inputs, {"pi": right}).correct.all()
    assert not verify(algorithm, inputs, {"pi": np.where(right == 1500, 0, right)}).correct.any()
