"""Measures training: `python -m tasks.bench train`, beside dm-clrs where it can be imported."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

import catalign
import tasks
from catalign._errors import CatalignError, InputError
from tasks import catalogue, cli, display, published

PROG = "python -m tasks.bench train"
PEER_PROCESSORS = ("gat", "gatv2", "mpnn", "pgn", "triplet_gmpnn", "triplet_mpnn")
"""What dm-clrs has by the same name."""


@dataclass(frozen=True, kw_only=True)
class TrainRateFlags:
    """Times parameter updates, ours and those of dm-clrs in turns, each in a process of its own.

    Attributes:
      tasks: The algorithms.
      processors: The processors; dm-clrs is asked for its own of the same name.
      widths: The widths of latent fields.
      batch: The instances of an update.
      size: The nodes of an instance.
      steps: The length of the traces.
      updates: Updates in one turn.
      turns: Turns of each; the median counts.
      json: Write the rows to this file as well.
    """

    tasks: tuple[str, ...] = ("bellman_ford",)
    processors: tuple[str, ...] = ("mpnn",)
    widths: tuple[int, ...] = (32, 128)
    batch: int = 32
    size: int = 16
    steps: int = 8
    updates: int = 5
    turns: int = 5
    json: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is trained.

    Attributes:
      side: "catalign" or "dm-clrs".
      task: The algorithm.
      processor: The processor.
      width: The width of latent fields.
      batch: The instances of an update.
      size: The nodes of an instance.
      steps: The length of the traces.
      updates: Updates in one turn.
    """

    side: str
    task: str
    processor: str
    width: int
    batch: int
    size: int
    steps: int
    updates: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one side came to.

    Attributes:
      case: What was trained.
      milliseconds: The median time of an update.
      cpu_milliseconds: The median processor time of an update.
      peak_mib: The peak memory of the process, the compiler's included.
      compile_seconds: The time until the first update was done.
      loss: The last loss; it shows that something was trained.
    """

    case: Case
    milliseconds: float
    cpu_milliseconds: float
    peak_mib: float
    compile_seconds: float
    loss: float

    @property
    def examples_per_second(self) -> float:
        """Instances trained on in a second."""
        return 1e3 * self.case.batch / self.milliseconds


class Worker:
    """A process that trains one case, a turn at a time."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tasks.train_rates", json.dumps(asdict(case))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.turns: list[dict[str, float]] = []
        self.first = self._answer()

    def turn(self) -> None:
        """Does one turn of updates."""
        self._write("turn")
        self.turns.append(self._answer())

    def end(self) -> Measured:
        """Ends the process and sums its turns up."""
        self._write("end")
        last = self._answer()
        self.close()
        return Measured(
            case=self.case,
            milliseconds=_median(self.turns, "milliseconds"),
            cpu_milliseconds=_median(self.turns, "cpu_milliseconds"),
            peak_mib=last["peak_mib"],
            compile_seconds=self.first["seconds"],
            loss=self.turns[-1]["loss"],
        )

    def close(self) -> None:
        """Ends the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def _write(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def _answer(self) -> dict[str, float]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            raise CatalignError(f"the training of {self.case} ended with code {code}.")
        return json.loads(line)


def main(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    flags = cli.parse(TrainRateFlags, argv, prog=PROG)
    _check(flags)
    has_peer = tasks.rates.peer_sampler() is not None
    pairs: list[tuple[Measured, Measured | None]] = []
    for task in flags.tasks:
        for processor in flags.processors:
            beside = has_peer and processor in PEER_PROCESSORS and task in clrs_30()
            sides = ("catalign", "dm-clrs") if beside else ("catalign",)
            for width in flags.widths:
                common: dict[str, Any] = {
                    "task": task,
                    "processor": processor,
                    "width": width,
                    "batch": flags.batch,
                    "size": flags.size,
                    "steps": flags.steps,
                    "updates": flags.updates,
                }
                pairs.append(measure([Case(side=s, **common) for s in sides], flags.turns))
                cli.print_note(describe(*pairs[-1]))
    _show(pairs)
    if flags.json is not None:
        rows = [asdict(side) for pair in pairs for side in pair if side is not None]
        packed = {"machine": tasks.rates.machine(), "rows": rows}
        flags.json.write_text(json.dumps(packed, indent=1) + "\n", encoding="utf-8")
    return 0


def clrs_30() -> tuple[str, ...]:
    """The algorithms that dm-clrs has."""
    return tuple(row.task for row in published.TABLE)


def measure(cases: Sequence[Case], turns: int) -> tuple[Measured, Measured | None]:
    """Trains one case or two in turns."""
    workers: list[Worker] = []
    try:
        for case in cases:
            workers.append(Worker(case))
        for _ in range(turns):
            for worker in workers:
                worker.turn()
        found = [worker.end() for worker in workers]
    finally:
        for worker in workers:
            worker.close()
    return found[0], found[1] if found[1:] else None


def describe(ours: Measured, theirs: Measured | None) -> str:
    """A pair as one line."""
    case = ours.case
    beside = ""
    if theirs is not None:
        beside = (
            f"; dm-clrs {theirs.milliseconds:,.1f} ms, {theirs.peak_mib:,.0f} MiB: "
            f"{theirs.milliseconds / ours.milliseconds:.1f} times as fast"
        )
    return (
        f"{case.task}, {case.processor}, width {case.width}: {ours.milliseconds:,.1f} ms an "
        f"update, {ours.peak_mib:,.0f} MiB{beside}"
    )


def _show(pairs: Sequence[tuple[Measured, Measured | None]]) -> None:
    table = Table(title=f"training, {tasks.rates.machine()}")
    names = ("algorithm", "processor", "width", "side", "ms", "CPU ms", "examples/s", "peak MiB")
    for name in (*names, "compile s"):
        table.add_column(name, justify="left" if name in ("algorithm", "processor") else "right")
    for pair in pairs:
        for side in pair:
            if side is not None:
                case = side.case
                table.add_row(
                    case.task,
                    case.processor,
                    str(case.width),
                    case.side,
                    f"{side.milliseconds:,.1f}",
                    f"{side.cpu_milliseconds:,.1f}",
                    f"{side.examples_per_second:,.0f}",
                    f"{side.peak_mib:,.0f}",
                    f"{side.compile_seconds:,.1f}",
                )
    display.console().print(table)


def _median(turns: Sequence[dict[str, float]], name: str) -> float:
    values = sorted(turn[name] for turn in turns)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def _check(flags: TrainRateFlags) -> None:
    for name in flags.tasks:
        cli.check_name("--tasks", name, catalign.algorithms.names())
    for name in flags.processors:
        cli.check_name("--processors", name, catalogue.PROCESSORS)
    for name in ("batch", "size", "updates", "turns"):
        if getattr(flags, name) < 1:
            raise InputError(f"--{name} is {getattr(flags, name)}, but it must be at least 1.")
    if flags.steps < 2:
        raise InputError(f"--steps is {flags.steps}, but a trace to train on has at least 2.")
    if not flags.widths or min(flags.widths) < 1:
        raise InputError(f"--widths is {flags.widths}, but it must hold widths of at least 1.")
