"""What a run tells while it goes: typed values given to one plain callable."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from catalign.training.evaluation import Evaluation, EvaluationTable


@dataclass(frozen=True, kw_only=True)
class Started:
    """A run begins or goes on.

    Attributes:
      task: The algorithm's name, or those of all.
      processor: The processor's name.
      parameters: The number of learned numbers.
      steps: The number of updates that the run will have in the end, over all tasks.
      resumed_from: The updates that were already done; 0 for a new run.
      trace_steps: The length of the traces trained on, by size.
      device: What it runs on.
      run_dir: Where it writes; None in memory.
    """

    task: str
    processor: str
    parameters: int
    steps: int
    resumed_from: int
    trace_steps: Mapping[int, int]
    device: str
    run_dir: Path | None


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """The update for one size was compiled; for one task, where the run has several."""

    size: int
    seconds: float
    task: str | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A dispatch ended.

    Attributes:
      step: Updates done, over all tasks.
      steps: Updates in the run, over all tasks.
      size: The size of the dispatch.
      loss: Its mean loss.
      steps_per_second: Updates a second since every size was compiled, without evaluation; 0 as
        long as that is not known.
      task: The algorithm, where the run has several.
    """

    step: int
    steps: int
    size: int
    loss: float
    steps_per_second: float
    task: str | None = None


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A row of metrics was written.

    Attributes:
      row: The row, as in `metrics.jsonl`.
    """

    row: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Validated:
    """The reasoner was scored on fresh instances of the largest training size.

    Attributes:
      step: Updates done, of each task.
      evaluation: The scores.
      task: The algorithm, where the run has several.
    """

    step: int
    evaluation: "Evaluation"
    task: str | None = None


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A checkpoint was handed to the writer, which completes it before the next one."""

    step: int


@dataclass(frozen=True, kw_only=True)
class Hardened:
    """The learned constants were rounded, and the better of both reasoners kept.

    Attributes:
      kept: Whether the rounded reasoner was kept.
      learned: The score of the reasoner as it was learned.
      hardened: The score of the rounded one.
    """

    kept: bool
    learned: "Evaluation"
    hardened: "Evaluation"


@dataclass(frozen=True, kw_only=True)
class Found:
    """The discrete learner found the rule of a field, or settles what it needs.

    Attributes:
      text: What it found, in one line.
    """

    text: str


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """One size of the final evaluation is done; of one task, where the run has several."""

    evaluation: "Evaluation"
    task: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The run is complete and its report written.

    Attributes:
      table: The final evaluation; None where the run has several tasks.
      run_dir: Where it wrote; None in memory.
    """

    table: "EvaluationTable | None"
    run_dir: Path | None


Event: TypeAlias = (
    Started
    | Compiled
    | Progress
    | Logged
    | Validated
    | Saved
    | Hardened
    | Found
    | Evaluated
    | Finished
)
