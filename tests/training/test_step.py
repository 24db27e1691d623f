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
from catalign.training.config import Schedule, TrainConfig
from catalign.training.state import (
    GOOD,
    TrainState,
    count_parameters,
    initial_state,
    leaf_names,
    make_optimizer,
    split_reasoner,
)
from catalign.training.step import (
    DATA,
    STATIC,
    Summary,
    choose_trace_steps,
    dispatch_updates,
    loss_names,
    name_of_bad,
    size_at,
    stream_key,
    traced_config,
)
from tests.training.stub import CONFIG, COUNT_HIGH, StubReasoner

REASONER = StubReasoner(rngs=nnx.Rngs(0))
GRAPHDEF, PARAMS, REST = split_reasoner(REASONER)
TRACED = chex.assert_max_traces(dispatch_updates, n=2)
DISPATCH = jax.jit(TRACED, static_argnames=STATIC)
STEPS = {3: 4, 4: 5}


def _start() -> TrainState:
    return initial_state(PARAMS, make_optimizer(CONFIG), loss_names(REASONER, COUNT_HIGH, CONFIG))


def _dispatch(
    state: TrainState, updates: int, *, size: int = 3, reset: bool = False
) -> tuple[TrainState, Summary]:
    return DISPATCH(
        state,
        jnp.int32(updates),
        jnp.bool_(reset),
        REST,
        stream_key(CONFIG, DATA),
        algorithm=COUNT_HIGH,
        graphdef=GRAPHDEF,
        config=traced_config(CONFIG),
        size=size,
        trace_steps=STEPS[size],
    )


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
    np.testing.assert_allclose(float(summary.means["loss"]), np.mean(losses), rtol=1e-6)
    np.testing.assert_allclose(
        float(summary.means["loss"]),
        float(summary.means["output/high"] + summary.means["hint/seen"]),
        rtol=1e-6,
    )


def test_a_reset_starts_new_means() -> None:
    state, _ = _dispatch(_start(), 2)
    _, summary = _dispatch(state, 1, reset=True)
    np.testing.assert_allclose(float(summary.means["loss"]), float(summary.loss), rtol=1e-6)


def test_a_parameter_that_is_not_finite_stops_all_updates_and_is_named() -> None:
    names = leaf_names(PARAMS)
    assert names == ["high.bias", "high.kernel", "seen.bias", "seen.kernel"]
    start = _start()
    spoilt = jax.tree.map(lambda x: x, start.params)
    spoilt["seen"]["bias"][...] = jnp.array([jnp.inf], jnp.float32)
    state, summary = _dispatch(dataclasses.replace(start, params=spoilt), 3)
    assert int(summary.bad) != GOOD
    assert int(summary.step) == 0
    assert name_of_bad(int(summary.bad), PARAMS) == "loss"
    chex.assert_trees_all_equal(state.opt_state, start.opt_state)
    assert float(summary.loss) == 0.0
    every = [name_of_bad(i, PARAMS) for i in range(9)]
    assert every[1] == "gradient high.bias"
    assert every[-1] == "parameter seen.kernel"


def test_a_state_marked_bad_does_not_move() -> None:
    start = dataclasses.replace(_start(), bad=jnp.int32(0))
    state, _ = _dispatch(start, 2)
    chex.assert_trees_all_equal(state, start)


def test_sizes_take_turns() -> None:
    config = TrainConfig(sizes=(4, 7, 11), updates_per_dispatch=2)
    assert [size_at(step, config) for step in range(8)] == [4, 4, 7, 7, 11, 11, 4, 4]


def test_traces_are_as_long_as_the_longest_of_a_sample() -> None:
    def never(inputs: dict, t: jax.Array) -> jax.Array:
        return t >= 3

    bounded = dataclasses.replace(COUNT_HIGH, done=never, max_steps=lambda n: 1000)
    assert choose_trace_steps(bounded, 4, CONFIG) == 4
    assert choose_trace_steps(COUNT_HIGH, 4, CONFIG) == 5
    assert choose_trace_steps(COUNT_HIGH, 4, dataclasses.replace(CONFIG, trace_steps=3)) == 3


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


def test_parameters_are_counted() -> None:
    assert count_parameters(PARAMS) == 4


def test_a_sampler_s_error_comes_through() -> None:
    def refuse(key: jax.Array, size: int) -> dict:
        raise InputError("no instance of this size")

    broken: Algorithm = dataclasses.replace(COUNT_HIGH, sampler=refuse)
    with pytest.raises(InputError, match="no instance of this size"):
        choose_trace_steps(broken, 4, CONFIG)
