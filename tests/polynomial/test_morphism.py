import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError
from catalign.polynomial import library
from catalign.polynomial.finite import FinFunction, pullback
from catalign.polynomial.finite_diagram import FiniteDiagram
from catalign.polynomial.interpretation import FiniteGraph, interpret
from catalign.polynomial.morphism import (
    DiagramMorphism,
    GraphMorphism,
    base_change,
    interpret_morphism,
)
from catalign.polynomial.sort import E, V
from tests.polynomial.reference import COUNT, SEMIRINGS, fields, transform
from tests.strategies import (
    FEW,
    LAW,
    finite_diagrams,
    finite_functions,
    graph_fibrations,
    graph_isomorphisms,
    graph_morphisms,
)


def restricted(field, f):
    """The field, read along a function."""
    return [field[x] for x in f.values.tolist()]


def is_natural(morphism, semiring, field):
    """Whether `d* . T_D = T_D' . a*` holds at one field."""
    below = restricted(transform(morphism.cod, semiring, field), morphism.d)
    return below == transform(morphism.dom, semiring, restricted(field, morphism.a))


@pytest.mark.parametrize("semiring", SEMIRINGS, ids=repr)
@LAW
@given(finite_diagrams(), st.data())
def test_base_change(semiring, diagram, data):
    morphism = base_change(diagram, data.draw(finite_functions(cod=diagram.Z)))
    assert morphism.is_cartesian
    assert is_natural(morphism, semiring, data.draw(fields(semiring, diagram.W)))


@LAW
@given(finite_diagrams(), st.data())
def test_base_change_composes(diagram, data):
    d = data.draw(finite_functions(cod=diagram.Z))
    e = data.draw(finite_functions(cod=d.dom))
    once, twice = base_change(diagram, d), base_change(base_change(diagram, d).dom, e)
    assert twice.dom.is_isomorphic(base_change(diagram, e.then(d)).dom, ordered=True)
    assert twice.then(once).is_cartesian


@LAW
@given(finite_functions(), st.data())
def test_pushing_forward_commutes_with_pulling_back(q, data):
    """Beck and Chevalley: `g* q_+ = q'_+ g'*` over a pullback square."""
    g = data.draw(finite_functions(cod=q.cod))
    over_g, over_q = pullback(g, q)
    field = data.draw(fields(COUNT, q.dom))

    def push(along, values):
        return [sum(values[x] for x in fibre.tolist()) for fibre in along.fibres]

    assert restricted(push(q, field), g) == push(over_g, restricted(field, over_q))


@pytest.mark.parametrize("diagram", library.ALL, ids=lambda d: d.name)
@FEW
@given(graph_isomorphisms(), st.data())
def test_every_named_diagram_is_equivariant(diagram, renumbering, data):
    n_node = renumbering.dom.n_node
    pi = data.draw(finite_functions(n_node, cod=n_node))
    moved = renumbering.nodes.inverse.then(pi).then(renumbering.nodes)
    morphism = interpret_morphism(
        diagram,
        renumbering,
        dom_pointers={"pi": pi.values.tolist()},
        cod_pointers={"pi": moved.values.tolist()},
    )
    assert morphism.is_isomorphism
    assert morphism.is_cartesian
    assert is_natural(morphism, COUNT, data.draw(fields(COUNT, morphism.cod.W)))


@pytest.mark.parametrize("semiring", SEMIRINGS, ids=repr)
@LAW
@given(graph_fibrations(), st.data())
def test_message_passing_is_natural_in_fibrations(semiring, fibration, data):
    assert fibration.is_fibration
    morphism = interpret_morphism(library.message_passing_sparse, fibration)
    assert morphism.is_cartesian
    assert is_natural(morphism, semiring, data.draw(fields(semiring, morphism.cod.W)))


def test_a_map_that_drops_an_edge_is_no_fibration_and_not_natural():
    base = FiniteGraph(2, [0, 0], [1, 1])
    cover = FiniteGraph(2, [0], [1])
    dropped = GraphMorphism(cover, base, FinFunction.identity(2), FinFunction([0], 2))
    assert not dropped.is_fibration
    morphism = interpret_morphism(library.convolution, dropped)
    assert not morphism.is_cartesian
    assert not is_natural(morphism, COUNT, [1, 0])


