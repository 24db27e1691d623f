"""The scan as a reasoner: one hardened transducer for each output, at any number of nodes."""

from collections.abc import Mapping

import jax.numpy as jnp
from flax import nnx
from jax import Array

from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algorithms.spec import Kind, Probe, Spec
from catalign.nn.prediction import Execution
from catalign.nn.reasoner import HardenedReasoner
from catalign.nn.scan.form import WordForm, word_form
from catalign.nn.scan.hard import HardScan
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram


class ScanReasoner(HardenedReasoner):
    """Learned transducers, hardened: all nodes at once, in logarithmic depth.

    It reads the letters in the order of the nodes, and neither `pos` nor the pointers of the order:
    that these say the same is the algorithm's to check. Of the hints it has the last values, not
    the steps in between, for a scan has none.

    Args:
      name: The algorithm that it stands for.
      spec: Its probes.
      machines: For each hint and output, the transducer that writes it.

    Raises:
      InputError: The spec is no function on words, or a probe has no machine, or one of another
        type.

    Example:
      >>> import catalign
      >>> from catalign.algorithms.number import from_integers
      >>> addition = catalign.algorithms.get("addition")
      >>> inputs = from_integers(addition, {"a": 95, "b": 7})
      >>> batch = {name: value[None] for name, value in inputs.items()}
      >>> execution = catalign.load("addition").run(batch, max_steps=1)
      >>> execution.outputs["sum"].tolist(), execution.outputs["carry"].tolist()
      ([[2, 0]], [[True, True]])
    """

    def __init__(self, name: str, spec: Spec, machines: Mapping[str, HardScan]) -> None:
        form = word_form(spec)
        if form is None:
            raise InputError(
                f"`spec` of {name} is no function on words: give one whose inputs are an order, "
                "masks and categoricals, and whose hints and outputs are masks and categoricals at "
                "the nodes."
            )
        for probe in form.written:
            _check_machine(form, probe, machines.get(probe.name))
        self.name, self.spec = name, spec
        self.form = nnx.static(form)
        self._machines = nnx.static(tuple(machines[p.name] for p in form.written))

    @property
    def machines(self) -> dict[str, HardScan]:
        """For each hint and output, the transducer that writes it."""
        return {p.name: m for p, m in zip(self.form.written, self._machines, strict=True)}

    @property
    def diagram(self) -> PolynomialDiagram:  # pyright: ignore[reportIncompatibleVariableOverride]
        """That of one letter: each node reads the state that leaves the node before it."""
        return library.pointer_read(self.form.order.name)

    def run(
        self,
        inputs: Probes,
        *,
        max_steps: int,
        first: Probes | None = None,
        lengths: Array | None = None,
    ) -> Execution:
        """Reads each instance once: one step, whatever `max_steps` and `lengths` allow.

        Raises:
          InputError: An input is missing.
        """
        missing = [p.name for p in (self.form.order, *self.form.letters) if p.name not in inputs]
        if missing:
            raise InputError(
                f"`inputs` has no {', '.join(missing)}: give every input of {self.name}, as its "
                "algorithm's `sample_inputs` does."
            )
        letters = self.form.read(inputs)
        found = {}
        for machine in dict.fromkeys(self.machines.values()):
            value = machine(letters)
            found |= {name: value for name, other in self.machines.items() if other == machine}
        stored = {
            p.name: found[p.name].astype(jnp.bool_ if p.kind is Kind.MASK else jnp.int32)
            for p in self.form.written
        }
        batch = letters.shape[:1]
        return Execution(
            outputs={p.name: stored[p.name] for p in self.spec.outputs},
            hints={p.name: stored[p.name] for p in self.spec.hints},
            steps=jnp.ones(batch, jnp.int32),
            converged=jnp.ones(batch, jnp.bool_),
        )

    def describe(self) -> str:
        """The machines, each once, as tables of moves and outputs."""
        letters = ", ".join(f"x{k} = {p.name}" for k, p in enumerate(self.form.letters))
        lines = [f"{self.name}, learned:", f"  a letter is {letters}"]
        for machine in dict.fromkeys(self.machines.values()):
            names = [name for name, other in self.machines.items() if other == machine]
            end = "last" if machine.word_type.from_last else "first"
            lines.append(f"{' and '.join(names)}: read from the {end} node on")
            lines += [f"  {line}" for line in machine.describe(self.form.constant).splitlines()]
        return "\n".join(lines)


def _check_machine(form: WordForm, probe: Probe, machine: HardScan | None) -> None:
    if machine is None:
        raise InputError(f"`machines` has none for {probe.name!r}: give one for each probe.")
    word_type = machine.word_type
    if (word_type.operands, word_type.outputs) != (form.operands, probe.values):
        raise InputError(
            f"the machine of {probe.name!r} reads letters {word_type.operands} and writes "
            f"{word_type.outputs} values, but the spec has {form.operands} and {probe.values}."
        )
