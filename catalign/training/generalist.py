"""A run on several tasks whose reasoners share one processor: a generalist."""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flax import nnx

from catalign._errors import InputError
from catalign.algorithms.algorithm import Algorithm
from catalign.nn.build import ALIGNED
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.config import Keep, TrainConfig
from catalign.training.default import FALLBACK, Build
from catalign.training.directory import RESULT, write_json
from catalign.training.evaluation import Evaluation, EvaluationTable
from catalign.training.event import Finished, Started
from catalign.training.exact import EXACT
from catalign.training.recipe import takes
from catalign.training.report import write_generalist_report
from catalign.training.run import Run
from catalign.training.sharing import SharedLayout
from catalign.training.state import SHARED
from catalign.training.task import Task


@dataclass(frozen=True, kw_only=True)
class GeneralistReport:
    """What a run on several tasks came to.

    Attributes:
      config: The settings, with what was left out filled in.
      settings: Those of each task, with the instances that it was trained on.
      reasoners: The trained reasoner of each task; their processors are equal.
      tables: The final evaluation of each task.
      history: The rows of metrics, those of a task named `TASK/NAME`.
      parameters: The number of learned numbers, those of the shared processor counted once.
      seconds: The time spent on updates, over all processes of the run.
      run_dir: Where everything was written; None in memory.
    """

    config: TrainConfig
    settings: dict[str, TrainConfig]
    reasoners: dict[str, AbstractReasoner]
    tables: dict[str, EvaluationTable]
    history: tuple[dict[str, float], ...]
    parameters: int
    seconds: float
    run_dir: Path | None

    def mean_micro_f1(self, size: int) -> float:
        """The benchmark's score at one size, averaged over tasks.

        Raises:
          InputError: It was not evaluated at this size.
        """
        return statistics.fmean(table.at(size).micro_f1 for table in self.tables.values())


def check_tasks(algorithms: Sequence[Algorithm]) -> str:
    """The name of a run on several tasks.

    Raises:
      InputError: There is none, or two of one name.
    """
    names = [algorithm.name for algorithm in algorithms]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice:
        what = f"holds {twice[0]} more than once" if twice else "is empty"
        raise InputError(f"`algorithms` {what}, but it must hold different ones, at least one.")
    odd = [name for name in names if "," in name or "/" in name]
    if odd:
        raise InputError(
            f"`algorithms` holds one with the name {odd[0]!r}, but where several are trained "
            "together a name has neither a comma nor a slash: rename it with "
            "`dataclasses.replace(algorithm, name=...)`."
        )
    return ",".join(names)


def fill_generalist(config: TrainConfig) -> TrainConfig:
    """Settings that say what is trained: message passing where no processor is named.

    Raises:
      InputError: The processor cannot be shared.

    Example:
      >>> fill_generalist(TrainConfig()).processor
      'mpnn'
    """
    if config.processor in (ALIGNED, EXACT):
        raise InputError(
            f"`processor` is {config.processor!r}, which is learned for each algorithm anew, but "
            "several tasks share one: name a learned processor, such as 'mpnn', or train each task "
            "by itself."
        )
    return dataclasses.replace(config, processor=config.processor or FALLBACK)


def own_settings(
    algorithms: Sequence[Algorithm], config: TrainConfig, laws: Mapping[str, TrainConfig]
) -> dict[str, TrainConfig]:
    """The settings of each task: those of all, with the instances that it trains on itself.

    `edge_probabilities` and `max_needle` are kept where a task's sampler has them, and left out
    where it has not, provided that the sampler of one task that they are given for has them.

    Args:
      algorithms: The tasks.
      config: The settings of all.
      laws: By name, settings of which those in `LAW` are read; `config` where a task has none.

    Raises:
      InputError: `laws` names no task, or of the tasks that a setting is given for none has a
        sampler with it.

    Example:
      >>> from catalign.algorithms.catalogue import get
      >>> both = [get("bfs"), get("minimum")]
      >>> found = own_settings(both, TrainConfig(edge_probabilities=(0.5,)), {})
      >>> [each.edge_probabilities for each in found.values()]
      [(0.5,), ()]
    """
    names = [algorithm.name for algorithm in algorithms]
    strange = sorted(set(laws) - set(names))
    if strange:
        raise InputError(
            f"`laws` holds {strange[0]!r}, but the tasks are {', '.join(names)}. Leave it out."
        )
    found = {name: config.with_law(laws.get(name, config)) for name in names}
    for setting, default in _OF_SAMPLERS.items():
        lacking = [each.name for each in algorithms if not takes(each, found[each.name], setting)]
        given = [name for name, each in found.items() if getattr(each, setting) != default]
        if given and set(given) <= set(lacking):
            raise InputError(
                f"`{setting}` is given for {', '.join(given)}, but no sampler of these has it to "
                "set. Leave it out."
            )
        for name in lacking:
            found[name] = dataclasses.replace(found[name], **{setting: default})
    return found


