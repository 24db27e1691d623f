import pytest

from catalign._errors import InputError
from catalign.polynomial import library
from catalign.polynomial.leg import identity, project, terminal
from catalign.polynomial.message import Message, Output, for_each
from catalign.polynomial.sort import ONE, V


def test_roles_keep_their_order():
    pair = library.message_passing_dense["pair"]
    assert pair.roles == ("sender", "receiver", "edge", "graph")
    assert pair.arity == 4
    assert pair["receiver"].leg == project(V * V, 1)
    assert len(pair.legs) == 5


def test_an_unknown_role_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="no role 'sent'; it has sender, receiver, edge, graph"):
        library.message_passing_dense["pair"]["sent"]


def test_copies_differ_only_in_where_they_go():
    outputs = [Output("node", identity(V)), Output("graph", terminal(V))]
    arguments = library.readout["node"].arguments
    copies = for_each("each", V, arguments=arguments, outputs=outputs)
    assert [m.output for m in copies] == outputs
    assert {(m.sort, m.arguments) for m in copies} == {(V, arguments)}


def test_a_message_without_arguments_is_the_empty_product():
    assert Message("count", V, [], Output("graph", terminal(V))).formula == "graph += 1  for v in V"
    assert Message("one", ONE, [], Output("graph", identity(ONE))).formula == "graph += 1"
