import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign.polynomial import library
from catalign.polynomial.equivariance import Equivariance, equivariance_of
from catalign.polynomial.finite import FinFunction
from catalign.polynomial.interpretation import FiniteGraph
from catalign.polynomial.morphism import GraphMorphism, interpret_morphism
from tests.strategies import (
    LAW,
    graph_fibrations,
    graph_isomorphisms,
    graph_morphisms,
    polynomial_diagrams,
)

TAGS = {
    Equivariance.HOMOMORPHISM: (
        "edge_update",
        "edge_update_sparse",
        "broadcast",
        "pair_readout",
        "pointer",
    ),
    Equivariance.FIBRATION: ("message_passing_sparse", "bellman_ford", "convolution"),
}
MAPS = {
    Equivariance.HOMOMORPHISM: graph_morphisms(),
    Equivariance.FIBRATION: graph_fibrations(),
    Equivariance.ISOMORPHISM: graph_isomorphisms(),
}


@pytest.mark.parametrize("diagram", library.ALL, ids=lambda d: d.name)
def test_tags_of_the_named_diagrams(diagram):
    expected = [tag for tag, names in TAGS.items() if diagram.name in names]
    assert equivariance_of(diagram) == (expected or [Equivariance.ISOMORPHISM])[0]


@LAW
@given(polynomial_diagrams(with_pointer=False), st.data())
def test_a_tag_is_true(diagram, data):
    tag = equivariance_of(diagram)
    for kind, maps in MAPS.items():
        if kind <= tag:
            assert interpret_morphism(diagram, data.draw(maps)).is_cartesian


# The two nodes of a graph without edges, both sent to its one node: a fibration, not injective.
FOLD = GraphMorphism(
    FiniteGraph(2, [], []),
    FiniteGraph(1, [], []),
    FinFunction([0, 0], 1),
    FinFunction([], 0),
)
# A node, sent to the receiver of an edge that does not lift.
FORGET = GraphMorphism(
    FiniteGraph(1, [], []),
    FiniteGraph(2, [0], [1]),
    FinFunction([1], 2),
    FinFunction([], 1),
)


@pytest.mark.parametrize(
    "diagram", [d for d in library.ALL if not d.pointers], ids=lambda d: d.name
)
def test_the_next_larger_tag_would_be_false(diagram):
    tag = equivariance_of(diagram)
    if tag is Equivariance.FIBRATION:
        assert not interpret_morphism(diagram, FORGET).is_cartesian
    if tag is Equivariance.ISOMORPHISM:
        assert FOLD.is_fibration
        assert not interpret_morphism(diagram, FOLD).is_cartesian


def test_pushing_along_pointers_is_not_natural_in_fibrations():
    pushed = interpret_morphism(
        library.pointer_push, FOLD, dom_pointers={"pi": [0, 0]}, cod_pointers={"pi": [0]}
    )
    assert not pushed.is_cartesian


def test_a_path_has_the_least_of_its_tags():
    update, convolve = library.broadcast, library.convolution
    assert equivariance_of(update.then(convolve)) is Equivariance.FIBRATION
    assert equivariance_of(update.then(library.readout)) is Equivariance.ISOMORPHISM
