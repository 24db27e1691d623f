"""Small random instances on graphs, as a batch of one, and their form for other libraries."""

import networkx as nx
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

NODES = 6

small = settings(max_examples=20, deadline=None)
"""Tiny instances, all of one shape, so that each algorithm compiles once."""


@st.composite
def graphs(draw, *, directed=False, acyclic=False, source=False, weights=(0, 8), n=NODES):
    """Inputs of a graph: few distinct weights, so ties are common, and often disconnected.

    Args:
      draw: Hypothesis.
      directed: Whether to draw both directions of a pair apart.
      acyclic: Whether to keep only edges that go forwards in a drawn order.
      source: Whether to draw `s` too.
      weights: The least and the greatest weight, in eighths; exact in float32.
      n: The number of nodes.
    """
    pairs = n * n
    mask = np.array(draw(st.lists(st.booleans(), min_size=pairs, max_size=pairs))).reshape(n, n)
    values = st.lists(st.integers(*weights), min_size=pairs, max_size=pairs)
    weight = np.array(draw(values), dtype=np.float32).reshape(n, n) / 8
    if not directed and not acyclic:
        upper = np.triu(mask)
        mask = upper | upper.T
        weight = np.triu(weight) + np.triu(weight, 1).T
    if acyclic:
        order = np.array(draw(st.permutations(range(n))))
        mask = np.triu(mask, 1)[np.ix_(order, order)]
    inputs = instance(np.where(mask, weight, 0), mask)
    if source:
        inputs["s"] = np.array([draw(st.integers(0, n - 1))], dtype=np.int32)
    return inputs


def instance(weights, mask=None):
    """A batch of one from a weight matrix; without `mask`, edges are where the weight is not 0."""
    weights = np.asarray(weights, dtype=np.float32)
    mask = weights != 0 if mask is None else np.asarray(mask)
    n = len(weights)
    return {
        "pos": (np.arange(n, dtype=np.float32) / n)[None],
        "A": np.where(mask, weights, 0)[None],
        "adj": (mask | np.eye(n, dtype=bool))[None],
    }


def with_source(inputs, s):
    """The inputs with a source."""
    return inputs | {"s": np.array([s], dtype=np.int32)}


def to_networkx(inputs, *, directed=False):
    """The graph for networkx, without its self-loops."""
    graph = nx.DiGraph() if directed else nx.Graph()
    adjacency, weights = inputs["adj"][0], inputs["A"][0]
    graph.add_nodes_from(range(len(weights)))
    for u, v in np.argwhere(adjacency):
        if u != v:
            graph.add_edge(int(u), int(v), weight=float(weights[u, v]))
    return graph


def distances(pi, inputs):
    """The length of the path that pointers spell for each node; None where it misses the source."""
    source, weights, adjacency = int(inputs["s"][0]), inputs["A"][0], inputs["adj"][0]
    found = []
    for node in range(len(pi)):
        total, v, hops = 0.0, node, 0
        while v != source and int(pi[v]) != v and hops <= len(pi):
            assert adjacency[pi[v], v], f"{pi[v]} -> {v} is no edge"
            total, v, hops = total + float(weights[pi[v], v]), int(pi[v]), hops + 1
        assert hops <= len(pi), "the pointers run in a circle"
        found.append(total if v == source else None)
    return found
