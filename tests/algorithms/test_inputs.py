"""Graph inputs, and the checks of the domains of graph algorithms."""

import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from catalign._errors import InputError
from catalign.algorithms import inputs as module
from tests.algorithms.graphs import graphs, instance, small, to_networkx


def test_graph_inputs_follow_the_benchmark():
    mask = jnp.array([[True, True, False], [False, False, True], [False, False, False]])
    built = module.graph_inputs(mask, jnp.full((3, 3), 0.5))
    assert built["A"].tolist() == [[0.5, 0.5, 0], [0, 0, 0.5], [0, 0, 0]]
    assert built["adj"].tolist() == [[True, True, False], [False, True, True], [False, False, True]]
    assert built["pos"].tolist() == pytest.approx([0, 1 / 3, 2 / 3])


def test_edge_costs_tell_loops_by_their_weight_and_edges_by_the_mask():
    built = instance([[0.0, 0.0], [0.0, 2.0]], np.array([[False, True], [False, True]]))
    assert module.edge_costs(built)[0].tolist() == [[np.inf, 0.0], [np.inf, 2.0]]


@small
@given(graphs(directed=True, weights=(1, 8)))
def test_check_acyclic_refuses_exactly_the_cycles(inputs):
    graph = to_networkx(inputs, directed=True)
    graph.add_edges_from((v, v) for v in np.flatnonzero(np.diag(inputs["A"][0])))
    if nx.is_directed_acyclic_graph(graph):
        module.check_acyclic("it", inputs)
    else:
        with pytest.raises(InputError, match=r"`inputs\['adj'\]` of it has a directed cycle"):
            module.check_acyclic("it", inputs)


def test_the_first_bad_edge_is_named():
    inputs = instance([[0, 1, 0], [1, 0, -2], [0, 3, 0]])
    with pytest.raises(InputError, match=r"-2\.0 at edge 1 -> 2 of instance 0"):
        module.check_nonnegative("it", inputs)
    with pytest.raises(InputError, match=r"'A'.* is -2.0 at 1 -> 2 but 3.0 at 2 -> 1"):
        module.check_undirected("it", inputs)
    inputs["adj"][0, 1, 2] = False
    with pytest.raises(InputError, match=r"-2\.0 at edge 1 -> 2 of instance 0.*no edge there"):
        module.check_adjacency("it", inputs)
