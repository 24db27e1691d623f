"""Message passing on pairs and on edges."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from catalign._errors import SortError
from catalign.algebra.instances import max_plus, plus_times
from catalign.integral.graph import DenseGraph, SparseGraph
from catalign.nn.processors.mpnn import MPNN
from catalign.nn.processors.sparse_mpnn import SparseMPNN

N, WIDTH = 4, 6
AGGREGATIONS = [max_plus.add, plus_times.add]


def _fields(seed: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    node, edge, graph = jax.random.split(jax.random.key(seed), 3)
    return (
        jax.random.normal(node, (N, WIDTH)),
        jax.random.normal(edge, (N, N, WIDTH)),
        jax.random.normal(graph, (WIDTH,)),
    )


@pytest.mark.parametrize("aggregation", AGGREGATIONS, ids=str)
def test_relabelling_the_nodes_before_or_after_is_the_same(aggregation) -> None:
    layer = MPNN(WIDTH, WIDTH, aggregation=aggregation, rngs=nnx.Rngs(0))
    node, edge, graph = _fields(1)
    mask = jax.random.bernoulli(jax.random.key(2), 0.6, (N, N))
    p = jnp.array([2, 0, 3, 1])
    before = layer(node[p], edge[p][:, p], graph, DenseGraph(mask=mask[p][:, p]))
    after = layer(node, edge, graph, DenseGraph(mask=mask))[p]
    assert jnp.allclose(before, after, atol=1e-5)


def test_reading_the_edges_backwards_is_another_function() -> None:
    layer = MPNN(WIDTH, WIDTH, rngs=nnx.Rngs(0))
    node, edge, graph = _fields(1)
    mask = jnp.triu(jnp.ones((N, N), bool))
    forth = layer(node, edge, graph, DenseGraph(mask=mask))
    back = layer(node, edge, graph, DenseGraph(mask=mask.T))
    assert not jnp.allclose(forth, back, atol=1e-2)


@pytest.mark.parametrize("aggregation", AGGREGATIONS, ids=str)
def test_on_any_graph_the_sparse_layer_is_the_dense_one(aggregation) -> None:
    dense = MPNN(WIDTH, WIDTH, aggregation=aggregation, rngs=nnx.Rngs(0))
    sparse = SparseMPNN(WIDTH, WIDTH, aggregation=aggregation, rngs=nnx.Rngs(1))
    nnx.update(sparse, nnx.state(dense))
    node, edge, graph = _fields(3)
    mask = jnp.array([[1, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]], bool)  # none to 3
    senders, receivers = jnp.nonzero(mask)
    listed = SparseGraph(senders=senders, receivers=receivers, n_node=N)
    assert jnp.allclose(
        dense(node, edge, graph, DenseGraph(mask=mask)),
        sparse(node, edge[senders, receivers], graph, listed),
        atol=1e-5,
    )


def test_a_node_without_messages_stays_finite_and_hears_nothing() -> None:
    layer = MPNN(WIDTH, WIDTH, rngs=nnx.Rngs(0))
    node, edge, graph = _fields(1)
    silent = DenseGraph(mask=jnp.zeros((N, N), bool))
    alone = layer(node, edge, graph, silent)
    assert jnp.isfinite(alone).all()
    assert jnp.allclose(alone, layer(node, 2 * edge, graph, silent))


def test_the_other_kind_of_graph_is_refused_with_the_type() -> None:
    node, edge, graph = _fields(0)
    listed = SparseGraph(senders=jnp.array([0]), receivers=jnp.array([1]), n_node=N)
    with pytest.raises(SortError, match=r"MPNN has the type message.*structure. is a SparseGraph"):
        MPNN(WIDTH, WIDTH, rngs=nnx.Rngs(0))(node, edge, graph, listed)
    mask = DenseGraph(mask=jnp.ones((N, N), bool))
    with pytest.raises(SortError, match=r"SparseMPNN has the type.*structure. is a DenseGraph"):
        SparseMPNN(WIDTH, WIDTH, rngs=nnx.Rngs(0))(node, edge[0], graph, mask)
