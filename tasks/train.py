"""Trains a network to run a classical algorithm: `python -m tasks.train --task=bellman_ford`."""

import dataclasses
import json
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

import catalign
import tasks
from catalign.training.config import TrainConfig
from catalign.training.directory import check_run, read_run
from catalign.training.event import Event, Started
from catalign.training.failure import InterruptedRun
from tasks import catalogue, cli, display, origin, presets, user_code

if TYPE_CHECKING:
    from catalign.training.generalist import GeneralistReport
    from catalign.training.single import TrainReport


@dataclass(frozen=True, kw_only=True)
class TrainFlags:
    """Trains a network to run a classical algorithm, then scores it on larger instances.

    Stop it any time: the same command goes on where it stopped. Scores, curves and checkpoints are
    in the run's directory.

    Attributes:
      task: The algorithm: a name (see `python -m tasks.list`), or FILE.py:NAME for one of yours.
        Several with commas between them share one processor; each gets `--steps` updates.
      run: The run's directory; by default runs/TASK-PROCESSOR-seedSEED.
      preset: A published recipe to take the settings from; flags that are given too go before it.
        Of several tasks, each trains on the recipe's instances for it.
      quiet: Print nothing but errors, and the last line of --json.
      json: Print the result as one line of JSON at the end.
      config: The settings.
    """

    task: str
    run: Path | None = None
    preset: presets.Preset | None = None
    quiet: cli.Switch = False
    json: cli.Switch = False
    config: tyro.conf.OmitArgPrefixes[TrainConfig] = dataclasses.field(default_factory=TrainConfig)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 75 after SIGTERM, 130 after Ctrl-C."""
    return cli.command(lambda: _train(sys.argv[1:] if argv is None else argv))


def _train(argv: Sequence[str]) -> int:
    task = presets.asked("--task", argv)
    preset = presets.asked_preset(argv)
    config = presets.preset(task, presets.asked("--processor", argv))
    if preset is not None:
        # `seed` and whatever else the command line gives goes before what the preset says.
        config = preset.settings(task)
    default = TrainFlags(task=task, config=config) if task else None
    flags = cli.parse(TrainFlags, argv, prog="python -m tasks.train", default=default)
    names = origin.split(flags.task)
    for name in names:
        cli.check_name("--task", name, catalign.algorithms.names())
    config, row = _checked(flags.config), catalogue.find(flags.task)
    if preset is not None and not flags.quiet:
        cli.print_note(presets.changes(preset, flags.task, config))
    begin = time.monotonic()
    with cli.terminable(), display.choose(quiet=flags.quiet) as show:
        if row is not None:
            run = flags.run or default_run(row.name, _processor(row, config), config.seed)
            _check_run(run, row.name, config)
        algorithms = [tasks.library.algorithm_of(name) for name in names]
        build = tasks.library.build_of(config.processor)
        several = len(names) > 1
        if several:
            config = tasks.library.fill_generalist(config)
        else:
            config = tasks.library.fill(algorithms[0], config)
        laws = {}
        if several and preset is not None:
            explicit = presets.explicit(argv)
            laws = {
                algorithm.name: presets.compose(preset, name, config, explicit)
                for algorithm, name in zip(algorithms, names, strict=True)
            }
        trained = ",".join(algorithm.name for algorithm in algorithms)
        run = flags.run or default_run(trained, config.processor, config.seed)

        def on_event(event: Event) -> None:
            if isinstance(event, Started):
                origin.write(run, flags.task)
            show(event)

        given = {"run_dir": run, "build": build, "on_event": on_event}
        try:
            if several:
                report = catalign.training.train_generalist(algorithms, config, laws=laws, **given)
            else:
                report = catalign.training.train(algorithms[0], config, **given)
        except InterruptedRun as stopped:
            cli.print_note(str(stopped))
            ended = stopped.signum is signal.SIGTERM
            return cli.EXIT_TERMINATED if ended else cli.EXIT_INTERRUPTED
    seconds = time.monotonic() - begin
    if isinstance(report, catalign.training.GeneralistReport):
        _show_generalist(flags, report, run, seconds)
    else:
        _show_result(flags, report, run, seconds)
    return 0


def _show_generalist(
    flags: TrainFlags, report: "GeneralistReport", run: Path, seconds: float
) -> None:
    config = report.config
    if not flags.quiet:
        title = f"{len(report.tables)} tasks with one {config.processor}"
        largest = max(size for each in report.settings.values() for size in each.sizes)
        tables = {name: table.rows for name, table in report.tables.items()}
        display.console().print(
            display.generalist_table(tables, title=f"{title}, trained on n <= {largest}")
        )
        display.say(f"\n{seconds:.0f} s; everything is in {run}")
    if flags.json:
        every = {
            name: [row.to_dict() for row in table.rows] for name, table in report.tables.items()
        }
        summary = _summary(report, run, seconds) | {"tasks": every}
        display.say(json.dumps(summary))


def _show_result(flags: TrainFlags, report: "TrainReport", run: Path, seconds: float) -> None:
    config, rows = report.config, report.table.rows
    if not flags.quiet:
        trained = f"trained on n <= {max(config.sizes)}"
        title = f"{report.task} with {config.processor}, {trained}"
        display.console().print(display.evaluation_table(rows, title=title))
        certificate = report.certificate or tasks.library.saved_certificate(run)
        if certificate is not None:
            display.say(f"\n{certificate}")
        learned, exact = report.reasoner.describe(), config.processor == "exact"
        if learned:
            display.say(f"\n{learned}" if exact else f"\nlearned, {learned}")
        display.say(f"\n{seconds:.0f} s; everything is in {run}")
    if flags.json:
        summary = {"task": report.task} | _summary(report, run, seconds)
        display.say(json.dumps(summary | {"evaluations": [row.to_dict() for row in rows]}))


def _summary(
    report: "TrainReport | GeneralistReport", run: Path, seconds: float
) -> dict[str, object]:
    return {
        "processor": report.config.processor,
        "seed": report.config.seed,
        "steps": report.config.steps,
        "run": str(run),
        "parameters": report.parameters,
        "train_seconds": round(report.seconds, 3),
        "seconds": round(seconds, 3),
    }


def default_run(task: str, processor: str | None, seed: int) -> Path:
    """The directory of a run that is given none.

    Example:
      >>> str(default_run("bfs", "mine.py:MyProcessor", 3))
      'runs/bfs-MyProcessor-seed3'
      >>> str(default_run("bfs,dfs,lcs_length,minimum", "mpnn", 0))
      'runs/bfs+3-mpnn-seed0'
    """
    first, *others = task.split(",")
    name = f"{first}+{len(others)}" if others else first
    return Path("runs") / f"{name}-{(processor or '').rpartition(':')[2]}-seed{seed}"


def _checked(config: TrainConfig) -> TrainConfig:
    """The settings, with a processor that is known or a file's."""
    if config.processor is None:
        return config
    cli.check_name("--processor", config.processor, catalogue.PROCESSORS)
    if user_code.is_reference(config.processor):
        return dataclasses.replace(config, processor=user_code.absolute(config.processor))
    return config


def _processor(row: catalogue.Row, config: TrainConfig) -> str:
    """What `fill` takes, known before JAX is loaded."""
    network = row.processor == "exact" and not config.asks_no_network
    return config.processor or ("mpnn" if network else row.processor)


def _check_run(run: Path, task: str, config: TrainConfig) -> None:
    """Refuses the directory of another run before JAX is loaded. Training checks it again."""
    if (run / "config.json").is_file():
        found = read_run(run).config
        config = dataclasses.replace(
            config,
            processor=config.processor or found.processor,
            semiring=config.semiring or found.semiring,
        )
    check_run(run, task, config)


if __name__ == "__main__":
    sys.exit(main())
