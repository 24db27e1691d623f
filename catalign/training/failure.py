"""The ways in which a run ends early."""

import signal

from catalign._errors import CatalignError, InputError


class CheckpointError(InputError):
    """A checkpoint is damaged or belongs to another model."""


class InterruptedRun(CatalignError):  # noqa: N818 (it is no error: the run can go on)
    """A signal stopped a run after its state was saved: rerun to go on.

    Attributes:
      step: The number of updates done and saved.
      signum: The signal.
    """

    def __init__(self, step: int, signum: signal.Signals) -> None:
        self.step = step
        self.signum = signum
        super().__init__(
            f"Stopped by {signum.name} at step {step}, which is saved. "
            "Rerun the same command to go on."
        )


class DivergedError(CatalignError, ArithmeticError):
    """A loss, gradient or parameter became NaN or infinite.

    Attributes:
      step: The update, counted from 0, that would have spoilt the parameters.
      leaf: The first value that was not finite: `loss NAME`, `gradient NAME` or `parameters`.
    """

    def __init__(self, step: int, leaf: str, *, task: str | None = None) -> None:
        self.step = step
        self.leaf = leaf
        of_task = f" of {task}" if task else ""
        super().__init__(
            f"Update {step}{of_task} made `{leaf}` NaN or infinite, so the run stopped; "
            "earlier checkpoints are kept. "
            "Lower `learning_rate` or `clip`, or change `seed`."
        )
