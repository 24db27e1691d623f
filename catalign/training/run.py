"""One process's part of a run: dispatches in a row, and what happens between them."""

import functools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from catalign.nn.reasoner import AbstractReasoner
from catalign.training.checkpoint import CheckpointStore
from catalign.training.config import TrainConfig
from catalign.training.directory import read_run, write_environment
from catalign.training.evaluation import Evaluation, EvaluationTable, evaluate
from catalign.training.event import (
    Compiled,
    Evaluated,
    Event,
    Logged,
    Progress,
    Saved,
    Started,
    Validated,
)
from catalign.training.failure import DivergedError, InterruptedRun
from catalign.training.history import History
from catalign.training.interrupt import InterruptFlag
from catalign.training.step import (
    TEST,
    VALIDATION,
    Summary,
    choose_trace_steps,
    dispatch,
    mean_losses,
    name_of_broken,
    size_at,
    stream_key,
)
from catalign.training.task import RunState, Task, count_parameters

OnEvent = Callable[[Event], None]


class Run:
    """One process's part of a run on one task, or on several that take turns.

    A turn is one dispatch of updates on one task. In a round every task has one, so that after each
    round all have had as many updates; tasks with one law of sizes have the same one in a round.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        config: TrainConfig,
        mesh: Mesh | None,
        folder: Path | None,
        store: CheckpointStore | None,
        flag: InterruptFlag | None,
        on_event: OnEvent | None,
    ) -> None:
        self.tasks, self.config = {task.name: task for task in tasks}, config
        self.mesh, self.folder, self.store, self.flag = mesh, folder, store, flag
        self.emit: OnEvent = on_event if on_event is not None else lambda _: None
        self.state = RunState.start(tasks)
        if store is not None and store.steps():
            self.state = store.restore(self.state)
        self.steps = {name: int(state.step) for name, state in self.state.tasks.items()}
        self.saved, self.total = self.step, config.steps * len(tasks)
        self.history = History(
            folder, ["step", "seconds", *self._columns()], min(self.steps.values())
        )
        self.before = self.history.rows[-1]["seconds"] if self.history.rows else 0.0
        self.busy, self.done = 0.0, 0
        self.timed_from: tuple[float, int] | None = None
        self.compiled: set[tuple[str, int]] = set()
        self.programs = sum(len(set(task.config.sizes)) for task in tasks)

    @property
    def step(self) -> int:
        """The updates done, over all tasks."""
        return sum(self.steps.values())

    @property
    def seconds(self) -> float:
        """The time spent on updates, over all processes of the run."""
        return self.before + self.busy

    @property
    def result(self) -> dict[str, Any] | None:
        """What the folder says of the end of the run; None if it has not ended."""
        return read_run(self.folder).result if self.folder is not None else None

    def update(self, *, task: str, processor: str) -> Started:
        """Does the updates that are left.

        Args:
          task: The name of what is trained.
          processor: The name of the processor.

        Returns:
          What was told when it began.
        """
        device = jax.devices()[0]
        times = f"{self.mesh.size} x " if self.mesh is not None else ""
        self.trace_steps = {
            task.name: choose_trace_steps(task.source, task.config) for task in self.tasks.values()
        }
        lengths = list(self.trace_steps.values())
        sizes = sorted({size for found in lengths for size in found})
        started = Started(
            task=task,
            processor=processor,
            parameters=count_parameters(list(self.tasks.values())),
            steps=self.total,
            resumed_from=self.step,
            trace_steps={n: max(found[n] for found in lengths if n in found) for n in sizes},
            device=f"{times}{device.platform} ({device.device_kind})",
            run_dir=self.folder,
        )
        if self.folder is not None:
            write_environment(self.folder, started.device)
        self.emit(started)
        self._update()
        if self.store is not None:
            self.store.wait()
        return started

    def merged(self, task: Task) -> AbstractReasoner:
        """The reasoner of a task with the parameters that the run would end with."""
        return task.merge(self.state.take(task.name).kept)

    def score(self, task: Task, reasoner: AbstractReasoner) -> Evaluation:
        """Scores on instances of the largest training size that no update draws."""
        config = self.config
        key, count = stream_key(config, VALIDATION), config.validation_instances
        instances = config.eval_instances if count is None else count
        return evaluate(
            reasoner, task.source, [max(task.config.sizes)], key=key, instances=instances
        ).rows[0]

    def evaluate(self, task: Task, reasoner: AbstractReasoner) -> EvaluationTable:
        """The final evaluation of a task."""

        def on_row(row: Evaluation) -> None:
            self.emit(Evaluated(evaluation=row, task=self._label(task)))
            self._stop_if_asked()

        key, config = stream_key(self.config, TEST), self.config
        score = functools.partial(evaluate, key=key, instances=config.eval_instances, on_row=on_row)
        return score(reasoner, task.algorithm, config.eval_sizes)

    def _label(self, task: Task) -> str | None:
        """The task's name in what is told; None where there is one task alone."""
        return task.name if len(self.tasks) > 1 else None

    def _columns(self) -> list[str]:
        scores = list(_SCORES) if self.config.eval_every else []
        tasks = list(self.tasks.values())
        if len(tasks) == 1:
            return [*tasks[0].losses, *scores]
        every = [f"{task.name}/{name}" for task in tasks for name in (*task.losses, *scores)]
        return ["loss", *every, *scores]

    def _update(self) -> None:
        config, every = self.config, self.config.updates_per_dispatch
        pending: tuple[Task, int, int, Summary] | None = None
        while (task := self._next()) is not None:
            start = self.steps[task.name]
            size = size_at(start, task.config)
            end = min((start // every + 1) * every, config.steps)
            reset = start > 0 and self._row_due(start - every, start)
            summary = self._dispatch(task, size, end - start, reset=reset)
            begin = time.perf_counter()
            if pending is not None:
                # The device is at work on this dispatch while the host looks at the one before.
                self._look(*pending)
            self.steps[task.name] = end
            pending = (task, size, self.step, summary)
            round_ends = len(set(self.steps.values())) == 1
            row = round_ends and self._row_due(start, end)
            save = round_ends and (_crossed(config.save_every, start, end) or end == config.steps)
            if row or save or self._asked():
                self._look(*pending)
                pending = None
            self.busy += time.perf_counter() - begin
            self.done += end - start
            if self.timed_from is None and len(self.compiled) == self.programs:
                # Up to here the device worked while the host compiled: no rate could be told.
                self.timed_from = self.busy, self.done
            if row:
                self._log(start, end)
            if save:
                self._save()
            if self._asked() and pending is not None:
                self._look(*pending)
            self._stop_if_asked()

    def _next(self) -> Task | None:
        """The task whose turn it is: the first of those with the fewest updates."""
        fewest = min(self.steps.values())
        if fewest >= self.config.steps:
            return None
        return next(task for name, task in self.tasks.items() if self.steps[name] == fewest)

    def _dispatch(self, task: Task, size: int, updates: int, *, reset: bool) -> Summary:
        begin = time.perf_counter()
        state, summary = dispatch(
            self.state.take(task.name),
            jnp.int32(updates),
            jnp.bool_(reset),
            task.rest,
            task.key,
            **self._static(task, size),
        )
        self.state = self.state.put(task.name, state)
        seconds = time.perf_counter() - begin
        if (task.name, size) in self.compiled:
            self.busy += seconds
        else:
            # The first call returns when it has compiled; the device is at work by then.
            self.compiled.add((task.name, size))
            self.emit(Compiled(size=size, seconds=seconds, task=self._label(task)))
        return summary

    def _static(self, task: Task, size: int) -> dict[str, Any]:
        return task.static(size, self.trace_steps[task.name][size], mesh=self.mesh)

    def _row_due(self, start: int, end: int) -> bool:
        config = self.config
        return (
            _crossed(config.log_every, start, end)
            or self._validation_due(start, end)
            or end == config.steps
        )

    def _validation_due(self, start: int, end: int) -> bool:
        return _crossed(self.config.eval_every, start, end)

    def _look(self, task: Task, size: int, step: int, summary: Summary) -> None:
        """Waits for a dispatch, and tells of it."""
        found = jax.device_get(summary)
        if found.diverged:
            state = self.state.take(task.name)
            broken = name_of_broken(state, task.rest, task.key, **self._static(task, size))
            raise DivergedError(int(found.step), broken, task=self._label(task))
        self.emit(
            Progress(
                step=step,
                steps=self.total,
                size=size,
                loss=float(found.loss),
                steps_per_second=self._rate(),
                task=self._label(task),
            )
        )

    def _rate(self) -> float:
        busy, done = self.timed_from or (self.busy, self.done)
        return (self.done - done) / (self.busy - busy) if self.busy > busy else 0.0

    def _log(self, start: int, end: int) -> None:
        row: dict[str, float] = {"step": end, "seconds": round(self.seconds, 3)}
        tasks = list(self.tasks.values())
        means = {task.name: mean_losses(self.state.tasks[task.name]) for task in tasks}
        if len(tasks) == 1:
            row |= means[tasks[0].name]
        else:
            row["loss"] = statistics.fmean(found["loss"] for found in means.values())
            row |= {
                f"{t}/{name}": value for t, found in means.items() for name, value in found.items()
            }
        if self._validation_due(start, end):
            row |= self._validate(end)
        self.history.append(row)
        self.emit(Logged(row=row))

    def _validate(self, step: int) -> dict[str, float]:
        scores: dict[str, dict[str, float]] = {}
        for task in self.tasks.values():
            state = self.state.take(task.name)
            found = self.score(task, task.merge(state.params))
            self.state = self.state.put(task.name, state.scored(found.micro_f1))
            scores[task.name] = {name: getattr(found, name) for name in _SCORES}
            self.emit(Validated(step=step, evaluation=found, task=self._label(task)))
        mean = {
            name: statistics.fmean(found[name] for found in scores.values()) for name in _SCORES
        }
        if len(scores) == 1:
            return mean
        return {f"{t}/{name}": x for t, found in scores.items() for name, x in found.items()} | mean

    def _save(self) -> None:
        if self.store is not None and self.saved != self.step:
            self.store.save(self.step, self.state)
            self.saved = self.step
            self.emit(Saved(step=self.step))

    def _asked(self) -> bool:
        """Whether a signal asked the run to stop."""
        return self.flag is not None and self.flag.signum is not None

    def _stop_if_asked(self) -> None:
        if self.flag is not None and self.flag.signum is not None and self.store is not None:
            self._save()
            self.store.wait()
            raise InterruptedRun(self.step, self.flag.signum)


_SCORES = ("micro_f1", "node_exact", "graph_exact")


def _crossed(every: int, start: int, end: int) -> bool:
    """Whether a multiple of `every` lies past `start` and up to `end`; never if `every` is 0."""
    return every > 0 and end // every > start // every


def _by_task(values: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {f"{task}/{name}": x for task, found in values.items() for name, x in found.items()}
