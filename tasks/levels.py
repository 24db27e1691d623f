"""Trains the processors of each level of asynchrony, beside the published scores.

    python -m tasks.levels --tasks bfs bellman_ford --steps 300 --json levels.json

The levels differ in three things, of which the publication changed two at a time: the sum (+ at L1,
max at L2 and L3), the update, and the message. Here each level comes with max, and with a sum.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from catalign._errors import AxiomError, InputError, UnsupportedError
from catalign.algorithms import catalogue
from catalign.nn.option import EdgePointers, Feedback, PointerReading
from tasks import cli, display

if TYPE_CHECKING:
    from catalign.algorithms.algorithm import Algorithm
    from catalign.nn.reasoner import AbstractReasoner

PUBLISHED: dict[str, tuple[float, float, float]] = {
    "activity_selector": (0.68, 0.91, 0.89),
    "articulation_points": (0.14, 0.75, 0.89),
    "bellman_ford": (0.51, 0.97, 0.97),
    "bfs": (0.87, 1.00, 1.00),
    "binary_search": (0.33, 0.71, 0.48),
    "bridges": (0.32, 0.86, 0.87),
    "bubble_sort": (0.39, 0.71, 0.89),
    "dag_shortest_paths": (0.54, 0.71, 0.83),
    "dfs": (0.10, 0.84, 0.99),
    "dijkstra": (0.21, 0.92, 0.94),
    "find_maximum_subarray_kadane": (0.13, 0.43, 0.68),
    "floyd_warshall": (0.16, 0.45, 0.45),
    "graham_scan": (0.65, 0.80, 0.86),
    "heapsort": (0.45, 0.71, 0.69),
    "insertion_sort": (0.78, 0.82, 0.89),
    "jarvis_march": (0.53, 0.88, 0.77),
    "kmp_matcher": (0.02, 0.06, 0.05),
    "lcs_length": (0.66, 0.75, 0.82),
    "matrix_chain_order": (0.67, 0.81, 0.83),
    "minimum": (0.92, 0.97, 0.99),
    "mst_kruskal": (0.69, 0.87, 0.85),
    "mst_prim": (0.40, 0.68, 0.86),
    "naive_string_matcher": (0.00, 0.04, 0.07),
    "optimal_bst": (0.45, 0.47, 0.58),
    "quickselect": (0.19, 0.05, 0.07),
    "quicksort": (0.41, 0.75, 0.71),
    "segments_intersect": (0.96, 0.99, 0.96),
    "strongly_connected_components": (0.21, 0.39, 0.38),
    "task_scheduling": (0.81, 0.79, 0.84),
    "topological_sort": (0.33, 0.41, 0.81),
}
"""Mean micro-F1 at n = 64 of L1 (sum), L2 (max) and L3 (max): Dudzik et al. 2023, figure 2.

Read off the figure, to about 0.005; six seeds, width 128, 10,000 updates, inverted pointers.
"""

NAMES = ("L1Sum", "L1Max", "L2Sum", "L2Max", "L3Log", "L3Max", "L3Tropical")
_BESIDE = {"L1Sum": 0, "L2Max": 1, "L3Max": 2}


@dataclass(frozen=True, kw_only=True)
class LevelFlags:
    """Trains processors of each level of asynchrony and scores them on larger inputs.

    Attributes:
      tasks: The algorithms.
      processors: Some of L1Sum, L1Max, L2Sum, L2Max, L3Log, L3Max, L3Tropical.
      seeds: How many seeds, from 0 up.
      steps: The number of updates; published were 10,000.
      width: The width of latent fields; published was 128.
      batch: The instances of an update; published were 32.
      sizes: The training sizes; each is compiled.
      size: The size of the test inputs.
      instances: The number of test inputs.
      counted: On how many of them to count the messages that are saved by sending only what
        changed.
      json: Write each row to this file as soon as it is there, and leave out the rows that the
        file has already.
    """

    tasks: tuple[str, ...] = ("bfs", "minimum", "bellman_ford", "dijkstra")
    processors: tuple[str, ...] = NAMES
    seeds: int = 1
    steps: int = 300
    width: int = 32
    batch: int = 16
    sizes: tuple[int, ...] = (4, 7, 11, 13, 16)
    size: int = 64
    instances: int = 32
    counted: int = 4
    json: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One trained processor.

    Attributes:
      task: The algorithm.
      processor: The processor's class.
      seed: The seed.
      steps: The number of updates.
      width: The width of latent fields.
      batch: The instances of an update.
      sizes: The training sizes.
      size: The size of the test inputs.
      loss: The mean loss of the last updates.
      score: Micro-F1 at `size`; None where training diverged.
      saved: The share of messages at `size` that need not be sent, because they say what they said
        the step before; None where the layer has to hear them again, or its states overflow.
      saved_values: The same share of the channels of messages.
      seconds: How long it took, with compiling.
    """

    task: str
    processor: str
    seed: int
    steps: int
    width: int
    batch: int
    sizes: Sequence[int]
    size: int
    loss: float | None
    score: float | None
    saved: float | None
    saved_values: float | None
    seconds: float


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return cli.command(lambda: _levels(cli.parse(LevelFlags, argv, prog="python -m tasks.levels")))


