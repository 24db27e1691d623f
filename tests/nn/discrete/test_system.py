"""A learned program as a lens: what it shows, and that it is the algorithm's."""

import dataclasses

import jax
import numpy as np
import pytest

import catalign
from catalign._errors import InputError
from catalign.nn.discrete.system import STEP, Shown, program_system, trace_system
from catalign.para.dynamical_system import distinguishing_word
from catalign.para.lens import Lens


def runs_of(name, n=6, **given):
    return catalign.algorithms.get(name).sample(jax.random.key(0), 3, n, **given)


@pytest.mark.parametrize("name", ["minimum", "bfs", "insertion_sort"])
def test_a_learned_program_is_bisimilar_to_the_algorithm(name):
    runs = runs_of(name)
    for at in range(3):
        learned = program_system(catalign.load(name), runs.inputs, at=at)
        assert len(learned.states) == int(runs.lengths[at]) + 1
        assert distinguishing_word(learned, trace_system(name, runs, at=at), (0, 0)) is None


def test_it_is_a_lens_of_its_type():
    run = runs_of("bfs")
    system = program_system(catalign.load("bfs"), run.inputs)
    lens, steps = system.lens, len(system.states) - 1
    assert isinstance(lens, Lens)
    assert lens.source.positions == tuple(range(steps + 1))
    for state in range(steps):
        assert system.interface.directions(lens.forward(state)) == (STEP,)
        assert lens.backward(state, STEP) == state + 1
    last = lens.forward(steps)
    assert last.is_end
    assert system.interface.directions(last) == ()
    assert dict(last.fields)["pi"] == tuple(np.asarray(run.outputs["pi"])[0].tolist())
    assert system.describe().splitlines()[0].endswith(str(system.interface))
    assert system.describe().splitlines()[-1].split("|")[1].strip().startswith("end pi=[")


def test_a_planted_fault_is_told_apart_by_the_shortest_word():
    run = runs_of("minimum")
    learned = program_system(catalign.load("minimum"), run.inputs)
    wrong = {k: np.array(v) for k, v in run.hints.items()}
    wrong["i"][2, 0] = (wrong["i"][2, 0] + 1) % 6
    other = trace_system("wrong", dataclasses.replace(run, hints=wrong))
    assert distinguishing_word(learned, other, (0, 0)) == (STEP, STEP)


def test_what_has_no_end_is_refused():
    run = runs_of("minimum")
    with pytest.raises(InputError, match="did not end within 2 steps"):
        program_system(catalign.load("minimum"), run.inputs, max_steps=2)
    with pytest.raises(InputError, match="was cut after 3 steps"):
        trace_system("minimum", runs_of("minimum", steps=3))
    with pytest.raises(InputError, match="`at` is 3, but the batch holds 3"):
        trace_system("minimum", run, at=3)
    with pytest.raises(InputError, match="`at` is -1"):
        program_system(catalign.load("minimum"), run.inputs, at=-1)


def test_what_is_shown_is_one_line():
    shown = Shown.of({"d": np.array([0.5, np.inf]), "seen": np.array([True, False]), "i": 3})
    assert str(shown) == "d=[0.5 inf] i=3 seen=[1 0]"
    assert shown == Shown.of({"d": np.array([0.5, np.inf]), "seen": np.array([1, 0]), "i": 3})
