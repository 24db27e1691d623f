"""Every lowered path against the definition."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import InputError, ShapeMismatchError
from catalign.algebra.instances import SEMIRINGS, max_min, max_plus, min_plus, plus_times
from catalign.algebra.provenance import with_provenance
from catalign.integral.graph import DenseGraph, SparseGraph
from catalign.integral.naive import naive_integral_transform
from catalign.integral.pushforward import finite_transform
from catalign.integral.transform import integral_transform
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.interpretation import FiniteGraph, interpret
from catalign.polynomial.leg import identity, pair, project, source, target
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import Base, E, V
from tests.integral import draws

diagonal = PolynomialDiagram(
    "diagonal",
    {"edge": V * V, "node": V},
    outputs={"edge": V * V},
    summands=[
        Message(
            "read",
            E,
            (Argument("ends", "edge", pair(source, target)),),
            Output("edge", pair(target, source)),
        ),
        Message(
            "write",
            V,
            (Argument("loop", "edge", project(V, 0, 0)),),
            Output("edge", project(V, 0, 0)),
        ),
        Message("ones", V, (), Output("edge", project(V, 0, 0))),
    ],
)
"""Legs that repeat a coordinate, and a message that reads nothing."""

transposed = PolynomialDiagram(
    "transposed",
    {"edge": V * V},
    outputs={"edge": V * V, "unused": V},
    summands=[
        Message(
            "swap",
            V * V,
            (Argument("pair", "edge", identity(V * V)),),
            Output("edge", project(V * V, 1, 0)),
        )
    ],
)

DIAGRAMS = (*library.ALL, diagonal, transposed)
EVERYWHERE = [(d, min_plus) for d in DIAGRAMS]
OTHERS = [
    (diagram, SEMIRINGS[name])
    for diagram in (library.bellman_ford, library.floyd_warshall, library.readout_with_pairs)
    for name in ("plus_times", "lor_land", "max_times")
]


def name_of(case):
    return str(case).split(":")[0]


def assert_same(actual, expected):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(np.asarray(a), b)


@pytest.mark.parametrize(("diagram", "semiring"), EVERYWHERE + OTHERS, ids=name_of)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_lists_of_edges_follow_the_definition(diagram, semiring, data):
    graph = data.draw(draws.sparse_graphs())
    fields = data.draw(draws.fields(diagram, semiring, graph))
    maps = data.draw(draws.pointers(diagram))
    storage = dataclasses.replace(SparseGraph.from_finite(graph), receivers_are_sorted=False)
    actual = integral_transform(diagram, semiring, fields, storage, pointers=maps)
    assert_same(actual, naive_integral_transform(diagram, semiring, fields, graph, pointers=maps))


ON_EDGES = [
    d for d in DIAGRAMS if any(Base.E in m.sort.factors for m in d.summands) and d is not diagonal
]


@pytest.mark.parametrize(
    ("diagram", "semiring"),
    [(d, min_plus) for d in ON_EDGES] + [(library.bellman_ford, plus_times)],
    ids=name_of,
)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_matrices_of_edges_follow_the_definition_and_never_read_outside_the_mask(
    diagram, semiring, data
):
    graph = data.draw(draws.simple_graphs())
    fields = data.draw(draws.fields(diagram, semiring, graph))
    dense = {
        port.name: draws.to_dense(fields[port.name], port.sort, graph, junk=-100.0)
        for port in diagram.inputs
    }
    actual = integral_transform(diagram, semiring, dense, DenseGraph.from_finite(graph))
    expected = naive_integral_transform(diagram, semiring, fields, graph)
    (port,) = diagram.outputs
    assert_same(actual, draws.to_dense(expected, port.sort, graph, junk=semiring.zero))


def test_sorted_receivers_give_the_same_sums():
    graph = FiniteGraph(3, [2, 0, 1], [0, 1, 1])
    fields = {"node": jnp.array([1.0, 2.0, 4.0])}
    storage = SparseGraph.from_finite(graph)
    assert storage.receivers_are_sorted
    out = integral_transform(library.convolution, plus_times, fields, storage)
    assert out.tolist() == [4.0, 3.0, 0.0]


def test_padding_edges_send_nothing():
    padded = SparseGraph(senders=jnp.array([0, 0]), receivers=jnp.array([1, 2]), n_node=2)
    out = integral_transform(library.convolution, min_plus, {"node": jnp.array([1.0, 2.0])}, padded)
    assert out.tolist() == [np.inf, 1.0]


def test_provenance_names_the_sender_that_won():
    graph = FiniteGraph(3, [0, 1, 0], [2, 2, 1])
    weights = np.array([5.0, 2.0, 1.0], np.float32), np.full(3, -1, np.int32)
    distance = np.array([0.0, 1.0, np.inf], np.float32), np.array([0, 1, -1], np.int32)
    bias = np.zeros(3, np.float32), np.full(3, -1, np.int32)
    fields = {"f": distance, "b": bias, "w": weights}
    pairs = with_provenance(min_plus)
    actual = integral_transform(library.bellman_ford, pairs, fields, SparseGraph.from_finite(graph))
    assert_same(actual, naive_integral_transform(library.bellman_ford, pairs, fields, graph))
    assert (actual[0].tolist(), actual[1].tolist()) == ([0.0, 1.0, 3.0], [0, 0, 1])


def batch(semiring, diagram, count):
    rng = np.random.default_rng(0)
    graphs = [
        FiniteGraph(3, rng.integers(3, size=4), rng.integers(3, size=4)) for _ in range(count)
    ]
    fields = [
        {
            p.name: rng.normal(size=graphs[0].shape(p.sort)).astype(np.float32)
            for p in diagram.inputs
        }
        for _ in range(count)
    ]
    return graphs, fields


@pytest.mark.parametrize("diagram", [library.bellman_ford, library.floyd_warshall], ids=name_of)
def test_vmap_carries_a_batch_of_fields_and_graphs(diagram):
    graphs, fields = batch(min_plus, diagram, 3)
    storage = [
        dataclasses.replace(SparseGraph.from_finite(g), receivers_are_sorted=False) for g in graphs
    ]
    stack = lambda *leaves: jnp.stack(leaves)  # noqa: E731
    run = jax.vmap(lambda f, g: integral_transform(diagram, min_plus, f, g))
    out = run(jax.tree.map(stack, *fields), jax.tree.map(stack, *storage))
    expected = [
        naive_integral_transform(diagram, min_plus, f, g)
        for f, g in zip(fields, graphs, strict=True)
    ]
    np.testing.assert_allclose(out, np.stack(expected), rtol=1e-6)


def test_feature_axes_pass_through():
    graph = DenseGraph.complete(3)
    edge = np.random.default_rng(0).normal(size=(3, 3, 2)).astype(np.float32)
    for semiring in (min_plus, plus_times):
        out = integral_transform(library.floyd_warshall, semiring, {"edge": edge}, graph)
        each = [
            naive_integral_transform(
                library.floyd_warshall, semiring, {"edge": edge[..., k]}, FiniteGraph.complete(3)
            )
            for k in range(2)
        ]
        np.testing.assert_allclose(out, np.stack(each, -1), rtol=1e-5)


@pytest.mark.parametrize("semiring", [min_plus, max_plus, plus_times], ids=str)
@pytest.mark.parametrize("diagram", [library.bellman_ford, library.triplet], ids=name_of)
def test_gradients_flow_and_equal_those_of_the_three_steps(diagram, semiring):
    """The three steps on finite sets are another program for the same function."""
    (graph,), (fields,) = batch(semiring, diagram, 1)
    finite, storage = interpret(diagram, graph), SparseGraph.from_finite(graph)

    def finish(out):
        return jnp.sum(
            jnp.where(jnp.isfinite(out), out, 0.0)
            * jnp.arange(1, out.size + 1).astype(out.dtype).reshape(out.shape)
        )

    def by_steps(fields):
        flat = jnp.concatenate([jnp.ravel(fields[port.name]) for port in diagram.inputs])
        return finish(finite_transform(finite, semiring, flat))

    def lowered(fields):
        return finish(integral_transform(diagram, semiring, fields, storage).reshape(-1))

    actual, expected = jax.jit(jax.grad(lowered))(fields), jax.jit(jax.grad(by_steps))(fields)
    for name in fields:
        np.testing.assert_allclose(actual[name], expected[name], rtol=1e-4, atol=1e-5)
        assert np.any(actual[name] != 0)


def test_a_planted_fault_is_found():
    """A segment form that does not match its operation, and an edge read against its direction."""
    graph = FiniteGraph(3, [0, 1], [2, 2])
    fields = {"node": jnp.array([1.0, 2.0, 4.0])}
    expected = naive_integral_transform(library.convolution, min_plus, fields, graph)
    broken = dataclasses.replace(
        min_plus, add=dataclasses.replace(min_plus.add, segment=max_plus.add.segment)
    )
    backwards = FiniteGraph(3, [2, 2], [0, 1])
    for semiring, storage in [(broken, graph), (max_min, graph), (min_plus, backwards)]:
        actual = integral_transform(
            library.convolution, semiring, fields, SparseGraph.from_finite(storage)
        )
        assert not np.array_equal(actual, expected)


def test_errors_name_the_field_and_both_sides():
    graph = DenseGraph.complete(3)
    edge = jnp.zeros((3, 3))
    with pytest.raises(
        ShapeMismatchError, match=r"`fields\['edge'\]` has shape \(3,\), but .* V\*V"
    ):
        integral_transform(library.floyd_warshall, min_plus, {"edge": edge[0]}, graph)
    with pytest.raises(ShapeMismatchError, match=r"`fields\['edge'\]` has dtype int"):
        integral_transform(library.floyd_warshall, min_plus, {"edge": edge.astype(int)}, graph)
    with pytest.raises(InputError, match="`fields` has node, but floyd_warshall needs edge"):
        integral_transform(library.floyd_warshall, min_plus, {"node": edge}, graph)
    with pytest.raises(InputError, match="`pointers` has nothing, but pointer needs pi"):
        integral_transform(library.pointer, min_plus, {"node": edge[0]}, graph)
    with pytest.raises(InputError, match="2 edges from 0 to 1"):
        DenseGraph.from_finite(FiniteGraph(2, [0, 0], [1, 1]))
