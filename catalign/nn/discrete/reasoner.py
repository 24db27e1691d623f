"""The discrete reasoner: a program as a reasoner, so that it is scored and run like every other."""

from flax import nnx
from jax import Array

from catalign._typing import Probes
from catalign.nn.discrete.explanation import explain_program
from catalign.nn.discrete.program import Program
from catalign.nn.prediction import Execution
from catalign.nn.reasoner import HardenedReasoner
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram


class DiscreteReasoner(HardenedReasoner):
    """A learned program, hardened: it is exact or wrong, never approximate.

    It starts from the inputs alone, decides by itself when it ends, and reads the order of the
    nodes, not the values of `pos`.

    Args:
      program: What was learned.

    Example:
      >>> import catalign
      >>> import jax
      >>> minimum = catalign.load("minimum")
      >>> inputs = catalign.algorithms.get("minimum").sample_inputs(jax.random.key(0), 2, 5)
      >>> execution = minimum.run(inputs, max_steps=9)
      >>> (execution.outputs["min"] == inputs["key"].argmin(axis=1)).tolist()
      [True, True]
    """

    def __init__(self, program: Program) -> None:
        self.program = nnx.static(program)
        self.name, self.spec = program.name, program.spec

    @property
    def diagram(self) -> PolynomialDiagram:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The diagram of the widest rule: triples where a rule of pairs selects a third node."""
        ranks = [rule.field.rank for rule in self.program.step]
        return library.triplet if max(ranks, default=0) == 2 else library.message_passing_dense

    def run(
        self,
        inputs: Probes,
        *,
        max_steps: int,
        first: Probes | None = None,
        lengths: Array | None = None,
    ) -> Execution:
        """Runs the program. Of `first` it reads the hints that it has no first rule for.

        Raises:
          InputError: Such a hint is missing.
        """
        outputs, state, steps, done = self.program.run(inputs, max_steps, lengths, first)
        hints = {p.name: state[p.name] for p in self.spec.hints}
        return Execution(outputs=outputs, hints=hints, steps=steps, converged=done)

    def describe(self) -> str:
        """The rules that were learned."""
        return explain_program(self.program)
