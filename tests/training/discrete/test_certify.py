import dataclasses
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import catalign
from catalign._errors import InputError
from catalign.algorithms.check import check_same_spec
from catalign.algorithms.spec import Kind, Spec
from catalign.nn.discrete.condition import Less, LessEqual, Not
from catalign.nn.discrete.expression import End, I, Register
from catalign.nn.discrete.rule import Leaf, Rule, Split
from catalign.nn.discrete.scalar import Of
from catalign.training.discrete import enumeration
from catalign.training.discrete.agreement import THE_END, Disagreement
from catalign.training.discrete.certify import _Beside, within_reach

MINIMUM = catalign.algorithms.get("minimum")
FLOYD_WARSHALL = catalign.algorithms.get("floyd_warshall")
PROGRAM = catalign.load("minimum").program


def certificate(program):
    return catalign.certify(program, MINIMUM, sizes=(8,), count=4)


def test_larger_samples_are_smaller_and_only_taken_where_a_run_is_short():
    found = catalign.certify(PROGRAM, MINIMUM, sizes=(16, 64), count=8)
    assert {(s.size, s.count) for s in found.sampled} == {(16, 8), (64, 2)}
    assert within_reach(MINIMUM, 256)
    assert within_reach(FLOYD_WARSHALL, 64)
    assert not within_reach(FLOYD_WARSHALL, 256)


def test_a_program_of_another_spec_is_refused_before_any_work(monkeypatch):
    def run(*_):
        raise AssertionError("it was run")

    monkeypatch.setattr(_Beside, "run", run)
    with pytest.raises(InputError) as caught:
        catalign.certify(PROGRAM, catalign.algorithms.get("bfs"))
    assert str(caught.value) == (
        "the program of minimum has another spec than bfs. Only the program of minimum has: key: "
        "input node scalar, pred_h: hint node pointer, min_h: hint node mask_one, i: hint "
        "node mask_one, min: output node mask_one; only bfs has: s: input node mask_one, A: input "
        "edge scalar, adj: input edge mask, reach_h: hint node mask, pi_h: hint node pointer, pi: "
        "output node pointer. Give the algorithm that it stands for."
    )


def test_a_probe_of_another_type_is_another_spec():
    minimum, key = MINIMUM.spec, MINIMUM.spec["key"]
    classes = [dataclasses.replace(key, kind=Kind.CATEGORICAL, classes=k) for k in (2, 3)]
    own, other = (Spec(*(p for p in minimum if p != key), c) for c in classes)
    with pytest.raises(InputError, match=r"categorical of 2 classes; .* categorical of 3 classes"):
        catalign.certify(
            dataclasses.replace(PROGRAM, spec=own), dataclasses.replace(MINIMUM, spec=other)
        )
    check_same_spec("it", Spec(*reversed(minimum.probes)), "minimum", minimum)


def with_rule(name, tree):
    rules = [Rule(r.field, tree) if r.field.name == name else r for r in PROGRAM.step]
    return dataclasses.replace(PROGRAM, step=tuple(rules))


def test_three_kinds_of_evidence_are_kept_apart():
    found = certificate(PROGRAM)
    assert found.holds
    assert found.is_proved
    assert "the typed rules are the algorithm: equal at every hint" in found.preconditions[0]
    assert found.exhaustive[0].up_to == 5
    assert len({s.family for s in found.sampled}) == 6


def test_a_wrong_rule_is_refuted_with_a_small_instance_and_named():
    (rule,) = [r for r in PROGRAM.step if r.field.name == "min_h'"]
    assert isinstance(rule.tree, Split)
    flipped = with_rule(
        "min_h'", Split(Not(rule.tree.condition), rule.tree.then, rule.tree.otherwise)
    )
    found = certificate(flipped)
    assert not found.holds
    assert found.counterexample is not None
    assert found.counterexample.cell == "step 1, rule of min_h"
    assert len(found.counterexample.inputs["key"]) == 2


def test_a_wrong_tie_break_is_refuted_with_a_tie():
    min_h, i = Register("min_h"), Register("i'")
    later = with_rule(
        "min_h'", Split(LessEqual(Of("key", i), Of("key", min_h)), Leaf(i), Leaf(min_h))
    )
    found = certificate(later)
    assert found.counterexample is not None
    keys = found.counterexample.inputs["key"]
    assert len(set(keys)) < len(keys)
    right = with_rule("min_h'", Split(Less(Of("key", i), Of("key", min_h)), Leaf(i), Leaf(min_h)))
    assert certificate(right).holds


def test_what_is_no_program_is_told_where_its_certificate_is():
    with pytest.raises(InputError, match=r"`model` is a Certificate, .* `certify_sorting`"):
        catalign.certify(catalign.alignment.Certificate(subject="x"), MINIMUM)


def test_a_program_that_never_ends_is_refuted():
    stuck = with_rule("i'", Leaf(Register("i")))
    found = certificate(stuck)
    assert found.counterexample is not None
    assert "rule of i" in found.counterexample.cell


