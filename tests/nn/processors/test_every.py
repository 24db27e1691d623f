"""What holds of every processor: equivariance as its type says, gradients, one compilation."""

import collections
import functools

import jax
import jax.numpy as jnp
import numpy as np
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
from catalign.nn.processors.mpnn import MPNN
from catalign.nn.processors.parts import Mean
from catalign.nn.processors.path_gnn import PathGNN
from catalign.nn.processors.pgn import PGN
from catalign.nn.processors.pointer_pgn import PointerPGN
from catalign.nn.processors.recurrent import RecurrentAggregator
from catalign.nn.processors.relational_transformer import RelationalTransformer
from catalign.nn.processors.semiring import SemiringMPNN
from catalign.nn.processors.sparse_mpnn import SparseMPNN
from catalign.nn.processors.triplet import TripletMPNN
from catalign.nn.zoo import LEARNED
from catalign.polynomial.sort import E, V

N, WIDTH = 5, 8
EVERY = sorted(LEARNED)
TRACES = collections.Counter()


def _fields(seed):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(N, 2 * WIDTH)).astype(np.float32),
        rng.normal(size=(N, N, WIDTH)).astype(np.float32),
        rng.normal(size=WIDTH).astype(np.float32),
        (rng.random((N, N)) < 0.6) | np.eye(N, dtype=bool),
        rng.integers(0, N, (2, N), dtype=np.int32),
    )


@functools.cache
def _layer(name):
    """A layer's step and its gradient in one program, and the layer's parameters."""
    layer = LEARNED[name](2 * WIDTH, WIDTH, rngs=nnx.Rngs(0))
    graphdef, state = nnx.split(layer)
    kind = layer.diagram

    @jax.jit
    def run(state, node, edge, graph, structure):
        TRACES[name] += 1

        def value(state):
            found = nnx.merge(graphdef, state)(node, edge, graph, structure)
            found = found if isinstance(found, tuple) else (found,)
            weights = [np.random.default_rng(9).normal(size=x.shape).astype("f") for x in found]
            return sum(jnp.sum(w * x) for w, x in zip(weights, found, strict=True)), found

        slope, found = jax.grad(value, has_aux=True)(state)
        return found, slope

    def step(state, node, edge, graph, mask, pointers):
        if kind.pointers:
            structure = PointerGraph(pointers=pointers, n_node=N)
        elif E in kind.domain:
            senders, receivers = np.full((2, N * N), N, np.int32)
            senders[: mask.sum()], receivers[: mask.sum()] = np.nonzero(mask)
            structure = SparseGraph(senders=senders, receivers=receivers, n_node=N)
            edge = edge[np.minimum(senders, N - 1), np.minimum(receivers, N - 1)]
        else:
            structure = DenseGraph(mask=mask)
        return jax.tree.map(np.asarray, run(state, node, edge, graph, structure))

    return step, state


def _relabelled(name, seed, order):
    step, state = _layer(name)
    node, edge, graph, mask, pointers = _fields(seed)
    p = np.asarray(order)
    back = np.argsort(p).astype(np.int32)
    before, _ = step(state, node[p], edge[p][:, p], graph, mask[p][:, p], back[pointers][:, p])
    after, _ = step(state, node, edge, graph, mask, pointers)
    return before, [x[p] if x.ndim == 2 else x[p][:, p] for x in after]


@pytest.mark.parametrize("name", [n for n in EVERY if LEARNED[n].processor.fibre is Fibre.MULTISET])
@given(seed=st.integers(0, 1000), order=st.permutations(range(N)))
@settings(max_examples=10, deadline=None)
def test_a_multiset_processor_commutes_with_relabelling(name, seed, order):
    before, after = _relabelled(name, seed, order)
    for a, b in zip(before, after, strict=True):
        assert np.allclose(a, b, atol=1e-4)


def test_a_list_processor_reads_the_order_as_its_type_says():
    names = [n for n in EVERY if LEARNED[n].processor.fibre is Fibre.LIST]
    assert names == ["rnar"]
    before, after = _relabelled("rnar", 0, [4, 2, 0, 1, 3])
    assert not np.allclose(before[0], after[0], atol=1e-2)
    assert RecurrentAggregator.type_text().endswith("fibres as lists")


@pytest.mark.parametrize("name", EVERY)
def test_it_gives_a_field_for_each_output_of_its_diagram(name):
    step, state = _layer(name)
    shapes = [x.shape for x in step(state, *_fields(0))[0]]
    step(state, *_fields(1))
    assert TRACES[name] == 1
    codomain = LEARNED[name].processor.diagram.codomain
    assert shapes == [(N, WIDTH)] + [(N, N, WIDTH)] * codomain.count(V * V)


@pytest.mark.parametrize("name", EVERY)
def test_every_parameter_has_a_gradient(name):
    step, state = _layer(name)
    _, slope = step(state, *_fields(0))
    for path, leaf in jax.tree_util.tree_leaves_with_path(slope):
        assert np.isfinite(leaf).all()
        assert leaf.any(), path


