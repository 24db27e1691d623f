"""Which laws each layer keeps, found by search; the losses; and steps run by events."""

import functools
import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError, InputError
from catalign.algebra.instances import max_plus
from catalign.algebra.laws import check_monoid
from catalign.algebra.multimorphism import is_multimorphism
from catalign.integral.asynchronous import execute
from catalign.integral.graph import DenseGraph
from catalign.integral.invariance import check_schedules
from catalign.integral.schedule import FRONTIER, REGROUPED, Schedule
from catalign.nn.asynchrony.invariance import LOSSES, draw, invariance_losses
from catalign.nn.asynchrony.law import NEEDS, Invariance, Law, Level, level_of
from catalign.nn.asynchrony.linear import TropicalLinear
from catalign.nn.asynchrony.network import step_network
from catalign.nn.asynchrony.processor import (
    LEVELS,
    L1Max,
    L1Sum,
    L2Max,
    L2Sum,
    L3Log,
    L3Max,
    L3Tropical,
    LearnedArgument,
    log_sum,
)
from catalign.nn.asynchrony.search import asynchrony_level

WIDTH, N, COUNT = 4, 5, 16
KEY = jax.random.key(3)
ROUNDING = {L2Sum: 1e-5, L3Log: 1e-5}
"""What the layers that add floating-point numbers may differ by."""


@functools.cache
def build(kind, seed=1):
    return kind(2 * WIDTH, WIDTH, rngs=nnx.Rngs(seed))


@functools.cache
def search(kind):
    return asynchrony_level(build(kind), KEY, tolerance=ROUNDING.get(kind, 0.0))


@functools.cache
def fields():
    rng = np.random.default_rng(0)
    shapes = (N, 2 * WIDTH), (N, N, WIDTH), (WIDTH,)
    node, edge, graph = (jnp.asarray(rng.normal(size=x), jnp.float32) for x in shapes)
    mask = (rng.random((N, N)) < 0.5) | np.eye(N, dtype=bool)
    return node, edge, graph, DenseGraph(mask=jnp.asarray(mask))


@functools.cache
def network(kind):
    """One for each layer: what runs it is compiled for a network and a number of runs."""
    return step_network(build(kind), *fields())


@pytest.mark.parametrize("kind", LEVELS)
def test_a_layer_keeps_the_laws_that_it_states_and_no_others(kind):
    report = search(kind)
    assert report.kept == kind.keeps, str(report)


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        (L1Sum, Level.L1),
        (L1Max, Level.L1),
        (L2Sum, Level.L1),
        (L2Max, Level.L2),
        (L3Max, Level.L2),
        (L3Tropical, Level.L3),
        (L3Log, Level.L1),
        (LearnedArgument, Level.L1),
    ],
)
def test_the_levels(kind, level):
    assert search(kind).level is level
    assert level_of(kind.keeps) is level
    assert f"{kind.__name__}: {level.name} on 256 draws" in str(search(kind))


def test_levels_are_nested():
    assert NEEDS[Level.L1] < NEEDS[Level.L2] < NEEDS[Level.L3] == frozenset(Law)
    assert level_of(frozenset()) is Level.L0


class _MaxBias(L3Tropical):
    """A planted fault: a maximum with a bias is no homomorphism at the unit."""

    def message(self, sender, receiver, constant):
        return jnp.maximum(super().message(sender, receiver, constant), 0.0)


class _Forgets(L3Tropical):
    """A planted fault: an update that keeps the mean is no action."""

    def update(self, message, state):
        return jnp.where(message == -jnp.inf, state, (message + state) / 2)


@pytest.mark.parametrize(("fault", "law"), [(_MaxBias, Law.MESSAGE_UNIT), (_Forgets, Law.ACTION)])
def test_a_planted_fault_is_found(fault, law):
    report = asynchrony_level(build(fault), KEY)
    assert law not in report.kept
    assert report.level < Level.L3


@pytest.mark.parametrize("temperature", [1.0, 0.25])
def test_the_log_semiring_is_a_homomorphism_up_to_t_log_k(temperature):
    """And lies over max-plus by at most T log n, with the same matrix."""
    soft = TropicalLinear(6, 3, temperature=temperature, rngs=nnx.Rngs(1))
    hard = TropicalLinear(6, 3, rngs=nnx.Rngs(1))
    hard.kernel[...] = soft.kernel[...]
    parts = 3 * np.random.default_rng(0).normal(size=(200, 5, 6)).astype(np.float32)
    run = nnx.jit(lambda soft, hard, parts, most: (soft(parts), hard(parts), soft(most)))
    softly, hardly, of_most = map(np.asarray, run(soft, hard, parts, parts.max(1)))
    defect = of_most - softly.max(1)
    bound, eps = temperature * np.log(5), 1e-5
    assert defect.min() >= -eps
    assert 0.2 * bound < defect.max() <= bound + eps
    gap = softly - hardly
    assert gap.min() >= -eps
    assert gap.max() <= temperature * np.log(6) + eps


