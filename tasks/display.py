"""Shows a run while it goes: a bar on a terminal, plain lines in a pipe. Imports no JAX."""

import abc
import math
import sys
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from catalign.training import event as events

if TYPE_CHECKING:
    from catalign.training.evaluation import Evaluation
    from tasks.protocol import Row

PIPE_WIDTH = 160
_SECONDS_BETWEEN_LINES = 2.0


class Display(abc.ABC):
    """Takes the events of a run and shows some of them, within a `with` block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    @abc.abstractmethod
    def __call__(self, event: events.Event) -> None:
        """Shows an event, or not."""


class Silent(Display):
    """Shows nothing."""

    def __call__(self, event: events.Event) -> None:
        """Drops the event."""


class Lines(Display):
    """Prints a line at most every two seconds, and one for everything rare."""

    def __init__(self) -> None:
        self._last = -math.inf
        self._score: float | None = None

    def __call__(self, event: events.Event) -> None:
        """Prints what the event says."""
        if isinstance(event, events.Validated):
            self._score = event.evaluation.micro_f1
        if isinstance(event, events.Progress):
            now = time.monotonic()
            if now - self._last < _SECONDS_BETWEEN_LINES and event.step < event.steps:
                return
            self._last = now
            say(_progress_line(event, self._score))
            return
        text = describe(event)
        if text:
            say(text)


class Bar(Display):
    """A progress bar with ETA, loss, score and steps/s."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            console=console(),
        )
        self._bar = self._progress.add_task("training", total=None, visible=False, told="")
        self._score: float | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, event: events.Event) -> None:
        """Moves the bar, or prints a line above it."""
        if isinstance(event, events.Started):
            self._progress.update(
                self._bar, total=event.steps, completed=event.resumed_from, visible=True
            )
        elif isinstance(event, events.Validated):
            self._score = event.evaluation.micro_f1
        elif isinstance(event, events.Progress):
            told = _measures(event, self._score)
            self._progress.update(self._bar, completed=event.step, told=told)
        text = None if isinstance(event, events.Validated) else describe(event)
        if text:
            self._progress.console.print(text, markup=False, highlight=False)


def choose(*, quiet: bool) -> Display:
    """The display for where stdout goes."""
    if quiet:
        return Silent()
    return Bar() if sys.stdout.isatty() else Lines()


def describe(event: events.Event) -> str | None:
    """One line for an event that is worth one, else None."""
    match event:
        case events.Started():
            begins = f", resumed at step {event.resumed_from}" if event.resumed_from else ""
            where = f", writing to {event.run_dir}" if event.run_dir else ""
            if not event.parameters:
                return f"{event.task} with {event.processor} on {event.device}{where}"
            return (
                f"{event.task} with {event.processor}: {event.parameters:,} parameters, "
                f"{event.steps} steps on {event.device}{begins}{where}"
            )
        case events.Compiled():
            return f"compiled {_of(event.task)}for n = {event.size} in {event.seconds:.1f} s"
        case events.Validated():
            row = event.evaluation
            return f"step {event.step}: {_of(event.task)}{score_text(row)} at n = {row.size}"
        case events.Hardened():
            did = "kept" if event.kept else "not kept, as scores fell"
            return (
                f"rounded constants {did}: {score_text(event.learned)} learned, "
                f"{score_text(event.hardened)} rounded"
            )
        case events.Found():
            return event.text
        case events.Evaluated():
            row = event.evaluation
            where = f"{_of(event.task)}n = {row.size}"
            return f"evaluated {where}: {score_text(row)} in {row.seconds:.1f} s"
    return None


def _of(task: str | None) -> str:
    """The task's name before what is told of it, where there are several."""
    return f"{task} " if task else ""


def generalist_table(tables: Mapping[str, Iterable["Evaluation"]], *, title: str) -> Table:
    """The scores of several tasks at each size, in percent."""
    table = Table(title=title)
    table.add_column("task")
    for column in ("n", "micro-F1", "node-exact", "graph-exact", "instances"):
        table.add_column(column, justify="right")
    for task, rows in tables.items():
        for row in rows:
            shares = map(percent, (row.micro_f1, row.node_exact, row.graph_exact))
            table.add_row(task, str(row.size), *shares, str(row.instances))
    return table


def spread_table(rows: Iterable["Row"], *, title: str) -> Table:
    """Scores over seeds, mean and standard deviation in percent."""
    table = Table(title=title)
    columns = ("n", "instances", "seeds", "micro-F1", "node-exact", "graph-exact")
    for name in ("algorithm", *columns):
        table.add_column(name, justify="left" if name == "algorithm" else "right")
    for row in rows:
        counts = (row.size, row.instances, len(row.seeds))
        scores = (row.micro_f1, row.node_exact, row.graph_exact)
        table.add_row(row.task, *map(str, counts), *map(str, scores))
    return table


def evaluation_table(rows: Iterable["Evaluation"], *, title: str) -> Table:
    """The scores at each size, in percent."""
    table = Table(title=title)
    for column in (
        "n",
        "micro-F1",
        "node-exact",
        "graph-exact",
        "instances",
        "steps",
        "ended by itself",
    ):
        table.add_column(column, justify="right")
    for row in rows:
        shares = (row.micro_f1, row.node_exact, row.graph_exact)
        table.add_row(
            str(row.size),
            *map(percent, shares),
            str(row.instances),
            f"{row.mean_steps:.1f}",
            percent(row.converged),
        )
    return table


def percent(share: float) -> str:
    """A share in percent, never rounded up to 100.

    Example:
      >>> percent(0.99999), percent(1.0)
      ('99.99 %', '100.00 %')
    """
    return f"{math.floor(share * 1e4 + 1e-9) / 100:.2f} %"


def score_text(row: "Evaluation") -> str:
    """The benchmark's score of an evaluation."""
    return f"micro-F1 {percent(row.micro_f1)}"


def show_row(row: "Evaluation") -> None:
    """Prints the scores at one size, while those at the next are computed."""
    say(f"n = {row.size}: {score_text(row)} in {row.seconds:.1f} s")


def console() -> Console:
    """A console on stdout; wide in a pipe, where no terminal wraps lines."""
    return Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)


def say(text: str) -> None:
    """Prints a line on stdout at once, so that a pipe shows it while the run goes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _measures(event: events.Progress, score: float | None) -> str:
    known = "" if score is None else f"  score {percent(score)}"
    rate = f"  {event.steps_per_second:,.0f} steps/s" if event.steps_per_second > 0 else ""
    return f"loss {event.loss:.4f}{known}{rate}"


def _progress_line(event: events.Progress, score: float | None) -> str:
    line = f"step {event.step}/{event.steps}  {_measures(event, score)}"
    if event.steps_per_second <= 0:
        return line
    return f"{line}  ETA {(event.steps - event.step) / event.steps_per_second:.0f} s"
