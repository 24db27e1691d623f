"""An alignment: the claim that an algorithm is a polynomial diagram, iterated in an algebra."""

import enum
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algebra.monoid import CommutativeMonoid
from catalign.algebra.provenance import with_provenance
from catalign.algebra.semiring import Semiring
from catalign.algorithms.algorithm import Algorithm
from catalign.integral.graph import Graph
from catalign.integral.transform import integral_transform
from catalign.polynomial.diagram import PolynomialDiagram

State = Any


class Claim(enum.Enum):
    """What an alignment claims to equal. Either is checked on instances, not proved."""

    EVERY_STEP = "every step"
    OUTPUTS = "the outputs"


@dataclass(frozen=True, kw_only=True)
class Instance:
    """What a diagram reads in one step.

    Attributes:
      fields: One field for each input of the diagram.
      graph: The graph.
      pointers: The maps from nodes to nodes that the diagram follows, by name.
    """

    fields: Mapping[str, Any]
    graph: Graph
    pointers: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Alignment:
    """An algorithm, and the diagram and algebra whose iteration it is claimed to be.

    The diagram's side of a run is `s_0 = begin(inputs)` and
    `s_{t+1} = advance(inputs, s_t, T(encode(inputs, s_t)))`, where T is the integral transform; it
    shows `decode(inputs, s_t)`. All functions take one instance and are pure JAX. `encode`,
    `advance` and `decode` should only relabel values place by place: what moves values between
    places is the diagram.

    Attributes:
      algorithm: The algorithm.
      diagram: What one step is.
      semiring: What it computes in; a commutative monoid is enough for a span.
      begin: `begin(inputs)` gives the first state, any pytree.
      encode: `encode(inputs, state)` gives what the diagram reads.
      advance: `advance(inputs, state, out)` gives the next state from what the diagram wrote.
      decode: `decode(inputs, state)` gives the hints, as the algorithm would show them. It may
        leave hints out; the report names them.
      answer: `answer(inputs, state)` gives the outputs.
      claim: Whether every step is claimed, or the outputs alone.
      with_provenance: Whether fields are pairs of a value and the place that it came from.
      rounds: For a claim on the outputs alone, how many steps the diagram takes on n nodes; as many
        as the algorithm if left out.

    Source: the definition follows Xu et al. 2020 and Dudzik & Velickovic 2022, made executable.
    """

    algorithm: Algorithm
    diagram: PolynomialDiagram
    semiring: Semiring | CommutativeMonoid
    begin: Callable[[Probes], State]
    encode: Callable[[Probes, State], Instance]
    advance: Callable[[Probes, State, Any], State]
    decode: Callable[[Probes, State], Probes]
    answer: Callable[[Probes, State], Probes]
    claim: Claim = Claim.EVERY_STEP
    with_provenance: bool = False
    rounds: Callable[[int], int] | None = None

    def __post_init__(self) -> None:
        if self.with_provenance and not isinstance(self.semiring, Semiring):
            raise InputError(
                f"`with_provenance` of the alignment of {self.name} needs a semiring, but "
                f"`semiring` is the monoid {self.semiring.name}."
            )

    @property
    def name(self) -> str:
        """The name of the algorithm."""
        return self.algorithm.name

    @property
    def algebra(self) -> Semiring | CommutativeMonoid:
        """What the diagram is evaluated in: the semiring, with provenance if asked for."""
        if self.with_provenance and isinstance(self.semiring, Semiring):
            return with_provenance(self.semiring)
        return self.semiring

    def step(self, inputs: Probes, state: State) -> State:
        """One step of the diagram's side, on one instance."""
        instance = self.encode(inputs, state)
        out = integral_transform(
            self.diagram,
            self.algebra,
            instance.fields,
            instance.graph,
            pointers=instance.pointers,
        )
        return self.advance(inputs, state, out)

    def run(self, inputs: Probes, steps: int) -> tuple[Probes, Probes]:
        """Runs the diagram's side of a batch of instances.

        Args:
          inputs: Values by probe name, `[B, ...]`.
          steps: How many states to show, the first included.

        Returns:
          The hints and the outputs that each state shows, both `[steps, B, ...]`.
        """
        return _run(self, dict(inputs), steps)

    def __str__(self) -> str:
        return f"{self.name} = {self.diagram} in {self.semiring.name}, on {self.claim.value}"


@functools.partial(jax.jit, static_argnums=(0, 2))
def _run(alignment: Alignment, inputs: Probes, steps: int) -> tuple[Probes, Probes]:
    def one(inputs: Probes) -> tuple[Probes, Probes]:
        def advance(state: State, _: None) -> tuple[State, tuple[Probes, Probes]]:
            shown = dict(alignment.decode(inputs, state)), dict(alignment.answer(inputs, state))
            return alignment.step(inputs, state), jax.tree.map(jnp.asarray, shown)

        _, shown = jax.lax.scan(advance, alignment.begin(inputs), length=steps)
        return shown

    return jax.vmap(one, out_axes=1)(inputs)
