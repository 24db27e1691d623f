import pytest
from hypothesis import given

from catalign._errors import AxiomError, InputError
from catalign.polynomial import library
from catalign.polynomial.diagram import (
    Path,
    PolynomialDiagram,
    check_composable,
    connection,
)
from catalign.polynomial.sort import ONE, E, V
from tests.strategies import LAW, polynomial_diagrams


def test_prints_its_type():
    dense = library.message_passing_dense
    assert str(dense) == "message_passing_dense: V + V*V + ONE <- 4 V*V -> V*V -> V"
    assert repr(dense) == f"<{dense}>"
    assert (dense.W, dense.X) == (V + V * V + ONE, 4 * (V * V))
    assert (dense.Y, dense.Z) == (V * V, V)
    assert (dense.domain, dense.arguments) == (dense.W, dense.X)
    assert (dense.messages, dense.codomain) == (dense.Y, dense.Z)


def test_fields_and_messages_by_name():
    relax = library.bellman_ford
    assert relax.input("w") == E
    assert relax.output("f") == V
    assert relax["relax"].roles == ("sender", "weight")
    with pytest.raises(InputError, match="bellman_ford has no input 'd'; it has f, b, w"):
        relax.input("d")
    with pytest.raises(InputError, match="no message 'step'; it has stay, relax"):
        relax["step"]


@LAW
@given(polynomial_diagrams())
def test_diagrams_are_hashable_values(diagram):
    again = diagram.renamed()
    assert again == diagram
    assert hash(again) == hash(diagram)
    assert diagram.renamed("other") != diagram


@LAW
@given(polynomial_diagrams(), polynomial_diagrams())
def test_a_disjoint_sum_adds_all_four_sets(first, second):
    both = first + second
    for letter in "WXYZ":
        assert getattr(both, letter) == getattr(first, letter) + getattr(second, letter)


@LAW
@given(polynomial_diagrams())
def test_renaming_back_is_the_identity(diagram):
    new = {port.name: f"new_{port.name}" for port in (*diagram.inputs, *diagram.outputs)}
    old = {there: here for here, there in new.items()}
    renamed = diagram.renamed(inputs=new, outputs=new)
    assert renamed.type == diagram.type
    assert renamed.renamed(inputs=old, outputs=old) == diagram


def test_a_pair_shares_its_inputs():
    both = library.message_passing_dense.pair(library.triplet)
    assert both.W == library.triplet.W
    assert both.Z == V + V * V
    assert both.renamed("node_triplet_update") == library.node_triplet_update


def test_a_pair_on_inputs_of_two_sorts_is_refused():
    with pytest.raises(InputError, match=r"sort V\*V in the first and E in the second"):
        library.message_passing_dense.pair(library.edge_update_sparse)


def test_carrying_makes_a_layer_that_composes_with_itself():
    layer = library.message_passing_sparse.carrying(edge=E, graph=ONE)
    assert layer.domain == layer.codomain
    assert layer.then(layer).codomain == layer.domain


def test_paths_form_a_category():
    f, g, h = library.broadcast, library.convolution, library.readout
    assert f.then(g).then(h) == f.then(g.then(h)) == Path((f, g, h))
    assert (f.then(g).domain, f.then(g).codomain) == (f.domain, g.codomain)
    assert str(f.then(h)) == "broadcast, readout: ONE <- V -> V -> V <- V -> V -> ONE"


def test_an_empty_path_is_refused():
    with pytest.raises(AxiomError, match="needs a diagram"):
        Path(())


def test_diagrams_that_do_not_meet_are_refused_with_both_printed():
    with pytest.raises(AxiomError) as error:
        check_composable(library.convolution, library.floyd_warshall)
    assert str(error.value) == (
        "cannot compose diagrams: `first` ends in V (nodes) but `second` reads V*V (node pairs).\n"
        "  first  = convolution: V <- E -> E -> V\n"
        "  second = floyd_warshall: V*V <- 2 V*V*V -> V*V*V -> V*V\n"
        "To read node pairs from nodes first, insert `library.pair_readout`."
    )


@pytest.mark.parametrize(
    ("first", "second", "bridge"),
    [
        (library.convolution, library.floyd_warshall, "pair_readout"),
        (library.convolution, library.broadcast, "readout"),
        (library.readout, library.convolution, "broadcast"),
    ],
)
def test_the_bridge_that_the_error_offers_works(first, second, bridge):
    with pytest.raises(AxiomError, match=f"insert `library.{bridge}`"):
        first.then(second)
    assert first.then(getattr(library, bridge)).then(second).codomain == second.codomain


def test_the_fields_that_the_error_offers_to_carry_work():
    layer = library.message_passing_dense
    with pytest.raises(AxiomError, match=r"use `first.carrying\(edge=V\*V, graph=ONE\)`"):
        layer.then(layer)
    assert layer.carrying(edge=V * V, graph=ONE).then(layer).codomain == V


def test_other_misfits_are_refused_too():
    with pytest.raises(AxiomError, match="Choose diagrams whose ends agree"):
        library.floyd_warshall.then(library.convolution)


def test_fields_connect_by_name_then_by_sort():
    relax, node = library.bellman_ford, library.convolution
    assert connection(node, library.readout) == {"node": "node"}
    assert connection(library.floyd_warshall, library.weisfeiler_leman(2)) == {"edge": "tuple"}
    two = PolynomialDiagram.identity(w=E, b=V, f=V)
    assert connection(two, relax) == {"w": "w", "b": "b", "f": "f"}
    unclear = PolynomialDiagram.identity(w=E, b=V, d=V)
    with pytest.raises(AxiomError, match="unclear which of the outputs w, b, d is which"):
        unclear.then(relax)
    assert unclear.renamed(outputs={"d": "f"}).then(relax).codomain == V
