"""Messages of a trained layer that need not be sent: those that would say nothing new."""

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from catalign._errors import UnsupportedError
from catalign._typing import Probes, PyTree
from catalign.algorithms.check import instance_size
from catalign.integral.graph import DenseGraph
from catalign.nn.asynchrony.law import Law
from catalign.nn.asynchrony.processor import AsynchronousProcessor
from catalign.nn.neural import NeuralReasoner, ProcessorCall

SILENT = frozenset({Law.ACTION, Law.ACTION_UNIT, Law.IDEMPOTENCE})
"""The laws by which a message that a state has absorbed may be left out."""


@dataclass(frozen=True, kw_only=True)
class FrontierCount:
    """What running a trained layer on what changed alone saves.

    Attributes:
      steps: The steps of all instances.
      rounds: Messages where every pair sends at every step.
      messages: Messages where a pair sends only if a channel of its message changed.
      values: Channels of messages that changed.
      width: The channels of a message.
      is_equal: Whether the states of all steps are bit-equal to those of rounds.
      is_bounded: Whether no state overflowed. Infinity stays equal, and seems to save messages.
    """

    steps: int
    rounds: int
    messages: int
    values: int
    width: int
    is_equal: bool
    is_bounded: bool

    @property
    def saved(self) -> float:
        """The share of messages that are saved."""
        return 1.0 - self.messages / max(self.rounds, 1)

    @property
    def saved_values(self) -> float:
        """The share of channels that are saved."""
        return 1.0 - self.values / max(self.rounds * self.width, 1)


class _Carry(NamedTuple):
    sent: Array
    rounds: Array
    messages: Array
    values: Array
    is_equal: Array
    is_bounded: Array


def frontier_count(
    reasoner: NeuralReasoner, inputs: Probes, first: Probes, lengths: Array, *, steps: int
) -> FrontierCount:
    """Counts the messages of runs in rounds, and of runs in which only what changed is sent.

    Maths: where `phi` is an idempotent action, `s_t >= m_t` for each message m that it absorbed, so
    that `phi(s_t, sum of all m_(t+1)) = phi(s_t, sum of those m_(t+1) that differ from m_t)`. That
    is computed too, and the bits of both sides are compared.

    Args:
      reasoner: A reasoner whose processor is an asynchronous one.
      inputs: A batch of inputs.
      first: Their hints at step 0.
      lengths: The length of the run of each.
      steps: The longest run.

    Raises:
      UnsupportedError: The processor has to hear every message at every step.

    Example:
      >>> import catalign
      >>> from catalign.nn.asynchrony.processor import L3Tropical
      >>> bfs = catalign.algorithms.get("bfs")
      >>> reasoner = NeuralReasoner(bfs.spec, L3Tropical, 4, rngs=nnx.Rngs(0))
      >>> trace = bfs.sample(jax.random.key(0), 2, 5)
      >>> first = {name: value[0] for name, value in trace.hints.items()}
      >>> frontier_count(reasoner, trace.inputs, first, trace.lengths, steps=5).is_equal
      True
    """
    layer = reasoner.processor
    if not isinstance(layer, AsynchronousProcessor) or not layer.keeps >= SILENT:
        raise UnsupportedError(
            f"{type(layer).__name__} has to hear every message at every step: its update is no "
            "idempotent action. Count with L2Max, L3Max or L3Tropical."
        )
    graphdef, state = nnx.split(reasoner)
    count = _count(graphdef, state, inputs, first, jnp.maximum(lengths - 1, 1), steps=steps)
    rounds, messages, values = (
        int(np.sum(np.asarray(x), dtype=np.int64))
        for x in (count.rounds, count.messages, count.values)
    )
    return FrontierCount(
        steps=int(np.sum(np.minimum(np.maximum(np.asarray(lengths) - 1, 1), steps))),
        rounds=rounds,
        messages=messages,
        values=values,
        width=layer.inner,
        is_equal=bool(np.all(np.asarray(count.is_equal))),
        is_bounded=bool(np.all(np.asarray(count.is_bounded))),
    )


@functools.partial(jax.jit, static_argnums=0, static_argnames="steps")
def _count(
    graphdef: nnx.GraphDef,
    state: PyTree,
    inputs: Probes,
    first: Probes,
    moves: Array,
    *,
    steps: int,
) -> _Carry:
    reasoner: NeuralReasoner = nnx.merge(graphdef, state)
    layer: Any = reasoner.processor
    n = instance_size(reasoner.spec, inputs)

    def one(given: tuple[Probes, Probes, Array]) -> _Carry:
        inputs, first, moves = given

        def visit(carry: _Carry, call: ProcessorCall, moved: Array, t: Array) -> _Carry:
            sent = _sent(layer, call)
            differs = sent != carry.sent
            new = _after(layer, call, jnp.where(differs, sent, layer.monoid.unit))
            runs = t < moves
            pairs, count = jnp.sum(_mask(layer, call)), jnp.sum
            return _Carry(
                sent=sent,
                rounds=carry.rounds + jnp.where(runs, pairs, 0),
                messages=carry.messages + jnp.where(runs, count(jnp.any(differs, axis=-1)), 0),
                values=carry.values + jnp.where(runs, count(differs), 0),
                is_equal=carry.is_equal & (jnp.all(new == moved) | ~runs),
                # False of NaN too; the least element of a semilattice is no overflow.
                is_bounded=carry.is_bounded & (jnp.all(moved < jnp.inf) | ~runs),
            )

        zero = jnp.int32(0)
        # Nothing equals NaN, so that everything is sent at the first step.
        blank = jnp.full((n, n, layer.inner), jnp.nan)
        start = _Carry(blank, zero, zero, zero, jnp.bool_(True), jnp.bool_(True))
        return reasoner.fold_steps(visit, start, inputs, first, steps=steps)._replace(sent=zero)

    return jax.lax.map(one, (inputs, first, moves))


def _sent(layer: AsynchronousProcessor, call: ProcessorCall) -> Array:
    """The message of each pair; nothing where none is."""
    _, arguments = layer.unpack(call.node[:, call.node.shape[1] - layer.width :])
    constants = layer.constants(call.node, call.edge, call.graph)
    sent = layer.message(arguments[:, None], arguments[None, :], constants)
    return jnp.where(_mask(layer, call)[..., None], sent, layer.monoid.unit)


def _mask(layer: AsynchronousProcessor, call: ProcessorCall) -> Array:
    return layer.expect(call.structure, DenseGraph).mask


def _after(layer: AsynchronousProcessor, call: ProcessorCall, sent: Array) -> Array:
    """The new hidden field where nodes hear the given messages."""
    states, arguments = layer.unpack(call.node[:, call.node.shape[1] - layer.width :])
    received = layer.monoid.reduce(sent, 0)
    return layer.pack(
        layer.update(received, states),
        layer.monoid.op(layer.argument(received, states), arguments),
    )
