"""Programs beside their algorithms, hint by hint."""

import dataclasses

import jax
import numpy as np
import pytest

import catalign
from catalign.distributions.key import SortedKeys
from catalign.nn.discrete.expression import I, Register
from catalign.nn.discrete.rule import Constantly, Leaf, Own, Rule
from catalign.training.discrete import execution
from catalign.training.discrete.execution import hints_exact, wrong


@pytest.fixture(scope="module")
def minimum():
    return catalign.load("minimum").program, catalign.algorithms.get("minimum")


@pytest.fixture(scope="module")
def inputs(minimum):
    return minimum[1].sample_inputs(jax.random.key(3), 4, 6)


def test_a_right_program_shows_the_algorithms_hints(minimum, inputs):
    program, algorithm = minimum
    assert hints_exact(program, algorithm, inputs).all()


def test_a_wrong_hint_is_seen_where_the_outputs_are_right(minimum, inputs):
    program, algorithm = minimum
    step = [
        Rule(r.field, Leaf(I)) if r.field.name == "pred_h'" else r for r in program.step
    ]  # Nothing reads this hint.
    other = dataclasses.replace(program, step=tuple(step))
    assert not hints_exact(other, algorithm, inputs).any()
    assert not wrong(other, algorithm, inputs)[0].any()


def test_an_early_end_is_seen(minimum, inputs):
    program, algorithm = minimum
    early = dataclasses.replace(program, halt=Leaf(Constantly(1, True)))
    assert not hints_exact(early, algorithm, inputs).any()
    assert wrong(early, algorithm, inputs)[0].any()


def test_a_wrong_output_is_seen_where_the_hints_are_right(minimum):
    program, algorithm = minimum
    last = tuple(Rule(r.field, Leaf(Register("i"))) for r in program.outputs)
    inputs = algorithm.sample_inputs(jax.random.key(0), 4, 6, keys=SortedKeys())
    assert hints_exact(program, algorithm, inputs).all()
    assert not hints_exact(dataclasses.replace(program, outputs=last), algorithm, inputs).any()


@pytest.mark.parametrize("name", ["minimum", "bfs", "activity_selector"])
def test_numpy_and_xla_judge_alike(name, monkeypatch):
    algorithm, program = catalign.algorithms.get(name), catalign.load(name).program
    inputs = algorithm.sample_inputs(jax.random.key(5), 12, 4)
    # A step that keeps one field: wrong on some instances, and on some it does not end.
    kept = program.step[-1].field
    own = Leaf(Own(kept.name.removesuffix("'"), kept.rank))
    stuck = dataclasses.replace(program, step=(*program.step[:-1], Rule(kept, own)))
    by_hand = [wrong(p, algorithm, inputs)[0] for p in (program, stuck)]
    monkeypatch.setattr(execution, "BY_HAND", 0)
    compiled = [wrong(p, algorithm, inputs)[0] for p in (program, stuck)]
    assert np.array_equal(by_hand, compiled)
    assert not by_hand[0].any()
    assert by_hand[1].any()