def _levels(flags: LevelFlags) -> int:
    for name in flags.tasks:
        cli.check_name("--tasks", name, catalogue.names())
    for name in flags.processors:
        cli.check_name("--processors", name, NAMES)
    for name in ("seeds", "steps", "width", "batch", "size", "instances", "counted"):
        if getattr(flags, name) < 1:
            raise InputError(f"--{name} is {getattr(flags, name)}, but it must be at least 1.")
    rows = []
    for row in _rows(flags):
        rows.append(row)
        cli.print_note(f"{row.task} {row.processor} {row.seed}: {row.score} in {row.seconds} s")
        if flags.json is not None:
            flags.json.write_text(json.dumps([asdict(r) for r in rows], indent=1), "utf-8")
    display.console().print(table(rows))
    return 0


def _rows(flags: LevelFlags) -> Iterator[Row]:
    known: list[Row] = []
    if flags.json is not None and flags.json.exists():
        known = [Row(**row) for row in json.loads(flags.json.read_text("utf-8"))]
        yield from known
    done = {_key(row.task, row.processor, row.seed, row) for row in known}
    for task in flags.tasks:
        for processor in flags.processors:
            for seed in range(flags.seeds):
                if _key(task, processor, seed, flags) not in done:
                    yield train_level(task, processor, flags, seed=seed)
        _forget_programs()


def _key(task: str, processor: str, seed: int, settings: Row | LevelFlags) -> tuple[str, ...]:
    """What makes a row the same as another."""
    given = (settings.steps, settings.width, settings.batch, settings.size, *settings.sizes)
    return (task, processor, *map(str, (seed, *given)))


def _forget_programs() -> None:
    """The seeds of a task share compiled programs; the next task has no use for them."""
    import jax  # noqa: PLC0415

    jax.clear_caches()


def train_level(task: str, processor: str, flags: LevelFlags, *, seed: int) -> Row:
    """Trains one processor on one algorithm and scores it.

    Args:
      task: The name of the algorithm.
      processor: One of `NAMES`.
      flags: The settings.
      seed: The seed.
    """
    from catalign import training  # noqa: PLC0415
    from catalign.nn import asynchrony, build_reasoner  # noqa: PLC0415

    kind = getattr(asynchrony, processor)
    config = training.TrainConfig(
        steps=flags.steps,
        batch_size=flags.batch,
        sizes=flags.sizes,
        width=flags.width,
        seed=seed,
        eval_every=0,
        eval_sizes=(flags.size,),
        log_every=max(1, flags.steps // 10),
        eval_instances=flags.instances,
        pointers=PointerReading.BOTH,
        feedback=Feedback.HARD_ON_RUN,
        edge_pointers=EdgePointers.ENDS,
    )
    start, loss, score = time.perf_counter(), None, None
    saved: tuple[float | None, float | None] = (None, None)
    try:
        report = training.train(
            catalogue.get(task),
            config,
            build=lambda algorithm, config, rngs: build_reasoner(
                algorithm, kind, width=config.width, options=config.options, rngs=rngs
            ),
        )
        loss = round(report.history[-1]["loss"], 4)
        score = round(report.table.at(flags.size).micro_f1, 4)
        saved = _saved(report.reasoner, catalogue.get(task), flags)
    except training.DivergedError as error:
        cli.print_note(str(error))
    return Row(
        task=task,
        processor=processor,
        seed=seed,
        steps=flags.steps,
        width=flags.width,
        batch=flags.batch,
        sizes=flags.sizes,
        size=flags.size,
        loss=loss,
        score=score,
        saved=saved[0],
        saved_values=saved[1],
        seconds=round(time.perf_counter() - start, 1),
    )


def _saved(
    reasoner: "AbstractReasoner", algorithm: "Algorithm", flags: LevelFlags
) -> tuple[float | None, float | None]:
    """The shares of messages and of their channels that need not be sent, where any."""
    import jax  # noqa: PLC0415

    from catalign.nn.asynchrony import frontier_count  # noqa: PLC0415
    from catalign.nn.neural import NeuralReasoner  # noqa: PLC0415

    assert isinstance(reasoner, NeuralReasoner)
    trace = algorithm.sample(jax.random.key(1), flags.counted, flags.size)
    first = {name: value[0] for name, value in trace.hints.items()}
    steps = max(1, int(trace.lengths.max()) - 1)
    try:
        found = frontier_count(reasoner, trace.inputs, first, trace.lengths, steps=steps)
    except UnsupportedError:
        return None, None
    if not found.is_equal:
        raise AxiomError(f"{algorithm.name}: sending only what changed ended in other states.")
    if not found.is_bounded:
        return None, None
    return round(found.saved, 4), round(found.saved_values, 4)


def table(rows: Sequence[Row]) -> Table:
    """The mean scores of rows, one line a task, with the published ones in brackets."""
    found = [name for name in NAMES if any(row.processor == name for row in rows)]
    shown = Table(title="micro-F1 of each level (in brackets: published)")
    shown.add_column("task")
    for name in found:
        shown.add_column(name, justify="right")
    for task in dict.fromkeys(row.task for row in rows):
        cells = [_cell(task, name, rows) for name in found]
        shown.add_row(task, *cells)
    return shown


def _cell(task: str, name: str, rows: Sequence[Row]) -> str:
    mine = [row for row in rows if (row.task, row.processor) == (task, name)]
    scores = [row.score for row in mine if row.score is not None]
    if not mine:
        return "-"
    text = f"{100 * sum(scores) / len(scores):.1f}" if scores else "diverged"
    if scores and len(scores) < len(mine):
        text += f" ({len(mine) - len(scores)} diverged)"
    if name in _BESIDE and task in PUBLISHED:
        text += f" [{100 * PUBLISHED[task][_BESIDE[name]]:.0f}]"
    return text


if __name__ == "__main__":
    sys.exit(main())
