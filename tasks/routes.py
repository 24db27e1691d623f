"""Finds the rules of algorithms by both routes: `python -m tasks.routes --tasks minimum bfs`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

import tasks
from tasks import cli, display

PROG = "python -m tasks.routes"


@dataclass(frozen=True, kw_only=True)
class RoutesFlags:
    """Solves each problem that the search for rules solved by gradient descent as well.

    The search goes first. For each rule that it found, a soft decision list is trained on the same
    examples, conditions and terms, and hardened.

    Attributes:
      tasks: The algorithms.
      seed: Where all chance comes from.
      json: Write the rows to this file as well.
    """

    tasks: tuple[str, ...] = ("minimum", "bfs", "insertion_sort", "mst_prim", "dijkstra")
    seed: int = 0
    json: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of the rules of an algorithm.

    Attributes:
      task: The algorithm.
      rules: How many rules the search found: first values, step, end and outputs.
      found: For how many of them gradient descent found a rule that is right at each example.
      holding: How many of these are right at the states too that rules are checked on.
      open: The fields for which it found none.
      search_seconds: How long the search took, with all that it tried before.
      gradient_seconds: How long gradient descent took, compiling included.
    """

    task: str
    rules: int
    found: int
    holding: int
    open: tuple[str, ...]
    search_seconds: float
    gradient_seconds: float


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return cli.command(lambda: _routes(cli.parse(RoutesFlags, argv, prog=PROG)))


def _routes(flags: RoutesFlags) -> int:
    known = tasks.library.catalogue.names()
    for name in flags.tasks:
        cli.check_name("--tasks", name, known)
    rows = []
    for name in flags.tasks:
        row = tasks.routes_learn.both(name, seed=flags.seed)
        cli.print_note(describe(row))
        rows.append(row)
    display.console().print(_table(rows))
    if flags.json is not None:
        packed = [asdict(row) for row in rows]
        flags.json.write_text(json.dumps(packed, indent=1) + "\n", encoding="utf-8")
    return 0


def describe(row: Row) -> str:
    """A row as one line."""
    rest = f"; none for {', '.join(row.open)}" if row.open else ""
    return (
        f"{row.task}: of {row.rules} rules gradient descent finds {row.found}, "
        f"{row.holding} hold on further states{rest}"
    )


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="rules that the search found, and gradient descent on the same problems")
    for column in ("algorithm", "rules", "by gradient", "holding", "search, s", "gradient, s"):
        table.add_column(column, justify="left" if column == "algorithm" else "right")
    for row in rows:
        seconds = (f"{row.search_seconds:.0f}", f"{row.gradient_seconds:.0f}")
        table.add_row(row.task, str(row.rules), str(row.found), str(row.holding), *seconds)
    return table


if __name__ == "__main__":
    sys.exit(main())
