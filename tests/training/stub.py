"""An algorithm of a user's own and a reasoner for it, both as small as can be."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from catalign._typing import KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.nn.prediction import Execution, Predictions
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.config import TrainConfig

SPEC = Spec(
    Probe("key", Stage.INPUT, Location.NODE, Kind.SCALAR),
    Probe("seen", Stage.HINT, Location.NODE, Kind.MASK),
    Probe("high", Stage.OUTPUT, Location.NODE, Kind.MASK),
)


def _sample(key: KeyArray, size: int, *, low: float = 0.0) -> Probes:
    return {"key": jax.random.uniform(key, (size,), minval=low)}


def _is_high(inputs: Probes) -> Array:
    return inputs["key"] > 0.5


# It counts to one more than the number of high keys, so that runs have different lengths.
COUNT_HIGH = Algorithm(
    name="count_high",
    spec=SPEC,
    sampler=_sample,
    init=lambda inputs: jnp.int32(0),
    step=lambda inputs, t: t + 1,
    done=lambda inputs, t: t >= jnp.sum(_is_high(inputs), dtype=jnp.int32),
    hints=lambda inputs, t: {"seen": jnp.arange(inputs["key"].shape[0], dtype=jnp.int32) < t},
    outputs=lambda inputs, t: {"high": _is_high(inputs)},
    max_steps=lambda n: n + 1,
    source="These tests.",
    min_size=2,
)


class StubReasoner(AbstractReasoner):
    """One logistic unit for each probe. `spoil` breaks what `harden` gives."""

    def __init__(self, *, rngs: nnx.Rngs, spoil: bool = False, roundable: bool = True) -> None:
        self.spec = SPEC
        self.high = nnx.Linear(1, 1, rngs=rngs)
        self.seen = nnx.Linear(1, 1, rngs=rngs)
        self.spoil, self.roundable = spoil, roundable

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
        seen = self.seen(inputs["key"][..., None])[..., 0]
        return Predictions(
            {"seen": jnp.broadcast_to(seen[None], (steps - 1, *seen.shape))},
            {"high": self._high(inputs)},
        )

    def run(
        self,
        inputs: Probes,
        *,
        max_steps: int,
        first: Probes | None = None,
        lengths: Array | None = None,
    ) -> Execution:
        batch = inputs["key"].shape[0]
        steps = jnp.full(batch, 2, jnp.int32) if lengths is None else lengths
        return Execution({"high": self._high(inputs) > 0}, {}, steps, steps <= max_steps)

    def harden(self) -> AbstractReasoner:
        if not self.roundable:
            return self
        copy = nnx.clone(self)
        kernel = jnp.full((1, 1), -1000.0 if self.spoil else 1000.0)
        copy.high.kernel, copy.high.bias = nnx.Param(kernel), nnx.Param(kernel[0] * -0.5)
        return copy

    def describe(self) -> str:
        return "high if key > 1/2"

    def _high(self, inputs: Probes) -> Array:
        return self.high(inputs["key"][..., None])[..., 0]


def build(algorithm: Algorithm, config: TrainConfig, rngs: nnx.Rngs) -> StubReasoner:
    return StubReasoner(rngs=rngs)


CONFIG = TrainConfig(
    steps=22,
    batch_size=4,
    sizes=(3, 4),
    learning_rate=0.05,
    updates_per_dispatch=4,
    log_every=5,
    eval_every=10,
    save_every=8,
    eval_sizes=(4, 6),
    eval_instances=8,
)
