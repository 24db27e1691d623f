import pytest

import catalign
from catalign.algorithms.spec import Kind
from catalign.nn.discrete.diagram import rule_diagrams
from catalign.nn.discrete.rule import expressions
from catalign.nn.discrete.selection import Select
from catalign.nn.discrete.signature import field_of
from catalign.nn.pretrained import program_names
from catalign.polynomial.sort import ONE, SortSum, V


@pytest.mark.parametrize("name", program_names())
def test_every_shipped_rule_has_a_diagram_of_its_type(name):
    program = catalign.load(name).program
    fields = {f.name: f for f in map(field_of, program.spec)}
    for rule, diagram in zip(program.step, rule_diagrams(program), strict=True):
        assert diagram.codomain == SortSum((V**rule.field.rank,))
        read = set().union(*(e.reads for e in expressions(rule.tree)))
        assert {port.name for port in diagram.inputs} == read
        for port in diagram.inputs:
            field = fields.get(port.name.removesuffix("'"))
            if field is not None:
                assert port.sort == (V if field.kind is Kind.MASK_ONE else V**field.rank)


@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "floyd_warshall"])
def test_a_selection_is_a_message_over_one_more_node(name):
    program = catalign.load(name).program
    for rule, diagram in zip(program.step, rule_diagrams(program), strict=True):
        selections = {e for e in expressions(rule.tree) if isinstance(e, Select)}
        wide = [m for m in diagram.summands if m.name.startswith("selection")]
        assert len(wide) == len(selections)
        for message in wide:
            assert message.sort == V ** (rule.field.rank + 1)
            assert message.output.leg.positions == tuple(range(rule.field.rank))


def test_the_diagram_of_bfs_is_message_passing_and_that_of_a_pointer_follows_it():
    reach, pi = rule_diagrams(catalign.load("bfs").program)
    assert reach.type == "V + V*V <- V + 2 V*V -> V + V*V -> V"
    assert "reach_h[u] += reach_h[v] * adj[v,u]  for u,v in V*V" in reach.formula
    assert pi["selection 1"].sort == V * V
    (pi,) = [d for d in rule_diagrams(catalign.load("dijkstra").program) if d.name == "pi_h"]
    followed = [leg for m in pi.summands for leg in m.legs if "pi_h" in leg.pointers]
    assert [str(leg) for leg in followed] == ["v -> pi_h(v)"]


def test_a_turned_edge_shows_in_the_diagram():
    (_, pi) = rule_diagrams(catalign.load("bfs").program)
    (adjacent,) = [a for a in pi["selection 1"].arguments if a.reads == "adj"]
    assert adjacent.leg.positions == (1, 0), "the edge leads from the candidate to the receiver"


def test_explain_prints_diagrams_on_request():
    model = catalign.load("minimum")
    text = catalign.explain(model, diagrams=True)
    assert text.startswith(catalign.explain(model))
    assert "min_h: 3 V <- 4 V -> 2 V -> ONE" in text
    assert "min_h += i'[v] * key[v]  for v in V" in text


def test_what_is_read_at_the_graph_is_a_message_for_each_marked_node():
    (least,) = [d for d in rule_diagrams(catalign.load("minimum").program) if d.name == "min_h"]
    assert least.codomain == SortSum((ONE,))
    assert {m.name for m in least.summands} == {"at i'", "at min_h"}
