import dataclasses
import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import catalign
from catalign._errors import InputError, UnsupportedError
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.rule import expressions
from catalign.nn.pretrained import program_names


def _host(tree):
    return jax.tree.map(np.asarray, tree)


def test_it_runs_jitted_and_compiles_once():
    algorithm, model = catalign.algorithms.get("minimum"), catalign.load("minimum")
    run = jax.jit(chex.assert_max_traces(Program.run, n=1), static_argnums=(0, 2))
    for seed in range(3):
        inputs = algorithm.sample_inputs(jax.random.key(seed), 4, 9)
        outputs, _, steps, done = _host(run(model.program, inputs, 12))
        assert (outputs["min"] == np.asarray(inputs["key"]).argmin(axis=1)).all()
        assert done.all()
        assert steps.tolist() == [9] * 4


def test_given_lengths_end_it():
    algorithm, model = catalign.algorithms.get("minimum"), catalign.load("minimum")
    trace = _host(algorithm.sample(jax.random.key(0), 3, 6))
    run = jax.jit(functools.partial(model.run, max_steps=20))
    execution = _host(run(trace.inputs, lengths=np.array([1, 3, 6])))
    assert execution.steps.tolist() == [1, 3, 6]
    for b, t in enumerate([0, 2, 5]):
        assert execution.hints["i"][b] == trace.hints["i"][t, b]


QUICK = ("bfs", "insertion_sort")


@pytest.mark.parametrize(
    "name",
    [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in program_names()],
)
def test_shipped_programs_show_every_hint(name):
    algorithm, model = catalign.algorithms.get(name), catalign.load(name)
    trace = _host(algorithm.sample(jax.random.key(5), 4, 8))
    run = jax.jit(functools.partial(model.run, max_steps=2 * trace.steps))
    execution = _host(run(trace.inputs))
    assert execution.converged.all()
    assert execution.steps.tolist() == trace.lengths.tolist()
    for probe in model.spec.hints:
        want = trace.hints[probe.name][-1]
        np.testing.assert_allclose(execution.hints[probe.name], want, rtol=1e-5)
    for probe in model.spec.outputs:
        got, want = execution.outputs[probe.name], trace.outputs[probe.name]
        assert got.dtype == want.dtype
        assert ((got == want) | ((want == -1) & probe.partial)).all()


@pytest.mark.parametrize("name", program_names())
def test_shipped_programs_begin_from_their_inputs_alone(name):
    assert catalign.load(name).program.given == ()


@pytest.mark.parametrize("name", program_names())
def test_shipped_programs_read_all_that_they_remember_and_no_places(name):
    program = catalign.load(name).program
    rules = (*program.first, *program.step, *program.outputs)
    trees = [*(rule.tree for rule in rules), program.halt]
    read = {field for tree in trees for e in expressions(tree) for field in e.reads}
    assert {memory.field.name for memory in program.memory} <= read
    # The order of the nodes counts, and not the numbers `pos`: random ones change nothing.
    assert "pos" not in read


def test_training_it_by_gradients_is_refused():
    with pytest.raises(UnsupportedError, match="cannot be trained by gradients"):
        catalign.load("minimum")({}, {}, jnp.zeros(1), steps=1)


def test_it_reads_as_pseudo_code():
    text = catalign.explain(catalign.load("minimum"))
    assert "i := i + 1" in text
    assert "key[i'] < key[min_h]" in text


def test_a_first_value_without_a_rule_is_given():
    algorithm, program = catalign.algorithms.get("minimum"), catalign.load("minimum").program
    partly = dataclasses.replace(program, first=program.first[:2])
    assert partly.given == ("pred_h",)
    assert "pred_h is given" in catalign.explain(partly)
    trace = _host(algorithm.sample(jax.random.key(3), 2, 6))
    first = {name: value[0] for name, value in trace.hints.items()}
    run = jax.jit(partly.run, static_argnums=1)
    outputs, _, steps, _ = _host(run(trace.inputs, 20, first=first))
    assert (outputs["min"] == trace.outputs["min"]).all()
    assert steps.tolist() == [6, 6]
    with pytest.raises(InputError, match="`first` lacks pred_h"):
        partly.run(trace.inputs, 20)
