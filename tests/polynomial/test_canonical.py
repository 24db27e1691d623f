from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from catalign.polynomial import library
from catalign.polynomial.canonical import canonical_form, is_isomorphic
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.interpretation import interpret
from catalign.polynomial.leg import project
from tests.strategies import LAW, finite_graphs, pointers, polynomial_diagrams


def rebuilt(diagram, summands):
    return PolynomialDiagram("other", diagram.inputs, outputs=diagram.outputs, summands=summands)


@st.composite
def disguises(draw, diagram):
    """The diagram with messages, roles and the factors of each message's sort reordered."""
    summands = []
    for message in draw(st.permutations(diagram.summands)):
        order = draw(st.permutations(range(message.sort.rank)))
        back = project(message.sort, *order)
        reorder = project(back.cod, *(order.index(k) for k in range(len(order))))
        assert back.then(reorder) == project(message.sort, *range(len(order)))
        arguments = [
            replace(a, role=f"r{k}", leg=reorder.then(a.leg))
            for k, a in enumerate(draw(st.permutations(message.arguments)))
        ]
        output = replace(message.output, leg=reorder.then(message.output.leg))
        summands.append(replace(message, sort=back.cod, arguments=arguments, output=output))
    return rebuilt(diagram, summands)


@LAW
@given(polynomial_diagrams(), finite_graphs(max_node=3, max_edge=3), st.data())
def test_reordering_keeps_the_canonical_form_and_the_meaning(diagram, graph, data):
    other = data.draw(disguises(diagram))
    assert canonical_form(other) == canonical_form(diagram)
    assert is_isomorphic(other, diagram)
    # The new roles are in another order, so the meanings agree over a commutative multiplication.
    pi = data.draw(pointers(graph))
    assert interpret(other, graph, pi).is_isomorphic(interpret(diagram, graph, pi))


@LAW
@given(polynomial_diagrams(), st.data())
def test_leaving_a_role_out_changes_the_canonical_form(diagram, data):
    message = data.draw(st.sampled_from(diagram.summands))
    assume(message.arguments)
    less = replace(message, arguments=message.arguments[1:])
    summands = [less if m is message else m for m in diagram.summands]
    assert not is_isomorphic(rebuilt(diagram, summands), diagram)


def test_no_two_named_diagrams_are_isomorphic():
    forms = [(d.inputs, d.outputs, canonical_form(d)) for d in library.ALL]
    assert len(set(forms)) == len(forms)


def test_folklore_weisfeiler_leman_on_pairs_is_floyd_warshall():
    renamed = library.floyd_warshall.renamed(inputs={"edge": "tuple"}, outputs={"edge": "tuple"})
    assert is_isomorphic(renamed, library.weisfeiler_leman(2))


def test_reading_against_the_edges_is_another_diagram():
    message = library.convolution["edge"]
    against = replace(message.arguments[0], leg=message.output.leg)
    swapped = rebuilt(library.convolution, [replace(message, arguments=(against,))])
    assert not is_isomorphic(swapped, library.convolution)
