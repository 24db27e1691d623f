"""One process's part of a run: dispatches in a row, and what happens between them."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from catalign._typing import PyTree
from catalign.algorithms.algorithm import Algorithm
from catalign.alignment.certificate import Certificate
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.checkpoint import CheckpointStore
from catalign.training.config import TrainConfig
from catalign.training.directory import (
    RESULT,
    read_run,
    write_environment,
    write_json,
)
from catalign.training.evaluation import Evaluation, EvaluationTable, evaluate
from catalign.training.event import (
    Compiled,
    Evaluated,
    Event,
    Finished,
    Hardened,
    Logged,
    Progress,
    Saved,
    Started,
    Validated,
)
from catalign.training.failure import DivergedError, InterruptedRun
from catalign.training.history import History
from catalign.training.interrupt import InterruptFlag
from catalign.training.layout import Layout
from catalign.training.recipe import training_law
from catalign.training.report import write_report
from catalign.training.state import (
    TrainState,
    initial_state,
    make_optimizer,
    merge_reasoner,
    split_reasoner,
)
from catalign.training.step import (
    DATA,
    TEST,
    VALIDATION,
    Summary,
    choose_trace_steps,
    dispatch,
    loss_names,
    name_of_broken,
    size_at,
    stream_key,
    traced_config,
)

OnEvent = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True)
class TrainReport:
    """What a run came to.

    Attributes:
      task: The algorithm's name.
      config: The settings, with what was left out filled in.
      reasoner: The trained reasoner; the rounded one if that was kept.
      table: The final evaluation.
      history: The rows of metrics.
      hardened: How the rounded reasoner compared; None if it was not tried.
      parameters: The number of learned numbers.
      seconds: The time spent on updates, over all processes of the run.
      run_dir: Where everything was written; None in memory.
      certificate: What is known of a discrete program beyond its scores; None for networks.
      kept_step: The update whose parameters the reasoner has; None for programs.
    """

    task: str
    config: TrainConfig
    reasoner: AbstractReasoner
    table: EvaluationTable
    history: tuple[dict[str, float], ...]
    hardened: Hardened | None
    parameters: int
    seconds: float
    run_dir: Path | None
    certificate: Certificate | None = None
    kept_step: int | None = None


class Run:
    """One process's part of a run."""

    def __init__(
        self,
        algorithm: Algorithm,
        config: TrainConfig,
        reasoner: AbstractReasoner,
        folder: Path | None,
        store: CheckpointStore | None,
        flag: InterruptFlag | None,
        on_event: OnEvent | None,
    ) -> None:
        self.algorithm, self.config, self.reasoner = algorithm, config, reasoner
        self.source = training_law(algorithm, config)
        self.folder, self.store, self.flag = folder, store, flag
        self.emit: OnEvent = on_event if on_event is not None else lambda _: None
        self.graphdef, params, self.rest = split_reasoner(reasoner)
        self.layout = Layout.of(params)
        self.names = loss_names(reasoner, algorithm, config)
        self.state: TrainState = initial_state(
            self.layout, params, make_optimizer(config), self.names, config.keep
        )
        if store is not None and store.steps():
            self.state = store.restore(self.state)
        self.step = self.saved = int(self.state.step)
        scores = ["micro_f1", "node_exact", "graph_exact"] if config.eval_every else []
        self.history = History(folder, ["step", "seconds", *self.names, *scores], self.step)
        self.before = self.history.rows[-1]["seconds"] if self.history.rows else 0.0
        self.busy, self.done = 0.0, 0
        self.timed_from: tuple[float, int] | None = None
        self.compiled: set[int] = set()
        self.key, self.traced = stream_key(config, DATA), traced_config(config)

    def complete(self) -> TrainReport:
        """Does the updates that are left, then the evaluation."""
        config, device = self.config, jax.devices()[0]
        self.trace_steps = choose_trace_steps(self.source, config)
        started = Started(
            task=self.algorithm.name,
            processor=config.processor or type(self.reasoner).__name__,
            parameters=self.layout.size,
            steps=config.steps,
            resumed_from=self.step,
            trace_steps=self.trace_steps,
            device=f"{device.platform} ({device.device_kind})",
            run_dir=self.folder,
        )
        if self.folder is not None:
            write_environment(self.folder, started.device)
        self.emit(started)
        self._update()
        return self._finish(started)

    def _update(self) -> None:
        config, every = self.config, self.config.updates_per_dispatch
        pending: tuple[int, int, Summary] | None = None
        while self.step < config.steps:
            start, size = self.step, size_at(self.step, config)
            end = min((start // every + 1) * every, config.steps)
            reset = start > 0 and self._row_due(start - every, start)
            summary = self._dispatch(size, end - start, reset=reset)
            begin = time.perf_counter()
            if pending is not None:
                # The device is at work on this dispatch while the host looks at the one before.
                self._look(*pending)
            pending, self.step = (end, size, summary), end
            row = self._row_due(start, end)
            save = _crossed(config.save_every, start, end) or end == config.steps
            means = {}
            if row or save or self._asked():
                means = self._look(*pending)
                pending = None
            self.busy += time.perf_counter() - begin
            self.done += end - start
            if self.timed_from is None and self.compiled >= set(config.sizes):
                # Up to here the device worked while the host compiled: no rate could be told.
                self.timed_from = self.busy, self.done
            if row:
                self._log(start, means)
            if save:
                self._save()
            if self._asked() and pending is not None:
                self._look(*pending)
            self._stop_if_asked()

    def _dispatch(self, size: int, updates: int, *, reset: bool) -> Summary:
        begin = time.perf_counter()
        self.state, summary = dispatch(
            self.state,
            jnp.int32(updates),
            jnp.bool_(reset),
            self.rest,
            self.key,
            **self._static(size),
        )
        seconds = time.perf_counter() - begin
        if size in self.compiled:
            self.busy += seconds
        else:
            # The first call returns when it has compiled; the device is at work by then.
            self.compiled.add(size)
            self.emit(Compiled(size=size, seconds=seconds))
        return summary

    def _static(self, size: int) -> dict[str, Any]:
        return {
            "algorithm": self.source,
            "graphdef": self.graphdef,
            "layout": self.layout,
            "config": self.traced,
            "size": size,
            "trace_steps": self.trace_steps[size],
        }

    def _row_due(self, start: int, end: int) -> bool:
        config = self.config
        return (
            _crossed(config.log_every, start, end)
            or self._validation_due(start, end)
            or end == config.steps
        )

    def _validation_due(self, start: int, end: int) -> bool:
        return _crossed(self.config.eval_every, start, end)

    def _look(self, end: int, size: int, summary: Summary) -> dict[str, float]:
        """Waits for a dispatch, and tells of it."""
        found = jax.device_get(summary)
        if found.diverged:
            name = name_of_broken(self.state, self.rest, self.key, **self._static(size))
            raise DivergedError(int(found.step), name)
        self.emit(
            Progress(
                step=end,
                steps=self.config.steps,
                size=size,
                loss=float(found.loss),
                steps_per_second=self._rate(),
            )
        )
        return {name: float(found.means[name]) for name in self.names}

    def _rate(self) -> float:
        busy, done = self.timed_from or (self.busy, self.done)
        return (self.done - done) / (self.busy - busy) if self.busy > busy else 0.0

    def _log(self, start: int, means: dict[str, float]) -> None:
        row: dict[str, float] = {
            "step": self.step,
            "seconds": round(self.before + self.busy, 3),
            **means,
        }
        if self._validation_due(start, self.step):
            found = self._score(self._merged(self.state.params))
            row |= {
                "micro_f1": found.micro_f1,
                "node_exact": found.node_exact,
                "graph_exact": found.graph_exact,
            }
            self.state = self.state.scored(found.micro_f1)
            self.emit(Validated(step=self.step, evaluation=found))
        self.history.append(row)
        self.emit(Logged(row=row))

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

    def _merged(self, params: Array) -> AbstractReasoner:
        return merge_reasoner(self.graphdef, self.layout, params, self.rest)

    def _score(self, reasoner: AbstractReasoner) -> Evaluation:
        """Scores on instances of the largest training size that no update draws."""
        config = self.config
        key = stream_key(config, VALIDATION)
        return evaluate(
            reasoner, self.source, [max(config.sizes)], key=key, instances=config.eval_instances
        ).rows[0]

    def _finish(self, started: Started) -> TrainReport:
        if self.store is not None:
            self.store.wait()
        result = read_run(self.folder).result if self.folder is not None else None
        reasoner = self._merged(self.state.kept)
        if result is None:
            reasoner, hardened = self._hardened(reasoner)
            table = self._evaluated(reasoner)
        else:
            hardened = _hardened_from(result)
            reasoner = reasoner.harden() if hardened is not None and hardened.kept else reasoner
            table = EvaluationTable(
                tuple(Evaluation.from_dict(row) for row in result["evaluations"])
            )
        report = TrainReport(
            task=self.algorithm.name,
            config=self.config,
            reasoner=reasoner,
            table=table,
            history=tuple(self.history.rows),
            hardened=hardened,
            parameters=self.layout.size,
            seconds=self.before + self.busy,
            run_dir=self.folder,
            kept_step=self.step if self.state.best is None else int(self.state.best.step),
        )
        if self.folder is not None and result is None:
            _write(self.folder, report, started)
        self.emit(Finished(table=table, run_dir=self.folder))
        return report

    def _hardened(self, reasoner: AbstractReasoner) -> tuple[AbstractReasoner, Hardened | None]:
        rounded = reasoner.harden() if self.config.harden else reasoner
        if rounded is reasoner:
            return reasoner, None
        learned, scored = self._score(reasoner), self._score(rounded)
        # Exact on more graphs comes first; between equals, rounded constants are the simpler
        # account.
        kept = (scored.graph_exact, scored.micro_f1) >= (learned.graph_exact, learned.micro_f1)
        hardened = Hardened(kept=kept, learned=learned, hardened=scored)
        self.emit(hardened)
        return (rounded if kept else reasoner), hardened

    def _evaluated(self, reasoner: AbstractReasoner) -> EvaluationTable:
        def on_row(row: Evaluation) -> None:
            self.emit(Evaluated(evaluation=row))
            self._stop_if_asked()

        config = self.config
        key = stream_key(config, TEST)
        score = functools.partial(evaluate, key=key, instances=config.eval_instances, on_row=on_row)
        return score(reasoner, self.algorithm, config.eval_sizes)


def _crossed(every: int, start: int, end: int) -> bool:
    """Whether a multiple of `every` lies past `start` and up to `end`; never if `every` is 0."""
    return every > 0 and end // every > start // every


def _hardened_from(result: dict[str, Any]) -> Hardened | None:
    if result["hardening"] is None:
        return None
    learned, scored = (
        Evaluation.from_dict(result["hardening"][name]) for name in ("learned", "hardened")
    )
    return Hardened(kept=result["hardening_kept"], learned=learned, hardened=scored)


def _write(folder: Path, report: TrainReport, started: Started) -> None:
    config, hardened = report.config, report.hardened
    sizes = ", ".join(map(str, config.sizes))
    facts = {
        "task": report.task,
        "processor": f"{started.processor}, {report.parameters:,} parameters",
        "updates": f"{config.steps:,} of {config.batch_size} instances, sizes {sizes}",
        "seed": str(config.seed),
        "time": f"{report.seconds:.1f} s on {started.device}",
        "last loss": f"{report.history[-1]['loss']:.3g}" if report.history else "none",
        "parameters of": f"update {report.kept_step:,}, the {config.keep.value}",
    }
    write_report(
        folder,
        title=f"{report.task} with {started.processor}",
        facts=facts,
        rows=report.history,
        table=report.table,
        train_sizes=config.sizes,
        hardened=hardened,
        learned=report.reasoner.describe(),
    )
    both: PyTree = hardened and {
        "learned": hardened.learned.to_dict(),
        "hardened": hardened.hardened.to_dict(),
    }
    write_json(
        folder / RESULT,
        {
            "task": report.task,
            "step": config.steps,
            "kept_step": report.kept_step,
            "seconds": round(report.seconds, 3),
            "parameters": report.parameters,
            "evaluations": [row.to_dict() for row in report.table.rows],
            "hardening_kept": hardened is not None and hardened.kept,
            "hardening": both,
        },
    )
