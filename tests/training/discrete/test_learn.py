import dataclasses
import importlib
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import catalign
from catalign._errors import InputError
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.nn.discrete.expression import I, Register
from catalign.nn.discrete.rule import Leaf, Rule
from catalign.nn.discrete.signature import memories
from catalign.training.certify import certify
from catalign.training.discrete.execution import wrong
from catalign.training.discrete.learn import (
    ExactConfig,
    NotLearnedError,
    _mistakes,
    draw,
    learn,
)
from catalign.training.discrete.trainer import Learner
from catalign.training.discrete.transitions import pool
from tests.training.discrete.own import OWN
from tests.training.discrete.variants import QUICK, SLOW, renamed

SMALL = ExactConfig(sizes=(4, 9), traces=50)


def right_at(program, algorithm, size, count=8):
    inputs = algorithm.sample_inputs(jax.random.key(99), count, size)
    return not wrong(program, algorithm, inputs)[0].any()


@pytest.mark.parametrize("name", QUICK)
def test_a_variant_is_learned_by_the_same_settings(name):
    algorithm = QUICK[name]
    program = learn(algorithm, SMALL).program
    assert program.name == algorithm.name
    assert right_at(program, algorithm, 40)


def test_names_say_nothing():
    """Another name, and other names of all probes but the places: the same program."""
    names = {
        "key": "price",
        "pred_h": "link",
        "min_h": "cheapest",
        "i": "cursor",
        "min": "answer",
        "minimum": "bargain",
    }
    minimum = catalign.algorithms.get("minimum")
    program = learn(renamed(minimum, names["minimum"], names), SMALL).program
    text = catalign.explain(learn(minimum, SMALL).program)
    for old, new in names.items():
        text = re.sub(rf"\b{old}\b", new, text)
    assert catalign.explain(program) == text


@pytest.mark.parametrize(
    "name", [n if n == "second_smallest" else pytest.param(n, marks=pytest.mark.slow) for n in OWN]
)
def test_an_algorithm_of_ones_own_is_learned(name):
    algorithm = OWN[name]
    program = learn(algorithm, SMALL).program
    assert right_at(program, algorithm, 64, 32)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_a_longer_variant_is_learned_by_the_same_settings(name):
    algorithm = SLOW[name]
    program = learn(algorithm).program
    assert right_at(program, algorithm, 64, 16)


def test_a_least_sum_over_neighbours_is_learned_from_numbers_alone():
    """Distances without any pointer: the search has only the numbers to go by."""
    paths = catalign.algorithms.get("bellman_ford")

    def step(inputs, d):
        reached = jnp.where(inputs["adj"], d[:, None] + inputs["A"], jnp.inf)
        return jnp.minimum(d, reached.min(axis=0))

    def start(inputs):
        node = jnp.arange(inputs["pos"].shape[0], dtype=inputs["s"].dtype)
        return jnp.where(node == inputs["s"], 0.0, 50.0).astype(inputs["A"].dtype)

    distances = dataclasses.replace(
        paths,
        name="distances",
        spec=Spec(
            *paths.spec.inputs,
            Probe("d", Stage.HINT, Location.NODE, Kind.SCALAR),
            Probe("length", Stage.OUTPUT, Location.NODE, Kind.SCALAR),
        ),
        init=start,
        step=step,
        done=lambda x, d: (step(x, d) == d).all(),
        hints=lambda x, d: {"d": d},
        outputs=lambda x, d: {"length": d},
        validate=None,
    )
    program = learn(distances, ExactConfig(sizes=(4, 8), traces=30)).program
    assert not program.given
    assert right_at(program, distances, 24)


def test_equal_seeds_give_equal_programs_and_float32_runs_them():
    algorithm = catalign.algorithms.get("minimum")
    first, again = (learn(algorithm, SMALL).program for _ in range(2))
    assert first == again
    assert not jax.config.jax_enable_x64
    certify(first, algorithm, sizes=(20,), count=4).require()


