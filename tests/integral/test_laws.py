"""The laws of the integral transform, over random finite diagrams and on graphs."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import AxiomError
from catalign.algebra.instances import SEMIRINGS, lor_land, min_plus, plus_times
from catalign.integral.graph import DenseGraph, SparseGraph
from catalign.integral.naive import naive_integral_transform, naive_transform
from catalign.integral.pushforward import finite_transform
from catalign.integral.transform import integral_transform
from catalign.polynomial import library
from catalign.polynomial.finite import FinFunction, pullback
from catalign.polynomial.finite_diagram import FiniteDiagram
from catalign.polynomial.interpretation import FiniteGraph, interpret
from tests.algebra.samples import fields as field_values
from tests.integral import draws

some_semirings = pytest.mark.parametrize(
    "semiring", [SEMIRINGS[k] for k in ("plus_times", "min_plus", "max_min", "lor_land")], ids=str
)


def run(diagram, semiring, f):
    """The definition, as one array."""
    values = [jnp.asarray(value) for value in f]
    return np.asarray([np.asarray(v) for v in naive_transform(diagram, semiring, values)], f.dtype)


@pytest.mark.parametrize("semiring", [min_plus, plus_times], ids=str)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_the_three_steps_follow_the_definition(semiring, data):
    diagram, f = data.draw(draws.diagrams()), data.draw(field_values(semiring, (3,)))
    np.testing.assert_array_equal(finite_transform(diagram, semiring, f), run(diagram, semiring, f))


@some_semirings
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_law_4_the_transform_of_a_composite_is_the_composite(semiring, data):
    first, second = data.draw(draws.diagrams()), data.draw(draws.diagrams(X=4, Y=3))
    f = data.draw(field_values(semiring, (3,)))
    if semiring is plus_times:
        f = np.clip(f, -2, 2)
    one_by_one = run(second, semiring, run(first, semiring, f))
    np.testing.assert_allclose(run(first.then(second), semiring, f), one_by_one, rtol=1e-5)


@some_semirings
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_law_4_the_identity_changes_nothing(semiring, data):
    f = data.draw(field_values(semiring, (3,)))
    np.testing.assert_array_equal(run(FiniteDiagram.identity(3), semiring, f), f)


def test_law_4_fails_without_distributivity():
    """The planted fault: max and plus with the units of plus_times, and plus over plus."""
    sums = FiniteDiagram(FinFunction([0, 1], 2), FinFunction([0, 1], 2), FinFunction([0, 0], 1))
    square = FiniteDiagram(FinFunction([0, 0], 1), FinFunction([0, 0], 1), FinFunction([0], 1))
    broken = dataclasses.replace(plus_times, multiply=plus_times.add)
    f = np.array([1.0, 2.0], np.float32)
    assert run(square, broken, run(sums, broken, f)) != run(sums.then(square), broken, f)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_law_5_a_homomorphism_of_semirings_commutes_with_the_transform(data):
    diagram = data.draw(draws.diagrams())
    f = np.asarray(data.draw(st.lists(st.integers(0, 3), min_size=3, max_size=3)), np.int32)
    counted = run(diagram, plus_times, f) > 0
    np.testing.assert_array_equal(counted, run(diagram, lor_land, f > 0))


@some_semirings
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_law_6_base_change_along_outputs(semiring, data):
    """Beck-Chevalley: to restrict the outputs is to restrict the messages to what arrives there."""
    diagram, d = data.draw(draws.diagrams()), data.draw(draws.functions(2, 3))
    f = data.draw(field_values(semiring, (3,)))
    o, c = pullback(d, diagram.o)
    b, p = pullback(diagram.p, c)
    restricted = FiniteDiagram(b.then(diagram.i), p, o)
    whole = run(diagram, semiring, f)
    np.testing.assert_array_equal(run(restricted, semiring, f), whole[d.values])


def fibration():
    """A graph over a smaller one: the maps of nodes, of edges, and both graphs."""
    base = FiniteGraph(2, [0, 1, 1], [1, 1, 0])
    nodes = FinFunction([0, 0, 1, 1], 2)
    lifted = [(e, v) for e in range(3) for v in range(4) if nodes(v) == base.receivers[e]]
    senders = [int(nodes.fibres[base.senders[e]][v % 2]) for e, v in lifted]
    total = FiniteGraph(4, senders, [v for _, v in lifted])
    return base, total, nodes, FinFunction([e for e, _ in lifted], 3)


@some_semirings
def test_law_6_a_graph_fibration_commutes_with_message_passing(semiring):
    base, total, nodes, edges = fibration()
    rng = np.random.default_rng(0)
    zero, one = (np.asarray(unit) for unit in (semiring.zero, semiring.one))
    values = (
        (rng.integers(0, 2, 5) > 0)
        if zero.dtype == bool
        else rng.integers(1, 4, 5).astype(np.float32)
    )
    f, w = values[:2], values[2:]
    bias = np.full(2, one, values.dtype)

    def relax(graph, f, b, w):
        fields = {"f": f, "b": b, "w": w}
        return np.asarray(
            integral_transform(
                library.bellman_ford, semiring, fields, SparseGraph.from_finite(graph)
            )
        )

    below = relax(base, f, bias, w)
    above = relax(total, f[nodes.values], bias[nodes.values], w[edges.values])
    np.testing.assert_array_equal(above, below[nodes.values])
    if semiring is plus_times:
        cut = FiniteGraph(4, total.senders[1:], total.receivers[1:])
        above = relax(cut, f[nodes.values], bias[nodes.values], w[edges.values][1:])
        assert not np.array_equal(above, below[nodes.values])


@some_semirings
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_law_7_a_disjoint_sum_is_a_batch(semiring, data):
    one, two = data.draw(draws.diagrams()), data.draw(draws.diagrams())
    f, g = (data.draw(field_values(semiring, (3,))) for _ in range(2))
    batch = run(one + two, semiring, np.concatenate([f, g]))
    apart = np.concatenate([run(one, semiring, f), run(two, semiring, g)])
    np.testing.assert_array_equal(batch, apart)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_law_8_diagram_6_is_bellman_ford(data):
    graph = data.draw(draws.sparse_graphs())
    w = np.asarray(data.draw(st.lists(st.integers(1, 9), min_size=4, max_size=4)), np.float32)
    fields = {"f": np.array([0, np.inf, np.inf], np.float32), "b": np.zeros(3, np.float32), "w": w}
    storage = dataclasses.replace(SparseGraph.from_finite(graph), receivers_are_sorted=False)
    expected = fields["f"].tolist()
    for _ in range(3):
        relaxed = list(expected)
        for u, v, weight in zip(graph.senders, graph.receivers, w, strict=True):
            relaxed[v] = min(relaxed[v], expected[u] + weight)
        expected = relaxed
        fields["f"] = np.asarray(
            integral_transform(library.bellman_ford, min_plus, fields, storage)
        )
        assert fields["f"].tolist() == expected


def test_law_8_squaring_gives_all_pairs_shortest_paths():
    n = 6
    rng = np.random.default_rng(1)
    w = np.where(rng.random((n, n)) < 0.4, rng.integers(1, 9, (n, n)), np.inf).astype(np.float32)
    np.fill_diagonal(w, 0)
    expected = w.copy()
    for k in range(n):
        expected = np.minimum(expected, expected[:, k : k + 1] + expected[k : k + 1])
    distance = w
    for _ in range(3):
        distance = integral_transform(
            library.floyd_warshall, min_plus, {"edge": distance}, DenseGraph.complete(n)
        )
    np.testing.assert_array_equal(distance, expected)


def test_law_9_a_message_that_goes_to_two_places_is_refused():
    naive = library.node_edge_update
    message = naive.summands[0]
    places = tuple(m.output for m in naive.summands)
    with pytest.raises(AxiomError, match="o is not a function"):
        type(naive)(
            "naive_edge_update",
            naive.inputs,
            outputs=naive.outputs,
            summands=[dataclasses.replace(message, output=places)],
        )


def test_a_path_of_lowered_layers_is_the_transform_of_the_composite():
    """Functoriality on a graph: message passing, then readout."""
    graph = FiniteGraph(3, [0, 1, 1, 2], [1, 2, 0, 2])
    f = np.array([2.0, 0.0, 1.0], np.float32)
    storage = SparseGraph.from_finite(FiniteGraph(3, graph.senders, graph.receivers))
    node = integral_transform(library.convolution, plus_times, {"node": f}, storage)
    answer = integral_transform(library.readout, plus_times, {"node": node}, storage)
    composite = interpret(library.convolution, graph).then(interpret(library.readout, graph))
    assert run(composite, plus_times, f).tolist() == [float(answer)]
    by_definition = naive_integral_transform(library.convolution, plus_times, {"node": f}, graph)
    np.testing.assert_array_equal(node, by_definition)
