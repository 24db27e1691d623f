"""mst_kruskal and mst_prim against the recorded benchmark and networkx."""

import jax
import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.algorithms.minimum_spanning_tree import mst_kruskal, mst_prim
from catalign.distributions.graph import ErdosRenyi
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.graphs import graphs, instance, small, to_networkx, with_source


@pytest.mark.parametrize("path", golden_files("mst_kruskal", "mst_prim"), ids=lambda p: p.stem)
def test_equals_the_benchmark(path):
    assert_golden(get(path.stem.rsplit("_n", 1)[0]), path)


@small
@given(graphs(weights=(-3, 3)))
def test_kruskal_finds_a_minimum_forest(inputs):
    trace = mst_kruskal.traces(inputs)
    assert trace.complete.all()
    chosen = np.asarray(trace.outputs["in_mst"])[0]
    graph = to_networkx(inputs)
    forest = nx.Graph((int(u), int(v)) for u, v in np.argwhere(chosen))
    forest.add_nodes_from(graph)
    assert (chosen == chosen.T).all()
    assert nx.is_forest(forest)
    assert nx.number_connected_components(forest) == nx.number_connected_components(graph)
    best = nx.minimum_spanning_tree(graph).size(weight="weight")
    assert inputs["A"][0][np.triu(chosen)].sum() == best


@small
@given(graphs(source=True))
def test_prim_finds_a_minimum_tree(inputs):
    trace = mst_prim.traces(inputs)
    assert trace.complete.all()
    pi, s = np.asarray(trace.outputs["pi"])[0], int(inputs["s"][0])
    graph = to_networkx(inputs)
    component = nx.node_connected_component(graph, s)
    tree = nx.Graph((v, int(pi[v])) for v in range(len(pi)) if pi[v] != v)
    tree.add_node(s)
    assert set(tree) == component
    assert nx.is_tree(tree)
    best = nx.minimum_spanning_tree(graph.subgraph(component)).size(weight="weight")
    assert sum(graph.edges[edge]["weight"] for edge in tree.edges) == best


def test_kruskal_climbs_and_compresses():
    """Edges joined so that trees grow deep; the bound on the steps holds."""
    n = 6
    weights = np.ones((n, n))
    for trial in range(4):
        drawn = np.random.default_rng(trial).permutation(n * n).reshape(n, n) + 1.0
        weights = np.triu(drawn, 1) + np.triu(drawn, 1).T
        assert mst_kruskal.traces(instance(weights)).complete.all()


def test_kruskal_of_equal_weights_takes_the_first_edges():
    chosen = np.asarray(mst_kruskal.traces(instance(np.ones((6, 6)))).outputs["in_mst"])[0]
    np.testing.assert_array_equal(np.flatnonzero(chosen[0]), np.arange(1, 6))
    assert chosen.sum() == 10


@pytest.mark.parametrize("algorithm", [mst_kruskal, mst_prim], ids=lambda a: a.name)
def test_single_node(algorithm):
    inputs = instance([[0.0]])
    trace = algorithm.traces(with_source(inputs, 0) if algorithm is mst_prim else inputs)
    assert trace.complete.all()
    assert not np.asarray(next(iter(trace.outputs.values()))).any()


@pytest.mark.parametrize("algorithm", [mst_kruskal, mst_prim], ids=lambda a: a.name)
def test_directed_graphs_are_refused(algorithm):
    inputs = instance([[0, 1], [0, 0]])
    with pytest.raises(InputError, match="is for undirected graphs"):
        algorithm.traces(with_source(inputs, 0) if algorithm is mst_prim else inputs)
    with pytest.raises(InputError, match="draws directed graphs"):
        algorithm.sample_inputs(jax.random.key(0), 1, 4, graph=ErdosRenyi(directed=True))
