"""Scores a trained reasoner: `python -m tasks.evaluate --run DIR --sizes 64 256`.

With `--protocol clrs30`, as the benchmark does: at n = 64 (strings: 64 + 16), on 32 instances times
the benchmark's multiplier, for 5 draws of them.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tasks
from catalign._errors import InputError
from catalign.training.config import TrainConfig
from tasks import cli, display, origin, protocol


@dataclass(frozen=True, kw_only=True)
class EvaluateFlags:
    """Scores a trained reasoner on fresh instances of any size, or on recorded traces.

    Attributes:
      run: The directory of a training run.
      task: Which of its tasks, where it has several; all if left out.
      sizes: The sizes to draw instances of; those of the run's settings, or of the benchmark, if
        left out.
      data: A file of traces in the golden npz format, to score on in place of fresh instances.
      instances: Instances for each size; as in the run's settings or the benchmark, if left out.
      seed: Where fresh instances come from; other ones than those of training and its evaluation.
      protocol: When a run ends: after the algorithm's own number of steps, as in the benchmark, or
        when a step changes nothing. With clrs30 the first of these, on the benchmark's sizes and
        numbers of instances, for 5 seeds from `seed` on; the spread is that of the draws of
        instances (for that of trainings, see `python -m tasks.benchmark`).
      quiet: Print nothing but errors, and the last line of --json.
      json: Print the result as one line of JSON at the end; a line for each task.
    """

    run: Path
    task: str | None = None
    sizes: tuple[int, ...] = ()
    data: Path | None = None
    instances: int | None = None
    seed: int = 0
    protocol: Literal["given_lengths", "fixed_point", "clrs30"] = "given_lengths"
    quiet: cli.Switch = False
    json: cli.Switch = False


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return cli.command(
        lambda: _evaluate(cli.parse(EvaluateFlags, argv, prog="python -m tasks.evaluate"))
    )


def _evaluate(flags: EvaluateFlags) -> int:
    _check(flags)
    found = origin.read(flags.run)
    names = found.choose(flags.run, flags.task)
    if flags.data is not None:
        found.one(flags.run, flags.task)
    for name in names:
        if flags.protocol == "clrs30":
            _clrs30(flags, name)
        else:
            _fresh(flags, name, found.config)
    return 0


def _fresh(flags: EvaluateFlags, task: str, config: TrainConfig) -> None:
    with cli.terminable():
        algorithm, reasoner = tasks.library.load(flags.run, task)
        if flags.data is not None:
            rows = tasks.library.evaluate_file(
                reasoner, algorithm, flags.data, protocol=flags.protocol
            )
        else:
            rows = tasks.library.evaluate_fresh(
                reasoner,
                algorithm,
                flags.sizes or config.eval_sizes,
                seed=flags.seed,
                instances=flags.instances or config.eval_instances,
                protocol=flags.protocol,
                on_row=None if flags.quiet else display.show_row,
            )
    if not flags.quiet:
        title = f"{algorithm.name} from {flags.run}" + (f" on {flags.data}" if flags.data else "")
        display.console().print(display.evaluation_table(rows, title=title))
    if flags.json:
        found = {
            "task": algorithm.name,
            "run": str(flags.run),
            "data": flags.data and str(flags.data),
        }
        display.say(json.dumps(found | {"evaluations": [row.to_dict() for row in rows]}))


def _clrs30(flags: EvaluateFlags, task: str) -> None:
    seeds = range(flags.seed, flags.seed + protocol.SEEDS)
    with cli.terminable():
        algorithm, reasoner = tasks.library.load(flags.run, task)
        rows = []
        for size in flags.sizes or (protocol.SIZE,):
            found = [
                tasks.library.evaluate_clrs30(
                    reasoner, algorithm, size, seed=seed, instances=flags.instances
                )
                for seed in seeds
            ]
            rows.append(protocol.Row.of(algorithm.name, size, seeds, found))
    if not flags.quiet:
        title = f"{algorithm.name} from {flags.run}, {len(seeds)} draws of instances"
        display.console().print(display.spread_table(rows, title=title))
    if flags.json:
        found = {"task": algorithm.name, "run": str(flags.run), "protocol": flags.protocol}
        display.say(json.dumps(found | {"rows": [row.to_dict() for row in rows]}))


def _check(flags: EvaluateFlags) -> None:
    bad = [size for size in flags.sizes if size < 1]
    if bad:
        raise InputError(f"--sizes holds {bad[0]}, but an instance has at least one node.")
    if flags.instances is not None and flags.instances < 1:
        raise InputError(
            f"--instances is {flags.instances}, but at least one is needed for a score."
        )
    if not 0 <= flags.seed < 2**31:
        raise InputError(f"--seed is {flags.seed}, but it must be from 0 to 2**31 - 1.")
    if flags.data is not None and not flags.data.is_file():
        raise InputError(f"--data is {str(flags.data)!r}, which is no file.")
    if flags.protocol == "clrs30":
        if flags.data is not None:
            raise InputError("--protocol=clrs30 draws its own instances: leave out --data.")
        if flags.seed > 2**31 - protocol.SEEDS:
            raise InputError(f"--seed is {flags.seed}: leave room for {protocol.SEEDS} seeds.")
    if flags.data is not None and (flags.sizes or flags.instances is not None):
        raise InputError("--data brings its own instances: leave out --sizes and --instances.")


if __name__ == "__main__":
    sys.exit(main())
