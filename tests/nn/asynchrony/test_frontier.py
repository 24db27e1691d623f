"""Sending only what changed: what it counts, that it is the same, and layers that it is not for."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from catalign._errors import UnsupportedError
from catalign.algorithms.catalogue import get
from catalign.nn.asynchrony.frontier import SILENT, frontier_count
from catalign.nn.asynchrony.processor import LEVELS, L2Max, L2Sum, L3Tropical
from catalign.nn.neural import NeuralReasoner
from catalign.nn.option import Feedback, HintMode, Options

N, WIDTH, BATCH = 6, 4, 3
HARD = Options(feedback=Feedback.HARD_ON_RUN)


@functools.cache
def trace():
    return get("bfs").sample(jax.random.key(0), BATCH, N)


def first():
    return {name: jnp.asarray(np.asarray(value)[0]) for name, value in trace().hints.items()}


def reasoner(kind, options=HARD):
    return NeuralReasoner(get("bfs").spec, kind, WIDTH, options=options, rngs=nnx.Rngs(0))


def counted(kind, options=HARD, steps=N):
    model = reasoner(kind, options)
    return frontier_count(model, trace().inputs, first(), trace().lengths, steps=steps)


@pytest.mark.parametrize("kind", [L2Max, L3Tropical])
def test_what_changed_is_enough(kind):
    found = counted(kind)
    assert found.is_equal
    moves = int(np.maximum(np.asarray(trace().lengths) - 1, 1).sum())
    assert found.steps == moves
    assert found.rounds == moves * N * N
    assert BATCH * N * N <= found.messages <= found.rounds
    assert found.messages <= found.values <= found.messages * WIDTH
    assert 0 <= found.saved <= found.saved_values < 1


class _Fixed(L3Tropical):
    """Its messages say what the inputs say alone: nothing new after the first step."""

    def message(self, sender, receiver, constant):
        return constant + jnp.zeros_like(sender + receiver)


def test_what_never_changes_is_sent_once():
    found = counted(_Fixed, Options(hints=HintMode.DECODED, feedback=Feedback.HARD_ON_RUN))
    assert found.messages == BATCH * N * N
    assert found.saved == pytest.approx(1 - BATCH / found.steps)
    assert found.is_equal


class _Liar(L2Sum):
    """A planted fault: a sum states that it need not hear a message twice."""

    keeps = SILENT

    def message(self, sender, receiver, constant):
        return constant + jnp.zeros_like(sender + receiver)


def test_a_layer_that_must_hear_again_is_found():
    assert not counted(_Liar, Options(hints=HintMode.DECODED)).is_equal
    for kind in LEVELS:
        if not kind.keeps >= SILENT:
            with pytest.raises(UnsupportedError, match="has to hear every message"):
                counted(kind)


def test_the_steps_are_those_of_a_run():
    model, given = reasoner(L3Tropical), trace()

    def visit(held, call, moved, t):
        return held.at[t].set(moved)

    rows = jnp.zeros((3, N, WIDTH))
    got = jax.jit(lambda inputs, hints: model.fold_steps(visit, rows, inputs, hints, steps=3))(
        *(jax.tree.map(lambda x: np.asarray(x)[1], dict(x)) for x in (given.inputs, first()))
    )
    begin = jax.jit(lambda inputs, hints: (model._encode(inputs, N)[0], model._read(hints, N)))
    encoded, seen = begin(dict(given.inputs), first())

    @jax.jit
    def step(hidden, seen):
        latent, moved = model._step(encoded, None, hidden, seen, N)
        return moved, model._feed(model._decode(model.hints, latent, hidden, moved), N, hard=True)

    hidden = jnp.zeros((BATCH, N, WIDTH))
    for t in range(3):
        hidden, seen = step(hidden, seen)
        np.testing.assert_allclose(got[t], hidden[1], rtol=1e-5, atol=1e-6)


def test_states_that_overflow_are_named():
    model = reasoner(L2Max)

    def count():
        return frontier_count(model, trace().inputs, first(), trace().lengths, steps=N)

    assert count().is_bounded
    stay = model.processor.at_receiver.kernel
    stay[...] = jnp.full_like(stay[...], 3e38)
    assert not count().is_bounded
