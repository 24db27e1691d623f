"""Traces as the `Feedback` of dm-clrs, and back; dm-clrs is asked for only when it is used."""

import importlib
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.sparse import SparseAlgorithm
from catalign.algorithms.spec import Kind, Probe, Stage
from catalign.algorithms.trace import Trace
from catalign.data.golden import decode, encode

_POINTERS = (Kind.POINTER, Kind.SHOULD_BE_PERMUTATION)


def to_feedback(algorithm: Algorithm, trace: Trace) -> Any:
    """A batch of traces as a `clrs.Feedback`, in the form that its samplers give.

    Args:
      algorithm: What was run; not one on edge lists.
      trace: A batch of complete runs.

    Raises:
      InputError: The trace has no batch axis, or a run was cut short.
      UnsupportedError: dm-clrs is not installed, or the algorithm is on edge lists.
    """
    _check_dense(algorithm)
    clrs = _clrs()
    if trace.lengths.ndim != 1 or not np.asarray(trace.complete).all():
        raise InputError(
            f"`trace` has `lengths` of shape {trace.lengths.shape} and "
            f"{int((~np.asarray(trace.complete)).sum())} runs that were cut short; a Feedback "
            "holds a batch of complete runs. Use `algorithm.traces`, with more `steps`."
        )
    n = algorithm.size(trace.inputs)
    values = {Stage.INPUT: trace.inputs, Stage.HINT: trace.hints, Stage.OUTPUT: trace.outputs}

    def points(stage: Stage) -> tuple[Any, ...]:
        return tuple(_point(clrs, p, values[stage][p.name], n) for p in algorithm.spec.at(stage))

    features = clrs.Features(
        inputs=points(Stage.INPUT),
        hints=points(Stage.HINT),
        lengths=np.asarray(trace.lengths, dtype=np.float64),
    )
    return clrs.Feedback(features=features, outputs=points(Stage.OUTPUT))


def from_feedback(algorithm: Algorithm, feedback: Any) -> Trace:
    """A `clrs.Feedback` as a batch of traces.

    Args:
      algorithm: What was run; not one on edge lists.
      feedback: A batch from a sampler of dm-clrs, before its later conversions of permutations and
        predecessor inputs.

    Raises:
      InputError: The probes are not those of the algorithm's spec, or a pointer leaves the nodes.
      ShapeMismatchError: A probe has another number of axes than the spec asks for.
      UnsupportedError: The algorithm is on edge lists.
    """
    _check_dense(algorithm)
    found = {
        Stage.INPUT: feedback.features.inputs,
        Stage.HINT: feedback.features.hints,
        Stage.OUTPUT: feedback.outputs,
    }
    lengths = np.asarray(feedback.features.lengths).astype(np.int32)
    stages = {stage: _read(algorithm, stage, points) for stage, points in found.items()}
    steps = int(lengths.max())
    last = np.minimum(np.arange(steps)[:, None], lengths[None, :] - 1)
    runs = np.arange(len(lengths))[None, :]
    hints = {name: jnp.asarray(np.asarray(x)[last, runs]) for name, x in stages[Stage.HINT].items()}
    return Trace(
        inputs=stages[Stage.INPUT],
        hints=hints,
        outputs=stages[Stage.OUTPUT],
        lengths=jnp.asarray(lengths),
        complete=jnp.ones(len(lengths), dtype=bool),
    )


def _clrs() -> ModuleType:
    try:
        return importlib.import_module("clrs")
    except ImportError as error:
        raise UnsupportedError(
            f"dm-clrs cannot be imported here ({error}). Install it: pip install dm-clrs."
        ) from error


def _check_dense(algorithm: Algorithm) -> None:
    if isinstance(algorithm, SparseAlgorithm):
        raise UnsupportedError(
            f"A Feedback has a place for every pair of nodes, but {algorithm.name} is on edge "
            "lists. Convert its traces with catalign.data.interop.to_jraph."
        )


def _point(clrs: ModuleType, probe: Probe, value: Any, n: int) -> Any:
    data = encode(probe, np.asarray(value), n)
    data = data.astype(np.int64 if probe.kind in _POINTERS else np.float64)
    # By position: the names of the fields have changed between releases.
    return clrs.DataPoint(probe.name, probe.location.value, probe.kind.value, data)


def _read(algorithm: Algorithm, stage: Stage, points: Any) -> dict[str, Any]:
    probes = algorithm.spec.at(stage)
    expected = {p.name: (p.location.value, p.kind.value) for p in probes}
    given = {p.name: (str(p.location), str(p.type_)) for p in points}
    if given != expected:
        name = next(k for k in sorted({*given, *expected}) if given.get(k) != expected.get(k))
        raise InputError(
            f"`feedback` and {algorithm.name} disagree on the {stage.value} probe {name!r}: the "
            f"feedback has {given.get(name)}, the algorithm has {expected.get(name)}."
        )
    by_name = {p.name: np.asarray(p.data) for p in points}
    result = {}
    for probe in probes:
        data = by_name[probe.name]
        one_hot = probe.kind in (Kind.MASK_ONE, Kind.CATEGORICAL)
        rank = 1 + (stage is Stage.HINT) + probe.rank + one_hot
        if data.ndim != rank:
            raise ShapeMismatchError(
                f"`feedback` holds {stage.value}/{probe.name} with shape {data.shape}, but "
                f"{probe} has {rank} axes there."
            )
        result[probe.name] = jnp.asarray(decode("feedback", probe, data))
    return result
