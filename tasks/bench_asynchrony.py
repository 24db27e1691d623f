"""Measures the asynchronous executor: `python -m tasks.bench asynchrony`.

Four exact models under many schedules, each compared bit for bit with its run in rounds; then one
large Bellman-Ford, for the events of a second and for the messages that the frontier saves; then a
layer of each level, one step of it.
"""

import dataclasses
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import jax
import jax.numpy as jnp
import numpy as np
from rich.table import Table

from catalign._errors import InputError
from catalign.algebra.instances import min_plus
from catalign.alignment.node_centric import (
    addition_network,
    kahn_network,
    reachability_network,
    relaxation_network,
)
from catalign.integral.asynchronous import LANES
from catalign.integral.graph import DenseGraph, SparseGraph
from catalign.integral.invariance import compare_schedules
from catalign.integral.network import Network
from catalign.integral.schedule import DUPLICATED, REGROUPED, Schedule
from catalign.nn.asynchrony.network import step_network
from catalign.nn.asynchrony.processor import LEVELS
from tasks import cli, display

LARGE = "large"
EXACT = ("bellman_ford", "bfs", "kahn", "addition")
NETWORKS = (*EXACT, LARGE, *(kind.__name__ for kind in LEVELS))


@dataclass(frozen=True, kw_only=True)
class AsynchronyFlags:
    """Runs networks by events, in many orders, and compares the bits with their rounds.

    Attributes:
      networks: Some of bellman_ford, bfs, kahn, addition, large and the layers' names; all if left
        out.
      schedules: How many schedules each small model runs under.
      nodes: The nodes of the small graphs, and the digits of the numbers.
      edges: The edges of the small graphs.
      large_nodes: The nodes of the large graph, for Bellman-Ford alone.
      large_edges: Its edges.
      seed: The seed of graphs, numbers and schedules.
      json: Print JSON in place of a table.
    """

    networks: tuple[str, ...] = ()
    schedules: int = 1000
    nodes: int = 64
    edges: int = 256
    large_nodes: int = 10_000
    large_edges: int = 50_000
    seed: int = 0
    json: cli.Switch = False


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the schedules of one network came to.

    Attributes:
      network: Its name.
      kind: The law of the schedules.
      schedules: How many.
      events: The received messages of all.
      equal: How many ended with bit-equal states and total arguments.
      rounds_messages: Messages of rounds in which every edge sends.
      frontier_messages: Messages of rounds in which only what changed is sent.
      mean_messages: Messages of a schedule, in the mean.
      worst_messages: Messages of the worst schedule.
      seconds: Of the second run, without compiling.
    """

    network: str
    kind: str
    schedules: int
    events: int
    equal: int
    rounds_messages: int
    frontier_messages: int
    mean_messages: float
    worst_messages: int
    seconds: float

    @property
    def events_per_second(self) -> float:
        """Received messages of a second."""
        return self.events / self.seconds


def exact_networks(*, nodes: int, edges: int, seed: int) -> dict[str, Network]:
    """The four exact models, on one random graph, its acyclic half and two random numbers.

    Args:
      nodes: The number of nodes, and of digits.
      edges: The number of edges.
      seed: The seed.
    """
    rng = np.random.default_rng(seed)
    graph, weights = random_graph(nodes, edges, rng)
    low, high = (f(graph.senders, graph.receivers) for f in (jnp.minimum, jnp.maximum))
    # A self loop becomes padding: it would wait for itself.
    acyclic = dataclasses.replace(graph, senders=low, receivers=jnp.where(low < high, high, nodes))
    return {
        "bellman_ford": relaxation_network(min_plus, graph, weights, 0),
        "bfs": reachability_network(graph, 0),
        "kahn": kahn_network(acyclic),
        "addition": addition_network(rng.integers(0, 10, nodes), rng.integers(0, 10, nodes)),
    }


def random_graph(nodes: int, edges: int, rng: np.random.Generator) -> tuple[SparseGraph, jax.Array]:
    """A directed graph with uniform ends, and uniform weights in [0, 1)."""
    senders, receivers = rng.integers(0, nodes, (2, edges), dtype=np.int32)
    order = np.argsort(receivers, kind="stable")
    graph = SparseGraph(
        senders=jnp.asarray(senders[order]), receivers=jnp.asarray(receivers[order]), n_node=nodes
    )
    return graph, jnp.asarray(rng.random(edges), jnp.float32)


def measure(
    name: str,
    network: Network,
    *,
    schedules: int,
    seed: int,
    schedule: Schedule | None = None,
    kind: str = "all kinds",
    at_once: int = LANES,
) -> Measured:
    """Runs a network under many schedules, after a run of one tick that compiles."""

    def run(max_ticks: int):
        return compare_schedules(
            network,
            jax.random.key(seed),
            schedule=schedule,
            count=schedules,
            at_once=at_once,
            max_ticks=max_ticks,
        )

    run(1)
    start = time.perf_counter()
    report = run(100_000)
    seconds = time.perf_counter() - start
    return Measured(
        network=name,
        kind=kind,
        schedules=schedules,
        events=report.events,
        equal=min(report.equal_states, report.equal_totals, report.finished),
        rounds_messages=report.synchronous_messages,
        frontier_messages=report.frontier_messages,
        mean_messages=round(report.messages, 1),
        worst_messages=report.most_messages,
        seconds=round(seconds, 3),
    )


def layer_steps(*, seed: int, width: int = 8, nodes: int = 8) -> dict[str, Network]:
    """One step of an untrained layer of each kind, on random fields."""
    a, b, c = jax.random.split(jax.random.key(seed), 3)
    fields = (
        jax.random.normal(a, (nodes, 2 * width)),
        jax.random.normal(b, (nodes, nodes, width)),
        jax.random.normal(c, (width,)),
        DenseGraph.complete(nodes),
    )
    layers = {kind.__name__: kind.fresh(width, seed=seed) for kind in LEVELS}
    return {name: step_network(layer, *fields) for name, layer in layers.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return cli.command(
        lambda: _measure(cli.parse(AsynchronyFlags, argv, prog="python -m tasks.bench asynchrony"))
    )


def _measure(flags: AsynchronyFlags) -> int:
    for name in flags.networks:
        cli.check_name("--networks", name, NETWORKS)
    for name in ("schedules", "nodes", "edges", "large_nodes", "large_edges"):
        if getattr(flags, name) < 1:
            raise InputError(f"--{name} is {getattr(flags, name)}, but it must be at least 1.")
    rows = []
    for row in _rows(flags):
        rows.append(row)
        if flags.json:
            display.say(json.dumps(asdict(row)))
    if not flags.json:
        display.console().print(_table(rows))
        total = sum(row.events for row in rows)
        display.say(f"{total:,} events in {sum(row.seconds for row in rows):.1f} s")
    return 0


def _rows(flags: AsynchronyFlags) -> Iterator[Measured]:
    seed, schedules = flags.seed, flags.schedules
    wanted = flags.networks or NETWORKS
    for name, network in exact_networks(nodes=flags.nodes, edges=flags.edges, seed=seed).items():
        if name in wanted:
            yield measure(name, network, schedules=schedules, seed=seed)
            doubled = {"schedule": DUPLICATED, "kind": "duplicates", "seed": seed}
            yield measure(name, network, schedules=schedules, **doubled)
    if LARGE in wanted:
        rng = np.random.default_rng(seed)
        graph, weights = random_graph(flags.large_nodes, flags.large_edges, rng)
        large = relaxation_network(min_plus, graph, weights, 0)
        yield measure(LARGE, large, schedules=4, seed=seed, at_once=1)
    for name, network in layer_steps(seed=seed).items():
        if name in wanted:
            given = {"schedule": REGROUPED, "kind": "regrouped", "seed": seed}
            yield measure(name, network, schedules=min(schedules, 100), **given)


def _table(rows: Sequence[Measured]) -> Table:
    table = Table(title="Networks by events, beside their runs in rounds")
    for column in ("network", "schedules", "kind", "bit-equal", "events", "events/s"):
        table.add_column(column, justify="left" if column in ("network", "kind") else "right")
    for column in ("every edge", "frontier", "mean", "worst"):
        table.add_column(f"messages: {column}", justify="right")
    for row in rows:
        counts = (row.rounds_messages, row.frontier_messages, row.mean_messages, row.worst_messages)
        cells = (row.network, row.schedules, row.kind, row.equal, f"{row.events:,}")
        rate = f"{row.events_per_second:,.0f}"
        table.add_row(*map(str, cells), rate, *(f"{n:,.0f}" for n in counts))
    return table