def test_a_wrong_first_state_and_a_wrong_output_are_named():
    first = tuple(
        Rule(r.field, Leaf(End(True))) if r.field.name == "min_h'" else r for r in PROGRAM.first
    )
    found = certificate(dataclasses.replace(PROGRAM, first=first))
    assert found.counterexample is not None
    assert found.counterexample.cell == "first, rule of min_h"
    outputs = (Rule(PROGRAM.outputs[0].field, Leaf(Register("i"))),)
    found = certificate(dataclasses.replace(PROGRAM, outputs=outputs))
    assert found.counterexample is not None
    assert found.counterexample.cell == "rule of output min"


def test_a_wrong_hint_refutes_where_no_output_shows_it():
    # pred_h never changes, so that copying it and recomputing it are the same.
    same = with_rule("pred_h'", {r.field.name: r for r in PROGRAM.first}["pred_h'"].tree)
    assert certificate(same).holds
    found = certificate(with_rule("pred_h'", Leaf(I)))
    assert found.counterexample is not None
    assert found.counterexample.cell == "step, rule of pred_h, at step 0"
    assert (found.counterexample.expected, found.counterexample.actual) == ([0, 0], [0, 1])


def test_a_wrong_hint_refutes_without_typed_rules_and_on_samples(monkeypatch):
    certify_module = sys.modules["catalign.training.discrete.certify"]
    monkeypatch.setattr(certify_module, "TYPED", {})
    monkeypatch.setattr(enumeration, "largest", lambda algorithm: 0)
    wrong_hint = with_rule("pred_h'", Leaf(I))
    small = catalign.certify(wrong_hint, MINIMUM, sizes=(8,), count=4)
    monkeypatch.setattr("catalign.training.discrete.execution.BY_HAND", 0)
    compiled = catalign.certify(wrong_hint, MINIMUM, sizes=(8,), count=4)
    for found in (small, compiled):
        assert found.counterexample is not None
        assert found.counterexample.cell == "step, rule of pred_h, at step 0"
        assert found.counterexample.actual == list(range(8))
    right = catalign.certify(PROGRAM, MINIMUM, sizes=(8,), count=4)
    assert right.verdict == "sampled"
    assert right.unproved == ("no proof was tried: the algorithm has no typed rules",)


def test_what_was_run_and_not_judged_is_said(monkeypatch):
    module = sys.modules["catalign.training.discrete.certify"]
    monkeypatch.setattr(module, "TYPED", {})
    monkeypatch.setattr(enumeration, "largest", lambda algorithm: 0)
    short = dataclasses.replace(MINIMUM, max_steps=lambda n: 3)
    found = catalign.certify(PROGRAM, short, sizes=(8,), count=4)
    assert found.unproved[1] == "24 runs that the algorithm does not complete were not judged"

    monkeypatch.setattr("catalign.training.discrete.execution.BY_HAND", 0)
    monkeypatch.setattr(module, "hints_exact", lambda *_: np.zeros(24, bool))
    found = catalign.certify(PROGRAM, MINIMUM, sizes=(8,), count=4)
    assert found.holds
    assert found.unproved[1].startswith("24 runs differ in a hint or in their end")


def test_another_number_of_steps_is_listed_and_refutes_nothing():
    beside = _Beside(PROGRAM, MINIMUM, None)
    beside.learned[THE_END] = Disagreement(THE_END, {"key": [0.0]}, 2, expected=True, actual=False)
    with jax.enable_x64(True):
        assert beside.run(MINIMUM.sample_inputs(jax.random.key(0), 2, 5)) is None
    assert beside.evidence("").unproved[1] == (
        "the end: on key = [0.0], at step 2, it gives False, not True"
    )


def test_typed_rules_that_are_not_the_algorithms_prove_nothing():
    # It has the name and the spec of the minimum, and finds the last of equal keys.
    def step(inputs, state):
        key, i = inputs["key"], state.i + 1
        return state._replace(i=i, least=jnp.where(key[i] <= key[state.least], i, state.least))

    last = dataclasses.replace(MINIMUM, step=step)
    min_h, i = Register("min_h"), Register("i'")
    later = with_rule(
        "min_h'", Split(LessEqual(Of("key", i), Of("key", min_h)), Leaf(i), Leaf(min_h))
    )
    found = catalign.certify(later, last, sizes=(8,), count=4)
    assert found.holds
    assert not found.is_proved
    assert "the typed rules are not this algorithm's: step, rule of min_h" in found.unproved[0]


@pytest.mark.parametrize("name", ["bfs", "minimum"])
def test_enumerations_hold_every_instance_of_the_domain(name):
    algorithm = catalign.algorithms.get(name)
    n = 3
    inputs = enumeration.instances(algorithm, n)
    # bfs: every mask and three sources; minimum: three values a key.
    assert len(inputs["pos"]) == {"bfs": 2**9 * 3, "minimum": 27}[name]


@pytest.mark.parametrize(("name", "weighs"), [("dfs", False), ("dijkstra", True)])
def test_learners_see_weights_where_the_sampler_draws_some_and_certificates_always(name, weighs):
    algorithm = catalign.algorithms.get(name)
    for drawn in (True, False):
        inputs = enumeration.instances(algorithm, 2, drawn=drawn)
        assert np.array_equal(inputs["A"] > 0, inputs["adj"])
        assert (len(np.unique(inputs["A"])) > 2) is (weighs or not drawn)
