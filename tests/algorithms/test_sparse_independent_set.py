"""The maximal independent set against the greedy algorithm."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catalign.algorithms.sparse_independent_set import sparse_mis
from tests.algorithms.edge_lists import graph_of, to_listed
from tests.algorithms.graphs import NODES, graphs, small


@small
@given(graphs(), st.lists(st.integers(0, 3), min_size=NODES, max_size=NODES))
def test_it_is_that_of_the_greedy_algorithm(inputs, priorities):
    listed = to_listed(inputs, sparse_mis)
    listed["randomness"] = np.array([priorities], np.float32)
    trace = sparse_mis.traces(listed)
    graph, chosen = graph_of(listed), set()
    for v in sorted(graph, key=lambda v: (priorities[v], v)):
        if chosen.isdisjoint(graph[v]):
            chosen.add(v)
    assert np.flatnonzero(trace.outputs["inmis"][0]).tolist() == sorted(chosen)
    assert trace.complete.all()
    hints = {name: np.asarray(value)[:, 0] for name, value in trace.hints.items()}
    length = int(trace.lengths[0])
    assert length % 2 == 1
    assert hints["phase_h"][:length].tolist() == [t % 2 == 1 for t in range(length)]
    for t in range(length):
        # Until the neighbours are told, a new node of the set is still alive.
        inside, alive = hints["inmis_h"][t], hints["alive_h"][t]
        assert not (inside & alive).any() or t % 2 == 1
        assert all(not (inside[u] and inside[v]) for u, v in graph.edges)
    assert not hints["alive_h"][length - 1].any()
