"""A run on one task, from the settings to its report."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalign._typing import PyTree
from catalign.alignment.certificate import Certificate
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.config import TrainConfig
from catalign.training.directory import RESULT, write_json
from catalign.training.evaluation import Evaluation, EvaluationTable
from catalign.training.event import Finished, Hardened, Started
from catalign.training.report import write_report
from catalign.training.run import Run
from catalign.training.task import Task


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
      certificate: What is known of a discrete program beyond its scores; None for networks, and
        where a finished run is read back: its folder holds the text.
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


def complete(run: Run) -> TrainReport:
    """Does the updates of a run on one task that are left, then the evaluation."""
    (task,) = run.tasks.values()
    config = run.config
    reasoner = run.merged(task)
    processor = config.processor or type(reasoner).__name__
    started = run.update(task=task.name, processor=processor)
    result, reasoner, best = run.result, run.merged(task), run.state.take(task.name).best
    if result is None:
        reasoner, hardened = _hardened(run, task, reasoner)
        table = run.evaluate(task, reasoner)
    else:
        hardened = _hardened_from(result)
        reasoner = reasoner.harden() if hardened is not None and hardened.kept else reasoner
        table = EvaluationTable(tuple(Evaluation.from_dict(row) for row in result["evaluations"]))
    report = TrainReport(
        task=task.name,
        config=config,
        reasoner=reasoner,
        table=table,
        history=tuple(run.history.rows),
        hardened=hardened,
        parameters=started.parameters,
        seconds=run.seconds,
        run_dir=run.folder,
        kept_step=run.step if best is None else int(best.step),
    )
    if run.folder is not None and result is None:
        _write(run.folder, report, started)
    run.emit(Finished(table=table, run_dir=run.folder))
    return report


def _hardened(
    run: Run, task: Task, reasoner: AbstractReasoner
) -> tuple[AbstractReasoner, Hardened | None]:
    rounded = reasoner.harden() if run.config.harden else reasoner
    if rounded is reasoner:
        return reasoner, None
    learned, scored = run.score(task, reasoner), run.score(task, rounded)
    # Exact on more graphs comes first; between equals, rounded constants are the simpler account.
    kept = (scored.graph_exact, scored.micro_f1) >= (learned.graph_exact, learned.micro_f1)
    hardened = Hardened(kept=kept, learned=learned, hardened=scored)
    run.emit(hardened)
    return (rounded if kept else reasoner), hardened


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
