"""Delaunay triangulations as edge lists."""

import jax
import networkx as nx
import numpy as np
import pytest

from catalign._errors import InputError, ShapeMismatchError
from catalign.algorithms.catalogue import get
from catalign.algorithms.sparse_catalogue import get_sparse
from catalign.data.delaunay import Delaunay, delaunay_edges
from catalign.distributions.graph_family import Listed


def test_no_point_lies_in_the_circle_of_a_triangle():
    points = np.random.default_rng(0).random((12, 2))
    graph = nx.Graph(delaunay_edges(points).T.tolist())
    assert nx.check_planarity(graph)[0]
    # An edge is in the triangulation iff some circle through its ends holds no other point; the
    # circle on the edge as diameter is enough.
    for u in range(12):
        for v in range(u):
            middle = (points[u] + points[v]) / 2
            radius = np.linalg.norm(points[u] - middle)
            others = np.delete(points, [u, v], axis=0)
            if (np.linalg.norm(others - middle, axis=1) > radius).all():
                assert graph.has_edge(u, v)


@pytest.mark.parametrize("points", [np.arange(5.0)[:, None] * [1.0, 2.0], np.ones((2, 2))])
def test_points_on_a_line_are_connected(points):
    assert nx.is_connected(nx.Graph(delaunay_edges(points).T.tolist()))


def test_a_single_point_has_no_edge():
    assert delaunay_edges(np.zeros((1, 2))).shape == (2, 0)
    assert Delaunay().sample(jax.random.key(0), 1).senders.tolist() == [1, 1]


def test_samplers_take_the_law():
    algorithm = get_sparse("eccentricity")
    inputs = algorithm.sample_inputs(jax.random.key(0), 2, 6, graph=Delaunay())
    checked, _ = algorithm._checked(inputs, None)
    assert checked["senders"].shape == (2, Delaunay().capacity(6))
    for s, r in zip(np.asarray(inputs["senders"]), np.asarray(inputs["receivers"]), strict=True):
        graph = nx.Graph(np.stack([s, r])[:, r < 6].T.tolist())
        assert len(graph) == 6
        assert nx.is_connected(graph)
    again = algorithm.sample_inputs(jax.random.key(0), 2, 6, graph=Delaunay())
    jax.tree.map(np.testing.assert_array_equal, inputs, again)


def test_bad_points_are_named():
    with pytest.raises(ShapeMismatchError, match=r"shape \(3, 3\), but points in the plane"):
        delaunay_edges(np.zeros((3, 3)))
    with pytest.raises(InputError, match="not finite"):
        delaunay_edges(np.full((3, 2), np.nan))


def test_dense_samplers_take_the_law_as_a_matrix():
    inputs = get("bfs").sample_inputs(jax.random.key(0), 2, 6, graph=Listed(Delaunay()))
    for mask in np.asarray(inputs["adj"]) & ~np.eye(6, dtype=bool):
        graph = nx.from_numpy_array(mask)
        assert nx.is_connected(graph)
        assert nx.check_planarity(graph)[0]
