"""articulation_points and bridges against the recorded benchmark and networkx."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from catalign._errors import InputError
from catalign.algorithms.biconnectivity import articulation_points, bridges
from catalign.algorithms.catalogue import get
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.graphs import graphs, instance, small, to_networkx


@pytest.mark.parametrize(
    "path", golden_files("articulation_points", "bridges"), ids=lambda p: p.stem
)
def test_equals_the_benchmark(path):
    assert_golden(get(path.stem.rsplit("_n", 1)[0]), path)


@small
@given(graphs())
def test_articulation_points_disconnect(inputs):
    trace = articulation_points.traces(inputs)
    assert trace.complete.all()
    found = np.flatnonzero(np.asarray(trace.outputs["is_cut"])[0]).tolist()
    assert found == sorted(nx.articulation_points(to_networkx(inputs)))


@small
@given(graphs())
def test_bridges_disconnect(inputs):
    trace = bridges.traces(inputs)
    assert trace.complete.all()
    found = np.asarray(trace.outputs["is_bridge"])[0]
    expected = {frozenset(edge) for edge in nx.bridges(to_networkx(inputs))}
    assert {frozenset(pair.tolist()) for pair in np.argwhere(found == 1)} == expected
    np.testing.assert_array_equal(found >= 0, inputs["adj"][0])


@pytest.mark.parametrize("algorithm", [articulation_points, bridges], ids=lambda a: a.name)
def test_the_longest_runs_fit(algorithm):
    """A complete graph, and a star: the most edges seen again from one node."""
    complete = np.ones((6, 6))
    star = np.zeros((6, 6))
    star[0, :] = star[:, 0] = 1
    for weights in (complete, star):
        assert algorithm.traces(instance(weights)).complete.all()


@pytest.mark.parametrize("algorithm", [articulation_points, bridges], ids=lambda a: a.name)
def test_single_node(algorithm):
    trace = algorithm.traces(instance([[0.0]]))
    assert trace.complete.all()
    assert not np.asarray(next(iter(trace.outputs.values()))).any()


def test_directed_graphs_are_refused():
    with pytest.raises(InputError, match="bridges is for undirected graphs"):
        bridges.traces(instance([[0, 1], [0, 0]]))