def test_max_plus_is_a_homomorphism_to_the_bit():
    f = TropicalLinear(6, 3, rngs=nnx.Rngs(1))
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    x[::3, 2] = -np.inf
    assert is_multimorphism(jax.jit(f.__call__), [max_plus.add], max_plus.add, samples=[x])
    with pytest.raises(InputError, match="`inputs` is 0"):
        TropicalLinear(0, 2, rngs=nnx.Rngs(0))
    with pytest.raises(InputError, match="`temperature` is -1"):
        TropicalLinear(2, 2, temperature=-1, rngs=nnx.Rngs(0))


@given(st.lists(st.integers(-1, 2), min_size=3, max_size=3))
def test_a_row_of_a_linear_map_commutes_with_maxima_only_where_it_selects(row):
    """So that linear messages, of L1 and of L2, are no homomorphisms of max in general."""
    points = np.array(list(itertools.product([-1, 0, 2], repeat=3)))
    x, y = points[:, None], points[None, :]
    commutes = np.array_equal(np.maximum(x @ row, y @ row), np.maximum(x, y) @ row)
    assert commutes == (np.count_nonzero(row) <= 1 and min(row) >= 0)


def test_log_sum_is_a_monoid():
    check_monoid(log_sum, jnp.array([-jnp.inf, 0.0, 1.5, -3.0]), tolerance=1e-6)


@pytest.mark.parametrize("kind", LEVELS)
def test_losses_are_zero_where_the_laws_hold(kind):
    # As many draws as the search makes: small programs of one shape, compiled for both.
    losses = invariance_losses(build(kind), draw(build(kind), KEY, 256))
    assert set(LOSSES) == set(Invariance)
    for loss, laws in LOSSES.items():
        if set(laws) <= kind.keeps:
            assert losses[loss.value] < 1e-10
        else:
            assert losses[loss.value] > 1e-4, loss


def test_losses_teach_an_argument_to_be_a_cocycle():
    graphdef, params, rest = nnx.split(build(LearnedArgument, 1), nnx.Param, ...)

    @jax.jit
    @chex.assert_max_traces(1)
    def step(params, key):
        def loss(params):
            layer = nnx.merge(graphdef, params, rest)
            losses = invariance_losses(layer, draw(layer, key))
            return losses["cocycle"] + losses["replay"]

        value, grads = jax.value_and_grad(loss)(params)
        return jax.tree.map(lambda p, g: p - 0.3 * g, params, grads), value

    history = []
    for key in jax.random.split(KEY, 150):
        params, value = step(params, key)
        history.append(float(value))
    assert history[0] > 1e-2
    assert np.mean(history[-10:]) < 0.1 * np.mean(history[:10])


@pytest.mark.parametrize("kind", [L2Max, L3Tropical])
def test_in_rounds_a_step_is_the_layer(kind):
    # As many runs as the checks below make, so that they share what is compiled.
    rounds = jax.tree.map(lambda x: np.full(COUNT + 1, x), FRONTIER)
    run = execute(network(kind), rounds, jax.random.split(KEY, COUNT + 1))
    expected = nnx.jit(lambda layer, *args: layer(*args))(build(kind), *fields())
    for states in np.asarray(run.states):
        np.testing.assert_allclose(states, expected, rtol=1e-5, atol=1e-5)


def test_l3_may_run_in_any_order_and_l2_may_not():
    check_schedules(network(L3Tropical), KEY, schedule=REGROUPED, count=COUNT)
    with pytest.raises(AxiomError, match="ends with other states"):
        check_schedules(network(L2Max), KEY, schedule=REGROUPED, count=COUNT)


def test_without_splits_l2_is_safe_and_l1_diverges():
    whole = Schedule(deliver=0.3)
    check_schedules(network(L2Max), KEY, schedule=whole, count=COUNT)
    with pytest.raises(AxiomError, match="ends with other states"):
        check_schedules(network(L1Max), KEY, schedule=whole, count=COUNT)


def test_bad_arguments_are_refused():
    with pytest.raises(InputError, match="`count` is 0"):
        asynchrony_level(build(L3Tropical), KEY, count=0)
