"""The jitted update: its instances, its compilations, and values that are not finite."""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from catalign._errors import InputError
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.catalogue import get
from catalign.training.config import Schedule, TrainConfig
from catalign.training.layout import Layout
from catalign.training.state import (
    TrainState,
    initial_state,
    make_optimizer,
    merge_reasoner,
    split_reasoner,
)
from catalign.training.step import (
    DATA,
    STATIC,
    Summary,
    choose_trace_steps,
    dispatch_updates,
    loss_names,
    mean_losses,
    name_of_broken,
    size_at,
    stream_key,
    traced_config,
)
from tests.training.stub import CONFIG, COUNT_HIGH, StubReasoner

REASONER = StubReasoner(rngs=nnx.Rngs(0))
GRAPHDEF, PARAMS, REST = split_reasoner(REASONER)
LAYOUT = Layout.of(PARAMS)
KEY = stream_key(CONFIG, DATA)
TRACED = chex.assert_max_traces(dispatch_updates, n=2)
DISPATCH = jax.jit(TRACED, static_argnames=STATIC)
STEPS = {3: 4, 4: 5}


def _start() -> TrainState:
    names = loss_names(REASONER, COUNT_HIGH, CONFIG)
    return initial_state(LAYOUT, PARAMS, make_optimizer(CONFIG), names)


def _static(size: int) -> dict:
    return {
        "algorithm": COUNT_HIGH,
        "graphdef": GRAPHDEF,
        "layout": LAYOUT,
        "config": traced_config(CONFIG),
        "size": size,
        "trace_steps": STEPS[size],
    }


def _dispatch(
    state: TrainState, updates: int, *, size: int = 3, reset: bool = False
) -> tuple[TrainState, Summary]:
    return DISPATCH(state, jnp.int32(updates), jnp.bool_(reset), REST, KEY, **_static(size))


def test_one_compilation_a_size_whatever_the_number_of_updates() -> None:
    """`DISPATCH` raises when it is traced a third time, here or in any other test."""
    for size in (3, 4):
        for updates in (1, 3):
            _dispatch(_start(), updates, size=size, reset=updates == 3)


def test_many_updates_in_one_dispatch_equal_as_many_dispatches() -> None:
    at_once, summary = _dispatch(_start(), 3)
    state, losses = _start(), []
    for _ in range(3):
        state, each = _dispatch(state, 1)
        losses.append(float(each.loss))
    chex.assert_trees_all_equal(at_once, state)
    assert int(state.step) == 3
    np.testing.assert_allclose(float(summary.loss), np.mean(losses), rtol=1e-6)
    np.testing.assert_allclose(mean_losses(state)["loss"], np.mean(losses), rtol=1e-6)
    np.testing.assert_allclose(
        mean_losses(state)["loss"],
        mean_losses(state)["output/high"] + mean_losses(state)["hint/seen"],
        rtol=1e-6,
    )


def test_a_reset_starts_new_means() -> None:
    state, _ = _dispatch(_start(), 2)
    state, summary = _dispatch(state, 1, reset=True)
    np.testing.assert_allclose(mean_losses(state)["loss"], float(summary.loss), rtol=1e-6)


def test_a_value_that_is_not_finite_stops_all_updates_and_is_named() -> None:
    start = _start()
    assert LAYOUT.names == ("high.bias", "high.kernel", "seen.bias", "seen.kernel")
    spoilt = dataclasses.replace(start, params=start.params.at[2].set(jnp.inf))
    state, summary = _dispatch(spoilt, 3)
    assert bool(summary.diverged)
    assert int(summary.step) == 0
    assert float(summary.loss) == 0.0
    chex.assert_trees_all_equal(dataclasses.replace(state, diverged=start.diverged), spoilt)
    assert name_of_broken(state, REST, KEY, **_static(3)) == "loss hint/seen"
    # The update of a state that is fine can only have failed in the optimiser.
    assert name_of_broken(start, REST, KEY, **_static(3)) == "parameters"


def test_a_diverged_state_does_not_move() -> None:
    start = dataclasses.replace(_start(), diverged=jnp.bool_(True))
    state, _ = _dispatch(start, 2)
    chex.assert_trees_all_equal(state, start)


def test_parameters_survive_their_vector() -> None:
    mixed = {
        "a": jnp.array([[0.1, 1e-45]], jnp.float32),
        "b": jnp.array([1.5, -0.0], jnp.bfloat16),
        "none": jnp.zeros((0, 2), jnp.float32),
        "scalar": jnp.float32(3.0),
    }
    layout = Layout.of(mixed)
    assert (layout.size, layout.names) == (5, ("a", "b", "none", "scalar"))
    assert hash(layout) == hash(Layout.of(mixed))
    chex.assert_trees_all_equal(layout.unravel(layout.ravel(mixed)), mixed)
    assert Layout.of({}).ravel({}).shape == (0,)


