"""What every reasoner is: a learned algorithm with the spec of a classical one."""

import abc

from flax import nnx
from jax import Array

from catalign._errors import UnsupportedError
from catalign._typing import KeyArray, Probes
from catalign.algorithms.spec import Spec
from catalign.nn.prediction import Execution, Predictions
from catalign.polynomial.diagram import PolynomialDiagram


class AbstractReasoner(nnx.Module):
    """A network that reads the inputs of an algorithm and gives its hints and outputs.

    Attributes:
      spec: The probes of the algorithm that it stands for.
      diagram: The type of its processor.
    """

    spec: Spec
    diagram: PolynomialDiagram

    @abc.abstractmethod
    def __call__(
        self,
        inputs: Probes,
        hints: Probes,
        lengths: Array,
        *,
        steps: int,
        teacher_forcing: float | Array = 0.0,
        key: KeyArray | None = None,
    ) -> Predictions:
        """Predicts the hints and outputs of a batch of traces, for training.

        Args:
          inputs: Stored values `[B, ...]`.
          hints: Stored values `[T, B, ...]`; step 0 is read always, later steps with probability
            `teacher_forcing`.
          lengths: The number of hint steps of each trace, `[B]`.
          steps: The length T of the time axis, static; longer runs are cut.
          teacher_forcing: The probability that a step reads the true hint in place of the predicted
            one.
          key: Where chance comes from when `teacher_forcing` is strictly between 0 and 1.
        """

    @abc.abstractmethod
    def run(
        self,
        inputs: Probes,
        *,
        max_steps: int,
        first: Probes | None = None,
        lengths: Array | None = None,
    ) -> Execution:
        """Runs the reasoner on its own predictions.

        Args:
          inputs: Stored values `[B, ...]`.
          max_steps: The limit on steps, static.
          first: The hints at step 0, `[B, ...]`, where the reasoner reads hints; the algorithm's
            own in the benchmark.
          lengths: The number of hint steps of each run, as the benchmark gives them. Without it, a
            run ends when a step changes nothing that the reasoner decodes.
        """

    def harden(self) -> "AbstractReasoner":
        """The reasoner with its learned constants rounded; itself if none are meant to be."""
        return self

    def describe(self) -> str:
        """What was learned, in one readable paragraph; empty if nothing readable was."""
        return ""


class HardenedReasoner(AbstractReasoner):
    """A reasoner of finite rules or tables, hardened: exact or wrong, and with nothing to train.

    Attributes:
      name: The algorithm that it stands for.
    """

    name: str

    def __call__(
        self,
        inputs: Probes,
        hints: Probes,
        lengths: Array,
        *,
        steps: int,
        teacher_forcing: float | Array = 0.0,
        key: KeyArray | None = None,
    ) -> Predictions:
        """Refused: there are no logits.

        Raises:
          UnsupportedError: Always.
        """
        raise UnsupportedError(
            f"the {type(self).__name__} of {self.name} cannot be trained by gradients: it is "
            f"hardened. Learn one by `tasks.train --task={self.name} --processor=exact`, or call "
            "`run`."
        )
