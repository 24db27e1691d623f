"""Trains from few examples, runs far beyond them, and prints the frontier table.

`python -m tasks.frontier` runs every row; `--rows=addition` one of them. Each answer is compared
place by place with Python's integers, numpy or scipy.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

import tasks
from catalign._errors import InputError
from tasks import cli, display

ROWS = (
    "addition",
    "multiplication",
    "short_division",
    "long_division",
    "greatest_divisor",
    "sorting",
    "merging",
    "shortest_paths",
    "tables",
)
SIZES = {
    "digits": 1_000_000,
    "product": 4096,
    "euclid": 1000,
    "keys": 2**20,
    "nodes": 100_000,
    "edges": 1_000_000,
    "letters": 10_000,
}
SMALL = {
    "digits": 1000,
    "product": 40,
    "euclid": 30,
    "keys": 64,
    "nodes": 100,
    "edges": 400,
    "letters": 40,
}
SEEDS = {"addition": 20, "shortest_paths": 1, "short_division": 1}


@dataclass(frozen=True, kw_only=True)
class FrontierFlags:
    """Trains from few examples, runs far beyond them, and prints the frontier table.

    Attributes:
      rows: Which tasks; all if left out.
      seeds: How many seeds of each; 20 of addition, 1 of shortest paths and division by a digit,
        and 3 of the others if left out.
      small: Run small instances, to see that all works.
      json: Write every row to this file as well.
    """

    rows: tuple[str, ...] = ROWS
    seeds: int = 0
    small: cli.Switch = False
    json: Path | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 1 where an answer is wrong."""
    return cli.command(
        lambda: _frontier(cli.parse(FrontierFlags, argv, prog="python -m tasks.frontier"))
    )


def run(rows: Sequence[str], *, seeds: int = 0, small: bool = False) -> Iterator:
    """Makes the rows of some tasks, one after the other.

    Args:
      rows: Names out of `ROWS`.
      seeds: How many seeds of each; 0 for the numbers of `SEEDS`, else 3.
      small: Whether to run small instances.
    """
    sources = {
        "addition": tasks.frontier_digits.addition,
        "multiplication": tasks.frontier_digits.multiplication,
        "short_division": tasks.frontier_digits.short_division,
        "long_division": tasks.frontier_digits.long_division,
        "greatest_divisor": tasks.frontier_digits.greatest_divisor,
        "sorting": tasks.frontier_sorting.sorting,
        "merging": tasks.frontier_sorting.merging,
        "shortest_paths": tasks.frontier_paths.shortest_paths,
        "tables": tasks.frontier_tables.tables,
    }
    for name in rows:
        yield from sources[name](SMALL if small else SIZES, seeds or SEEDS.get(name, 3))


def _frontier(flags: FrontierFlags) -> int:
    for name in flags.rows:
        if name not in ROWS:
            raise InputError(f"--rows has {name!r}; it must be some of {', '.join(ROWS)}.")
    if flags.seeds < 0:
        raise InputError(f"--seeds is {flags.seeds}, but it must be at least 0.")
    rows = []
    for row in run(flags.rows, seeds=flags.seeds, small=flags.small):
        cli.print_note(
            f"{row.task}, {row.family}, seed {row.seed}: {row.regime}, {row.wrong} wrong of "
            f"{row.places:,} in {row.seconds:.3g} s"
        )
        rows.append(row)
    display.console().print(_table(rows))
    if flags.json is not None:
        packed = {"machine": tasks.rates.machine(), "rows": [asdict(row) for row in rows]}
        flags.json.write_text(json.dumps(packed, indent=1) + "\n", encoding="utf-8")
    return 0 if all(row.is_exact for row in rows) else cli.EXIT_WRONG


def _table(rows: Sequence) -> Table:
    """One line for each family, over all seeds."""
    table = Table(title=f"learned from few examples, run far beyond; {tasks.rates.machine()}")
    numbers = ("examples", "size", "seeds", "exact", "certified", "wrong", "median s")
    for column in ("task", "inputs", *numbers):
        table.add_column(column, justify="right" if column in numbers else "left")
    groups: dict[tuple, list] = {}
    for row in rows:
        groups.setdefault((row.task, row.family, row.size), []).append(row)
    for (task, family, size), group in groups.items():
        seconds = sorted(row.seconds for row in group)[len(group) // 2]
        examples = sorted({row.examples for row in group})
        table.add_row(
            task,
            family,
            ", ".join(" + ".join(f"{count:,}" for count in counts) for counts in examples),
            f"{size:,}",
            str(len(group)),
            str(sum(row.is_exact for row in group)),
            str(sum(row.regime == "certified" for row in group)),
            f"{sum(row.wrong for row in group):,}",
            f"{seconds:.3g}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
