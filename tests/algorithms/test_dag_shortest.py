"""dag_shortest_paths against the recorded benchmark and networkx."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from catalign._errors import InputError
from catalign.algorithms.dag_shortest import dag_shortest_paths
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.graphs import (
    distances,
    graphs,
    instance,
    small,
    to_networkx,
    with_source,
)


@pytest.mark.parametrize("path", golden_files("dag_shortest_paths"), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(dag_shortest_paths, path)


@small
@given(graphs(acyclic=True, source=True, weights=(-8, 8)))
def test_finds_shortest_paths(inputs):
    trace = dag_shortest_paths.traces(inputs)
    expected = nx.single_source_bellman_ford_path_length(
        to_networkx(inputs, directed=True), int(inputs["s"][0])
    )
    found = distances(np.asarray(trace.outputs["pi"])[0], inputs)
    assert found == [expected.get(v) for v in range(len(found))]
    assert int(trace.lengths[0]) == 3 * len(expected) + 1


def test_single_node():
    trace = dag_shortest_paths.traces(with_source(instance([[0.0]]), 0))
    assert trace.complete.all()
    assert trace.outputs["pi"].tolist() == [[0]]


def test_a_cycle_is_refused():
    with pytest.raises(InputError, match="dag_shortest_paths has a directed cycle"):
        dag_shortest_paths.traces(with_source(instance([[0, 1], [1, 0]]), 0))
