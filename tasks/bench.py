"""Measures all that has a speed; `python -m tasks.bench` names what that is."""

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

import tasks
from catalign._errors import InputError
from catalign.algorithms import catalogue
from tasks import cli, display

SUBJECTS = ("samplers", "sparse", "cells", "kernels", "train", "asynchrony", "race", "programs")
_USAGE = f"python -m tasks.bench {{{','.join(SUBJECTS)}}}"


@dataclass(frozen=True, kw_only=True)
class SamplerFlags:
    """Times how fast traces are made, beside dm-clrs where that can be imported, in alternation.

    Attributes:
      tasks: The algorithms; those of CLRS-30 if left out.
      sizes: The sizes.
      batch: The instances of one call. Fewer where their traces would take over `memory`.
      memory: The most memory that the hints of one call may take, in MiB.
      repeats: Timed calls of each; the median counts.
      json: Write the rows to this file as well.
    """

    tasks: tuple[str, ...] = ()
    sizes: tuple[int, ...] = (16, 64)
    batch: int = 1024
    memory: int = 1024
    repeats: int = 3
    json: Path | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    return cli.command(lambda: _bench(words))


def _bench(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        display.say(f"usage: {_USAGE} [OPTIONS]\n\n{__doc__}")
        return 0
    if words[0] not in SUBJECTS:
        raise InputError(f"{words[0]!r} is nothing to measure. Usage: {_USAGE} [OPTIONS].")
    if words[0] == "train":
        return tasks.bench_train.main(words[1:])
    if words[0] == "sparse":
        return tasks.bench_sparse.main(words[1:])
    if words[0] == "cells":
        return tasks.bench_cells.main(words[1:])
    if words[0] == "kernels":
        return tasks.bench_kernels.main(words[1:])
    if words[0] == "asynchrony":
        return tasks.bench_asynchrony.main(words[1:])
    if words[0] == "race":
        return tasks.bench_race.main(words[1:])
    if words[0] == "programs":
        return tasks.bench_programs.main(words[1:])
    return _samplers(cli.parse(SamplerFlags, words[1:], prog="python -m tasks.bench samplers"))


def _samplers(flags: SamplerFlags) -> int:
    for name in flags.tasks:
        cli.check_name("--tasks", name, catalogue.names())
    for name in ("batch", "memory", "repeats"):
        if getattr(flags, name) < 1:
            raise InputError(f"--{name} is {getattr(flags, name)}, but it must be at least 1.")
    if min(flags.sizes, default=0) < 1:
        raise InputError(f"--sizes is {flags.sizes}, but it must hold sizes of at least 1.")
    rows = []
    for row in tasks.rates.sampler_rates(
        flags.tasks, flags.sizes, batch=flags.batch, memory=flags.memory, repeats=flags.repeats
    ):
        cli.print_note(tasks.rates.describe(row))
        rows.append(row)
    _show(rows)
    if flags.json is not None:
        packed = {"machine": tasks.rates.machine(), "rows": [asdict(row) for row in rows]}
        flags.json.write_text(json.dumps(packed, indent=1) + "\n", encoding="utf-8")
    return 0


def _show(rows: list) -> None:
    table = Table(title=f"traces a second, {tasks.rates.machine()}")
    for column in ("algorithm", "n", "batch", "steps", "catalign", "dm-clrs", "ratio"):
        table.add_column(column, justify="left" if column == "algorithm" else "right")
    for row in rows:
        peer = "-" if row.peer is None else f"{row.peer:,.1f}"
        ratio = "-" if row.ratio is None else f"{row.ratio:,.1f}"
        cells = (row.algorithm, row.size, row.batch, row.steps)
        table.add_row(*map(str, cells), f"{row.catalign:,.0f}", peer, ratio)
    display.console().print(table)
    for size in sorted({row.size for row in rows}):
        ratios = [row.ratio for row in rows if row.size == size and row.ratio is not None]
        if ratios:
            mean, least = tasks.rates.geometric_mean(ratios), min(ratios)
            display.say(
                f"n = {size}: {mean:.1f} times dm-clrs in the geometric mean of {len(ratios)}, "
                f"at least {least:.1f} times"
            )


def with_huge_pages(environ: Mapping[str, str]) -> dict[str, str] | None:
    """The environment in which glibc asks the kernel for huge pages; None where there is no asking.

    NumPy asks for them itself, and XLA leaves it to the allocator: without them the kernel takes
    longer to hand over the pages of a large batch than XLA to fill them. Whoever sets
    `GLIBC_TUNABLES`, also to nothing, has chosen.
    """
    if "GLIBC_TUNABLES" in environ or platform.libc_ver()[0] != "glibc":
        return None
    return {**environ, "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


if __name__ == "__main__":
    environment = with_huge_pages(os.environ)
    if environment is not None:
        # The allocator reads it once, when a process starts.
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
    sys.exit(main())
