"""What holds of every processor: equivariance as its type says, gradients, one compilation."""

import collections
import functools

import jax
import jax.numpy as jnp
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import InputError, SortError, UnsupportedError
from catalign.algebra.instances import lor_land, max_plus, min_plus, plus_times
from catalign.integral.graph import DenseGraph, SparseGraph
from catalign.nn.option import UpdateStyle
from catalign.nn.processor import Fibre, PointerGraph
from catalign.nn.processors.deep_sets import DeepSets
from catalign.nn.processors.gat import GAT
from catalign.nn.processors.mpnn import MPNN, SparseMPNN
from catalign.nn.processors.parts import Mean
from catalign.nn.processors.path_gnn import PathGNN
from catalign.nn.processors.pgn import PGN
from catalign.nn.processors.pointer_pgn import PointerPGN
from catalign.nn.processors.recurrent import RecurrentAggregator
from catalign.nn.processors.relational_transformer import RelationalTransformer
from catalign.nn.processors.semiring import SemiringMPNN
from catalign.nn.processors.triplet import TripletMPNN
from catalign.nn.zoo import LEARNED
from catalign.polynomial.sort import E, V

N, WIDTH = 5, 8
EVERY = sorted(LEARNED)
TRACES = collections.Counter()


def _fields(seed, node_width=2 * WIDTH):
    a, b, c, d, e = jax.random.split(jax.random.key(seed), 5)
    return (
        jax.random.normal(a, (N, node_width)),
        jax.random.normal(b, (N, N, WIDTH)),
        jax.random.normal(c, (WIDTH,)),
        jax.random.bernoulli(d, 0.6, (N, N)) | jnp.eye(N, dtype=bool),
        jax.random.randint(e, (2, N), 0, N, dtype=jnp.int32),
    )


@functools.cache
def _layer(name):
    layer = LEARNED[name](2 * WIDTH, WIDTH, rngs=nnx.Rngs(0))
    graphdef, state = nnx.split(layer)
    kind = layer.diagram

    @jax.jit
    def step(state, node, edge, graph, mask, pointers):
        TRACES[name] += 1
        if kind.pointers:
            structure = PointerGraph(pointers=pointers, n_node=N)
        elif E in kind.domain:
            senders, receivers = jnp.nonzero(mask, size=N * N, fill_value=N)
            structure = SparseGraph(senders=senders, receivers=receivers, n_node=N)
            edge = edge[senders, receivers]
        else:
            structure = DenseGraph(mask=mask)
        found = nnx.merge(graphdef, state)(node, edge, graph, structure)
        return found if isinstance(found, tuple) else (found,)

    return step, state


def _relabelled(name, seed, order):
    step, state = _layer(name)
    node, edge, graph, mask, pointers = _fields(seed)
    p = jnp.asarray(order)
    back = jnp.argsort(p).astype(jnp.int32)
    before = step(state, node[p], edge[p][:, p], graph, mask[p][:, p], back[pointers][:, p])
    after = step(state, node, edge, graph, mask, pointers)
    return before, [x[p] if x.ndim == 2 else x[p][:, p] for x in after]


@pytest.mark.parametrize("name", [n for n in EVERY if LEARNED[n].processor.fibre is Fibre.MULTISET])
@given(seed=st.integers(0, 1000), order=st.permutations(range(N)))
@settings(max_examples=10, deadline=None)
def test_a_multiset_processor_commutes_with_relabelling(name, seed, order):
    before, after = _relabelled(name, seed, order)
    for a, b in zip(before, after, strict=True):
        assert jnp.allclose(a, b, atol=1e-4)


def test_a_list_processor_reads_the_order_as_its_type_says():
    names = [n for n in EVERY if LEARNED[n].processor.fibre is Fibre.LIST]
    assert names == ["rnar"]
    before, after = _relabelled("rnar", 0, [4, 2, 0, 1, 3])
    assert not jnp.allclose(before[0], after[0], atol=1e-2)
    assert RecurrentAggregator.type_text().endswith("fibres as lists")


@pytest.mark.parametrize("name", EVERY)
def test_it_gives_a_field_for_each_output_of_its_diagram(name):
    step, state = _layer(name)
    shapes = [x.shape for x in step(state, *_fields(0))]
    step(state, *_fields(1))
    assert TRACES[name] == 1
    codomain = LEARNED[name].processor.diagram.codomain
    assert shapes == [(N, WIDTH)] + [(N, N, WIDTH)] * codomain.count(V * V)


@pytest.mark.parametrize("name", EVERY)
def test_every_parameter_has_a_gradient(name):
    step, state = _layer(name)
    fields = _fields(0)
    weights = [jax.random.normal(jax.random.key(9), x.shape) for x in step(state, *fields)]

    def value(state):
        found = step(state, *fields)
        return sum(jnp.sum(w * x) for w, x in zip(weights, found, strict=True))

    for path, leaf in jax.tree_util.tree_leaves_with_path(jax.grad(value)(state)):
        assert jnp.isfinite(leaf).all()
        assert leaf.any(), path


