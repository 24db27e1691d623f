"""Measures the shipped programs beside their algorithms: `python -m tasks.bench programs`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

import tasks
from catalign._errors import InputError
from tasks import cli, display

PROG = "python -m tasks.bench programs"


@dataclass(frozen=True, kw_only=True)
class ProgramFlags:
    """Times the shipped programs, jitted and batched, beside the algorithms that they learned.

    The algorithm runs twice: ours, jitted and batched as well, and the NumPy one of dm-clrs where
    that can be imported. All are measured in processor time, so that other work on the machine does
    not count.

    Attributes:
      tasks: The algorithms; all with a shipped program if left out.
      size: The number of nodes.
      batch: The instances of one call.
      repeats: Timed calls of each, in turns; the least counts.
      json: Write the rows to this file as well.
    """

    tasks: tuple[str, ...] = ()
    size: int = 64
    batch: int = 32
    repeats: int = 3
    json: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ProgramRate:
    """One row, in milliseconds of processor time for each instance.

    Attributes:
      task: The algorithm.
      size: The number of nodes.
      steps: The mean number of states of a run.
      program: The learned program.
      algorithm: The algorithm of catalign, without hints.
      peer: The NumPy algorithm of dm-clrs, which records its hints and draws its instance; None
        where there is none.
      right: The share of instances with the algorithm's outputs.
    """

    task: str
    size: int
    steps: float
    program: float
    algorithm: float
    peer: float | None
    right: float


def main(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    flags = cli.parse(ProgramFlags, argv, prog=PROG)
    known = tasks.library.shipped()
    for name in flags.tasks:
        cli.check_name("--tasks", name, known)
    for name in ("size", "batch", "repeats"):
        if getattr(flags, name) < 1:
            raise InputError(f"--{name} is {getattr(flags, name)}, but it must be at least 1.")
    rows = []
    for name in flags.tasks or known:
        row = tasks.program_rates.measure(
            name, size=flags.size, batch=flags.batch, repeats=flags.repeats
        )
        cli.print_note(describe(row))
        rows.append(row)
    display.console().print(_table(rows))
    if flags.json is not None:
        packed = {"machine": tasks.rates.machine(), "rows": [asdict(row) for row in rows]}
        flags.json.write_text(json.dumps(packed, indent=1) + "\n", encoding="utf-8")
    return 0


def describe(row: ProgramRate) -> str:
    """A row as one line."""
    peer = "" if row.peer is None else f", dm-clrs {row.peer:.3g} ms"
    return (
        f"{row.task}, n = {row.size}: program {row.program:.3g} ms, algorithm "
        f"{row.algorithm:.3g} ms{peer}; {100 * row.right:.1f} % right"
    )


def _table(rows: Sequence[ProgramRate]) -> Table:
    table = Table(title=f"processor time an instance in ms, {tasks.rates.machine()}")
    for column in ("algorithm", "n", "states", "program", "ours", "program / ours", "dm-clrs"):
        table.add_column(column, justify="left" if column == "algorithm" else "right")
    for row in rows:
        table.add_row(
            row.task,
            str(row.size),
            f"{row.steps:.1f}",
            f"{row.program:.3g}",
            f"{row.algorithm:.3g}",
            f"{row.program / row.algorithm:.3g}",
            "-" if row.peer is None else f"{row.peer:.3g}",
        )
    return table