def test_what_no_rule_gives_is_named():
    algorithm = catalign.algorithms.get("minimum")
    noise = Probe("noise", Stage.HINT, Location.NODE, Kind.MASK)

    def hints(inputs, state):
        shown = algorithm.hints(inputs, state)
        # A function of the state, but none that the catalogue has.
        place = (shown["i"] + 1).astype(inputs["key"].dtype)
        bits = (inputs["key"] * 1e4 * place).astype(np.int32)
        return {**shown, "noise": bits % 2 == 1}

    odd = dataclasses.replace(algorithm, spec=Spec(*algorithm.spec, noise), hints=hints)
    config = ExactConfig(sizes=(4, 6), traces=8)
    with pytest.raises(NotLearnedError, match=r"step: noise' \(no condition tells") as failure:
        learn(odd, config)
    # The two places that contradict each other are named, and are as they are said to be.
    named = re.findall(
        r"noise becomes (\w+) at node (\d+) \(batch (\d+), run (\d+), time (\d+), of (\d+) nodes",
        str(failure.value),
    )
    with jax.enable_x64(True):
        traces = draw(odd, config)
    assert [value for value, *_ in named] in (["true", "false"], ["false", "true"])
    for value, *numbers in named:
        node, batch, run, time, size = map(int, numbers)
        trace = traces[batch]
        assert trace.inputs["key"].shape[1] == size
        assert bool(trace.hints["noise"][time + 1, run, node]) == (value == "true")


def test_hints_of_a_narrow_dtype_are_named_where_something_is_not_learned(monkeypatch):
    """Sums in float32 are no sums in float64: nothing gives them."""
    module = importlib.import_module("catalign.training.discrete.learn")
    algorithm = catalign.algorithms.get("find_maximum_subarray_kadane")

    def narrow(inputs, state):
        shown = algorithm.hints(inputs, state)
        return {**shown, "sum": shown["sum"].astype(jnp.float32)}

    class Stub:
        def __init__(self, *args, **kwargs):
            pass

        def learn(self):
            return None, ["step: sum' (no term gives that sum becomes 0.5)"]

    monkeypatch.setattr(module, "Learner", Stub)
    config = ExactConfig(sizes=(4,), traces=2)
    said = "made in float64, but not sum: sums are rounded"
    with pytest.raises(NotLearnedError, match=said):
        learn(dataclasses.replace(algorithm, hints=narrow), config)
    with pytest.raises(NotLearnedError) as failure:
        learn(algorithm, config)
    assert said not in str(failure.value)


