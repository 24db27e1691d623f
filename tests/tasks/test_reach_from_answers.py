"""Reachability from answers alone: what the example's answers are, and that they suffice."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import catalign
from catalign.algebra.instances import lor_land
from catalign.algorithms.algorithm import Algorithm
from catalign.nn.aligned import AlignedReasoner
from catalign.training.loss import loss
from tasks import user_code

EXAMPLE = Path(__file__).parents[2] / "examples" / "reach_from_answers.py"
ALGORITHM: Algorithm = user_code.load("--task", f"{EXAMPLE}:reach_from_answers")
LOCKED = dataclasses.replace(
    ALGORITHM,
    name="locked_doors",
    outputs=lambda inputs, t: ALGORITHM.outputs({**inputs, "open": 1 - inputs["open"]}, t),
)


def test_the_answers_are_those_of_a_search_through_open_doors() -> None:
    inputs = ALGORITHM.sample_inputs(jax.random.key(1), 6, 7)
    reach = ALGORITHM.traces(inputs).outputs["reach"]
    for b in range(6):
        doors = np.asarray(inputs["adj"][b] & (inputs["open"][b] > 0))
        known, rest = {int(inputs["s"][b])}, [int(inputs["s"][b])]
        while rest:
            room = rest.pop()
            found = set(np.flatnonzero(doors[room]).tolist()) - known
            known |= found
            rest += found
        assert set(np.flatnonzero(reach[b]).tolist()) == known


def test_answers_teach_which_doors_count() -> None:
    trace = ALGORITHM.sample(jax.random.key(0), 8, 5)
    graph, state = nnx.split(AlignedReasoner(ALGORITHM.spec, lor_land, rngs=nnx.Rngs(0)))

    def total(state):
        found = nnx.merge(graph, state)(trace.inputs, trace.hints, trace.lengths, steps=5)
        return loss(ALGORITHM.spec, found, trace).total

    slope = jax.jit(jax.grad(total))(state)["message"]["theta"][...]
    assert bool(jnp.isfinite(slope).all())
    assert bool((slope != 0).all()), "of every door and of the open ones"


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", [ALGORITHM, LOCKED], ids=lambda a: a.name)
def test_answers_alone_give_a_reasoner_that_is_right_at_all_sizes(algorithm: Algorithm) -> None:
    config = user_code.load("--task", f"{EXAMPLE}:CONFIG")
    report = catalign.training.train(algorithm, config)
    # Doors are open or not: two signs are the whole rule.
    theta = report.reasoner.message.theta[...]
    through = {"locked": bool(theta[0] > 0), "open": bool(theta[0] + theta[1] > 0)}
    assert through == {"locked": algorithm is LOCKED, "open": algorithm is ALGORITHM}
    assert bool(report.reasoner.seed["s"].theta[0] > 0)
    assert report.table.at(64).graph_exact == 1.0
