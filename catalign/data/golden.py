"""Reading and writing traces in the golden npz format, that of the recorded benchmark runs.

A file holds arrays `input/NAME` [B, ...], `hint/NAME` [T, B, ...], `output/NAME` [B, ...] and
`lengths` [B]. Masks are 0 or 1, a mask_one is one-hot over the nodes, a categorical is one-hot on
its last axis, and a place without a value holds -1 (the last class of a categorical). Hints at or
past a run's length mean nothing.
"""

import zipfile
from os import PathLike

import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign._errors import InputError, ShapeMismatchError
from catalign.algorithms.spec import Kind, Probe, Spec, Stage
from catalign.algorithms.trace import Trace


def load(path: str | PathLike[str], spec: Spec) -> Trace:
    """Reads a trace.

    Args:
      path: An npz file.
      spec: The probes that the file must hold.

    Returns:
      A batch of traces. Every run is taken as complete, and hints past a run's length repeat its
      last one.

    Raises:
      InputError: The file is missing or no npz file, or holds other probes or values than the spec
        has.
      ShapeMismatchError: A probe has another shape than the spec and the file's other probes ask
        for.

    Example:
      >>> import tempfile, jax
      >>> from catalign.algorithms.catalogue import get
      >>> bfs = get("bfs")
      >>> file = tempfile.mkdtemp() + "/bfs.npz"
      >>> save(file, bfs.spec, bfs.sample(jax.random.key(0), batch_size=2, size=4))
      >>> load(file, bfs.spec).outputs["pi"].shape
      (2, 4)
    """
    arrays = _read(path)
    expected = [_key(p) for p in spec] + ["lengths"]
    missing = [x for x in expected if x not in arrays]
    unknown = [x for x in arrays if x not in expected]
    if missing or unknown:
        raise InputError(
            f"`path` {str(path)!r} does not hold a trace of this spec; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}."
        )
    lengths = _lengths(path, arrays["lengths"])
    batch = lengths.shape[0]
    first = next(p for p in spec.inputs if p.location.rank > 0)
    shape = arrays[_key(first)].shape
    n = shape[1] if len(shape) > 1 else 0
    steps = int(lengths.max())
    for probe in spec:
        _check_shape(path, probe, arrays[_key(probe)], (batch, n, steps))
    stages = {
        stage: {p.name: decode(path, p, arrays[_key(p)]) for p in spec.at(stage)} for stage in Stage
    }
    last = np.minimum(np.arange(steps)[:, None], lengths[None, :] - 1)
    hints = {
        name: jnp.asarray(x[last, np.arange(batch)[None, :]])
        for name, x in stages[Stage.HINT].items()
    }
    return Trace(
        inputs=_to_device(stages[Stage.INPUT]),
        hints=hints,
        outputs=_to_device(stages[Stage.OUTPUT]),
        lengths=jnp.asarray(lengths, dtype=jnp.int32),
        complete=jnp.ones(batch, dtype=bool),
    )


def save(path: str | PathLike[str], spec: Spec, trace: Trace) -> None:
    """Writes a batch of complete traces.

    Args:
      path: Where to write, ending in `.npz`.
      spec: The probes of the trace.
      trace: The runs, with a batch axis.

    Raises:
      InputError: A run is not complete: the format has no place for that. Trace with more `steps`.
    """
    if not np.asarray(trace.complete).all():
        raise InputError(
            f"`trace` has {int((~np.asarray(trace.complete)).sum())} runs that were cut short, "
            "which the golden format cannot say. Trace with more `steps`."
        )
    values = {Stage.INPUT: trace.inputs, Stage.HINT: trace.hints, Stage.OUTPUT: trace.outputs}
    n = next(trace.inputs[p.name].shape[-1] for p in spec.inputs if p.rank > 0)
    arrays = {_key(p): encode(p, np.asarray(values[p.stage][p.name]), n) for p in spec}
    arrays["lengths"] = np.asarray(trace.lengths)
    with open(path, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _key(probe: Probe) -> str:
    return f"{probe.stage.value}/{probe.name}"


def _read(path: str | PathLike[str]) -> dict[str, np.ndarray]:
    try:
        # Opened here, because NumPy leaves a file that is no npz open.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        raise InputError(f"`path` {str(path)!r} does not exist.") from None
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"`path` {str(path)!r} is not a readable npz file ({error}). "
            "Write one with `golden.save`."
        ) from error


def _lengths(path: str | PathLike[str], values: np.ndarray) -> np.ndarray:
    good = values.ndim == 1 and values.size > 0 and bool(np.all(values >= 1))
    if not good or np.any(values != np.round(values)):
        raise InputError(
            f"`lengths` in {str(path)!r} must be one whole number of at least 1 for each run; "
            f"got shape {values.shape}, values {values.reshape(-1)[:4].tolist()}."
        )
    return values.astype(np.int64)


def _check_shape(
    path: str | PathLike[str], probe: Probe, values: np.ndarray, sizes: tuple[int, int, int]
) -> None:
    batch, n, steps = sizes
    tail = (n,) * probe.location.rank
    if probe.kind is Kind.CATEGORICAL:
        tail += (probe.classes,)
    shape = (batch, *tail)
    if probe.stage is Stage.HINT:
        ok = values.ndim == len(shape) + 1 and values.shape[0] >= steps
        ok, shape = ok and values.shape[1:] == shape, (steps, *shape)
    else:
        ok = values.shape == shape
    if not ok:
        raise ShapeMismatchError(
            f"{_key(probe)!r} in {str(path)!r} has shape {values.shape}, but {probe} of {n} nodes "
            f"and {batch} runs has shape {shape}."
        )


def decode(path: str | PathLike[str], probe: Probe, values: np.ndarray) -> np.ndarray:
    """From the file's form to the stored form of `Kind`."""
    kind = probe.kind
    if kind is Kind.SCALAR:
        return values.astype(np.float64)
    if kind is Kind.MASK:
        return values.astype(np.int8 if probe.partial else bool)
    if kind is Kind.MASK_ONE:
        return values.argmax(axis=-1).astype(np.int32)
    if kind is Kind.CATEGORICAL:
        empty = (values < 0).any(axis=-1)
        return np.where(empty, -1, values.argmax(axis=-1)).astype(np.int32)
    n = values.shape[-1]
    low = -1 if probe.partial else 0
    if values.min() < low or values.max() >= n:
        raise InputError(
            f"{_key(probe)!r} in {str(path)!r} points to node {values.min()} or {values.max()}, "
            f"outside {low} to {n - 1}."
        )
    return values.astype(np.int32)


def encode(probe: Probe, values: np.ndarray, n: int) -> np.ndarray:
    """From the stored form of `Kind` to the file's form."""
    if probe.kind is Kind.SCALAR:
        return values
    if probe.kind is Kind.MASK:
        return values.astype(np.int8)
    if probe.kind is Kind.MASK_ONE:
        return np.eye(n, dtype=np.int8)[values]
    if probe.kind is Kind.CATEGORICAL:
        assert probe.classes is not None
        one_hot = np.eye(probe.classes, dtype=np.int8)[values]
        return np.where(values[..., None] < 0, -one_hot, one_hot)
    return values.astype(np.int16 if n < 2**15 else np.int32)


def _to_device(values: dict[str, np.ndarray]) -> dict[str, Array]:
    return {name: jnp.asarray(x) for name, x in values.items()}