@pytest.mark.parametrize("bad", [{"sizes": ()}, {"sizes": (4, 64)}, {"traces": 0}])
def test_bad_settings_are_refused(bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        ExactConfig(**bad)


def test_a_program_is_learned_again_from_fresh_instances_that_it_gets_wrong():
    algorithm = catalign.algorithms.get("minimum")
    config = ExactConfig(sizes=(4, 7, 9), traces=50)
    program = catalign.load("minimum").program
    with jax.enable_x64(True):
        seen = draw(algorithm, config)
        assert not list(_mistakes(program, algorithm, config, 0))
    wrong_step = tuple(
        Rule(r.field, Leaf(Register("min_h"))) if r.field.name == "min_h'" else r
        for r in program.step
    )
    # It remembers what no rule reads, too.
    kept = memories(algorithm.spec)
    broken = dataclasses.replace(program, step=wrong_step, memory=tuple(kept[:1]))
    with jax.enable_x64(True):
        small, large = _mistakes(broken, algorithm, config, 0)
    assert [batch["key"].shape for batch in (small, large)] == [(50, 7), (50, 9)]
    logged = []
    with jax.enable_x64(True):
        pools = [pool(algorithm.spec, trace, kept) for trace in seen]
    mended, missing = Learner(
        algorithm.spec, pools, seed=0, log=logged.append, on_rule=lambda _: None, kept=broken
    ).learn()
    assert not missing
    assert mended is not None
    assert [line for line in logged if "old rule fails" in line] == ["min_h': the old rule fails"]
    assert sum("tier" in line for line in logged) == 1, "all other rules are kept"
    assert mended.memory == ()
    assert certify(mended, algorithm, sizes=(8,), count=4).holds


def test_a_hint_that_slips_is_a_mistake_where_no_output_shows_it():
    algorithm = catalign.algorithms.get("minimum")
    program = catalign.load("minimum").program
    # Nothing reads this hint.
    slips = tuple(Rule(r.field, Leaf(I)) if r.field.name == "pred_h'" else r for r in program.step)
    slipping = dataclasses.replace(program, step=slips)
    with jax.enable_x64(True):
        found = list(_mistakes(slipping, algorithm, SMALL, 0))
        assert found
        assert not any(wrong(slipping, algorithm, inputs)[0].any() for inputs in found)


def test_what_no_program_explains_leaves_the_one_that_was_found(monkeypatch):
    """An end that an algorithm decides by rounding is a mistake that cannot be mended."""
    module = importlib.import_module("catalign.training.discrete.learn")
    algorithm = catalign.algorithms.get("minimum")
    program = catalign.load("minimum").program
    fits = iter([(program, []), (None, ["halt: @halt"])])

    class Stub:
        def __init__(self, *args, **kwargs):
            self.covered = {"the end": 1}

        def learn(self):
            return next(fits)

    wrong_ones = algorithm.sample_inputs(jax.random.key(0), 3, 5)
    monkeypatch.setattr(module, "Learner", Stub)
    monkeypatch.setattr(module, "_mistakes", lambda *args: iter([wrong_ones]))
    said = []
    found = learn(algorithm, ExactConfig(sizes=(4, 5), traces=4), on_rule=said.append)
    assert found.program == program
    assert said == [
        "wrong on 3 fresh instances",
        "no program is right on these too: the one that was found is kept",
    ]


def test_instances_that_tell_rivals_apart_are_learned_from(monkeypatch):
    module = importlib.import_module("catalign.training.discrete.learn")
    algorithm = catalign.algorithms.get("minimum")
    program = catalign.load("minimum").program
    # Where nothing but keys in order is seen, "the last so far" fits as well as the least.
    ordered = np.arange(4.0)[::-1] + np.zeros((2, 1))
    inputs = {"key": jnp.asarray(ordered), "pos": jnp.asarray(ordered[:, ::-1] / 4)}
    monkeypatch.setattr(module, "draw", lambda *args: [algorithm.traces(inputs, steps=4)])
    mistaken = algorithm.sample_inputs(jax.random.key(0), 3, 4)
    mistakes = iter([[mistaken], []])
    monkeypatch.setattr(module, "_mistakes", lambda *args: iter(next(mistakes)))
    held = []

    class Stub:
        def __init__(self, spec, pools, **kwargs):
            held.append([p.inputs["key"] for p in pools])
            self.covered = {}

        def learn(self):
            return dataclasses.replace(program, name=f"try {len(held)}"), []

    monkeypatch.setattr(module, "Learner", Stub)
    found = learn(algorithm, ExactConfig(sizes=(4, 5), traces=4))
    before, after = held
    assert len(before) == 1
    (seen, wrong_ones, *telling) = after
    np.testing.assert_array_equal(seen, ordered)
    np.testing.assert_array_equal(wrong_ones, mistaken["key"])
    assert telling, "instances that tell the rivals apart are added"
    rivals = [line for line in found.rivals if "they differ at step" in line]
    assert not rivals, "and so no rival is left that they tell apart"


def test_sizes_that_an_algorithm_does_not_have_are_refused():
    algorithm = dataclasses.replace(catalign.algorithms.get("minimum"), min_size=6)
    with pytest.raises(InputError, match=r"`sizes` is \(4, 5\), but minimum needs at least 6"):
        learn(algorithm, ExactConfig(sizes=(4, 5)))