@pytest.mark.parametrize("name", EVERY)
def test_a_node_without_messages_stays_finite(name):
    step, state = _layer(name)
    node, edge, graph, mask, pointers = _fields(0)
    for x in step(state, node, edge, graph, jnp.zeros_like(mask), pointers):
        assert jnp.isfinite(x).all()


@pytest.mark.parametrize("name", [n for n in EVERY if E not in LEARNED[n].processor.diagram.domain])
def test_another_kind_of_graph_is_refused_with_both_sides(name):
    layer = LEARNED[name](2 * WIDTH, WIDTH, rngs=nnx.Rngs(0))
    node, edge, graph, *_ = _fields(0)
    listed = SparseGraph(senders=jnp.array([0]), receivers=jnp.array([1]), n_node=N)
    with pytest.raises(SortError, match=r"has the type .* but `structure` is a SparseGraph"):
        layer(node, edge, graph, listed)


def test_pgn_is_mpnn_along_a_relation_and_pointer_pgn_along_that_of_pointers():
    node, edge, graph, _, pointers = _fields(3)
    layers = [kind(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0)) for kind in (MPNN, PGN, PointerPGN)]
    for layer in layers[1:]:
        nnx.update(layer, nnx.state(layers[0]))
    mask = jnp.eye(N, dtype=bool)
    for row in pointers:
        points = jax.nn.one_hot(row, N) > 0
        mask = mask | points | points.T
    dense, pointed = DenseGraph(mask=mask), PointerGraph(pointers=pointers, n_node=N)
    first = layers[0](node, edge, graph, dense)
    assert jnp.allclose(first, layers[1](node, edge, graph, dense), atol=1e-5)
    assert jnp.allclose(first, layers[2](node, edge, graph, pointed), atol=1e-5)
    assert not jnp.allclose(first, layers[0](node, edge, graph, DenseGraph.complete(N)), atol=1e-2)


def test_deep_sets_is_mpnn_along_self_loops_and_hears_no_other_node():
    node, edge, graph, *_ = _fields(3)
    mpnn, sets = (kind(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0)) for kind in (MPNN, DeepSets))
    nnx.update(sets, nnx.state(mpnn))
    loops = DenseGraph(mask=jnp.eye(N, dtype=bool))
    here = sets(node, edge, graph, loops)
    assert jnp.allclose(here, mpnn(node, edge, graph, loops), atol=1e-5)
    elsewhere = sets(node.at[0].add(1.0), edge, graph, loops)
    assert jnp.array_equal(here[1:], elsewhere[1:])
    assert not jnp.array_equal(here[0], elsewhere[0])


@pytest.mark.parametrize("kind", [MPNN, SparseMPNN])
def test_the_mean_is_the_sum_over_the_count(kind):
    node, edge, graph, mask, _ = _fields(4)
    senders, receivers = jnp.nonzero(mask)
    layer = kind(2 * WIDTH, WIDTH, aggregation=Mean(), rngs=nnx.Rngs(0))
    other = kind(2 * WIDTH, WIDTH, aggregation=plus_times.add, rngs=nnx.Rngs(0))
    structure = (
        DenseGraph(mask=mask)
        if kind is MPNN
        else SparseGraph(senders=senders, receivers=receivers, n_node=N)
    )
    edge = edge if kind is MPNN else edge[senders, receivers]
    caught = {}
    for name, each in (("mean", layer), ("sum", other)):
        each.update = lambda node, received, name=name: caught.setdefault(name, received)
        each(node, edge, graph, structure)
    assert jnp.allclose(
        caught["mean"], caught["sum"] / mask.sum(axis=0)[:, None].astype(float), atol=1e-5
    )


def test_the_pair_field_is_the_maximum_over_all_triples():
    node, edge, graph, *_ = _fields(5)
    layer = TripletMPNN(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0))
    u, v, w = jnp.split(layer.ends(node), 3, axis=-1)
    uv, wu, wv = jnp.split(layer.sides(edge), 3, axis=-1)
    triples = (
        u[:, None, None]
        + v[None, :, None]
        + w[None, None, :]
        + uv[:, :, None]
        + jnp.transpose(wu, (1, 0, 2))[:, None]
        + jnp.transpose(wv, (1, 0, 2))[None]
        + layer.graph(graph)[None, None, None]
    )
    expected = jax.nn.relu(layer.out(triples.max(axis=2)))
    found = layer(node, edge, graph, DenseGraph.complete(N))[1]
    assert jnp.allclose(found, expected, atol=1e-5)


