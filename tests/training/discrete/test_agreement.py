import dataclasses

import jax

import catalign
from catalign.nn.discrete.expression import End, I, Register
from catalign.nn.discrete.rule import Constantly, Leaf, Rule
from catalign.training.discrete import agreement
from catalign.training.discrete.agreement import disagreements

MINIMUM = catalign.algorithms.get("minimum")
PROGRAM = catalign.load("minimum").program
TRACE = MINIMUM.sample(jax.random.key(0), 8, 5)


def with_rule(part, name, term):
    rules = [
        Rule(r.field, Leaf(term)) if r.field.name == name else r for r in getattr(PROGRAM, part)
    ]
    return dataclasses.replace(PROGRAM, **{part: tuple(rules)})


def test_a_right_program_disagrees_nowhere():
    assert disagreements(PROGRAM, TRACE) == {}


def test_each_rule_is_judged_by_itself():
    # What a wrong rule gives is not passed on to those that read it.
    cases = {
        "step, rule of i": with_rule("step", "i'", Register("i")),
        "first, rule of min_h": with_rule("first", "min_h'", End(True)),
        "rule of output min": with_rule("outputs", "min'", Register("i")),
        "step, rule of pred_h": with_rule("step", "pred_h'", I),
    }
    for name, program in cases.items():
        found = disagreements(program, TRACE)
        ends_with_it = {name, "the end"} if name == "step, rule of i" else {name}
        assert set(found) <= ends_with_it
        assert name in found
    shown = found["step, rule of pred_h"]
    assert (shown.expected, shown.actual) == ([0, 0, 1, 2, 3], [0, 1, 2, 3, 4])
    assert str(shown).endswith("at step 0, it gives [0, 1, 2, 3, 4], not [0, 0, 1, 2, 3]")


def test_a_wrong_end_is_named():
    never = dataclasses.replace(PROGRAM, halt=Leaf(Constantly(0, True)))
    assert set(disagreements(never, TRACE)) == {"the end"}
    always = dataclasses.replace(PROGRAM, halt=Leaf(Constantly(1, True)))
    assert disagreements(always, TRACE)["the end"].step == 0


def test_states_in_small_batches_are_judged_alike(monkeypatch):
    program = with_rule("step", "pred_h'", I)
    whole = disagreements(program, TRACE)
    monkeypatch.setattr(agreement, "CANDIDATES", 60)
    assert agreement._most(program, 5) == 2
    assert disagreements(program, TRACE) == whole != {}