@pytest.mark.parametrize("name", EVERY)
def test_a_node_without_messages_stays_finite(name):
    step, state = _layer(name)
    node, edge, graph, mask, pointers = _fields(0)
    for x in step(state, node, edge, graph, np.zeros_like(mask), pointers)[0]:
        assert np.isfinite(x).all()


@pytest.mark.parametrize("name", [n for n in EVERY if E not in LEARNED[n].processor.diagram.domain])
def test_another_kind_of_graph_is_refused_with_both_sides(name):
    layer = LEARNED[name](2 * WIDTH, WIDTH, rngs=nnx.Rngs(0))
    node, edge, graph, *_ = map(jnp.asarray, _fields(0))
    listed = SparseGraph(senders=jnp.array([0]), receivers=jnp.array([1]), n_node=N)
    with pytest.raises(SortError, match=r"has the type .* but `structure` is a SparseGraph"):
        layer(node, edge, graph, listed)


@nnx.jit
def _call(layer, *args):
    return layer(*args)


def test_pgn_is_mpnn_along_a_relation_and_pointer_pgn_along_that_of_pointers():
    node, edge, graph, _, pointers = _fields(3)
    layers = [kind(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0)) for kind in (MPNN, PGN, PointerPGN)]
    for layer in layers[1:]:
        nnx.update(layer, nnx.state(layers[0]))
    mask = np.eye(N, dtype=bool)
    for row in pointers:
        points = row[:, None] == np.arange(N)
        mask = mask | points | points.T
    dense, pointed = DenseGraph(mask=mask), PointerGraph(pointers=pointers, n_node=N)

    complete = DenseGraph(mask=np.ones((N, N), bool))
    first, pgn, pointer, every = (
        _call(layer, node, edge, graph, structure)
        for layer, structure in zip(
            [*layers, layers[0]], [dense, dense, pointed, complete], strict=True
        )
    )
    assert np.allclose(first, pgn, atol=1e-5)
    assert np.allclose(first, pointer, atol=1e-5)
    assert not np.allclose(first, every, atol=1e-2)


def test_deep_sets_is_mpnn_along_self_loops_and_hears_no_other_node():
    node, edge, graph, *_ = _fields(3)
    mpnn, sets = (kind(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0)) for kind in (MPNN, DeepSets))
    nnx.update(sets, nnx.state(mpnn))
    loops = DenseGraph(mask=np.eye(N, dtype=bool))
    here = np.asarray(_call(sets, node, edge, graph, loops))
    assert np.allclose(here, _call(mpnn, node, edge, graph, loops), atol=1e-5)
    moved = node.copy()
    moved[0] += 1.0
    elsewhere = np.asarray(_call(sets, moved, edge, graph, loops))
    assert np.array_equal(here[1:], elsewhere[1:])
    assert not np.array_equal(here[0], elsewhere[0])


@pytest.mark.parametrize("kind", [MPNN, SparseMPNN])
def test_the_mean_is_the_sum_over_the_count(kind):
    node, edge, graph, mask, _ = _fields(4)
    senders, receivers = np.nonzero(mask)
    layers = {
        name: kind(2 * WIDTH, WIDTH, aggregation=aggregation, rngs=nnx.Rngs(0))
        for name, aggregation in (("mean", Mean()), ("sum", plus_times.add))
    }
    graphdef, state = nnx.split(layers)
    structure = (
        DenseGraph(mask=mask)
        if kind is MPNN
        else SparseGraph(senders=senders, receivers=receivers, n_node=N)
    )
    edge = edge if kind is MPNN else edge[senders, receivers]

    @jax.jit
    def received(state, node, edge, graph, structure):
        caught = {}
        for name, each in nnx.merge(graphdef, state).items():
            each.update = lambda node, received, name=name: caught.setdefault(name, received)
            each(node, edge, graph, structure)
        return caught

    caught = received(state, node, edge, graph, structure)
    assert np.allclose(
        caught["mean"], np.asarray(caught["sum"]) / mask.sum(axis=0)[:, None], atol=1e-5
    )


def _apply(linear, x):
    """A linear layer, in NumPy."""
    return x @ np.asarray(linear.kernel[...]) + np.asarray(linear.bias[...])


def test_the_pair_field_is_the_maximum_over_all_triples():
    node, edge, graph, *_ = _fields(5)
    layer = TripletMPNN(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0))
    u, v, w = np.split(_apply(layer.ends, node), 3, axis=-1)
    uv, wu, wv = np.split(_apply(layer.sides, edge), 3, axis=-1)
    triples = (
        u[:, None, None]
        + v[None, :, None]
        + w[None, None, :]
        + uv[:, :, None]
        + np.transpose(wu, (1, 0, 2))[:, None]
        + np.transpose(wv, (1, 0, 2))[None]
        + _apply(layer.graph, graph)[None, None, None]
    )
    expected = np.maximum(_apply(layer.out, triples.max(axis=2)), 0)
    found = _call(layer, node, edge, graph, DenseGraph(mask=np.ones((N, N), bool)))[1]
    assert np.allclose(found, expected, atol=1e-5)


