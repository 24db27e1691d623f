"""A trace: the inputs, the hints over time and the outputs of one run, or of a batch of runs."""

from dataclasses import dataclass

import jax
from jax import Array
from jaxtyping import Bool, Int

from catalign._typing import Probes


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Trace:
    """One run of an algorithm, or a batch of runs.

    The axes are those of the field's data: a batch axis B leads inputs, outputs and `lengths`; time
    T leads hints, before the batch. A single run has no batch axis. Node axes follow: none, `n` or
    `n n` (see `Probe.rank`).

    Attributes:
      inputs: Values by probe name, `[B, ...]`.
      hints: Values by probe name, `[T, B, ...]`. Steps at or past a run's length repeat its last
        hint.
      outputs: Values by probe name, `[B, ...]`.
      lengths: The number of hint steps of each run, int32 `[B]`. A run cut short by `steps` has
        `lengths == steps` and is not `complete`.
      complete: Whether each run came to its end, bool `[B]`. The outputs of a run that did not are
        those of its last state, and are not to be scored.
    """

    inputs: Probes
    hints: Probes
    outputs: Probes
    lengths: Int[Array, "*b"]
    complete: Bool[Array, "*b"]

    @property
    def steps(self) -> int:
        """The length of the time axis (0 without hints)."""
        return next((int(h.shape[0]) for h in self.hints.values()), 0)
