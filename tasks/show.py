"""Shows a run step by step: `python -m tasks.show --task=NAME --size=8`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tasks
from catalign._errors import InputError
from catalign.algorithms import catalogue
from tasks import cli, display


@dataclass(frozen=True, kw_only=True)
class ShowFlags:
    """Draws one instance of an algorithm, runs it and prints the trace.

    Attributes:
      task: The algorithm: a name (see `python -m tasks.list`), or FILE.py:NAME for one of yours.
      size: The number of nodes.
      seed: Where the instance comes from.
      html: Write a page with a slider over the steps to this file.
    """

    task: str
    size: int = 8
    seed: int = 0
    html: Path | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return cli.command(lambda: _show(cli.parse(ShowFlags, argv, prog="python -m tasks.show")))


def _show(flags: ShowFlags) -> int:
    cli.check_name("--task", flags.task, catalogue.names())
    for name, value, low in (("size", flags.size, 1), ("seed", flags.seed, 0)):
        if value < low:
            raise InputError(f"--{name} is {value}, but it must be at least {low}.")
    story = tasks.story.tell(flags.task, flags.size, flags.seed)
    display.say(tasks.story.to_text(story))
    if flags.html is not None:
        flags.html.write_text(tasks.story.to_page(story), encoding="utf-8")
        cli.print_note(f"wrote {flags.html}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
