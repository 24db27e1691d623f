"""strongly_connected_components against the recorded benchmark and networkx."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from catalign.algorithms.strong_components import strongly_connected_components
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.graphs import graphs, instance, small, to_networkx


@pytest.mark.parametrize(
    "path", golden_files("strongly_connected_components"), ids=lambda p: p.stem
)
def test_equals_the_benchmark(path):
    assert_golden(strongly_connected_components, path)


@small
@given(graphs(directed=True))
def test_finds_the_components(inputs):
    trace = strongly_connected_components.traces(inputs)
    scc_id = np.asarray(trace.outputs["scc_id"])[0]
    found = {frozenset(np.flatnonzero(scc_id == i).tolist()) for i in scc_id}
    graph = to_networkx(inputs, directed=True)
    assert found == {frozenset(c) for c in nx.strongly_connected_components(graph)}
    assert (scc_id[scc_id] == scc_id).all()


def test_single_node():
    trace = strongly_connected_components.traces(instance([[0.0]]))
    assert trace.complete.all()
    assert trace.outputs["scc_id"].tolist() == [[0]]
