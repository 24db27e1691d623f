"""Learns programs from fewer and fewer traces: `python -m tasks.fewer --tasks minimum bfs`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

import tasks
from catalign._errors import InputError
from tasks import cli, display

PROG = "python -m tasks.fewer"


@dataclass(frozen=True, kw_only=True)
class FewerFlags:
    """Learns a program from fewer and fewer traces, until it is wrong on a fresh instance.

    Stop it any time: with `json` the same command goes on where it stopped.

    Attributes:
      tasks: The algorithms.
      counts: Traces for each size, of each of the two usual families; the first number comes first.
        Of every other family there are a quarter as many, at least one.
      size: The size of the fresh instances.
      instances: How many there are.
      seed: Where all chance comes from.
      json: Write the rows to this file as well.
    """

    tasks: tuple[str, ...] = ("minimum", "bfs", "insertion_sort", "mst_prim", "dijkstra")
    counts: tuple[int, ...] = (100, 32, 10, 3, 1)
    size: int = 64
    instances: int = 32
    seed: int = 0
    json: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of learning an algorithm from some traces.

    Attributes:
      task: The algorithm.
      count: What was asked for, for each size.
      traces: How many traces there were in all.
      transitions: How many steps they have.
      graph_exact: The share of fresh instances without any mistake; None if no program was found.
      seconds: How long learning took.
    """

    task: str
    count: int
    traces: int
    transitions: int
    graph_exact: float | None
    seconds: float

    @property
    def is_exact(self) -> bool:
        """Whether a program was found and made no mistake."""
        return self.graph_exact == 1.0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return cli.command(lambda: _fewer(cli.parse(FewerFlags, argv, prog=PROG)))


def _fewer(flags: FewerFlags) -> int:
    known = tasks.library.catalogue.names()
    for name in flags.tasks:
        cli.check_name("--tasks", name, known)
    for name in ("size", "instances"):
        if getattr(flags, name) < 1:
            raise InputError(f"--{name} is {getattr(flags, name)}, but it must be at least 1.")
    if not flags.counts or min(flags.counts) < 1:
        raise InputError(f"--counts is {flags.counts}, but it must hold counts of at least 1.")
    rows = _read(flags)
    for name in flags.tasks:
        for count in flags.counts:
            row = next((r for r in rows if (r.task, r.count) == (name, count)), None)
            if row is None:
                row = tasks.fewer_learn.learn_from(
                    name, count, size=flags.size, instances=flags.instances, seed=flags.seed
                )
                rows.append(row)
                _write(flags, rows)
            cli.print_note(describe(row))
            if not row.is_exact:
                break
    display.console().print(_table(flags, rows))
    return 0


def fewest(rows: Sequence[Row], task: str) -> Row | None:
    """The row with the fewest traces up to which all programs of an algorithm are exact."""
    found = None
    for row in rows_of(rows, task):
        if not row.is_exact:
            break
        found = row
    return found


def rows_of(rows: Sequence[Row], task: str) -> list[Row]:
    """The rows of an algorithm, those with the most traces first."""
    return sorted((row for row in rows if row.task == task), key=lambda row: -row.count)


def describe(row: Row) -> str:
    """A row as one line."""
    came = "no program" if row.graph_exact is None else f"{100 * row.graph_exact:.1f} % exact"
    return (
        f"{row.task} from {row.traces} traces ({row.count} a size, {row.transitions:,} steps): "
        f"{came}, learned in {row.seconds:.0f} s"
    )


def _table(flags: FewerFlags, rows: Sequence[Row]) -> Table:
    title = f"the fewest traces from which a program is exact on {flags.instances} instances"
    table = Table(title=f"{title} at n = {flags.size}")
    for column in ("algorithm", "a size", "traces in all", "steps", "with fewer"):
        table.add_column(column, justify="left" if column == "algorithm" else "right")
    for name in flags.tasks:
        row = fewest(rows, name)
        last = next((r for r in rows_of(rows, name) if not r.is_exact), None)
        after = "not tried" if last is None else "no program"
        if last is not None and last.graph_exact is not None:
            after = f"{100 * last.graph_exact:.1f} %"
        if row is None:
            table.add_row(name, "-", "-", "-", after)
        else:
            table.add_row(name, str(row.count), str(row.traces), f"{row.transitions:,}", after)
    return table


def _settings(flags: FewerFlags) -> dict[str, int]:
    return {"size": flags.size, "instances": flags.instances, "seed": flags.seed}


def _read(flags: FewerFlags) -> list[Row]:
    if flags.json is None or not flags.json.is_file():
        return []
    found = json.loads(flags.json.read_text(encoding="utf-8"))
    if found["settings"] != _settings(flags):
        raise InputError(
            f"--json is {str(flags.json)!r}, which holds rows of other settings: "
            f"{found['settings']}. Name another file."
        )
    return [Row(**row) for row in found["rows"]]


def _write(flags: FewerFlags, rows: Sequence[Row]) -> None:
    if flags.json is not None:
        packed = {"settings": _settings(flags), "rows": [asdict(row) for row in rows]}
        flags.json.write_text(json.dumps(packed, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
