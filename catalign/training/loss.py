"""What training minimises: one mean loss for each predicted probe."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

from catalign._errors import InputError
from catalign._typing import Scalar
from catalign.algorithms.spec import Kind, Probe, Spec
from catalign.algorithms.trace import Trace
from catalign.nn.prediction import Predictions


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Losses:
    """The loss of a batch and its parts.

    Attributes:
      total: The sum of the output losses, plus `hint_weight` times the sum of the hint losses.
      parts: The mean loss of each probe, named `output/NAME` or `hint/NAME`.
    """

    total: Scalar
    parts: dict[str, Scalar]


def loss(
    spec: Spec,
    predictions: Predictions,
    trace: Trace,
    *,
    hint_weight: float | Array = 1.0,
    shard_axis: str | None = None,
) -> Losses:
    """Compares the raw predictions for a batch of traces with the traces.

    Hint step `t` of a run counts if `t < length`; the outputs of a run count if it is complete;
    places of a `partial` probe without a value count never. Each probe's loss is the mean over
    what counts, and 0 if nothing does.

    Maths: squared error for scalars, `-log sigmoid` of the truth for masks, `-log softmax` of the
    truth otherwise.

    Args:
      spec: The probes.
      predictions: Raw predictions. A hint that is not predicted has no loss.
      trace: The truth.
      hint_weight: What the hint losses count for.
      shard_axis: The mapped axis over which a larger batch is spread, of which this is a part. Then
        the sum of the losses over this axis is that of the larger batch.

    Raises:
      InputError: An output is not predicted, or something is predicted that the spec does not have.

    Source: Velickovic et al. 2022, arXiv 2205.15659, appendix.
    """
    outputs, hints = spec.outputs, [p for p in spec.hints if p.name in predictions.hints]
    _check_names("outputs", [p.name for p in outputs], list(predictions.outputs))
    _check_names("hints", [p.name for p in hints], list(predictions.hints))
    given = {p.name: trace.outputs[p.name] for p in outputs}
    output_losses = {
        f"output/{p.name}": _mean(
            p, predictions.outputs[p.name], given[p.name], trace.complete, shard_axis
        )
        for p in outputs
    }
    hint_losses = {}
    for probe in hints:
        truth = trace.hints[probe.name][1:]
        times = jnp.arange(1, truth.shape[0] + 1, dtype=trace.lengths.dtype)
        counts = times[:, None] < trace.lengths[None, :]
        hint_losses[f"hint/{probe.name}"] = _mean(
            probe, predictions.hints[probe.name], truth, counts, shard_axis
        )
    total = sum(output_losses.values(), start=jnp.zeros((), _dtype()))
    if hint_losses:
        total = total + hint_weight * sum(hint_losses.values(), start=jnp.zeros((), _dtype()))
    return Losses(total, output_losses | hint_losses)


def place_loss(probe: Probe, raw: Array, truth: Array) -> tuple[Array, Array]:
    """The loss at each place of a probe, and whether the place holds a value.

    Example:
      >>> from catalign.algorithms.spec import Location, Stage
      >>> pointer = Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER)
      >>> losses, _ = place_loss(pointer, jnp.zeros((2, 2)), jnp.array([0, 1]))
      >>> [round(float(x), 4) for x in losses]
      [0.6931, 0.6931]
    """
    if probe.kind is Kind.SCALAR:
        return jnp.square(raw - truth.astype(raw.dtype)), jnp.ones(raw.shape, bool)
    if probe.kind is Kind.MASK:
        known = truth >= 0 if probe.partial else jnp.ones(raw.shape, bool)
        return jax.nn.softplus(jnp.where(truth.astype(jnp.int8) == 1, -raw, raw)), known
    # A sum with a one-hot mask: its gradient needs no scatter, and a logit of -inf off the target
    # does no harm.
    target = (
        jnp.arange(raw.shape[-1], dtype=truth.dtype).reshape((1,) * truth.ndim + (-1,))
        == truth[..., None]
    )
    return -jnp.sum(jnp.where(target, jax.nn.log_softmax(raw), 0.0), axis=-1), truth >= 0


def _mean(probe: Probe, raw: Array, truth: Array, counts: Array, shard_axis: str | None) -> Scalar:
    losses, known = place_loss(probe, raw, truth)
    counted = known & counts.reshape(counts.shape + (1,) * (known.ndim - counts.ndim))
    total = jnp.sum(jnp.where(counted, losses, 0.0))
    count = jnp.sum(counted, dtype=losses.dtype)
    if shard_axis is not None:
        count = jax.lax.psum(count, shard_axis)
    return (total / jnp.maximum(count, 1.0)).astype(_dtype())


def _dtype() -> jnp.dtype:
    return jax.dtypes.canonicalize_dtype(float)


def _check_names(stage: str, expected: list[str], found: list[str]) -> None:
    missing = [x for x in expected if x not in found]
    unknown = [x for x in found if x not in expected]
    if missing or unknown:
        raise InputError(
            f"`predictions.{stage}` must be {', '.join(expected) or 'empty'}; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}."
        )
