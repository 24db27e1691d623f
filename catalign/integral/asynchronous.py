"""The asynchronous executor: runs a node-centric network by events, in the order of a schedule.

An edge holds an argument that waits to be made into a message, and a message that waits to be
delivered. New arguments and messages are merged into waiting ones. A run ends when nothing waits.
What it ends with is the same for all schedules if the nodes are cocycles, messages commute and
edges are homomorphisms (Dudzik et al. 2023, section 3): *schedule invariance*, the fourth law
beside regrouping, reordering and replay of one node (`algebra.cocycle`).
"""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from catalign._errors import InputError
from catalign._typing import KeyArray
from catalign.integral.network import Network
from catalign.integral.schedule import Schedule
from catalign.integral.tick import Carry, Course, advance, is_waiting, start

LANES = 16
_TICKS = 16
"""Ticks between two looks at which runs have ended."""


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


class _Lanes(NamedTuple):
    """Runs side by side: the number of each, the next number, where they are, what ended."""

    job: Array
    following: Array
    carry: Carry
    ended: AsynchronousRun


def execute(
    network: Network,
    schedule: Schedule,
    keys: KeyArray | Array,
    *,
    max_ticks: int = 100_000,
    at_once: int = LANES,
) -> AsynchronousRun:
    """Runs a network once for each key, some runs side by side, in one call to the device.

    Runs differ in length by a factor of ten and more. Where one has ended, the next takes its
    place, so that few wait for the longest. What a run comes to does not depend on those beside it.

    Args:
      network: The model. It may break the laws.
      schedule: One schedule for all runs, or one each, stacked.
      keys: A vector of keys: where the chance of each run comes from.
      max_ticks: When to give up.
      at_once: How many run side by side, which takes memory.

    Raises:
      InputError: `keys` is not a vector, the schedules are not as many, or `at_once` is below 1.

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
    if at_once < 1:
        raise InputError(f"`at_once` is {at_once}, but it must be at least 1.")
    return _execute(network, full, keys, jnp.int32(max_ticks), lanes=min(at_once, keys.shape[0]))


@functools.partial(jax.jit, static_argnames="lanes")
def _execute(
    network: Network, schedule: Schedule, keys: Array, max_ticks: Array, *, lanes: int
) -> AsynchronousRun:
    jobs, begin = keys.shape[0], start(network)
    courses = jax.vmap(functools.partial(Course.draw, network))(schedule, keys)
    blank = jax.tree.map(lambda x: jnp.zeros((jobs, *x.shape), x.dtype), _result(network, begin))
    start_of_all = jax.tree.map(lambda x: jnp.broadcast_to(x, (lanes, *x.shape)), begin)

    def goes_on(state: _Lanes) -> Array:
        return jnp.any(state.job < jobs)

    def step(state: _Lanes) -> _Lanes:
        course = jax.tree.map(lambda x: x[jnp.minimum(state.job, jobs - 1)], courses)
        tick = jax.vmap(lambda course, carry: advance(network, course, carry, max_ticks))
        carry = jax.lax.fori_loop(0, _TICKS, lambda _, carry: tick(course, carry), state.carry)
        result = jax.vmap(functools.partial(_result, network))(carry)
        is_over = (result.finished | (carry.tick >= max_ticks)) & (state.job < jobs)
        at = jnp.where(is_over, state.job, jobs)
        following = state.following + jnp.cumsum(is_over, dtype=jnp.int32) - 1
        return _Lanes(
            job=jnp.where(is_over, jnp.minimum(following, jobs), state.job),
            following=state.following + jnp.sum(is_over, dtype=jnp.int32),
            carry=jax.tree.map(
                lambda new, old: jnp.where(is_over.reshape(-1, *(1,) * (old.ndim - 1)), new, old),
                start_of_all,
                carry,
            ),
            ended=jax.tree.map(
                lambda every, one: every.at[at].set(one, mode="drop"), state.ended, result
            ),
        )

    first = _Lanes(jnp.arange(lanes, dtype=jnp.int32), jnp.int32(lanes), start_of_all, blank)
    return jax.lax.while_loop(goes_on, step, first).ended


def _result(network: Network, carry: Carry) -> AsynchronousRun:
    return AsynchronousRun(
        states=carry.states,
        totals=carry.totals,
        sent_at=carry.sent_at,
        messages=carry.messages,
        events=carry.events,
        rounds=carry.rounds,
        ticks=carry.tick,
        finished=~is_waiting(network, carry.waiting),
    )
