"""Runs an algorithm and its diagram side by side, and compares."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from catalign._errors import InputError
from catalign._typing import KeyArray, Probes
from catalign.algorithms.spec import Kind, Probe
from catalign.algorithms.trace import Trace
from catalign.alignment.alignment import Alignment, Claim
from catalign.alignment.report import AlignmentReport, Mismatch


class _Comparison(NamedTuple):
    """One probe of both sides, `[T, B, ...]`, and which of the steps count, `[T, B]`."""

    probe: Probe
    expected: np.ndarray
    actual: np.ndarray
    counts: np.ndarray


def check_alignment(
    alignment: Alignment, inputs: Probes, *, tolerance: float = 1e-6
) -> AlignmentReport:
    """Runs an algorithm and its diagram on the same instances, and compares what they show.

    Args:
      alignment: The claim.
      inputs: A batch of instances: values by probe name, `[B, ...]`.
      tolerance: The largest difference that counts as equal for scalars. All else must be equal.

    Returns:
      What was compared, and the first difference if there is one: `report.holds`, `print(report)`,
      `report.require()`.

    Raises:
      InputError: The inputs do not fit the algorithm, or the alignment decodes an unknown probe.

    Example:
      >>> import jax
      >>> from catalign.alignment import catalogue
      >>> bfs = catalogue.get("bfs")
      >>> inputs = bfs.algorithm.sample_inputs(jax.random.key(0), 2, 5)
      >>> check_alignment(bfs, inputs).holds
      True
    """
    trace = alignment.algorithm.traces(inputs)
    size = alignment.algorithm.size(inputs)
    steps = trace.steps or alignment.algorithm.max_steps(size)
    if alignment.claim is Claim.OUTPUTS and alignment.rounds is not None:
        steps = alignment.rounds(size) + 1
    hints, answers = alignment.run(inputs, steps)
    compared = list(_comparisons(alignment, trace, hints, answers=answers))
    names = [c.probe.name for c in compared]
    spec = alignment.algorithm.spec
    lengths = np.asarray(trace.lengths)
    by_step = alignment.claim is Claim.EVERY_STEP
    return AlignmentReport(
        subject=str(alignment),
        instances=len(lengths),
        steps=int(lengths.sum()) if by_step else 0,
        probes=tuple(names),
        omitted=tuple(p.name for p in spec.hints + spec.outputs if p.name not in names),
        tolerance=tolerance,
        largest_difference=max((_largest_difference(c) for c in compared), default=0.0),
        mismatch=_first_mismatch(compared, inputs, tolerance),
    )


def check_samples(
    alignment: Alignment,
    key: KeyArray,
    *,
    batch_size: int = 16,
    size: int = 8,
    tolerance: float = 1e-6,
    **laws: Any,
) -> AlignmentReport:
    """Checks an alignment on instances drawn by the algorithm's sampler.

    Args:
      alignment: The claim.
      key: The only source of chance.
      batch_size: The number of instances.
      size: The number of nodes of each.
      tolerance: As in `check_alignment`.
      **laws: Distributions for the sampler, by name. A symmetric law of graphs cannot tell senders
        from receivers: prefer a directed one.

    Raises:
      InputError: As in `Algorithm.sample_inputs`.

    Example:
      >>> import jax
      >>> from catalign.alignment import catalogue
      >>> print(check_samples(catalogue.get("addition"), jax.random.key(0), batch_size=4, size=6))
      addition = ripple: 3 V <- 3 V -> 2 V -> V in lor_land, on every step: holds
        compared: 4 instances, ... steps, probes carry_h, sum, carry
        largest difference 0, tolerance 1e-06
    """
    inputs = alignment.algorithm.sample_inputs(key, batch_size, size, **laws)
    return check_alignment(alignment, inputs, tolerance=tolerance)


def _comparisons(
    alignment: Alignment, trace: Trace, hints: Probes, *, answers: Probes
) -> Iterator[_Comparison]:
    spec = alignment.algorithm.spec
    _check_known(alignment, hints, spec.hints, what="hint")
    _check_known(alignment, answers, spec.outputs, what="output")
    lengths = np.asarray(trace.lengths)
    if alignment.claim is Claim.EVERY_STEP:
        for probe in spec.hints:
            if probe.name in hints:
                actual = np.asarray(hints[probe.name])
                counts = np.arange(len(actual))[:, None] < lengths
                yield _Comparison(probe, np.asarray(trace.hints[probe.name]), actual, counts)
        last = lengths - 1
    else:
        last = np.full_like(lengths, -1)
    counts = np.asarray(trace.complete)[None, :]
    for probe in spec.outputs:
        if probe.name in answers:
            ended = np.asarray(answers[probe.name])[last, np.arange(len(last))]
            expected = np.asarray(trace.outputs[probe.name])
            yield _Comparison(probe, expected[None], ended[None], counts)


def _check_known(
    alignment: Alignment, given: Probes, probes: tuple[Probe, ...], *, what: str
) -> None:
    names = [p.name for p in probes]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise InputError(
            f"the alignment of {alignment.name} gives the {what} {', '.join(unknown)}, but the "
            f"algorithm has {', '.join(names) or 'none'}."
        )


def _differences(comparison: _Comparison) -> np.ndarray:
    """How far apart the values are where they count: inf where they are unequal and no scalars."""
    expected, actual = comparison.expected, comparison.actual
    if comparison.probe.kind is Kind.SCALAR:
        equal = expected == actual
        apart = np.abs(np.where(equal, 0, expected) - np.where(equal, 0, actual))
        apart = np.where(np.isnan(apart), np.inf, apart)
    else:
        apart = np.where(expected == actual, 0.0, np.inf)
    counts = comparison.counts.reshape(comparison.counts.shape + (1,) * (apart.ndim - 2))
    return np.where(counts, apart, 0.0)


def _largest_difference(comparison: _Comparison) -> float:
    if comparison.probe.kind is not Kind.SCALAR:
        return 0.0
    return float(_differences(comparison).max(initial=0.0))


def _first_mismatch(
    compared: list[_Comparison], inputs: Mapping[str, Any], tolerance: float
) -> Mismatch | None:
    """The earliest step first; outputs come after all steps."""
    found: list[tuple[tuple[float, ...], Mismatch]] = []
    for order, comparison in enumerate(compared):
        wrong = np.argwhere(_differences(comparison) > tolerance)
        if not len(wrong):
            continue
        first = tuple(int(k) for k in wrong[0])
        step, instance, place = first[0], first[1], first[2:]
        is_output = comparison.expected.shape[0] == 1 and comparison.probe.stage.value == "output"
        mismatch = Mismatch(
            instance=instance,
            step=None if is_output else step,
            probe=comparison.probe.name,
            place=place,
            expected=comparison.expected[first].item(),
            actual=comparison.actual[first].item(),
            inputs={name: np.asarray(value)[instance] for name, value in inputs.items()},
        )
        found.append(((np.inf if is_output else step, instance, order), mismatch))
    return min(found, key=lambda entry: entry[0])[1] if found else None
