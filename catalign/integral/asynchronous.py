"""The asynchronous executor: runs a node-centric network by events, in the order of a schedule.

An edge holds an argument that waits to be made into a message, and a message that waits to be
delivered. New arguments and messages are merged into waiting ones. A run ends when nothing waits.
What it ends with is the same for all schedules if the nodes are cocycles, messages commute and
edges are homomorphisms (Dudzik et al. 2023, section 3): *schedule invariance*, the fourth law
beside regrouping, reordering and replay of one node (`algebra.cocycle`).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from catalign._errors import InputError
from catalign._typing import KeyArray
from catalign.algebra.monoid import Monoid
from catalign.integral.network import Network, split_coordinates
from catalign.integral.schedule import Schedule


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class AsynchronousRun:
    """What runs came to; with one leading axis, of runs.

    Attributes:
      states: The last states.
      totals: All arguments that each node sent, added up; later ones on the left.
      sent_at: The tick at which each node last sent an argument; -1 for never.
      messages: How many messages the edges made.
      events: How many messages the nodes received.
      rounds: The ticks in which a message was made.
      ticks: How long the run took.
      finished: Whether nothing waits any more.
    """

    states: Array
    totals: Array
    sent_at: Array
    messages: Array
    events: Array
    rounds: Array
    ticks: Array
    finished: Array


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
    rank: Array
    cut_message: Array
    duplicate: Array
    merge: Array


class _Carry(NamedTuple):
    states: Array
    totals: Array
    sent_at: Array
    waiting: _Waiting
    messages: Array
    events: Array
    rounds: Array
    tick: Array


def execute(
    network: Network, schedule: Schedule, keys: KeyArray | Array, *, max_ticks: int = 100_000
) -> AsynchronousRun:
    """Runs a network once for each key, all runs side by side.

    Args:
      network: The model. It may break the laws.
      schedule: One schedule for all runs, or one each, stacked.
      keys: A vector of keys: where the chance of each run comes from.
      max_ticks: When to give up.

    Raises:
      InputError: `keys` is not a vector, or the schedules are not as many.

    Example:
      >>> from catalign.algebra.cocycle import semilattice_cocycle
      >>> from catalign.algebra.instances import min_plus
      >>> from catalign.integral.graph import SparseGraph
      >>> from catalign.integral.schedule import RANDOM_ORDER
      >>> ends = dict(senders=jnp.array([0, 0, 1]), receivers=jnp.array([1, 2, 2]))
      >>> nothing, far = jnp.array([0.0, jnp.inf, jnp.inf]), jnp.full(3, jnp.inf)
      >>> paths = Network.build(
      ...     semilattice_cocycle(min_plus.add), lambda w, a: a + w, SparseGraph(**ends, n_node=3),
      ...     edge=jnp.array([2.0, 9.0, 3.0]), states=far, messages=nothing,
      ... )
      >>> execute(paths, RANDOM_ORDER, jax.random.split(jax.random.key(0), 2)).states.tolist()
      [[0.0, 2.0, 5.0], [0.0, 2.0, 5.0]]
    """
    if keys.ndim != 1:
        raise InputError(
            f"`keys` has shape {keys.shape}, but it must be a vector: one key for each run."
        )
    for leaf in jax.tree.leaves(schedule):
        if jnp.ndim(leaf) and jnp.shape(leaf) != keys.shape:
            raise InputError(
                f"`schedule` holds {jnp.shape(leaf)[0]} schedules, but there are "
                f"{keys.shape[0]} keys. Give one each."
            )
    full = jax.tree.map(lambda x: jnp.broadcast_to(jnp.asarray(x), keys.shape), schedule)
    return _execute(network, full, keys, jnp.int32(max_ticks))


@jax.jit
def _execute(
    network: Network, schedule: Schedule, keys: Array, max_ticks: Array
) -> AsynchronousRun:
    return jax.vmap(lambda s, k: _run(network, s, k, max_ticks))(schedule, keys)


def _run(network: Network, schedule: Schedule, key: KeyArray, max_ticks: Array) -> AsynchronousRun:
    pace_key, key = jax.random.split(key)
    ends = network.graph.senders.shape[0] + network.graph.n_node
    pace = 10.0 ** (-schedule.spread * jax.random.uniform(pace_key, (ends,)))
    first = _first(network)

    def goes_on(carry: _Carry) -> Array:
        return _is_waiting(network, carry.waiting) & (carry.tick < max_ticks)

    def tick(carry: _Carry) -> _Carry:
        # One draw for all decisions: each call of a generator is compiled anew.
        now = jax.random.fold_in(key, carry.tick)
        chance = _Chance(*jax.random.uniform(now, (len(_Chance._fields), ends)))
        splits = jax.random.split(now, 3)
        carry = _send(network, schedule, chance, splits[:2], carry)
        return _deliver(network, schedule, pace, chance, splits[2], carry)

    last = jax.lax.while_loop(goes_on, tick, first)
    return AsynchronousRun(
        states=last.states,
        totals=last.totals,
        sent_at=last.sent_at,
        messages=last.messages,
        events=last.events,
        rounds=last.rounds,
        ticks=last.tick,
        finished=~_is_waiting(network, last.waiting),
    )


def _first(network: Network) -> _Carry:
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
    return _Carry(
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
    network: Network, schedule: Schedule, chance: _Chance, keys: Array, carry: _Carry
) -> _Carry:
    """Edges make messages of waiting arguments, or of parts of them."""
    waiting, (messages, arguments) = carry.waiting, network.monoids
    split = network.split_argument or split_coordinates(arguments)
    edges = network.graph.senders.shape[0]
    sends = (chance.send[:edges] < schedule.send) & _is_sending(network, waiting)
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
    schedule: Schedule,
    pace: Array,
    chance: _Chance,
    key: KeyArray | Array,
    carry: _Carry,
) -> _Carry:
    """Nodes receive one message, or all that are ready, and send arguments on."""
    graph, waiting = network.graph, carry.waiting
    messages, arguments = network.monoids
    split = network.split_message or split_coordinates(messages)
    n = graph.n_node
    receivers = jnp.concatenate([graph.receivers, jnp.arange(n, dtype=graph.receivers.dtype)])
    at = jnp.minimum(receivers, n - 1)
    is_ready = (chance.deliver < schedule.deliver * pace) & (waiting.ready <= carry.tick)
    is_ready &= _is_any(waiting.inbox, messages)
    rank = jnp.where(is_ready, chance.rank, -1.0)
    takes_all = chance.merge[:n] < schedule.merge
    chosen = is_ready & (takes_all[at] | (rank == jax.ops.segment_max(rank, receivers, n)[at]))

    nothing = jnp.full_like(waiting.inbox, messages.unit)
    first, rest = split(key, waiting.inbox)
    in_parts = chance.cut_message < schedule.split
    first = _where(in_parts, first, waiting.inbox)
    rest = _where(
        chance.duplicate < schedule.duplicate, waiting.inbox, _where(in_parts, rest, nothing)
    )
    chosen &= _is_any(first, messages)  # A part may be empty: then nothing happens.
    received = messages.segment(_where(chosen, first, nothing), receivers, n)
    is_hit = jax.ops.segment_max(chosen.astype(jnp.int32), receivers, n) > 0
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
        tick=carry.tick + 1,
    )


def _real(network: Network) -> Array:
    """Which edges are no padding."""
    return network.graph.receivers < network.graph.n_node


def _is_sending(network: Network, waiting: _Waiting) -> Array:
    _, arguments = network.monoids
    found = _is_any(waiting.sender, arguments)
    return found | _is_any(waiting.receiver, arguments) if network.reads_receiver else found


def _is_waiting(network: Network, waiting: _Waiting) -> Array:
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
