"""The graph families have the shapes that they are named for."""

import jax
import networkx as nx
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.distributions import graph_family as family
from catalign.distributions.edge_list import SparseErdosRenyi, from_mask
from catalign.distributions.graph import Acyclic

N = 9
UNDIRECTED = [
    family.Complete(),
    family.Grid(),
    family.Path(),
    family.Tree(),
    family.Geometric(),
    family.PowerLaw(),
    family.WattsStrogatz(),
    family.Listed(SparseErdosRenyi(0.4)),
]


@pytest.fixture(scope="module")
def drawn():
    """A few graphs of each undirected family."""
    return {law: sample(law, N, range(5)) for law in UNDIRECTED}


def sample(law, size, seeds=(0,)):
    """Graphs of a family, one a seed."""
    keys = jax.vmap(jax.random.key)(np.array(seeds))
    return np.asarray(jax.jit(jax.vmap(lambda key: law.sample(key, size)))(keys))


@pytest.mark.parametrize("law", UNDIRECTED, ids=lambda law: type(law).__name__)
def test_undirected_families_are_symmetric_without_loops(drawn, law):
    masks = drawn[law]
    assert not law.directed
    np.testing.assert_array_equal(masks, masks.swapaxes(1, 2))
    assert not np.einsum("bii->bi", masks).any()


def test_a_listed_graph_has_the_edges_of_its_list():
    law = SparseErdosRenyi(0.3, directed=True)
    assert family.Listed(law).directed
    draw = jax.jit(lambda key: (law.sample(key, N), family.Listed(law).sample(key, N)))
    edges, mask = draw(jax.random.key(1))
    assert np.asarray(from_mask(mask).senders)[: int(mask.sum())].tolist() == [
        s for s in edges.senders.tolist() if s < N
    ]


def graph_of(drawn, law):
    return nx.from_numpy_array(drawn[law][0])


def test_shapes(drawn):
    assert nx.is_isomorphic(graph_of(drawn, family.Complete()), nx.complete_graph(N))
    assert nx.is_isomorphic(graph_of(drawn, family.Grid()), nx.grid_2d_graph(3, 3))
    assert nx.is_isomorphic(graph_of(drawn, family.Path()), nx.path_graph(N))
    assert all(nx.is_tree(nx.from_numpy_array(mask)) for mask in drawn[family.Tree()])


def test_watts_strogatz_is_a_ring_without_rewiring():
    (mask,) = sample(family.WattsStrogatz(k=4, rewire=0.0), N)
    assert nx.is_isomorphic(nx.from_numpy_array(mask), nx.circulant_graph(N, [1, 2]))


def test_watts_strogatz_keeps_at_most_its_edges(drawn):
    assert (drawn[family.WattsStrogatz()].sum(axis=(1, 2)) / 2 <= 2 * N).all()


def test_power_law_has_hubs():
    masks = sample(family.PowerLaw(), 64, range(20))
    degrees = masks.sum(axis=2)
    assert degrees.max(axis=1).mean() > 4 * degrees.mean()
    assert 2.0 < degrees.mean() < 4.5


def test_geometric_radius():
    assert sample(family.Geometric(radius=2.0), N).sum() == N * (N - 1)
    assert not sample(family.Geometric(radius=1e-6), N).any()


def test_communities_without_edges_between_fall_apart():
    law = family.Communities(count=2, p=1.0, between=0.0)
    (mask,) = sample(law, 8)
    parts = sorted(len(c) for c in nx.connected_components(nx.from_numpy_array(mask)))
    assert parts == [4, 4]
    assert law.directed


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("distance", [2, 4])
def test_every_node_of_a_cycle_blow_up_has_the_given_eccentricity(distance, p):
    law = family.CycleBlowUp(distance, p)
    for mask in sample(law, N, range(3)):
        np.testing.assert_array_equal(mask, mask.T)
        assert not mask.diagonal().any()
        assert set(nx.eccentricity(nx.from_numpy_array(mask)).values()) == {distance}


def test_a_search_takes_as_many_rounds_as_the_distance_says():
    bfs = get("bfs")
    steps = {
        distance: set(
            bfs.count_steps(
                bfs.sample_inputs(jax.random.key(0), 4, N, graph=family.CycleBlowUp(distance))
            ).tolist()
        )
        for distance in (2, 3, 4)
    }
    (least,) = steps[2]
    assert steps == {2: {least}, 3: {least + 1}, 4: {least + 2}}


def test_a_cycle_blow_up_that_does_not_fit_is_named():
    with pytest.raises(InputError, match="`size` is 7, but nodes 4 hops apart"):
        family.CycleBlowUp(4).sample(jax.random.key(0), 7)


def test_acyclic_form_of_a_family():
    (mask,) = sample(Acyclic(family.Complete()), N)
    graph = nx.from_numpy_array(mask, create_using=nx.DiGraph)
    assert nx.is_directed_acyclic_graph(graph)
    assert graph.number_of_edges() == N * (N - 1) // 2


@pytest.mark.parametrize(
    "law", [*UNDIRECTED, family.Communities()], ids=lambda law: type(law).__name__
)
def test_a_single_node(law):
    assert sample(law, 1).shape == (1, 1, 1)


@pytest.mark.parametrize(
    ("law", "arguments"),
    [
        (family.Communities, {"count": 0}),
        (family.Communities, {"between": 2.0}),
        (family.CycleBlowUp, {"distance": 1}),
        (family.CycleBlowUp, {"p": 2.0}),
        (family.Grid, {"width": 0}),
        (family.Geometric, {"radius": 0.0}),
        (family.PowerLaw, {"exponent": 2.0}),
        (family.WattsStrogatz, {"k": 3}),
        (family.WattsStrogatz, {"rewire": -1.0}),
    ],
)
def test_bad_parameters_are_named(law, arguments):
    with pytest.raises(InputError, match=f"`{next(iter(arguments))}` is"):
        law(**arguments)
