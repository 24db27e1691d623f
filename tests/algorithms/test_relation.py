"""Pointer maps and relations on random small sets, against plain loops and networkx."""

import networkx as nx
import numpy as np
import pytest

from catalign.algorithms.relation import (
    closure,
    ends,
    is_bridge,
    on_circle,
    spanning_forest,
    subtrees,
    sum_along,
    unlinked,
)
from tests.algorithms.answering import maps

N = 4
POINTERS = maps(N, N).astype(np.int64)
WEIGHTS = np.array([1.0, 2.0, 4.0, 8.0])


def way(pointers, v):
    """The nodes from v along the pointers, until one comes again."""
    met = [v]
    while pointers[met[-1]] not in met:
        met.append(pointers[met[-1]])
    return met


def test_pointer_maps_of_every_kind():
    found_ends, circles = ends(POINTERS), on_circle(POINTERS)
    below = subtrees(POINTERS)
    sums = sum_along(POINTERS, np.broadcast_to(WEIGHTS, POINTERS.shape))
    for b, pointers in enumerate(POINTERS.tolist()):
        for v in range(N):
            met = way(pointers, v)
            last = met[-1]
            assert circles[b, v] == (pointers[v] != v and pointers[last] == v)
            assert np.flatnonzero(below[b, :, v]).tolist() == sorted(met)
            if pointers[last] == last:
                assert found_ends[b, v] == last
                assert sums[b, v] == sum(WEIGHTS[met[:-1]])
    chains = ~unlinked(POINTERS).any(axis=1)
    longest = [max(len(way(p, v)) for v in range(N)) for p in POINTERS.tolist()]
    has_end = (np.arange(N) == POINTERS).any(axis=1)
    np.testing.assert_array_equal(chains, has_end & (np.array(longest) == N))


@pytest.mark.parametrize("seed", range(8))
def test_relations_of_a_graph(seed):
    rng = np.random.default_rng(seed)
    mask = np.triu(rng.random((6, 6)) < 0.3, 1)
    edges = (mask | mask.T)[None]
    graph = nx.from_numpy_array(edges[0])
    parts = {v: part for part in nx.connected_components(graph) for v in part}
    assert all(set(np.flatnonzero(row)) == parts[v] for v, row in enumerate(closure(edges)[0]))
    parent = spanning_forest(edges)[0]
    tree = [(int(p), v) for v, p in enumerate(parent) if p != v]
    assert all(graph.has_edge(*edge) for edge in tree)
    assert len(tree) == 6 - nx.number_connected_components(graph)
    assert nx.is_forest(nx.Graph(tree)) if tree else True
    found = {frozenset(pair) for pair in np.argwhere(is_bridge(edges)[0]).tolist()}
    assert found == {frozenset(edge) for edge in nx.bridges(graph)}
