import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import catalign
from catalign._errors import InputError, UnsupportedError
from catalign.algorithms import from_integers, verify
from catalign.algorithms.catalogue import CLRS_30, TABLE
from catalign.nn.pretrained import pretrained_names, program_names
from catalign.nn.scan.form import word_form
from catalign.nn.scan.reasoner import ScanReasoner
from tests.training.stub import COUNT_HIGH

MACHINES = sorted(set(pretrained_names()) - set(program_names()))


def test_the_type_alone_says_which_algorithms_are_functions_on_words():
    names = [row.name for row in TABLE]
    found = {n for n in names if word_form(catalign.algorithms.get(n).spec) is not None}
    # A power modulo a number has the type, but no finite state.
    assert found == {*MACHINES, "modular_exponentiation"}
    assert not found & set(CLRS_30)


@pytest.mark.parametrize("name", MACHINES)
def test_a_shipped_reasoner_gives_the_algorithm_s_last_hints_and_outputs(name):
    algorithm, reasoner = catalign.algorithms.get(name), catalign.load(name)
    trace = algorithm.sample(jax.random.key(0), 8, 33)
    execution = reasoner.run(trace.inputs, max_steps=1)
    assert verify(algorithm, trace.inputs, execution.outputs).correct.all()
    last = np.asarray(trace.lengths) - 1
    for hint in algorithm.spec.hints:
        shown = np.asarray(trace.hints[hint.name])[last, np.arange(8)]
        assert (np.asarray(execution.hints[hint.name]) == shown).all()
    assert execution.converged.all()


def test_a_million_digits_with_the_longest_carry():
    addition, n = catalign.algorithms.get("addition"), 10**6
    inputs = from_integers(addition, {"a": 0, "b": 1}, size=n)
    inputs = {k: v[None] for k, v in inputs.items()} | {"a": jnp.full((1, n), 9, jnp.int32)}
    execution = catalign.load("addition").run(inputs, max_steps=1)
    assert not execution.outputs["sum"].any()
    assert execution.outputs["carry"].all()


def test_one_compile_a_shape():
    reasoner = catalign.load("subtraction")
    algorithm = catalign.algorithms.get("subtraction")

    @jax.jit
    @chex.assert_max_traces(n=1)
    def run(inputs):
        return reasoner.run(inputs, max_steps=1).outputs

    for seed in range(3):
        run(algorithm.sample_inputs(jax.random.key(seed), 4, 9))


def test_it_has_the_type_of_one_letter_and_is_explained():
    reasoner = catalign.load("digit_division")
    assert str(reasoner.diagram) == "pointer: V <- V -> V -> V"
    text = catalign.explain(reasoner, diagrams=True)
    assert "x1 = 7\n      state 0 moves 0, 7 -> 0; 1, 8 -> 1" in text
    assert "pointer: V <- V -> V -> V" in text


def test_a_missing_input_is_named():
    with pytest.raises(InputError, match="`inputs` has no pred, b: give every input of addition"):
        catalign.load("addition").run({"a": jnp.zeros((1, 3), jnp.int32)}, max_steps=1)


def test_it_cannot_be_trained():
    with pytest.raises(UnsupportedError, match="hardened"):
        catalign.load("addition")({}, {}, jnp.zeros(1), steps=1)


def test_a_missing_machine_one_of_another_type_and_another_spec_are_named():
    reasoner, spec = catalign.load("addition"), catalign.algorithms.get("addition").spec
    machines = reasoner.machines
    with pytest.raises(InputError, match="none for 'sum'"):
        ScanReasoner("x", spec, {k: m for k, m in machines.items() if k != "sum"})
    with pytest.raises(InputError, match=r"machine of 'sum' reads letters .* writes 2 values"):
        ScanReasoner("x", spec, machines | {"sum": machines["carry"]})
    with pytest.raises(InputError, match="no function on words"):
        ScanReasoner("x", COUNT_HIGH.spec, machines)
    other = dataclasses.replace(machines["carry"], writes=machines["carry"].moves)
    assert ScanReasoner("x", spec, machines | {"carry": other}).machines["carry"] == other
