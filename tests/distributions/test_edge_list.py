"""The sparse families list what the dense ones draw."""

import jax
import networkx as nx
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.distributions import edge_list as family
from catalign.distributions.weight import IntegerWeights

N = 9
LAWS = [
    family.SparseErdosRenyi(),
    family.SparseErdosRenyi(p=(0.2, 0.4), directed=True),
    family.SparseWattsStrogatz(k=4),
    family.Connected(),
]


def drawn(law, count, n=N):
    keys = jax.random.split(jax.random.key(3), count)
    edges = jax.jit(jax.vmap(lambda k: law.sample(k, n)))(keys)
    assert edges.senders.shape == (count, law.capacity(n))
    return np.asarray(edges.senders), np.asarray(edges.receivers)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{type(law).__name__}-{law.directed}")
def test_lists_are_sorted_without_loops_or_repeats(law):
    for s, r in zip(*drawn(law, 8), strict=True):
        held = r < N
        assert (s[~held] == N).all()
        pairs = list(zip(r[held].tolist(), s[held].tolist(), strict=True))
        assert pairs == sorted(set(pairs))
        assert all(u != v and 0 <= u < N for v, u in pairs)
        assert held[: len(pairs)].all(), "places without an edge come last"
        if not law.directed:
            assert {(v, u) for u, v in pairs} == set(pairs)
        if isinstance(law, family.Connected):
            graph = nx.Graph(pairs)
            assert len(graph) == N
            assert nx.is_connected(graph)


@pytest.mark.parametrize(("n", "directed"), [(5, False), (6, False), (5, True)])
def test_every_pair_is_drawn_equally_often(n, directed):
    s, r = drawn(family.SparseErdosRenyi(p=0.3, directed=directed), 2000, n=n)
    count = np.zeros((n + 1, n + 1))
    np.add.at(count, (s, r), 1)
    off = ~np.eye(n, dtype=bool)
    # Five standard deviations of a share of 2,000.
    np.testing.assert_allclose(count[:n, :n][off] / 2000, 0.3, atol=5 * (0.21 / 2000) ** 0.5)


def test_numbers_of_pairs_beyond_32_bits():
    n = 100_000
    law = family.SparseErdosRenyi(p=2e-7, directed=True)
    edges = jax.jit(lambda k: law.sample(k, n))(jax.random.key(0))
    held = np.asarray(edges.holds)
    assert abs(held.sum() - 2000) < 6 * 2000**0.5
    senders = np.asarray(edges.senders)[held]
    # Uniform over the rows: a mean of half of n, within five standard errors.
    assert abs(senders.mean() / n - 0.5) < 5 * (1 / 12 / len(senders)) ** 0.5


@pytest.mark.parametrize(("p", "n", "edges"), [(0.0, 4, 0), (1.0, 4, 12), (1.0, 1, 0)])
def test_extreme_probabilities(p, n, edges):
    senders, receivers = drawn(family.SparseErdosRenyi(p=p), 1, n)
    assert (receivers < n).sum() == (senders < n).sum() == edges


def test_watts_strogatz_is_a_ring_without_rewiring():
    senders, receivers = drawn(family.SparseWattsStrogatz(k=4, rewire=0.0), 1)
    graph = nx.Graph(zip(senders[0].tolist(), receivers[0].tolist(), strict=True))
    assert nx.is_isomorphic(graph, nx.circulant_graph(N, [1, 2]))


def test_a_mask_as_a_list():
    mask = np.random.default_rng(0).random((4, 4)) < 0.5
    edges = jax.jit(family.from_mask)(mask)
    held = np.asarray(edges.holds)
    pairs = set(zip(edges.senders[held].tolist(), edges.receivers[held].tolist(), strict=True))
    assert pairs == {(u, v) for u, v in np.argwhere(mask).tolist() if u != v}


@pytest.mark.parametrize("directed", [False, True])
def test_weights_of_both_directions_agree_or_not(directed):
    mask = ~np.eye(5, dtype=bool)
    senders, receivers = (np.append(x, [5, 5]).astype(np.int32) for x in np.nonzero(mask))
    edges = family.EdgeList(senders=senders, receivers=receivers, n_node=5)
    weigh = jax.jit(
        lambda k, e: family.edge_weights(IntegerWeights(1, 1000), k, e, directed=directed)
    )
    table = np.zeros((6, 6))
    table[senders, receivers] = weigh(jax.random.key(1), edges)
    assert (table == table.T).all() == (not directed)
    assert len(np.unique(table[:5, :5][mask])) == (20 if directed else 10)
    assert (table[5] == 0).all(), "places without an edge weigh nothing"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: family.SparseErdosRenyi(p=1.5), "`p` is 1.5"),
        (lambda: family.SparseWattsStrogatz(k=3), "`k` is 3: give even numbers"),
        (lambda: family.SparseWattsStrogatz(rewire=(0.0, 2.0)), "`rewire` is"),
        (lambda: family.Connected(family.SparseErdosRenyi(directed=True)), "draws directed"),
    ],
)
def test_bad_parameters_are_named(build, message):
    with pytest.raises(InputError, match=message):
        build()