def test_a_map_that_lifts_an_edge_twice_is_natural_only_if_addition_is_idempotent():
    base, cover = FiniteGraph(2, [0], [1]), FiniteGraph(2, [0, 0], [1, 1])
    twice = GraphMorphism(cover, base, FinFunction.identity(2), FinFunction([0, 0], 1))
    morphism = interpret_morphism(library.convolution, twice)
    assert not twice.is_fibration
    assert not is_natural(morphism, COUNT, [1, 0])
    assert all(is_natural(morphism, s, [s.one, s.zero]) for s in SEMIRINGS if s is not COUNT)


@LAW
@given(graph_morphisms())
def test_maps_of_graphs_act_on_sorts(morphism):
    for sort in (V, E, V * E, V * V):
        f = morphism.on(sort)
        assert (f.dom, f.cod) == (morphism.dom.size(sort), morphism.cod.size(sort))
    n, m = morphism.dom.n_node, morphism.cod.n_node
    on_pairs = morphism.on(V * V)
    for u in range(n):
        for v in range(n):
            assert divmod(on_pairs(u * n + v), m) == (morphism.nodes(u), morphism.nodes(v))


@LAW
@given(finite_diagrams(), st.data())
def test_morphisms_compose(diagram, data):
    first = base_change(diagram, data.draw(finite_functions(cod=diagram.Z)))
    assert DiagramMorphism.identity(first.dom).then(first) == first
    assert first.then(DiagramMorphism.identity(diagram)) == first
    with pytest.raises(AxiomError, match="cannot compose morphisms"):
        first.then(DiagramMorphism.identity(diagram + diagram))


def test_squares_that_do_not_commute_are_refused():
    one, two = FiniteDiagram.identity(1), FiniteDiagram.identity(2)
    zero, other = FinFunction([0], 2), FinFunction([1], 2)
    for leg, functions in {
        "i": (other, zero, zero, zero),
        "p": (zero, zero, other, other),
        "o": (zero, zero, zero, other),
    }.items():
        with pytest.raises(AxiomError, match=f"square of {leg} does not commute: 0 goes to"):
            DiagramMorphism(one, two, *functions)


def test_functions_between_other_sets_are_refused():
    one, two = FiniteDiagram.identity(1), FiniteDiagram.identity(2)
    same = FinFunction.identity(1)
    with pytest.raises(AxiomError, match="function on W goes from 1 elements to 1"):
        DiagramMorphism(one, two, same, same, same, same)
    with pytest.raises(AxiomError, match="`d` ends in 1 outputs and 2 <- 2 -> 2 -> 2 has 2"):
        base_change(two, same)
    graph = FiniteGraph(2, [0], [1])
    with pytest.raises(AxiomError, match="function on edges goes from 2"):
        GraphMorphism(graph, graph, FinFunction.identity(2), FinFunction.identity(2))


def test_a_map_that_moves_ends_is_refused():
    graph = FiniteGraph(2, [0], [1])
    with pytest.raises(AxiomError, match="square of source does not commute"):
        GraphMorphism(graph, graph, FinFunction([1, 0], 2), FinFunction.identity(1))


def test_a_map_that_does_not_carry_the_pointers_is_refused():
    graph = FiniteGraph(2, [], [])
    same = GraphMorphism(graph, graph, FinFunction.identity(2), FinFunction([], 0))
    with pytest.raises(AxiomError, match="square of i does not commute"):
        interpret_morphism(
            library.pointer, same, dom_pointers={"pi": [0, 1]}, cod_pointers={"pi": [1, 0]}
        )


def test_the_meaning_of_an_identity_is_the_identity():
    graph = FiniteGraph(3, [0, 1], [1, 2])
    same = GraphMorphism(graph, graph, FinFunction.identity(3), FinFunction.identity(2))
    meaning = interpret(library.bellman_ford, graph)
    assert interpret_morphism(library.bellman_ford, same) == DiagramMorphism.identity(meaning)
