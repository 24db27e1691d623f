"""Runs a trained reasoner on your own instance: `python -m tasks.run --run DIR --input FILE`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tasks
from catalign._errors import InputError
from tasks import answer, catalogue, cli, instance, origin


@dataclass(frozen=True, kw_only=True)
class RunFlags:
    """Runs a trained reasoner on your own instance, and checks the answer by scipy or plain Python.

    A graph is an edge list (source,target,weight), a MatrixMarket file (.mtx) or a networkx
    node-link JSON. To sort, give a list of numbers; to add, two integers. The verdict goes to
    stderr; a wrong answer exits with 1.

    Attributes:
      run: The directory of a training run.
      task: Which of its tasks, where it has several.
      input: The file with the instance.
      output: Where to write the answer, as CSV or JSON by its suffix; stdout if left out.
      format: The answer's format, where no suffix says it.
      source: The name of the node to start from; the first node if left out.
      directed: Take the edges as directed, as an edge list is unless told otherwise.
      undirected: Take the edges as undirected. MatrixMarket and JSON say it themselves.
      weight: The column or edge attribute with the weights.
      quiet: Print no verdict and no notes.
    """

    run: Path
    task: str | None = None
    input: Path
    output: Path | None = None
    format: Literal["csv", "json"] | None = None
    source: str | None = None
    directed: cli.Switch = False
    undirected: cli.Switch = False
    weight: str | None = None
    quiet: cli.Switch = False


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 1 where the answer is wrong."""
    return cli.command(lambda: _run(cli.parse(RunFlags, argv, prog="python -m tasks.run")))


def _run(flags: RunFlags) -> int:
    task = origin.read(flags.run).one(flags.run, flags.task)
    form = answer.output_format(flags.output, flags.format)
    row = catalogue.find(task)
    # What can be refused without JAX is refused first. To know a user's own algorithm takes JAX.
    reads = tasks.solve.reads(tasks.library.algorithm_of(task).spec) if row is None else row.reads
    given = instance.read_instance(
        reads, flags.input, directed=_direction(flags), weight=flags.weight
    )
    algorithm, reasoner = tasks.library.load(flags.run, task)
    told, verdict = tasks.solve.solve(algorithm, reasoner, given, source=flags.source)
    answer.write(answer.render(told, verdict, form), flags.output)
    if not flags.quiet:
        for note in getattr(given, "notes", ()):
            cli.print_note(f"note: {note}")
        cli.print_note(str(verdict))
    return cli.EXIT_WRONG if verdict.correct is False else 0


def _direction(flags: RunFlags) -> bool | None:
    if flags.directed and flags.undirected:
        raise InputError("--directed and --undirected exclude each other. Give one of them.")
    return True if flags.directed else False if flags.undirected else None


if __name__ == "__main__":
    sys.exit(main())