def test_a_reasoner_is_merged_as_it_was_split() -> None:
    merged = merge_reasoner(GRAPHDEF, LAYOUT, _start().params, REST)
    chex.assert_trees_all_equal(nnx.state(merged), nnx.state(REASONER))


def test_sizes_take_turns() -> None:
    config = TrainConfig(sizes=(4, 7, 11), updates_per_dispatch=2)
    assert [size_at(step, config) for step in range(8)] == [4, 4, 7, 7, 11, 11, 4, 4]


def test_traces_are_as_long_as_the_longest_of_a_sample() -> None:
    def third(inputs: dict, t: jax.Array) -> jax.Array:
        return t >= 3

    bounded = dataclasses.replace(COUNT_HIGH, done=third, max_steps=lambda n: 1000)
    assert choose_trace_steps(bounded, CONFIG) == {3: 4, 4: 4}
    assert choose_trace_steps(COUNT_HIGH, CONFIG) == {3: 4, 4: 5}
    capped = dataclasses.replace(CONFIG, trace_steps=3)
    assert choose_trace_steps(COUNT_HIGH, capped) == {3: 3, 4: 3}


def test_sizes_whose_runs_may_be_long_are_sampled_each() -> None:
    def at_ten_a_node(inputs: dict, t: jax.Array) -> jax.Array:
        return t >= 10 * inputs["key"].shape[0] - 1

    def chosen(sizes: tuple[int, ...], *, cap: int | None = None) -> dict[int, int]:
        config = dataclasses.replace(CONFIG, sizes=sizes, trace_steps=cap)
        long = dataclasses.replace(COUNT_HIGH, done=at_ten_a_node, max_steps=lambda n: 20 * n)
        return choose_trace_steps(long, config)

    assert chosen((2, 4, 5)) == {2: 20, 4: 40, 5: 50}
    assert chosen((2, 3)) == {2: 30, 3: 30}
    assert chosen((2, 4, 5), cap=45) == {2: 40, 4: 45, 5: 45}


@pytest.mark.parametrize("name", ["optimal_bst", "segments_intersect"])
def test_traces_of_instances_of_another_number_of_nodes_come_to_their_end(name: str) -> None:
    algorithm = get(name)
    assert algorithm.nodes(3) == 4
    for size, steps in choose_trace_steps(algorithm, CONFIG).items():
        assert algorithm.sample(KEY, 4, size, steps=steps).complete.all()


def test_settings_that_no_update_reads_do_not_recompile() -> None:
    config = dataclasses.replace(
        CONFIG, seed=5, log_every=1, save_every=3, eval_sizes=(9,), processor="mpnn"
    )
    assert traced_config(config) == traced_config(CONFIG)
    assert traced_config(dataclasses.replace(CONFIG, clip=2.0)) != traced_config(CONFIG)


@pytest.mark.parametrize(
    ("config", "rates"),
    [
        (TrainConfig(steps=10, learning_rate=0.5), [0.5, 0.5, 0.5]),
        (TrainConfig(steps=10, learning_rate=0.5, schedule=Schedule.COSINE), [0.5, 0.25, 0.0]),
        (TrainConfig(steps=10, learning_rate=0.5, warmup_steps=5), [0.0, 0.5, 0.5]),
    ],
)
def test_the_learning_rate_follows_its_schedule(config: TrainConfig, rates: list[float]) -> None:
    optimizer = make_optimizer(dataclasses.replace(config, clip=1e9))
    start = optimizer.init(jnp.ones(2))
    for step, rate in zip((0, 5, 10), rates, strict=True):
        # Adam's change after equal gradients is the learning rate.
        state = jax.tree.map(
            lambda x, step=step: jnp.full_like(x, step) if x.dtype == jnp.int32 else x, start
        )
        moments = jax.tree.map(lambda x: x, state)
        change, _ = optimizer.update(jnp.ones(2), moments)
        corrected = 0.1 / (1 - 0.9 ** (step + 1)) / np.sqrt(0.001 / (1 - 0.999 ** (step + 1)))
        np.testing.assert_allclose(np.asarray(change), -rate * corrected, rtol=1e-3, atol=1e-7)


def test_a_sampler_s_error_comes_through() -> None:
    def refuse(key: jax.Array, size: int) -> dict:
        raise InputError("no instance of this size")

    broken: Algorithm = dataclasses.replace(COUNT_HIGH, sampler=refuse)
    with pytest.raises(InputError, match="no instance of this size"):
        choose_trace_steps(broken, CONFIG)
