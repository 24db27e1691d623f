"""What a check of an alignment found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from catalign._errors import AxiomError


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """The first place where an algorithm and its diagram differ.

    Attributes:
      instance: The index of the instance in the batch.
      step: The step, from 0; None for an output.
      probe: The name of the hint or output.
      place: The node, the pair of nodes, or `()` for the graph.
      expected: The value in the algorithm.
      actual: The value in the diagram.
      inputs: The instance, to run again.
    """

    instance: int
    step: int | None
    probe: str
    place: tuple[int, ...]
    expected: float | int | bool
    actual: float | int | bool
    inputs: Mapping[str, np.ndarray] = field(repr=False)

    def __str__(self) -> str:
        when = "at the end" if self.step is None else f"at step {self.step}"
        words = {0: "the graph", 1: "node", 2: "nodes"}[len(self.place)]
        where = " ".join([words, " -> ".join(str(v) for v in self.place)]).strip()
        return (
            f"{when} of instance {self.instance}, `{self.probe}` of {where} is {self.expected} in "
            f"the algorithm and {self.actual} in the diagram"
        )


@dataclass(frozen=True, kw_only=True)
class AlignmentReport:
    """What a check compared, and the first difference if there is one.

    Attributes:
      subject: The alignment, in one line.
      instances: How many instances were run.
      steps: How many steps were compared, over all instances.
      probes: Which hints and outputs were compared.
      omitted: Which hints and outputs the alignment does not claim.
      tolerance: The largest difference that counts as equal for scalars. All else must be equal.
      largest_difference: The largest difference of a scalar that was seen.
      mismatch: The first difference; None if the check passed.
    """

    subject: str
    instances: int
    steps: int
    probes: tuple[str, ...]
    omitted: tuple[str, ...]
    tolerance: float
    largest_difference: float
    mismatch: Mismatch | None

    @property
    def holds(self) -> bool:
        """Whether nothing differed."""
        return self.mismatch is None

    def require(self) -> None:
        """Raises unless the check passed.

        Raises:
          AxiomError: Something differed; the message is the report.
        """
        if not self.holds:
            raise AxiomError(str(self))

    def __str__(self) -> str:
        omitted = f"; not claimed: {', '.join(self.omitted)}" if self.omitted else ""
        compared = (
            f"  compared: {self.instances} instances, {self.steps} steps, "
            f"probes {', '.join(self.probes)}{omitted}\n"
            f"  largest difference {self.largest_difference:.3g}, tolerance {self.tolerance:.3g}"
        )
        verdict = "holds" if self.mismatch is None else f"fails: {self.mismatch}"
        return f"{self.subject}: {verdict}\n{compared}"
