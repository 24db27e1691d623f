"""Schedule invariance: whether a network ends alike in whatever order it runs.

It is the fourth law beside regrouping, reordering and replay (`algebra.cocycle`), and follows from
the first two together with edges that are homomorphisms; with the third, duplicates are harmless
too. Here it is looked for the other way round: by running many schedules and comparing bits.
"""

from dataclasses import dataclass

import jax
import numpy as np
from jax import Array

from catalign._errors import AxiomError, InputError
from catalign._typing import KeyArray
from catalign.integral.asynchronous import LANES, AsynchronousRun, execute
from catalign.integral.network import Network
from catalign.integral.schedule import FRONTIER, Schedule, draw_schedules


@dataclass(frozen=True, kw_only=True)
class ScheduleReport:
    """What many schedules of one network came to, beside its run in rounds.

    Attributes:
      schedules: How many there were.
      equal_states: How many ended in bit-equal states.
      equal_totals: How many sent bit-equal total arguments.
      finished: How many ended.
      events: The received messages of all schedules together.
      messages: The mean number of messages that a schedule made.
      most_messages: The largest number of them.
      frontier_messages: How many messages the rounds made that send only what changed.
      synchronous_messages: How many rounds make in which every edge sends.
      worst: The schedule to look at: the first that ended otherwise, or else the one with the most
        messages.
      difference: Where the worst one ended otherwise, in words; empty if nowhere.
    """

    schedules: int
    equal_states: int
    equal_totals: int
    finished: int
    events: int
    messages: float
    most_messages: int
    frontier_messages: int
    synchronous_messages: int
    worst: int
    difference: str

    @property
    def is_invariant(self) -> bool:
        """Whether every schedule ended, and ended alike."""
        return self.equal_states == self.equal_totals == self.finished == self.schedules

    @property
    def saved(self) -> float:
        """The share of messages that sending only what changed saves against all edges sending."""
        return 1.0 - self.frontier_messages / max(self.synchronous_messages, 1)

    def __str__(self) -> str:
        lines = [
            f"{self.schedules} schedules, {self.events:,} events: {self.equal_states} with "
            f"bit-equal states, {self.equal_totals} with bit-equal total arguments, "
            f"{self.finished} finished",
            f"messages: {self.synchronous_messages:,} in rounds, {self.frontier_messages:,} if "
            f"only what changed is sent ({self.saved:.1%} saved); {self.messages:,.0f} in the mean "
            f"of the schedules, {self.most_messages:,} at most",
        ]
        return "\n".join([*lines, self.difference] if self.difference else lines)


def compare_schedules(
    network: Network,
    key: KeyArray,
    *,
    schedule: Schedule | None = None,
    count: int = 64,
    at_once: int = LANES,
    max_ticks: int = 100_000,
) -> ScheduleReport:
    """Runs a network under many schedules and compares each with its run in rounds.

    The worst of them is an adversary found by search: give a larger `count` to search longer.

    Args:
      network: The model.
      key: Where chance comes from.
      schedule: The law of all schedules; a new one each, of all kinds but duplicates, if left out.
      count: How many.
      at_once: How many run side by side, which takes memory.
      max_ticks: When to give up on a schedule.

    Raises:
      InputError: `count` or `at_once` is below 1.

    Example:
      >>> import jax.numpy as jnp
      >>> from catalign.integral.graph import SparseGraph
      >>> from catalign.integral.network import split_naturals
      >>> from catalign.algebra.cocycle import carry_cocycle
      >>> chain = SparseGraph(senders=jnp.array([0]), receivers=jnp.array([1]), n_node=2)
      >>> digits = Network.build(
      ...     carry_cocycle(10), lambda edge, a: a, chain, states=jnp.array([7, 9]),
      ...     messages=jnp.array([5, 4]), split_message=split_naturals,
      ... )
      >>> compare_schedules(digits, jax.random.key(0), count=8).is_invariant
      True
    """
    for name, value in (("count", count), ("at_once", at_once)):
        if value < 1:
            raise InputError(f"`{name}` is {value}, but it must be at least 1.")
    law_key, run_key = jax.random.split(key)
    laws = draw_schedules(law_key, count) if schedule is None else schedule
    # The rounds are the first run of one call: a call of their own would be compiled apart.
    laws = jax.tree.map(
        lambda rounds, law: np.append(
            np.asarray(rounds, np.asarray(law).dtype), np.broadcast_to(law, count)
        ),
        FRONTIER,
        laws,
    )
    keys = jax.random.split(run_key, count + 1)
    runs = execute(network, laws, keys, max_ticks=max_ticks, at_once=at_once)
    runs = jax.tree.map(np.asarray, runs)
    rounds, every = (
        jax.tree.map(lambda x, rows=rows: x[rows], runs) for rows in (slice(1), slice(1, None))
    )
    return _report(network, rounds, every)


def check_schedules(
    network: Network,
    key: KeyArray,
    *,
    schedule: Schedule | None = None,
    count: int = 64,
    max_ticks: int = 100_000,
) -> None:
    """Raises unless every drawn schedule ends as the rounds do: schedule invariance.

    Args: as for `compare_schedules`.

    Raises:
      AxiomError: One ends otherwise; the message shows the place and both values.
    """
    report = compare_schedules(network, key, schedule=schedule, count=count, max_ticks=max_ticks)
    if not report.is_invariant:
        raise AxiomError(f"the network is not invariant under schedules.\n{report}")


def _report(network: Network, rounds: AsynchronousRun, runs: AsynchronousRun) -> ScheduleReport:
    states, totals = _bits(runs.states), _bits(runs.totals)
    same_states = np.all(states == _bits(rounds.states[:1]), axis=1)
    same_totals = np.all(totals == _bits(rounds.totals[:1]), axis=1)
    finished = np.asarray(runs.finished)
    wrong = np.flatnonzero(~(same_states & same_totals & finished))
    worst = int(wrong[0]) if wrong.size else int(np.argmax(runs.messages))
    edges = int(np.sum(np.asarray(network.graph.receivers) < network.graph.n_node))
    return ScheduleReport(
        schedules=len(finished),
        equal_states=int(same_states.sum()),
        equal_totals=int(same_totals.sum()),
        finished=int(finished.sum()),
        events=int(np.sum(runs.events, dtype=np.int64)),
        messages=float(np.mean(runs.messages)),
        most_messages=int(np.max(runs.messages)),
        frontier_messages=int(rounds.messages[0]),
        synchronous_messages=int(rounds.rounds[0]) * edges,
        worst=worst,
        difference=_difference(rounds, runs, worst) if wrong.size else "",
    )


def _difference(rounds: AsynchronousRun, runs: AsynchronousRun, worst: int) -> str:
    if not runs.finished[worst]:
        return f"schedule {worst} was given up after {runs.ticks[worst]} ticks"
    for name in ("states", "totals"):
        ours, theirs = np.asarray(getattr(rounds, name))[0], np.asarray(getattr(runs, name))[worst]
        nodes = np.flatnonzero(np.any(_bits(ours) != _bits(theirs), axis=1))
        if nodes.size:
            at = int(nodes[0])
            return (
                f"schedule {worst} ends with other {name} at node {at}: "
                f"{theirs[at].tolist()}, in rounds {ours[at].tolist()}"
            )
    return ""


def _bits(value: Array | np.ndarray) -> np.ndarray:
    """The bytes of each row: zeros of both signs differ, NaN equals itself."""
    rows = np.ascontiguousarray(value)
    return rows.reshape(rows.shape[0], -1).view(np.uint8)