def test_the_relational_transformer_attends_by_what_a_pair_asks_and_offers():
    """Against the definition, pair by pair and head by head."""
    node, edge, graph, mask, _ = _fields(8)
    layer = RelationalTransformer(2 * WIDTH, WIDTH, heads=2, rngs=nnx.Rngs(0))
    x = layer.start(node)
    found = layer._hear(x, edge, graph, DenseGraph(mask=mask)).reshape(N, 2, -1)
    q, k, m = jnp.split(layer.edge(edge) + layer.graph(graph)[None, None], 3, axis=-1)
    kx, mx = jnp.split(layer.sender(x), 2, axis=-1)
    d = WIDTH // 2
    for v in range(N):
        for head in range(2):
            part = slice(head * d, (head + 1) * d)
            senders = [u for u in range(N) if mask[u, v]]
            scores = jnp.array(
                [
                    jnp.dot((q[u, v] + layer.receiver(x)[v])[part], (k[u, v] + kx[u])[part])
                    for u in senders
                ]
            )
            weights = jax.nn.softmax(scores / jnp.sqrt(1.0 * d))
            values = jnp.stack([(m[u, v] + mx[u])[part] for u in senders])
            assert jnp.allclose(found[v, head], weights @ values, atol=1e-4)


def test_a_pair_of_the_relational_transformer_hears_its_reverse():
    node, edge, graph, mask, _ = _fields(8)
    layer = RelationalTransformer(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0))
    none = DenseGraph(mask=jnp.zeros_like(mask))
    before = layer(node, edge, graph, none)[1]
    after = layer(node, edge.at[0, 1].add(1.0), graph, none)[1]
    changed = jnp.abs(after - before).max(axis=-1) > 1e-5
    assert jnp.argwhere(changed).tolist() == [[0, 1], [1, 0]]


def test_a_gate_starts_almost_shut_and_keeps_the_hidden_state():
    node, edge, graph, mask, _ = _fields(6)
    shut = MPNN(2 * WIDTH, WIDTH, style=UpdateStyle(gated=True), rngs=nnx.Rngs(0))
    shut.update.gate.out.kernel[...] = jnp.zeros((WIDTH, WIDTH))
    shut.update.gate.out.bias[...] = jnp.full(WIDTH, -50.0)
    kept = shut(node, edge, graph, DenseGraph(mask=mask))
    assert jnp.allclose(kept, node[:, WIDTH:], atol=1e-5)
    fresh = MPNN(2 * WIDTH, WIDTH, style=UpdateStyle(gated=True), rngs=nnx.Rngs(0))
    assert float(fresh.update.gate.out.bias[...][0]) == -3.0


def test_layer_norm_can_be_left_out():
    plain = MPNN(2 * WIDTH, WIDTH, style=UpdateStyle(layer_norm=False), rngs=nnx.Rngs(0))
    node, edge, graph, mask, _ = _fields(6)
    assert plain.update.norm is None
    assert (plain(node, edge, graph, DenseGraph(mask=mask)) >= 0).all()


@given(scale=st.floats(0.0, 100.0), seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_path_gnn_is_positively_homogeneous_and_mpnn_is_not(scale, seed):
    node, edge, graph, mask, _ = _fields(seed)

    def gap(kind):
        layer = kind(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0))
        once = layer(node, edge, graph, DenseGraph(mask=mask))
        scaled = layer(scale * node, scale * edge, scale * graph, DenseGraph(mask=mask))
        return float(jnp.max(jnp.abs(scaled - scale * once)))

    assert gap(PathGNN) <= 1e-4 * (1 + scale)
    if scale > 2:
        assert gap(MPNN) > 0.1


def test_a_semiring_processor_multiplies_a_vector_by_a_matrix_in_the_semiring():
    node, edge, graph, mask, _ = _fields(7)
    layer = SemiringMPNN(2 * WIDTH, WIDTH, semiring=min_plus, rngs=nnx.Rngs(0))
    values = layer.value(node)[:, None] + layer.edge(edge) + layer.graph(graph)[None, None]
    best = jnp.where(mask[..., None], values, jnp.inf).min(axis=0)
    expected = layer.update(node, best)
    assert jnp.allclose(layer(node, edge, graph, DenseGraph(mask=mask)), expected, atol=1e-5)
    with pytest.raises(UnsupportedError, match=r"lor_land.*give one of max_plus"):
        SemiringMPNN(2 * WIDTH, WIDTH, semiring=lor_land, rngs=nnx.Rngs(0))
    assert SemiringMPNN(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0)).semiring is max_plus


def test_heads_that_do_not_divide_the_width_are_named():
    with pytest.raises(InputError, match="`heads` is 3, which does not divide the `width` 8"):
        GAT(2 * WIDTH, WIDTH, heads=3, rngs=nnx.Rngs(0))
