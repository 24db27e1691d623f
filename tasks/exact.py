"""Scores the programs that catalign ships: `python -m tasks.exact --sizes 16 64`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

import catalign
import tasks
from catalign._errors import InputError
from tasks import cli, display

SCORES = {
    "micro_f1": "micro-F1",
    "node_exact": "nodes",
    "graph_exact": "graphs",
    "hints_exact": "all hints",
}
"""What is scored, and the heads of the columns."""


@dataclass(frozen=True, kw_only=True)
class ExactFlags:
    """Scores the shipped programs on fresh instances, each ended by itself.

    Attributes:
      tasks: The algorithms; all with a shipped program if left out.
      sizes: The numbers of nodes.
      instances: Instances for each size.
      seed: Where they come from; no seed gives instances that programs were learned from.
      certify: Whether to certify each program as well, at those of the sizes that are in reach.
      json: Write the rows to this file as well.
    """

    tasks: tuple[str, ...] = ()
    sizes: tuple[int, ...] = (16, 64)
    instances: int = 32
    seed: int = 0
    certify: cli.Switch = False
    json: Path | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 1 if a program is wrong somewhere."""
    return cli.command(lambda: _exact(cli.parse(ExactFlags, argv, prog="python -m tasks.exact")))


def _exact(flags: ExactFlags) -> int:
    if not flags.sizes or min(flags.sizes) < 1:
        raise InputError(f"--sizes is {flags.sizes}, but it must hold sizes of at least 1.")
    if flags.instances < 1:
        raise InputError(f"--instances is {flags.instances}, but it must be at least 1.")
    known = tasks.library.shipped()
    for name in flags.tasks:
        try:
            catalign.load(name)
        except InputError as error:
            raise InputError(f"--tasks: {error}") from None
    table = Table(title=f"shipped programs, {flags.instances} fresh instances a size")
    for column in ("algorithm", "n", *SCORES.values(), "certificate"):
        table.add_column(column, justify="left" if column == "algorithm" else "right")
    rows, exact = [], True
    for name in flags.tasks or known:
        row = tasks.library.score_shipped(
            name, flags.sizes, instances=flags.instances, seed=flags.seed, certified=flags.certify
        )
        exact &= row["verdict"] != "refuted"
        first = True
        for n, scores in row["scores"].items():
            exact &= all(score == 1.0 for score in scores.values())
            shown = [f"{100 * scores[score]:.1f} %" for score in SCORES]
            cli.print_note(f"{name}, n = {n}: {', '.join(shown)} {row['verdict']}".rstrip())
            table.add_row(name if first else "", n, *shown, row["verdict"] if first else "")
            first = False
        for text in row.get("unproved", ()):
            cli.print_note(f"  not proved: {text}")
        rows.append(row)
    display.console().print(table)
    if flags.json is not None:
        flags.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if exact else cli.EXIT_WRONG


if __name__ == "__main__":
    sys.exit(main())
