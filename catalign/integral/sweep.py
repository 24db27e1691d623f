"""Rounds of message passing to a fixed point that send only what changed.

In a selective semiring a sum keeps the best it has heard, so an offer that was made before adds
nothing. Then a round over the edges that leave the nodes that changed in the round before, the
*frontier*, gives what a round over all edges gives: the same values, the same winners, the same
number of rounds. A path of n edges takes n rounds either way, of n edges each or of one.

Shapes are static, so a round runs with room for some number of edges, the least of `capacities`
that the frontier's edges fit in, or over all edges.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Int, Shaped

from catalign.algebra.provenance import arg_segment, check_selective
from catalign.algebra.semiring import Semiring
from catalign.integral.graph import SparseGraph

CAPACITIES = (128, 8192)
"""Room for the edges of a frontier. A round costs its capacity, and one more compiles longer."""

_SQUARE = 128
_UNMARKED = np.iinfo(np.int32).max


class Sweep(NamedTuple):
    """What a sweep came to.

    Attributes:
      values: The value of each node.
      senders: The sender that last improved each node, the first among equals.
      taken: How many states were shown, the first one included.
      settled: Whether the last round changed nothing.
    """

    values: Shaped[Array, " n"]
    senders: Int[Array, " n"]
    taken: Int[Array, ""]
    settled: Bool[Array, ""]


class _Leaving(NamedTuple):
    """The edges by sender: those of u are `rows[start[u]]` and on, `count[u]` of them."""

    rows: Array
    start: Array
    count: Array


class _Carry(NamedTuple):
    """`work` is the number of edges that leave the frontier; `mark` is blank between rounds."""

    values: Array
    senders: Array
    taken: Array
    settled: Array
    frontier: Array
    work: Array
    mark: Array


def sweep(
    semiring: Semiring,
    graph: SparseGraph,
    messages: Shaped[Array, " e"],
    values: Shaped[Array, " n"],
    senders: Int[Array, " n"],
    *,
    max_states: int | Array,
    capacities: tuple[int, ...] = CAPACITIES,
) -> Sweep:
    """Iterates sums of messages until a round changes nothing.

    Maths: `x_v <- x_v + sum over edges u -> v of x_u . m(u, v)`, where only the u that changed last
    need to be summed over, because `a + a = a`.

    Args:
      semiring: One with a selective addition.
      graph: The edges.
      messages: What multiplies the sender's value, for each edge.
      values: The first values.
      senders: The sender of each node at the start.
      max_states: How many states to show at most, the first one included.
      capacities: For how many edges rounds are compiled, ascending. The result does not depend on
        them. Those of at least half of all edges are left out.

    Raises:
      UnsupportedError: The addition is not selective.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> ends = {"senders": jnp.array([0, 0, 1]), "receivers": jnp.array([1, 2, 2])}
      >>> graph = SparseGraph(**ends, n_node=3)
      >>> first = jnp.array([0.0, jnp.inf, jnp.inf])
      >>> weights = jnp.array([2.0, 9.0, 3.0])
      >>> run = sweep(min_plus, graph, weights, first, jnp.arange(3), max_states=9)
      >>> run.values.tolist(), run.senders.tolist(), int(run.taken)
      ([0.0, 2.0, 5.0], [0, 0, 1], 4)
    """
    check_selective(semiring)
    edges, n = graph.senders.shape[0], graph.n_node
    rooms = tuple(room for room in capacities if 2 * room < edges)
    leaving = _leaving(graph)
    messages = jnp.broadcast_to(messages, graph.senders.shape)
    # The first round is over all edges: every node is new.
    carry = _Carry(
        values=values,
        senders=senders.astype(jnp.int32),
        taken=jnp.int32(1),
        settled=jnp.bool_(False),
        frontier=jnp.full(max(rooms, default=1), n, jnp.int32),
        work=jnp.int32(edges),
        mark=jnp.full(n + 1, _UNMARKED, jnp.int32),
    )

    def goes_on(carry: _Carry) -> Array:
        return ~carry.settled & (carry.taken < max_states)

    def everywhere(carry: _Carry) -> _Carry:
        offers = semiring.multiply.op(carry.values[graph.senders], messages)
        best, row = arg_segment(
            semiring, offers, graph.receivers, n, indices_are_sorted=graph.receivers_are_sorted
        )
        total = semiring.add.op(carry.values, best)
        better = total != carry.values
        sender = graph.senders[jnp.maximum(row, 0)].astype(jnp.int32)
        return carry._replace(
            values=total,
            senders=jnp.where(better, sender, carry.senders),
            taken=carry.taken + 1,
            settled=~better.any(),
            frontier=_compact(jnp.where(better, jnp.arange(n), n), leaving, carry.frontier.size),
            work=jnp.where(better, leaving.count[:n], 0).sum(dtype=jnp.int32),
        )

    def rounds(carry: _Carry) -> _Carry:
        for room in rooms:
            fits = carry.work <= room
            inner = carry._replace(frontier=_compact(carry.frontier, leaving, room))
            inner = jax.lax.while_loop(
                lambda c, room=room: goes_on(c) & (c.work <= room),
                lambda c: _round(semiring, graph, messages, leaving, c),
                inner,
            )
            wide = jnp.full_like(carry.frontier, n).at[:room].set(inner.frontier)
            carry = inner._replace(frontier=jnp.where(fits, wide, carry.frontier))
        return jax.lax.while_loop(
            lambda c: goes_on(c) & (c.work > max(rooms, default=-1)), everywhere, carry
        )

    last = jax.lax.while_loop(goes_on, rounds, carry)
    return Sweep(last.values, last.senders, last.taken, last.settled)


def _round(
    semiring: Semiring, graph: SparseGraph, messages: Array, leaving: _Leaving, carry: _Carry
) -> _Carry:
    """A round over the edges that leave the frontier, in work proportional to its room."""
    n, edges, room = graph.n_node, graph.senders.shape[0], carry.frontier.size
    place = jnp.arange(room, dtype=jnp.int32)
    counts = leaving.count[carry.frontier]
    ends = _sums(counts)
    owner = _owners(counts, ends)
    sender = carry.frontier[owner]
    row = leaving.rows[
        jnp.minimum(leaving.start[sender] + place - (ends - counts)[owner], edges - 1)
    ]
    receiver = jnp.where(place < carry.work, graph.receivers[row], n)
    live = receiver < n
    offers = semiring.multiply.op(carry.values[jnp.minimum(sender, n - 1)], messages[row])
    offers = jnp.where(live, offers, jnp.asarray(semiring.zero, offers.dtype))
    # Offers to one node are summed at the place of the first of them.
    mark = carry.mark.at[receiver].min(place)
    leader = mark[receiver]
    mark = mark.at[receiver].set(_UNMARKED)
    best = semiring.add.segment(offers, leader, room)
    won = jnp.where(offers == best[leader], row, edges)
    first = jax.ops.segment_min(won, leader, room)
    old = carry.values[jnp.minimum(receiver, n - 1)]
    total = semiring.add.op(old, best)
    better = (leader == place) & live & (total != old)
    target = jnp.where(better, receiver, n)
    winner = graph.senders[jnp.where(first < edges, first, 0)].astype(jnp.int32)
    return _Carry(
        values=carry.values.at[target].set(total, mode="drop"),
        senders=carry.senders.at[target].set(winner, mode="drop"),
        taken=carry.taken + 1,
        settled=~better.any(),
        frontier=target,
        work=leaving.count[target].sum(dtype=jnp.int32),
        mark=mark,
    )


def _leaving(graph: SparseGraph) -> _Leaving:
    n = graph.n_node
    count = jnp.zeros(n + 1, jnp.int32).at[graph.senders].add(1)
    # Behind the nodes stands a place without edges, for holes in a frontier.
    count = count.at[n].set(0)
    rows = jnp.argsort(graph.senders, stable=True).astype(jnp.int32)
    return _Leaving(rows, jnp.cumsum(count, dtype=jnp.int32) - count, count)


def _compact(frontier: Array, leaving: _Leaving, room: int) -> Array:
    """The nodes of a frontier that edges leave, without holes, cut to a room."""
    n = leaving.count.size - 1
    (places,) = jnp.nonzero(leaving.count[frontier] > 0, size=room, fill_value=frontier.size)
    return frontier.astype(jnp.int32).at[places].get(mode="fill", fill_value=n)


def _sums(counts: Array) -> Array:
    """Running sums. For few counts, all of them at once: a scan is many small steps."""
    if counts.size > _SQUARE:
        return jnp.cumsum(counts, dtype=jnp.int32)
    before = np.tril(np.ones((counts.size, counts.size), bool))
    return jnp.where(before, counts[None, :], 0).sum(axis=1, dtype=jnp.int32)


def _owners(counts: Array, ends: Array) -> Array:
    """Whose each place is, where the first takes as many places as it counts, and so on."""
    size = counts.size
    if size > _SQUARE:
        starts = jnp.zeros(size, jnp.int32).at[ends].add(1, mode="drop")
        return jnp.minimum(jnp.cumsum(starts, dtype=jnp.int32), size - 1)
    place = np.arange(size)[:, None]
    return jnp.minimum((ends[None, :] <= place).sum(axis=1, dtype=jnp.int32), size - 1)
