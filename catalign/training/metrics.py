"""How right predicted outputs are: the benchmark's micro-F1, and exactness by node and by graph.

Batches are counted on the device, counts are added on the host, and scores are read off the sum,
so that a score does not depend on how instances were batched.
"""

import math
import operator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool

from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algorithms.spec import Kind, Probe, Spec

SCALAR_TOLERANCE = 1e-4
"""A scalar `p` is right for the truth `t` if `|p - t| <= SCALAR_TOLERANCE * (1 + |t|)`."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class ProbeCounts:
    """Counts over the scored places of one output; the last three are 0 where it is no mask."""

    right: Array | int
    scored: Array | int
    true_positive: Array | int
    false_positive: Array | int
    false_negative: Array | int


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Counts:
    """Counts over a batch of instances; `+` pools two batches.

    Attributes:
      probes: The counts of each output.
      graphs_right: Instances with every scored place of every output right.
      graphs: Instances scored.
    """

    probes: dict[str, ProbeCounts]
    graphs_right: Array | int
    graphs: Array | int

    def __add__(self, other: "Counts") -> "Counts":
        return jax.tree.map(operator.add, self, other)

    def on_host(self) -> "Counts":
        """The same counts as Python integers, which do not overflow."""
        return jax.tree.map(int, jax.device_get(self))


@dataclass(frozen=True)
class Scores:
    """Scores of predicted outputs, each from 0 to 1.

    Attributes:
      micro_f1: The benchmark's score of each output.
      node_exact: The share of scored places that are right, of each output.
      graph_exact: The share of instances with every place of every output right.
      instances: The number of instances scored.
    """

    micro_f1: dict[str, float]
    node_exact: dict[str, float]
    graph_exact: float
    instances: int

    @property
    def mean_micro_f1(self) -> float:
        """The benchmark's score of an algorithm: the mean over outputs."""
        return math.fsum(self.micro_f1.values()) / len(self.micro_f1)

    @property
    def mean_node_exact(self) -> float:
        """The mean share of right places over outputs."""
        return math.fsum(self.node_exact.values()) / len(self.node_exact)


def score(
    spec: Spec, predicted: Probes, truth: Probes, *, complete: Bool[Array, "b"] | None = None
) -> Scores:
    """Scores one batch of predicted outputs in stored form.

    Maths: for a mask, `F1 = 2 P R / (P + R)` over the pooled places, with precision or recall 1
    where it is 0/0; for every other kind, the share of right places. The benchmark has no score
    from 0 to 1 for scalar outputs (and no such output); here a scalar is right within
    `SCALAR_TOLERANCE`.

    Args:
      spec: The probes.
      predicted: Output values `[B, ...]`.
      truth: Output values `[B, ...]`; -1 where a `partial` probe has no value, which is not scored.
      complete: Which instances to score; all if left out.

    Raises:
      InputError: There is no instance to score.

    Example:
      >>> from catalign.algorithms.spec import Location, Stage
      >>> spec = Spec(Probe("x", Stage.INPUT, Location.NODE, Kind.SCALAR),
      ...             Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER))
      >>> truth = jnp.array([[0, 1], [1, 0]])
      >>> scores = score(spec, {"pi": truth.at[1, 1].set(1)}, {"pi": truth})
      >>> scores.mean_micro_f1, scores.graph_exact
      (0.75, 0.5)

    Source: Velickovic et al. 2022, arXiv 2205.15659, section 4.
    """
    if complete is None:
        batch = predicted[spec.outputs[0].name].shape[0]
        complete = jnp.ones(batch, bool)
    return scores_of(_count(spec, dict(predicted), dict(truth), complete))


def count(spec: Spec, predicted: Probes, truth: Probes, complete: Bool[Array, "b"]) -> Counts:
    """Counts one batch, on the device. Arguments as in `score`. Jittable with a static spec."""
    probes, right_graphs = {}, complete
    for probe in spec.outputs:
        right, scored = _compare(probe, predicted[probe.name], truth[probe.name])
        scored = scored & complete.reshape(complete.shape + (1,) * (scored.ndim - 1))
        right_graphs = right_graphs & jnp.all((right | ~scored).reshape(right.shape[0], -1), axis=1)
        positive = predicted[probe.name].astype(jnp.int32) == 1
        true = truth[probe.name].astype(jnp.int32) == 1
        is_mask = probe.kind is Kind.MASK
        probes[probe.name] = ProbeCounts(
            right=_total(right & scored),
            scored=_total(scored),
            true_positive=_total(positive & true & scored) if is_mask else jnp.int32(0),
            false_positive=_total(positive & ~true & scored) if is_mask else jnp.int32(0),
            false_negative=_total(~positive & true & scored) if is_mask else jnp.int32(0),
        )
    return Counts(probes, _total(right_graphs), _total(complete))


_count = jax.jit(count, static_argnums=0)


def scores_of(counts: Counts) -> Scores:
    """The scores of pooled counts.

    Raises:
      InputError: Nothing was counted.
    """
    counts = counts.on_host()
    if counts.graphs == 0:
        raise InputError("There is no complete run to score. Trace with more `steps`.")
    return Scores(
        micro_f1={name: _micro_f1(c) for name, c in counts.probes.items()},
        node_exact={name: _share(c.right, c.scored) for name, c in counts.probes.items()},
        graph_exact=_share(counts.graphs_right, counts.graphs),
        instances=int(counts.graphs),
    )


def _compare(probe: Probe, predicted: Array, truth: Array) -> tuple[Array, Array]:
    """Which places are right, and which hold a value."""
    if probe.kind is Kind.SCALAR:
        truth = truth.astype(predicted.dtype)
        near = jnp.abs(predicted - truth) <= SCALAR_TOLERANCE * (1.0 + jnp.abs(truth))
        return near, jnp.ones(near.shape, bool)
    right = predicted.astype(truth.dtype) == truth
    if probe.kind is Kind.MASK and not probe.partial:
        return right, jnp.ones(truth.shape, bool)
    return right, truth >= 0


def _total(flags: Array) -> Array:
    return jnp.sum(flags, dtype=jnp.int32)


def _share(part: Array | int, whole: Array | int) -> float:
    return int(part) / int(whole) if whole else 1.0


def _micro_f1(counts: ProbeCounts) -> float:
    positives = counts.true_positive + counts.false_positive + counts.false_negative
    if not positives:
        # Not a mask, or a mask without any positive place: precision, recall and the share of
        # right places are 1.
        return _share(counts.right, counts.scored)
    precision = _share(counts.true_positive, counts.true_positive + counts.false_positive)
    recall = _share(counts.true_positive, counts.true_positive + counts.false_negative)
    return 2.0 * precision * recall / (precision + recall) if precision + recall > 0.0 else 0.0
