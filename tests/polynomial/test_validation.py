import pytest

from catalign._errors import AxiomError, InputError
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import identity, project, source
from catalign.polynomial.message import Argument, Message, Output, for_each
from catalign.polynomial.sort import ONE, V

PAIR = V * V
INPUTS = {"node": V, "edge": PAIR, "graph": ONE}
BOTH = {"node": V, "edge": PAIR}
PLACES = (Output("node", project(PAIR, 1)), Output("edge", identity(PAIR)))
ROLES = library.message_passing_dense["pair"].arguments


def build(*summands, outputs=BOTH):
    return PolynomialDiagram("naive_edge_update", INPUTS, outputs=outputs, summands=summands)


def test_the_naive_edge_update_is_no_polynomial_diagram():
    with pytest.raises(AxiomError) as error:
        build(Message("pair", PAIR, ROLES, PLACES))
    assert str(error.value) == (
        "naive_edge_update: o is not a function Y -> Z, because each message 'pair' goes to node "
        "and to edge. Send a copy of it to each: the summands\n"
        "  *for_each('pair', V*V, arguments=..., "
        "outputs=[Output('node', ...), Output('edge', ...)])\n"
        "make this part of the diagram\n"
        "  8 V*V -> 2 V*V -> V + V*V\n"
        "instead of 4 V*V -> V*V -> V + V*V."
    )


def test_the_repair_that_the_error_offers_works():
    repaired = build(*for_each("pair", PAIR, arguments=ROLES, outputs=PLACES))
    assert repaired.type == "V + V*V + ONE <- 8 V*V -> 2 V*V -> V + V*V"
    assert repaired.renamed("node_edge_update") == library.node_edge_update


def test_a_message_that_goes_nowhere_is_refused():
    with pytest.raises(AxiomError, match="'pair' goes nowhere"):
        build(Message("pair", PAIR, ROLES, ()))


def test_an_output_leg_between_other_sorts_is_refused():
    with pytest.raises(AxiomError, match="o is not a function Y -> Z") as error:
        build(Message("pair", PAIR, ROLES, Output("node", identity(PAIR))))
    assert "needed: V*V -> V\n" in str(error.value)
    assert "given:  V*V -> V*V: u,v -> u,v" in str(error.value)


@pytest.mark.parametrize("leg", [source, project(PAIR, 0)])
def test_an_input_leg_between_other_sorts_is_refused(leg):
    with pytest.raises(AxiomError, match="i is not a function X -> W at the role 'edge'"):
        build(Message("pair", PAIR, [Argument("edge", "edge", leg)], PLACES[0]))


def test_unknown_fields_are_refused():
    with pytest.raises(InputError, match="has no output 'nodes'; it has node, edge"):
        build(Message("pair", PAIR, ROLES, Output("nodes", project(PAIR, 1))))
    with pytest.raises(InputError, match="has no input 'nodes'; it has node, edge, graph"):
        build(Message("pair", PAIR, [Argument("u", "nodes", project(PAIR, 0))], PLACES[0]))


def test_names_must_differ():
    message = Message("pair", PAIR, ROLES, PLACES[0])
    with pytest.raises(InputError, match="several messages named pair"):
        build(message, message)
    with pytest.raises(InputError, match="several roles of message 'pair' named sender"):
        build(Message("pair", PAIR, [ROLES[0], ROLES[0]], PLACES[0]))
    port = library.readout.inputs[0]
    with pytest.raises(InputError, match="several inputs named node"):
        PolynomialDiagram("twice", [port, port], outputs=BOTH, summands=[])
