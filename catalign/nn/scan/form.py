"""Which specs are functions on words: a letter at each node, a list order, an output at each."""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array
from jaxtyping import Int

from catalign._typing import Probes
from catalign.algorithms.spec import Kind, Location, Probe, Spec
from catalign.nn.scan.word import WordType

_FINITE = (Kind.MASK, Kind.CATEGORICAL)


@dataclass(frozen=True)
class WordForm:
    """How the probes of a spec are words over the nodes.

    Attributes:
      order: The input that points from each node to the one before it.
      letters: The inputs that a letter is made of, those at the graph last: they are the same at
        all nodes.
      written: The hints and outputs, each a value at each node.

    Example:
      >>> from catalign.algorithms.catalogue import get
      >>> form = word_form(get("digit_division").spec)
      >>> [p.name for p in form.letters], form.operands, form.constant
      (['a', 'd'], (10, 10), (1,))
      >>> word_form(get("bfs").spec) is None
      True
    """

    order: Probe
    letters: tuple[Probe, ...]
    written: tuple[Probe, ...]

    @property
    def operands(self) -> tuple[int, ...]:
        """How many values each entry of a letter has."""
        return tuple(probe.values for probe in self.letters)

    @property
    def constant(self) -> tuple[int, ...]:
        """The entries of a letter that are the same at all nodes."""
        return tuple(k for k, p in enumerate(self.letters) if p.location is Location.GRAPH)

    def word_type(self, probe: Probe, *, from_last: bool) -> WordType:
        """The type of the function from the letters to one probe."""
        return WordType(self.operands, probe.values, from_last)

    def read(self, inputs: Probes) -> Int[Array, "b n k"]:
        """The letters of a batch of instances."""
        n = inputs[self.order.name].shape[-1]
        entries = [
            value[..., None] if probe.location is Location.GRAPH else value
            for probe, value in ((p, inputs[p.name]) for p in self.letters)
        ]
        wide = [jnp.broadcast_to(e, (*e.shape[:-1], n)).astype(jnp.int32) for e in entries]
        return jnp.stack(wide, axis=-1)


def word_form(spec: Spec) -> WordForm | None:
    """How a spec is a function on words; None if its type is another.

    Such a spec has one pointer among its inputs, the order of the nodes; masks and categoricals at
    nodes, at least one, and perhaps at the graph; of real numbers the places of nodes alone; and
    all hints and outputs are masks and categoricals at nodes.
    """
    pointers = [p for p in spec.inputs if p.kind is Kind.POINTER and p.location is Location.NODE]
    letters = [p for p in spec.inputs if p.kind in _FINITE and p.location is not Location.EDGE]
    places = [p for p in spec.inputs if p.kind is Kind.SCALAR and p.location is Location.NODE]
    written = (*spec.hints, *spec.outputs)
    at_nodes = [p for p in letters if p.location is Location.NODE]
    is_form = (
        len(pointers) == 1
        and at_nodes
        and len(places) <= 1
        and len(pointers) + len(letters) + len(places) == len(spec.inputs)
        and all(p.kind in _FINITE and p.location is Location.NODE for p in written)
        and not any(p.partial for p in spec)
    )
    if not is_form:
        return None
    ordered = sorted(letters, key=lambda p: p.location is Location.GRAPH)
    return WordForm(pointers[0], tuple(ordered), written)
