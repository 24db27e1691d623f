"""One tick of the asynchronous executor: edges make messages, nodes receive some of them."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from catalign._typing import KeyArray
from catalign.algebra.monoid import Monoid
from catalign.integral.network import Network, split_coordinates
from catalign.integral.schedule import Schedule


class _Waiting(NamedTuple):
    """What the edges hold; `heard` are the arguments that they were called with before."""

    sender: Array
    receiver: Array
    heard_sender: Array
    heard_receiver: Array
    inbox: Array
    ready: Array


class _Chance(NamedTuple):
    """What chance decides in a tick, uniform in [0, 1), at each place of an inbox."""

    send: Array
    cut_argument: Array
    delay: Array
    deliver: Array
    cut_message: Array
    duplicate: Array
    rank: Array
    merge: Array


class Carry(NamedTuple):
    """Where a run is; its fields are those of `AsynchronousRun` and what waits."""

    states: Array
    totals: Array
    sent_at: Array
    waiting: _Waiting
    messages: Array
    events: Array
    rounds: Array
    tick: Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Course:
    """How chance decides in one run.

    Attributes:
      schedule: Its law.
      key: Where chance comes from.
      pace: How likely each place delivers, next to the others.
    """

    schedule: Schedule
    key: Array
    pace: Array

    @classmethod
    def draw(cls, network: Network, schedule: Schedule, key: KeyArray) -> "Course":
        """Draws the paces of a run."""
        pace_key, key = jax.random.split(key)
        places = network.graph.senders.shape[0] + network.graph.n_node
        pace = 10.0 ** (-schedule.spread * jax.random.uniform(pace_key, (places,)))
        return cls(schedule=schedule, key=key, pace=pace)


def advance(network: Network, course: Course, carry: Carry, max_ticks: Array) -> Carry:
    """One tick; none where nothing waits, or the time is up."""
    goes_on = is_waiting(network, carry.waiting) & (carry.tick < max_ticks)
    now = jax.random.fold_in(course.key, carry.tick)
    chance = _draw(now, network.graph.senders.shape[0] + network.graph.n_node)
    splits = jax.random.split(now, 3)
    carry = _send(network, course.schedule, chance, splits[:2], carry, goes_on)
    return _deliver(network, course, chance, splits[2], carry, goes_on)


def _draw(key: KeyArray, places: int) -> _Chance:
    """Four words of 32 bits for all decisions at a place: making them is much of a tick's work."""
    words = jax.random.bits(key, (4, places), jnp.uint32)

    def share(bits: Array, count: int) -> Array:
        return bits.astype(jax.dtypes.canonicalize_dtype(float)) / 2**count

    low, high = words[:3] & 0xFFFF, words[:3] >> 16
    return _Chance(
        *share(jnp.concatenate([low, high]), 16),
        rank=share(words[3] >> 8, 24),
        merge=share(words[3] & 0xFF, 8),
    )


def start(network: Network) -> Carry:
    """Where every run starts: what nodes send and receive from outside waits."""
    graph, (messages, arguments) = network.graph, network.monoids
    n, edges = graph.n_node, graph.senders.shape[0]
    sent = network.arguments[graph.senders]
    nothing = jnp.full_like(sent, arguments.unit)
    heard = network.arguments[jnp.minimum(graph.receivers, n - 1)]
    shape = (edges, *network.messages.shape[1:])
    inbox = jnp.full(shape, messages.unit, network.messages.dtype)
    # Behind the edges stand n more places, for what the nodes receive from outside.
    waiting = _Waiting(
        sender=_where(_real(network), sent, nothing),
        receiver=_where(_real(network), heard, nothing) if network.reads_receiver else nothing,
        heard_sender=nothing,
        heard_receiver=nothing,
        inbox=jnp.concatenate([inbox, network.messages]),
        ready=jnp.zeros(edges + n, jnp.int32),
    )
    zero = jnp.int32(0)
    sent_at = jnp.where(_is_any(network.arguments, arguments), 0, -1)
    return Carry(
        network.states,
        network.arguments,
        sent_at.astype(jnp.int32),
        waiting,
        zero,
        zero,
        zero,
        zero,
    )


def _send(
    network: Network,
    schedule: Schedule,
    chance: _Chance,
    keys: Array,
    carry: Carry,
    goes_on: Array,
) -> Carry:
    """Edges make messages of waiting arguments, or of parts of them."""
    waiting, (messages, arguments) = carry.waiting, network.monoids
    split = network.split_argument or split_coordinates(arguments)
    edges = network.graph.senders.shape[0]
    sends = (chance.send[:edges] < schedule.send) & _is_sending(network, waiting) & goes_on
    in_parts = chance.cut_argument[:edges] < schedule.split

    def take(key: KeyArray, value: Array) -> tuple[Array, Array]:
        first, rest = split(key, value)
        nothing = jnp.full_like(value, arguments.unit)
        first = _where(sends, _where(in_parts, first, value), nothing)
        return first, _where(sends, _where(in_parts, rest, nothing), value)

    new, rest = take(keys[0], waiting.sender)
    if network.reads_receiver:
        other, other_rest = take(keys[1], waiting.receiver)
        made = _bilinear(network, waiting, new, other)
    else:
        other, other_rest = waiting.receiver, waiting.receiver
        made = _unless_nothing(network, new, network.message(network.edge, new))
    makes = _is_any(new, arguments)
    makes |= _is_any(other, arguments) & network.reads_receiver & sends
    longest = (jnp.asarray(schedule.delay) + 1).astype(chance.delay.dtype)
    delay = jnp.floor(chance.delay[:edges] * longest).astype(jnp.int32)
    inbox, ready = waiting.inbox[:edges], waiting.ready[:edges]
    inbox = _where(sends, messages.op(made, inbox), inbox)
    ready = jnp.where(sends, jnp.maximum(ready, carry.tick + delay), ready)
    return carry._replace(
        waiting=_Waiting(
            sender=rest,
            receiver=other_rest,
            heard_sender=_where(
                sends, arguments.op(new, waiting.heard_sender), waiting.heard_sender
            ),
            heard_receiver=_where(
                sends, arguments.op(other, waiting.heard_receiver), waiting.heard_receiver
            )
            if network.reads_receiver
            else waiting.heard_receiver,
            inbox=waiting.inbox.at[:edges].set(inbox),
            ready=waiting.ready.at[:edges].set(ready),
        ),
        messages=carry.messages + jnp.sum(makes, dtype=jnp.int32),
        rounds=carry.rounds + jnp.any(makes).astype(jnp.int32),
    )


