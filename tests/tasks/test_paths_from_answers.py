"""Shortest paths from answers alone: what the example's answers are, and that they suffice."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import catalign
from catalign.algebra.instances import min_plus
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Spec
from catalign.nn.aligned import AlignedReasoner
from catalign.nn.aligned_proof import certify_paths
from catalign.training.loss import loss
from tasks import user_code

EXAMPLE = Path(__file__).parents[2] / "examples" / "paths_from_answers.py"
ALGORITHM: Algorithm = user_code.load("--task", f"{EXAMPLE}:paths_from_answers")


def test_the_answers_are_those_of_bellman_ford() -> None:
    inputs = ALGORITHM.sample_inputs(jax.random.key(1), 6, 7)
    answers = ALGORITHM.traces(inputs).outputs
    pos = jnp.broadcast_to(jnp.arange(7.0) / 7, (6, 7))
    trace = catalign.algorithms.get("bellman_ford").traces({"pos": pos, **inputs})
    np.testing.assert_allclose(answers["d"], trace.hints["d"][-1], rtol=1e-5)
    assert jnp.array_equal(answers["pi"], trace.outputs["pi"])


@pytest.mark.parametrize("outputs", [("d", "pi"), ("pi",)])
def test_distances_teach_the_message_and_predecessors_alone_do_not(outputs) -> None:
    probes = [*ALGORITHM.spec.inputs, *(p for p in ALGORITHM.spec.outputs if p.name in outputs)]
    spec = Spec(*probes)
    trace = ALGORITHM.sample(jax.random.key(0), 4, 5)
    shown = dataclasses.replace(trace, outputs={name: trace.outputs[name] for name in outputs})
    graph, state = nnx.split(AlignedReasoner(spec, min_plus, rngs=nnx.Rngs(0)))

    def total(state):
        reasoner = nnx.merge(graph, state)
        found = reasoner(shown.inputs, shown.hints, shown.lengths, steps=5)
        return loss(spec, found, shown).total

    slope = jax.jit(jax.grad(total))(state)
    assert bool((slope["message"]["theta"][...] != 0).any()) == ("d" in outputs)


@pytest.mark.slow
def test_answers_alone_give_a_reasoner_that_is_proved() -> None:
    config = user_code.load("--task", f"{EXAMPLE}:CONFIG")
    report = catalign.training.train(ALGORITHM, config)
    assert certify_paths(report.reasoner).is_proved
    assert report.table.at(64).graph_exact == 1.0
