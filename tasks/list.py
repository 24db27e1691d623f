"""Lists the tasks: `python -m tasks.list`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

import tasks
from tasks import catalogue, cli, display


@dataclass(frozen=True, kw_only=True)
class ListFlags:
    """Lists the algorithms that ship with catalign, with their probes, diagram and source.

    Attributes:
      json: Print JSON in place of a table.
      refresh: Write the list anew from the library, after an algorithm was added or changed.
    """

    json: cli.Switch = False
    refresh: cli.Switch = False


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return cli.command(lambda: _list(cli.parse(ListFlags, argv, prog="python -m tasks.list")))


def _list(flags: ListFlags) -> int:
    if flags.refresh:
        catalogue.PATH.write_text(catalogue.to_json(tasks.survey.collect()), encoding="utf-8")
    rows = catalogue.read()
    if flags.json:
        display.say(json.dumps([asdict(row) for row in rows]))
        return 0
    table = Table(title=f"{len(rows)} tasks", show_lines=True)
    sizes = " and ".join(map(str, catalogue.STEP_SIZES))
    steps = f"hint steps, n = {sizes}: median (at most)"
    stages = ("inputs", "hints", "outputs")
    for column in ("name", "chapter", *stages, steps, "diagram", "processor", "source"):
        table.add_column(column, overflow="fold", no_wrap=column == "name")
    for row in rows:
        probes = (" ".join(names) for names in (row.inputs, row.hints, row.outputs))
        typed = f"{row.diagram} in {row.algebra}" if row.algebra else row.diagram
        counts = "\n".join(map(_counts, row.steps, row.most_steps))
        table.add_row(row.name, row.chapter, *probes, counts, typed, row.processor, row.source)
    display.console().print(table)
    return 0


def _counts(median: int, most: int) -> str:
    return f"{median:,}" if median == most else f"{median:,} ({most:,})"


if __name__ == "__main__":
    sys.exit(main())
