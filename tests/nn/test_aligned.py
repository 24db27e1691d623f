"""The aligned reasoner: with the right constants it is the algorithm, and it finds them."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from catalign._errors import UnsupportedError
from catalign.algebra.instances import lor_land, max_min, min_plus, plus_times
from catalign.algorithms.catalogue import get
from catalign.algorithms.trace import Trace
from catalign.integral.graph import SparseGraph
from catalign.nn.aligned import AlignedReasoner
from catalign.nn.constant import Constants
from catalign.nn.prediction import harden_all

N, BATCH, STEPS = 8, 4, 9


@functools.cache
def _trace(name: str) -> Trace:
    """Traces, in NumPy."""
    return jax.tree.map(np.asarray, get(name).sample(jax.random.key(3), BATCH, N, steps=STEPS))


def _reasoner(name: str, semiring, **message: float) -> AlignedReasoner:
    """A reasoner whose messages have the given constants, and whose other constants are zero."""
    reasoner = AlignedReasoner(get(name).spec, semiring, rngs=nnx.Rngs(0))
    values = [message.get(term.partition("[")[0], 0.0) for term in reasoner.message.terms]
    reasoner.message.theta = nnx.Param(jnp.array(values))
    for seed in reasoner.seed.values():
        value = float(semiring == lor_land)
        seed.theta = nnx.Param(jnp.asarray(np.full(seed.theta.shape, value, np.float32)))
    blank = np.zeros(reasoner.blank.theta.shape, np.float32)
    reasoner.blank.theta = nnx.Param(jnp.asarray(blank))
    return reasoner


@nnx.jit
def _supervised(reasoner: AlignedReasoner, trace: Trace):
    return reasoner(trace.inputs, trace.hints, trace.lengths, steps=STEPS)


@functools.partial(nnx.jit, static_argnames="max_steps")
def _run(reasoner: AlignedReasoner, inputs, *, max_steps: int):
    return reasoner.run(inputs, max_steps=max_steps)


_harden = jax.jit(harden_all, static_argnums=0)


@pytest.mark.parametrize(
    ("name", "semiring", "message"),
    [("bellman_ford", min_plus, {"A": 1.0}), ("bfs", lor_land, {"1": 1.0})],
)
def test_with_the_right_constants_every_hint_is_the_algorithms(name, semiring, message) -> None:
    trace, spec = _trace(name), get(name).spec
    raw = _supervised(_reasoner(name, semiring, **message), trace)
    hints = _harden(spec.hints, raw.hints)
    live = np.arange(1, STEPS)[:, None] < trace.lengths[None]
    for probe in spec.hints:
        got, want = (
            np.asarray(hints[probe.name])[live],
            trace.hints[probe.name][1:][live],
        )
        np.testing.assert_allclose(got, want, rtol=1e-6, err_msg=probe.name)
    assert np.array_equal(_harden(spec.outputs, raw.outputs)["pi"], trace.outputs["pi"])


@pytest.mark.parametrize("message", [{"A": -1.0}, {"A": 1.0, "1": 0.3}, {"1": 1.0}])
def test_with_wrong_constants_some_hint_is_not(message) -> None:
    trace = _trace("bellman_ford")
    raw = _supervised(_reasoner("bellman_ford", min_plus, **message), trace)
    assert not np.allclose(np.asarray(raw.hints["d"])[0], trace.hints["d"][1], atol=1e-3)


def test_in_another_semiring_the_same_constants_give_another_answer() -> None:
    trace = _trace("bellman_ford")
    raw = _supervised(_reasoner("bellman_ford", max_min, A=1.0), trace)
    assert not np.allclose(np.asarray(raw.hints["d"])[0], trace.hints["d"][1], atol=1e-3)


@functools.cache
def _free_run():
    reasoner = _reasoner("bellman_ford", min_plus, A=1.0)
    run = _run(reasoner, _trace("bellman_ford").inputs, max_steps=N + 1)
    return jax.tree.map(np.asarray, run)


def test_a_free_run_stops_at_the_fixed_point_with_the_answer() -> None:
    trace, run = _trace("bellman_ford"), _free_run()
    assert bool(run.converged.all())
    assert np.array_equal(run.outputs["pi"], trace.outputs["pi"])
    assert np.allclose(run.hints["d"], trace.hints["d"][-1], rtol=1e-6)
    assert bool((run.steps <= N + 1).all())


def test_a_run_that_improves_for_ever_is_cut_and_says_so() -> None:
    reasoner = _reasoner("bellman_ford", min_plus, A=-1.0)
    run = _run(reasoner, _trace("bellman_ford").inputs, max_steps=6)
    assert not np.asarray(run.converged).any()
    assert run.steps.tolist() == [6] * BATCH


def test_a_sparse_run_is_the_dense_one() -> None:
    reasoner = _reasoner("bellman_ford", min_plus, A=1.0, pos=0.1)
    inputs = _trace("bellman_ford").inputs
    dense = jax.tree.map(np.asarray, _run(reasoner, inputs, max_steps=N + 1))
    run_sparse = jax.jit(functools.partial(reasoner.run_sparse, max_steps=N + 1))
    for k in range(2):
        one = {name: value[k] for name, value in inputs.items()}
        senders, receivers = (x.astype(np.int32) for x in np.nonzero(one["adj"]))
        graph = SparseGraph(senders=senders, receivers=receivers, n_node=N)
        listed = {"pos": one["pos"], "s": one["s"], "A": one["A"][senders, receivers]}
        sparse = run_sparse(listed, graph)
        assert np.array_equal(sparse.outputs["pi"], dense.outputs["pi"][k])
        assert np.array_equal(sparse.hints["d"], dense.hints["d"][k])
        assert sparse.steps == dense.steps[k]


def test_hardening_rounds_what_is_nearly_whole_and_leaves_the_rest() -> None:
    reasoner = _reasoner("bellman_ford", min_plus, A=1.01, pos=0.5)
    hard = reasoner.harden()
    assert hard.message["A[u,v]"] == 1.0
    assert hard.message["pos[u]"] == 0.5
    assert reasoner.message["A[u,v]"] == jnp.float32(1.01)


def test_the_learned_rule_is_printed() -> None:
    assert _reasoner("bellman_ford", min_plus, A=1.0).describe().splitlines() == [
        "in the semiring min_plus, where + is min and . is plus:",
        "  x[v] := [v in s] . (0)",
        "  repeat x[v] := x[v] + sum over edges u -> v of x[u] . (A[u,v])",
    ]


def test_an_addition_that_blends_has_no_predecessors() -> None:
    with pytest.raises(UnsupportedError, match="plus_times"):
        AlignedReasoner(get("bellman_ford").spec, plus_times, rngs=nnx.Rngs(0))


def test_constants_round_within_the_tolerance() -> None:
    rule = Constants(("a", "b", "c"), rngs=nnx.Rngs(0))
    rule.theta = nnx.Param(jnp.array([0.97, -2.04, 1.4]))
    assert rule.rounded(0.05).theta[...].tolist() == pytest.approx([1.0, -2.0, 1.4])
    assert rule.rounded(0.0).theta[...].tolist() == pytest.approx([0.97, -2.04, 1.4])


@functools.cache
def _learned_message() -> dict[str, float]:
    """Learns the distances of Bellman-Ford, from random constants, by gradient."""
    algorithm = get("bellman_ford")
    reasoner = AlignedReasoner(algorithm.spec, min_plus, rngs=nnx.Rngs(1))
    graph, state = nnx.split(reasoner, nnx.Param)
    optimizer = optax.adam(optax.cosine_decay_schedule(0.1, 400))

    def slope(state, key):
        trace = algorithm.sample(key, 16, N, steps=5)

        def loss(state):
            raw = nnx.merge(graph, state)(trace.inputs, trace.hints, trace.lengths, steps=5)
            live = jnp.arange(1, 5)[:, None] < trace.lengths[None]
            return jnp.mean(
                jnp.where(live[..., None], raw.hints["d"] - trace.hints["d"][1:], 0.0) ** 2
            )

        return jax.grad(loss)(state)

    def update(carry, key):
        state, memory = carry
        change, memory = optimizer.update(slope(state, key), memory)
        return (optax.apply_updates(state, change), memory), None

    keys = jax.random.split(jax.random.key(5), 400)
    with jax.numpy_dtype_promotion("standard"):  # optax's bias correction mixes dtypes
        start = (state, optimizer.init(state))
        (state, _), _ = jax.jit(lambda c: jax.lax.scan(update, c, keys))(start)
    learned = nnx.merge(graph, state).harden()
    return {term: float(learned.message[term]) for term in learned.message.terms}


def test_the_right_constants_are_learned_and_rounded() -> None:
    assert _learned_message() == {"1": 0.0, "A[u,v]": 1.0, "pos[u]": 0.0, "pos[v]": 0.0}


def test_the_algorithm_may_be_any_with_such_a_spec() -> None:
    renamed = dataclasses.replace(get("bellman_ford"), name="mine")
    assert AlignedReasoner(renamed.spec, max_min, rngs=nnx.Rngs(0)).diagram.name == "bellman_ford"