_OF_SAMPLERS = {name: getattr(TrainConfig(), name) for name in ("edge_probabilities", "max_needle")}
"""The settings that not every sampler has, as they are where they are left out."""


def check_kept(config: TrainConfig) -> None:
    """Raises unless a run on several tasks ends with its last parameters.

    Raises:
      InputError: It is to end with the best ones, which are others for each task.
    """
    if config.keep is not Keep.LAST:
        raise InputError(
            f"`keep` is {config.keep}, but several tasks share a processor, which is best for each "
            "at another update: use Keep.LAST."
        )


def make_tasks(
    algorithms: Sequence[Algorithm], settings: Mapping[str, TrainConfig], build: Build
) -> tuple[Task, ...]:
    """The tasks of a generalist.

    Args:
      algorithms: The tasks.
      settings: The settings of each, by name (see `own_settings`).
      build: Makes the untrained reasoner of each.

    Raises:
      InputError: `build` gives reasoners without a processor, or of different ones.
      SortError: The processor's diagram cannot express the spec of one of them.
    """
    built = []
    for algorithm in algorithms:
        config = settings[algorithm.name]
        reasoner = build(algorithm, config, nnx.Rngs(config.seed))
        built.append(Task.of(algorithm, config, reasoner, sharing=len(algorithms)))
    tasks = tuple(built)
    first = _shared_of(tasks[0])
    for task in tasks[1:]:
        found = _shared_of(task)
        if found != first:
            raise InputError(
                f"`build` gives {tasks[0].name} and {task.name} different processors, but one is "
                f"shared: {_first_difference(first, found)}."
            )
    return tasks


def complete_generalist(run: Run) -> GeneralistReport:
    """Does the updates of a run on several tasks that are left, then the evaluation."""
    config, tasks = run.config, tuple(run.tasks.values())
    started = run.update(task=",".join(run.tasks), processor=str(config.processor))
    result = run.result
    reasoners = {task.name: run.merged(task) for task in tasks}
    if result is None:
        tables = {task.name: run.evaluate(task, reasoners[task.name]) for task in tasks}
    else:
        tables = {
            name: EvaluationTable(tuple(Evaluation.from_dict(row) for row in rows))
            for name, rows in result["tasks"].items()
        }
    report = GeneralistReport(
        config=config,
        settings={task.name: task.config for task in tasks},
        reasoners=reasoners,
        tables=tables,
        history=tuple(run.history.rows),
        parameters=started.parameters,
        seconds=run.seconds,
        run_dir=run.folder,
    )
    if run.folder is not None and result is None:
        _write(run.folder, report, started)
    run.emit(Finished(table=None, run_dir=run.folder))
    return report


def _write(folder: Path, report: GeneralistReport, started: Started) -> None:
    write_generalist_report(
        folder,
        config=report.config,
        sizes={name: each.sizes for name, each in report.settings.items()},
        parameters=report.parameters,
        seconds=report.seconds,
        device=started.device,
        rows=report.history,
        tables=report.tables,
    )
    write_json(
        folder / RESULT,
        {
            "task": started.task,
            "step": report.config.steps,
            "seconds": round(report.seconds, 3),
            "parameters": report.parameters,
            "tasks": {
                name: [row.to_dict() for row in table.rows] for name, table in report.tables.items()
            },
            "hardening_kept": False,
            "hardening": None,
        },
    )


def _shared_of(task: Task) -> dict[str, tuple[int, ...]]:
    """The shapes of what a task shares, by name."""
    assert isinstance(task.layout, SharedLayout)
    part = task.layout.part(SHARED)
    return dict(zip(part.names, part.shapes, strict=True))


def _first_difference(one: dict[str, tuple[int, ...]], other: dict[str, tuple[int, ...]]) -> str:
    name = next(n for n in [*one, *other] if one.get(n) != other.get(n))
    return f"{name} has the shape {one.get(name)} in the first and {other.get(name)} in the second"