def test_the_relational_transformer_attends_by_what_a_pair_asks_and_offers():
    """Against the definition, pair by pair and head by head."""
    node, edge, graph, mask, _ = _fields(8)
    layer = RelationalTransformer(2 * WIDTH, WIDTH, heads=2, rngs=nnx.Rngs(0))

    @nnx.jit
    def hear(layer, node, edge, graph, structure):
        x = layer.start(node)
        return x, layer._hear(x, edge, graph, structure).reshape(N, 2, -1)

    x, found = map(np.asarray, hear(layer, node, edge, graph, DenseGraph(mask=mask)))
    pairs = _apply(layer.edge, edge) + _apply(layer.graph, graph)[None, None]
    q, k, m = np.split(pairs, 3, axis=-1)
    kx, mx = np.split(_apply(layer.sender, x), 2, axis=-1)
    qx = _apply(layer.receiver, x)
    d = WIDTH // 2
    for v in range(N):
        for head in range(2):
            part = slice(head * d, (head + 1) * d)
            senders = [u for u in range(N) if mask[u, v]]
            scores = np.array(
                [np.dot((q[u, v] + qx[v])[part], (k[u, v] + kx[u])[part]) for u in senders]
            )
            weights = np.exp(scores / np.sqrt(d))
            values = np.stack([(m[u, v] + mx[u])[part] for u in senders])
            assert np.allclose(found[v, head], weights / weights.sum() @ values, atol=1e-4)


def test_a_pair_of_the_relational_transformer_hears_its_reverse():
    node, edge, graph, mask, _ = _fields(8)
    layer = RelationalTransformer(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0))
    none = DenseGraph(mask=np.zeros_like(mask))
    moved = edge.copy()
    moved[0, 1] += 1.0
    before, after = (np.asarray(_call(layer, node, x, graph, none)[1]) for x in (edge, moved))
    changed = np.abs(after - before).max(axis=-1) > 1e-5
    assert np.argwhere(changed).tolist() == [[0, 1], [1, 0]]


def test_a_gate_starts_almost_shut_and_keeps_the_hidden_state():
    node, edge, graph, mask, _ = _fields(6)
    gated = MPNN(2 * WIDTH, WIDTH, style=UpdateStyle(gated=True), rngs=nnx.Rngs(0))
    assert float(gated.update.gate.out.bias[...][0]) == -3.0
    gated.update.gate.out.kernel[...] = jnp.zeros((WIDTH, WIDTH))
    gated.update.gate.out.bias[...] = jnp.full(WIDTH, -50.0)
    kept = _call(gated, node, edge, graph, DenseGraph(mask=mask))
    assert np.allclose(kept, node[:, WIDTH:], atol=1e-5)


def test_layer_norm_can_be_left_out():
    plain = MPNN(2 * WIDTH, WIDTH, style=UpdateStyle(layer_norm=False), rngs=nnx.Rngs(0))
    assert plain.update.norm is None
    node, edge, graph, mask, _ = _fields(6)
    found = _call(plain, node, edge, graph, DenseGraph(mask=mask))
    assert (np.asarray(found) >= 0).all()


@functools.cache
def _built(kind):
    return kind(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0))


@given(scale=st.floats(0.0, 100.0, width=32), seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_path_gnn_is_positively_homogeneous_and_mpnn_is_not(scale, seed):
    node, edge, graph, mask, _ = _fields(seed)
    scale = np.float32(scale)

    def gap(kind):
        layer, dense = _built(kind), DenseGraph(mask=mask)
        once = np.asarray(_call(layer, node, edge, graph, dense))
        scaled = _call(layer, scale * node, scale * edge, scale * graph, dense)
        return float(np.max(np.abs(scaled - scale * once)))

    assert gap(PathGNN) <= 1e-4 * (1 + scale)
    if scale > 2:
        assert gap(MPNN) > 0.1


def test_a_semiring_processor_multiplies_a_vector_by_a_matrix_in_the_semiring():
    node, edge, graph, mask, _ = _fields(7)
    layer = SemiringMPNN(2 * WIDTH, WIDTH, semiring=min_plus, rngs=nnx.Rngs(0))

    @nnx.jit
    def run(layer, node, edge, graph, mask):
        values = layer.value(node)[:, None] + layer.edge(edge) + layer.graph(graph)[None, None]
        best = jnp.where(mask[..., None], values, jnp.inf).min(axis=0)
        return layer.update(node, best), layer(node, edge, graph, DenseGraph(mask=mask))

    expected, found = run(layer, node, edge, graph, mask)
    assert np.allclose(found, expected, atol=1e-5)
    with pytest.raises(UnsupportedError, match=r"lor_land.*give one of max_plus"):
        SemiringMPNN(2 * WIDTH, WIDTH, semiring=lor_land, rngs=nnx.Rngs(0))
    assert SemiringMPNN(2 * WIDTH, WIDTH, rngs=nnx.Rngs(0)).semiring is max_plus


def test_heads_that_do_not_divide_the_width_are_named():
    with pytest.raises(InputError, match="`heads` is 3, which does not divide the `width` 8"):
        GAT(2 * WIDTH, WIDTH, heads=3, rngs=nnx.Rngs(0))
