"""Dense instances as edge lists, with their edges in disorder, and their form for networkx."""

import networkx as nx
import numpy as np

from catalign.algorithms.inputs import edge_costs


def to_listed(inputs, algorithm, *, extra=2):
    """The sparse inputs of a dense batch: n * n + `extra` places, the edges at random ones."""
    costs = edge_costs(inputs)
    batch, n = costs.shape[:2]
    places = n * n + extra
    listed = {
        "senders": np.full((batch, places), n, np.int32),
        "receivers": np.full((batch, places), n, np.int32),
        "A": np.zeros((batch, places), inputs["A"].dtype),
    }
    for b in range(batch):
        s, r = np.nonzero(np.isfinite(costs[b]))
        at = np.random.default_rng(b).permutation(places)[: len(s)]
        listed["senders"][b, at], listed["receivers"][b, at] = s, r
        listed["A"][b, at] = inputs["A"][b, s, r]
    known = {**inputs, **listed}
    return {p.name: known[p.name] for p in algorithm.spec.inputs if p.name in known}


def graph_of(inputs, b=0):
    """One undirected instance for networkx, without its self-loops."""
    graph = nx.Graph()
    n = inputs["pos"].shape[-1]
    graph.add_nodes_from(range(n))
    ends = np.stack([inputs["senders"][b], inputs["receivers"][b]], axis=1)
    for s, r in ends.tolist():
        if s < n and s != r:
            graph.add_edge(s, r)
    return graph


def assert_same_run(sparse, dense):
    """Both traces show the same hints and outputs, as long as they run."""
    np.testing.assert_array_equal(sparse.lengths, dense.lengths)
    assert sparse.complete.all()
    for stage in ("hints", "outputs"):
        mine, theirs = getattr(sparse, stage), getattr(dense, stage)
        assert set(mine) == set(theirs)
        for name in mine:
            np.testing.assert_array_equal(mine[name], theirs[name], err_msg=f"{stage} {name}")
