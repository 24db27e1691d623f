"""Scores exact reasoners, shipped or learned: `python -m tasks.exact --learn 0 1 2 3 4`."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """Scores exact reasoners on fresh instances: the shipped ones, or learned anew.

    These are programs, which end by themselves, and for the arithmetic of digits transducers.

    Stop it any time: what is learned and scored with `learn` is kept in `out`, and the same command
    goes on.

    Attributes:
      tasks: The algorithms; all with a shipped reasoner if left out.
      learn: Seeds to learn with, one reasoner of each algorithm for each, and whether what was
        learned reads the same; those that are shipped are scored if left out.
      out: The folder that what is learned is kept in, each a run as `tasks.train` writes it.
      sizes: The numbers of nodes.
      instances: Instances for each size; as many as in the benchmark if left out.
      seed: Where they come from; no seed gives instances that were learned from.
      certify: Whether to certify each as well, at those of the sizes that are in reach.
      json: Write the rows to this file as well.
    """

    tasks: tuple[str, ...] = ()
    learn: tuple[int, ...] = ()
    out: Path = Path("runs/exact")
    sizes: tuple[int, ...] = (16, 64)
    instances: int | None = None
    seed: int = 0
    certify: cli.Switch = False
    json: Path | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 1 if something is wrong somewhere."""
    return cli.command(lambda: _exact(cli.parse(ExactFlags, argv, prog="python -m tasks.exact")))


def _exact(flags: ExactFlags) -> int:
    _check(flags)
    table = Table(title="exact reasoners on fresh instances")
    for column in ("algorithm", "n", "instances", *SCORES.values(), "certificate"):
        table.add_column(column, justify="left" if column == "algorithm" else "right")
    rows, exact = [], True
    with cli.terminable():
        for row in _rows(flags):
            exact &= bool(row["scores"]) and row["verdict"] != "refuted"
            called = row["task"] + (f", seed {row['learned']}" if "learned" in row else "")
            if not row["scores"]:
                cli.print_note(f"{called}: {row['verdict']}")
                table.add_row(called, *["-"] * (2 + len(SCORES)), "no program")
            shown_once = called
            for n, scores in row["scores"].items():
                exact &= all(scores.get(score, 1.0) == 1.0 for score in SCORES)
                shown = [
                    f"{100 * scores[score]:.1f} %" if score in scores else "-" for score in SCORES
                ]
                cli.print_note(f"{called}, n = {n}: {', '.join(shown)} {row['verdict']}".rstrip())
                verdict = row["verdict"] if shown_once else ""
                table.add_row(shown_once, n, str(scores["instances"]), *shown, verdict)
                shown_once = ""
            for text in row.get("unproved", ()):
                cli.print_note(f"  not proved: {text}")
            rows.append(row)
            same_task = [other for other in rows if other["task"] == row["task"]]
            if len(same_task) == len(flags.learn):
                _compare_steps(same_task)
    display.console().print(table)
    if flags.json is not None:
        flags.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if exact else cli.EXIT_WRONG


def _compare_steps(rows: Sequence[dict[str, Any]]) -> None:
    """Says whether the step of one algorithm reads the same in all programs learned for it."""
    steps = [row["step"] for row in rows if "step" in row]
    texts, task = len(set(steps)), rows[0]["task"]
    if len(steps) > 1 and texts == 1:
        cli.print_note(f"{task}: the step reads the same in all {len(steps)} programs")
    elif texts > 1:
        cli.print_note(f"{task}: the step has {texts} different texts in {len(steps)} programs")


def _check(flags: ExactFlags) -> None:
    if not flags.sizes or min(flags.sizes) < 1:
        raise InputError(f"--sizes is {flags.sizes}, but it must hold sizes of at least 1.")
    if flags.instances is not None and flags.instances < 1:
        raise InputError(f"--instances is {flags.instances}, but it must be at least 1.")
    if flags.learn and not 0 <= min(flags.learn) <= max(flags.learn) < 2**31:
        raise InputError(f"--learn is {flags.learn}, but seeds are from 0 to 2**31 - 1.")
    for name in flags.tasks:
        try:
            catalign.load(name)
        except InputError as error:
            raise InputError(f"--tasks: {error}") from None
    for name in flags.tasks or tasks.library.shipped():
        least = catalign.algorithms.get(name).min_size
        if max(flags.sizes) < least:
            raise InputError(
                f"--sizes is {flags.sizes}, but {name} needs at least {least} nodes: give a size "
                f"from {least} on."
            )


def _rows(flags: ExactFlags) -> Iterator[dict[str, Any]]:
    asked = tasks.exact_score.Asked(
        sizes=flags.sizes, instances=flags.instances, seed=flags.seed, certified=flags.certify
    )
    for name in flags.tasks or tasks.library.shipped():
        if not flags.learn:
            yield tasks.exact_score.score_shipped(name, asked)
        for seed in flags.learn:
            yield tasks.exact_score.score_learned(name, seed, asked, flags.out)


if __name__ == "__main__":
    sys.exit(main())
