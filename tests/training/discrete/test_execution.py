"""Programs beside their algorithms, hint by hint."""

import dataclasses

import jax
import pytest

import catalign
from catalign.distributions.key import SortedKeys
from catalign.nn.discrete.expression import I, Register
from catalign.nn.discrete.rule import Constantly, Leaf, Rule
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
