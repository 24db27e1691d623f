"""Measures the algorithms on edge lists: `python -m tasks.bench sparse`.

Without flags: the six SALSA-CLRS tasks at 1,600 nodes in three graph families, then bfs and
bellman_ford on 100,000 nodes and 1,000,000 edges. Each case runs in a process of its own, so that
its peak memory is its own.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import jax
import numpy as np
from rich.table import Table

from catalign._errors import InputError
from catalign.algorithms.chunk import run
from catalign.algorithms.sparse_catalogue import SALSA, get_sparse
from catalign.data.delaunay import Delaunay
from catalign.distributions.edge_list import (
    AbstractEdgeListLaw,
    Connected,
    SparseErdosRenyi,
    SparseWattsStrogatz,
)
from tasks import cli, display

FAMILIES: dict[str, AbstractEdgeListLaw] = {
    "erdos_renyi": Connected(SparseErdosRenyi()),
    "watts_strogatz": Connected(SparseWattsStrogatz()),
    "delaunay": Delaunay(),
}
"""The graph families of SALSA-CLRS."""


@dataclass(frozen=True, kw_only=True)
class SparseFlags:
    """Measures the algorithms on edge lists: wall time and peak memory, on this machine.

    Attributes:
      task: One algorithm, such as bfs; all cases if left out.
      family: erdos_renyi, watts_strogatz or delaunay.
      nodes: The number of nodes.
      edges: About how many edges a directed random graph has, in place of `family`; 0 for none.
      json: Print JSON in place of a table.
    """

    task: str = ""
    family: str = "erdos_renyi"
    nodes: int = 1600
    edges: int = 0
    json: cli.Switch = False


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What one case took.

    Attributes:
      task: The algorithm.
      family: The graph family.
      nodes: The number of nodes.
      edges: The number of listed edges; an undirected edge counts twice.
      steps: The number of states of the run.
      draw_s: Seconds to draw the instance, with compiling.
      first_run_s: Seconds of the first run without hints, with compiling.
      run_s: Seconds of the second run without hints.
      trace_s: Seconds of a run that records its hints, without compiling; None where `nodes` is
        above 2,000.
      hints_mb: The size of these hints.
      peak_mb: The peak memory of the process, in megabytes (10^6 bytes), the libraries included.
      idle_mb: The peak memory before the graph was drawn.
    """

    task: str
    family: str
    nodes: int
    edges: int
    steps: int
    draw_s: float
    first_run_s: float
    run_s: float
    trace_s: float | None
    hints_mb: float | None
    peak_mb: float
    idle_mb: float


def measure_sparse(
    task: str, family: str, *, nodes: int = 1600, edges: int = 0, seed: int = 0
) -> Measurement:
    """Measures one algorithm on one instance, in this process.

    Args:
      task: The name of an algorithm on edge lists.
      family: A key of `FAMILIES`, read where `edges` is 0.
      nodes: The number of nodes.
      edges: About how many edges a directed Erdos-Renyi graph has, in place of `family`.
      seed: The seed of the instance.

    Raises:
      InputError: The task or the family does not exist.
    """
    algorithm = get_sparse(task)
    if edges:
        family, law = "directed", SparseErdosRenyi(p=edges / (nodes * (nodes - 1)), directed=True)
    elif family in FAMILIES:
        law = FAMILIES[family]
    else:
        raise InputError(f"`family` is {family!r}; known: {', '.join(FAMILIES)}.")
    jax.block_until_ready(jax.numpy.zeros(1))
    idle = _peak_mb()

    start = time.perf_counter()
    inputs = algorithm.sample_inputs(jax.random.key(seed), 1, nodes, graph=law)
    jax.block_until_ready(inputs)
    drawn = time.perf_counter()
    jax.block_until_ready(run(algorithm, inputs).outputs)
    first = time.perf_counter()
    result = jax.block_until_ready(run(algorithm, inputs))
    again = time.perf_counter()

    trace_s = hints_mb = None
    steps = int(result.lengths[0])
    if nodes <= 2000:
        jax.block_until_ready(algorithm.traces(inputs, steps=steps).hints)
        begin = time.perf_counter()
        hints = jax.block_until_ready(algorithm.traces(inputs, steps=steps).hints)
        trace_s = round(time.perf_counter() - begin, 4)
        hints_mb = round(sum(h.nbytes for h in hints.values()) / 1e6, 1)
    return Measurement(
        task=algorithm.name,
        family=family,
        nodes=nodes,
        edges=int((np.asarray(inputs["receivers"]) < nodes).sum()),
        steps=steps,
        draw_s=round(drawn - start, 3),
        first_run_s=round(first - drawn, 3),
        run_s=round(again - first, 4),
        trace_s=trace_s,
        hints_mb=hints_mb,
        peak_mb=_peak_mb(),
        idle_mb=idle,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return cli.command(
        lambda: _measure(cli.parse(SparseFlags, argv, prog="python -m tasks.bench sparse"))
    )


def _measure(flags: SparseFlags) -> int:
    rows = (
        iter([measure_sparse(flags.task, flags.family, nodes=flags.nodes, edges=flags.edges)])
        if flags.task
        else _all_cases(flags.nodes)
    )
    if flags.json:
        for row in rows:
            display.say(json.dumps(asdict(row)))
        return 0
    display.console().print(_table(list(rows)))
    return 0


def _all_cases(nodes: int) -> Iterator[Measurement]:
    for algorithm in SALSA:
        for family in FAMILIES:
            yield _in_new_process(algorithm.name, family, nodes, 0)
    for task in ("bfs", "bellman_ford"):
        yield _in_new_process(task, "erdos_renyi", 100_000, 1_000_000)


def _in_new_process(task: str, family: str, nodes: int, edges: int) -> Measurement:
    flags = {"task": task, "family": family, "nodes": nodes, "edges": edges}
    words = [f"--{name}={value}" for name, value in flags.items()]
    command = [sys.executable, "-m", "tasks.bench", "sparse", "--json", *words]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Measurement(**json.loads(said.strip().splitlines()[-1]))


def _table(rows: list[Measurement]) -> Table:
    table = Table(title="Algorithms on edge lists (CPU time depends on what else runs)")
    for column in Measurement.__dataclass_fields__:
        table.add_column(column, justify="left" if column in ("task", "family") else "right")
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in asdict(row).values()))
    return table


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in units of 1,024 bytes, macOS in bytes.
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)
