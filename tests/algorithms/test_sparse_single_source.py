"""Shortest paths and Prim's tree on edge lists against the dense ones and scipy."""

import numpy as np
import pytest
from hypothesis import given
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra as scipy_dijkstra

from catalign._errors import InputError
from catalign.algorithms.minimum_spanning_tree import mst_prim
from catalign.algorithms.single_source import bellman_ford, dijkstra
from catalign.algorithms.sparse_single_source import (
    sparse_bellman_ford,
    sparse_dijkstra,
    sparse_mst_prim,
)
from tests.algorithms.edge_lists import assert_same_run, to_listed
from tests.algorithms.graphs import graphs, instance, small, with_source


@small
@given(graphs(directed=True, source=True))
def test_shortest_paths_show_what_the_dense_ones_show(inputs):
    for sparse, dense in ((sparse_bellman_ford, bellman_ford), (sparse_dijkstra, dijkstra)):
        assert_same_run(sparse.traces(to_listed(inputs, sparse)), dense.traces(inputs))


@small
@given(graphs(source=True))
def test_prim_shows_what_the_dense_one_shows(inputs):
    sparse = sparse_mst_prim.traces(to_listed(inputs, sparse_mst_prim))
    assert_same_run(sparse, mst_prim.traces(inputs))


@small
@given(graphs(directed=True, source=True, weights=(1, 8)))
def test_distances_are_those_of_scipy(inputs):
    trace = sparse_bellman_ford.traces(to_listed(inputs, sparse_bellman_ford))
    s = int(inputs["s"][0])
    expected = scipy_dijkstra(csr_matrix(inputs["A"][0]), indices=s)
    reached = np.isfinite(expected)
    np.testing.assert_array_equal(np.asarray(trace.hints["msk"])[-1, 0], reached)
    np.testing.assert_array_equal(np.asarray(trace.hints["d"])[-1, 0][reached], expected[reached])


def test_of_parallel_edges_the_lightest_counts():
    inputs = {
        "pos": np.zeros((1, 2), np.float32),
        "s": np.array([0]),
        "senders": np.array([[0, 0, 0]]),
        "receivers": np.array([[1, 1, 1]]),
        "A": np.array([[3.0, 1.0, 2.0]], np.float32),
    }
    assert sparse_bellman_ford.traces(inputs).hints["d"][-1].tolist() == [[0.0, 1.0]]
    assert sparse_dijkstra.traces(inputs).hints["d"][-1].tolist() == [[0.0, 1.0]]


def test_a_negative_cycle_within_reach():
    inputs = with_source(instance(np.eye(6, k=1) + np.diag([0, 0, 0, -0.5, 0], -1)), 0)
    inputs["A"][0, 4, 3] = -2.0
    with pytest.raises(InputError, match="cycle of negative weight that the source reaches"):
        sparse_bellman_ford.traces(to_listed(inputs, sparse_bellman_ford))
    inputs["s"][0] = 5
    assert sparse_bellman_ford.traces(to_listed(inputs, sparse_bellman_ford)).complete.all()


def test_bad_weights_are_named():
    square = with_source(instance([[0, 1, 0], [1, 0, 2], [0, 2, 0]]), 0)
    listed = to_listed(square, sparse_dijkstra)
    at = int(np.flatnonzero(listed["senders"][0] == 1)[0])
    listed["A"][0, at] = -3.0
    with pytest.raises(InputError, match=r"-3\.0 at edge 1 -> . of instance 0"):
        sparse_dijkstra.traces(listed)
    with pytest.raises(InputError, match=r"sparse_mst_prim list the edge .* of weight -3\.0"):
        sparse_mst_prim.traces(listed)
    listed["A"][0, at] = np.nan
    with pytest.raises(InputError, match=r"'A'.* is nan at"):
        sparse_dijkstra.traces(listed)
