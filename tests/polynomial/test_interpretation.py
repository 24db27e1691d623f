import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError, CompositeSizeError, InputError, ShapeMismatchError
from catalign.polynomial import library
from catalign.polynomial.diagram import Path, PolynomialDiagram
from catalign.polynomial.finite_diagram import FiniteDiagram
from catalign.polynomial.interpretation import (
    FiniteGraph,
    interpret,
    interpret_leg,
    interpret_path,
    offsets,
)
from catalign.polynomial.leg import identity, pointer, project, terminal
from catalign.polynomial.sort import ONE, E, V
from tests.polynomial.reference import COUNT, fields, transform
from tests.strategies import LAW, finite_graphs, legs, pointers, polynomial_diagrams, sorts


@LAW
@given(finite_graphs(min_node=0, max_node=3, max_edge=3), st.data())
def test_interpretation_of_legs_is_a_functor(graph, data):
    f = data.draw(sorts(2).flatmap(legs))
    g = data.draw(legs(f.cod))
    pi = data.draw(pointers(graph))
    meanings = [interpret_leg(leg, graph, pointers=pi) for leg in (f, g, f.then(g))]
    assert meanings[0].then(meanings[1]) == meanings[2]
    same = interpret_leg(identity(f.dom), graph)
    assert same.values.tolist() == list(range(graph.size(f.dom)))


@LAW
@given(finite_graphs(), polynomial_diagrams(), st.data())
def test_sizes_are_those_of_the_type(graph, diagram, data):
    finite = interpret(diagram, graph, data.draw(pointers(graph)))
    sizes = [graph.size(s) for s in (diagram.W, diagram.X, diagram.Y, diagram.Z)]
    assert sizes == [finite.W, finite.X, finite.Y, finite.Z]


@LAW
@given(finite_graphs())
def test_the_identity_means_the_identity(graph):
    fields_passed = {"node": V, "edge": E, "pair": V * V, "graph": ONE}
    meaning = interpret(PolynomialDiagram.identity(**fields_passed), graph)
    assert meaning == FiniteDiagram.identity(meaning.W)


@LAW
@given(finite_graphs(), st.data())
def test_a_pair_computes_both(graph, data):
    nodes, edges = library.message_passing_dense, library.triplet
    both = interpret(nodes.pair(edges), graph)
    field = data.draw(fields(COUNT, both.W))
    apart = [transform(interpret(d, graph), COUNT, field) for d in (nodes, edges)]
    assert transform(both, COUNT, field) == apart[0] + apart[1]


@LAW
@given(finite_graphs(), polynomial_diagrams(), polynomial_diagrams(), st.data())
def test_a_symbolic_sum_means_the_sum(graph, first, second, data):
    pi = data.draw(pointers(graph))
    both = interpret(first, graph, pi) + interpret(second, graph, pi)
    assert interpret(first + second, graph, pi) == both


@LAW
@given(finite_graphs(), finite_graphs())
def test_a_batch_of_graphs_is_a_sum_of_diagrams(one, other):
    span = library.convolution
    assert interpret(span, one + other) == interpret(span, one) + interpret(span, other)


def test_layout():
    graph = FiniteGraph(2, [0], [1])
    diagram = library.message_passing_dense
    assert offsets(diagram.inputs, graph) == {"node": 0, "edge": 2, "graph": 6}
    finite = interpret(diagram, graph)
    # Roles one after the other: senders, receivers, pairs, the graph.
    assert finite.i.values.tolist() == [0, 0, 1, 1, 0, 1, 0, 1, 2, 3, 4, 5, 6, 6, 6, 6]
    assert finite.p.values.tolist() == [0, 1, 2, 3] * 4
    assert finite.o.values.tolist() == [0, 1, 0, 1]
    assert finite.monomials[1] == (0, 1, 3, 6)


def test_sorts_on_a_graph():
    graph = FiniteGraph(3, [0, 1], [1, 2])
    assert [graph.shape(s) for s in (V, E, V * E, ONE)] == [(3,), (2,), (3, 2), ()]
    assert interpret_leg(terminal(V), graph).values.tolist() == [0, 0, 0]
    assert interpret_leg(project(V * E, 1), graph).values.tolist() == [0, 1] * 3
    assert graph == FiniteGraph(3, [0, 1], [1, 2]) != FiniteGraph(3, [0, 1], [1, 1])
    assert repr(graph) == "FiniteGraph(3, [0, 1], [1, 2])"


def test_complete_graph():
    graph = FiniteGraph.complete(3)
    assert graph.n_edge == 9
    assert graph.source == interpret_leg(project(V * V, 0), graph)
    assert graph.target == interpret_leg(project(V * V, 1), graph)


def test_graphs_that_are_none_are_refused():
    with pytest.raises(ShapeMismatchError, match="2 senders and 1 receivers"):
        FiniteGraph(3, [0, 1], [1])
    with pytest.raises(AxiomError, match="3 at 0 is not among the 3 elements"):
        FiniteGraph(3, [3], [0])


def test_pointers_must_be_given_and_be_functions():
    graph = FiniteGraph(2, [], [])
    assert interpret(library.pointer, graph, {"pi": [1, 1]}).i.values.tolist() == [1, 1]
    with pytest.raises(InputError, match="follows the pointer 'pi', which `pointers` lacks"):
        interpret(library.pointer, graph)
    for value in ([0], [0, 2], [0, -1]):
        with pytest.raises(AxiomError, match="Let a node without a pointer point to itself"):
            interpret_leg(pointer("pi"), graph, pointers={"pi": value})


@LAW
@given(finite_graphs(max_node=3, max_edge=3), st.data())
def test_a_path_means_the_composite(graph, data):
    path = library.broadcast.then(library.pair_readout).then(library.floyd_warshall)
    composite = interpret_path(path, graph)
    field = step = data.draw(fields(COUNT, composite.W))
    for diagram in path.diagrams:
        step = transform(interpret(diagram, graph), COUNT, step)
    assert transform(composite, COUNT, field) == step


def test_a_path_connects_fields_by_name_whatever_their_order():
    graph = FiniteGraph(2, [0, 1], [1, 1])
    forth = PolynomialDiagram.identity(f=V, b=V, w=E)
    back = PolynomialDiagram.identity(w=E, b=V, f=V)
    relax = library.bellman_ford
    straight = interpret_path(Path((forth, relax)), graph)
    assert straight.is_isomorphic(interpret(relax, graph), ordered=True)
    crossed = interpret_path(back.then(relax), graph)
    assert crossed.polynomials != straight.polynomials
    assert crossed.i.cod == straight.i.cod
    # Inputs in the order w, b, f instead of f, b, w.
    moved = {0: 4, 1: 5, 2: 2, 3: 3, 4: 0, 5: 1}
    terms = tuple(
        tuple(sorted(tuple(sorted(moved[w] for w in monomial)) for monomial in polynomial))
        for polynomial in straight.polynomials
    )
    assert crossed.polynomials == terms


def test_a_long_path_hits_the_size_guard():
    layer = library.floyd_warshall
    path = layer.then(layer).then(layer)
    with pytest.raises(CompositeSizeError):
        interpret_path(path, FiniteGraph.complete(4), limit=1000)