def _bilinear(network: Network, waiting: _Waiting, new: Array, other: Array) -> Array:
    """What new parts of both arguments add to the message.

    Maths: `psi(a, B + b) . psi(A, b)`, so that each part of one meets each of the other once.
    """
    messages, arguments = network.monoids
    met = network.message(network.edge, new, arguments.op(other, waiting.heard_receiver))
    again = network.message(network.edge, waiting.heard_sender, other)
    met = _unless_nothing(network, new, met)
    again = _unless_nothing(network, other, again)
    return messages.op(met, _unless_nothing(network, waiting.heard_sender, again))


def _deliver(
    network: Network,
    course: Course,
    chance: _Chance,
    key: KeyArray | Array,
    carry: Carry,
    goes_on: Array,
) -> Carry:
    """Nodes receive one message, or all that are ready, and send arguments on."""
    graph, waiting, schedule = network.graph, carry.waiting, course.schedule
    messages, arguments = network.monoids
    split = network.split_message or split_coordinates(messages)
    n = graph.n_node
    receivers = jnp.concatenate([graph.receivers, jnp.arange(n, dtype=graph.receivers.dtype)])
    at = jnp.minimum(receivers, n - 1)
    nothing = jnp.full_like(waiting.inbox, messages.unit)
    first, rest = split(key, waiting.inbox)
    in_parts = chance.cut_message < schedule.split
    first = _where(in_parts, first, waiting.inbox)
    rest = _where(
        chance.duplicate < schedule.duplicate, waiting.inbox, _where(in_parts, rest, nothing)
    )
    is_ready = (chance.deliver < schedule.deliver * course.pace) & (waiting.ready <= carry.tick)
    is_ready &= _is_any(first, messages) & goes_on  # A part may be empty: then nothing happens.
    rank = jnp.where(is_ready, chance.rank, -1.0)
    highest = jax.ops.segment_max(rank, receivers, n)
    is_hit = highest >= 0
    takes_all = chance.merge[:n] < schedule.merge
    chosen = is_ready & (takes_all[at] | (rank == highest[at]))
    received = messages.segment(_where(chosen, first, nothing), receivers, n)
    delta = network.cocycle.delta(received, carry.states)
    delta = _where(is_hit, delta, jnp.full_like(delta, arguments.unit))
    states = _where(is_hit, network.cocycle.action.act(received, carry.states), carry.states)

    def pass_on(kept: Array, ends: Array) -> Array:
        passed = arguments.op(delta[jnp.minimum(ends, n - 1)], kept)
        return _where(_real(network) & is_hit[jnp.minimum(ends, n - 1)], passed, kept)

    waiting = waiting._replace(
        sender=pass_on(waiting.sender, graph.senders),
        receiver=pass_on(waiting.receiver, graph.receivers)
        if network.reads_receiver
        else waiting.receiver,
        inbox=_where(chosen, rest, waiting.inbox),
    )
    return carry._replace(
        states=states,
        totals=_where(is_hit, arguments.op(delta, carry.totals), carry.totals),
        sent_at=jnp.where(is_hit & _is_any(delta, arguments), carry.tick, carry.sent_at),
        waiting=waiting,
        events=carry.events + jnp.sum(chosen, dtype=jnp.int32),
        tick=carry.tick + goes_on.astype(jnp.int32),
    )


def _real(network: Network) -> Array:
    """Which edges are no padding."""
    return network.graph.receivers < network.graph.n_node


def _is_sending(network: Network, waiting: _Waiting) -> Array:
    _, arguments = network.monoids
    found = _is_any(waiting.sender, arguments)
    return found | _is_any(waiting.receiver, arguments) if network.reads_receiver else found


def is_waiting(network: Network, waiting: _Waiting) -> Array:
    """Whether an argument or a message waits anywhere."""
    messages, _ = network.monoids
    return jnp.any(_is_sending(network, waiting)) | jnp.any(_is_any(waiting.inbox, messages))


def _unless_nothing(network: Network, argument: Array, message: Array) -> Array:
    """The message, or the unit where the argument is nothing: those are not sent."""
    messages, arguments = network.monoids
    nothing = jnp.full_like(message, messages.unit)
    return _where(_is_any(argument, arguments), message, nothing)


def _is_any(value: Array, monoid: Monoid) -> Array:
    """Which rows are not the unit."""
    differs = value != jnp.asarray(monoid.unit, value.dtype)
    return jnp.any(differs.reshape(value.shape[0], -1), axis=1)


def _where(mask: Array, new: Any, old: Any) -> Array:
    return jnp.where(mask.reshape(mask.shape + (1,) * (new.ndim - 1)), new, old)
