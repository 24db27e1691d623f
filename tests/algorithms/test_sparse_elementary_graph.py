"""bfs, dfs and eccentricity on edge lists against the dense ones and networkx."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from catalign.algorithms.elementary_graph import bfs, dfs
from catalign.algorithms.sparse_elementary_graph import (
    sparse_bfs,
    sparse_dfs,
    sparse_eccentricity,
)
from tests.algorithms.edge_lists import assert_same_run, graph_of, to_listed
from tests.algorithms.graphs import graphs, instance, small, with_source


@small
@given(graphs(directed=True, source=True))
def test_bfs_and_dfs_show_what_the_dense_ones_show(inputs):
    assert_same_run(sparse_bfs.traces(to_listed(inputs, sparse_bfs)), bfs.traces(inputs))
    without = {name: value for name, value in inputs.items() if name != "s"}
    assert_same_run(sparse_dfs.traces(to_listed(without, sparse_dfs)), dfs.traces(without))


@small
@given(graphs(source=True))
def test_eccentricity_is_the_greatest_distance(inputs):
    listed = to_listed(inputs, sparse_eccentricity)
    trace = sparse_eccentricity.traces(listed)
    s = int(inputs["s"][0])
    hops = nx.single_source_shortest_path_length(graph_of(listed), s)
    farthest = max(hops.values())
    assert trace.outputs["eccentricity"].tolist() == [farthest]
    # Out to the farthest node, one round in which it learns that it has no child, and back.
    assert trace.lengths.tolist() == [2 * farthest + 2]
    last = {name: np.asarray(value)[-1, 0] for name, value in trace.hints.items()}
    assert np.flatnonzero(last["visited_h"]).tolist() == sorted(hops)
    for v, far in hops.items():
        assert last["floodstate_h"][v] == far
        assert v == s or hops[int(last["pi_h"][v])] == far - 1
    below = {v: [far] for v, far in hops.items()}
    for v, far in sorted(hops.items(), key=lambda item: -item[1]):
        assert last["echostate_h"][v] == max(below[v]), f"the echo of {v} at {far} hops"
        below[int(last["pi_h"][v])].append(max(below[v]))


def test_a_node_echoes_only_after_its_children():
    path = to_listed(with_source(instance(np.eye(6, k=1) + np.eye(6, k=-1)), 0), sparse_bfs)
    echoed = np.asarray(sparse_eccentricity.traces(path).hints["msgphase_h"])[:, 0]
    assert echoed.argmax(axis=0).tolist() == [11, 10, 9, 8, 7, 6]


@pytest.mark.parametrize("algorithm", [sparse_bfs, sparse_eccentricity], ids=lambda a: a.name)
def test_a_single_node_without_edges(algorithm):
    inputs = to_listed(with_source(instance([[0.0]]), 0), algorithm)
    trace = algorithm.traces(inputs)
    assert trace.complete.all()
    assert np.asarray(next(iter(trace.outputs.values()))).reshape(-1).tolist() == [0]
