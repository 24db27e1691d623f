"""Checks of user-given inputs against a spec, on the host and before any work."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer

from catalign._errors import InputError, ShapeMismatchError
from catalign._typing import Probes
from catalign.algorithms.spec import Kind, Probe, Spec, Stage

HostProbes: TypeAlias = Mapping[str, np.ndarray]
"""Values of probes by name, on the host, with a batch axis."""


def instance_size(spec: Spec, inputs: Probes) -> int:
    """The number of nodes of an instance, or of each instance of a batch.

    Raises:
      ShapeMismatchError: The first probe at the nodes is a single number.
    """
    probe = next(p for p in spec.inputs if p.rank > 0)
    shape = np.shape(inputs[probe.name])
    if not shape:
        raise ShapeMismatchError(
            f"`inputs[{probe.name!r}]` is a single number, but it holds a value for each "
            f"{probe.location.value}: give an array."
        )
    return shape[-1]


def stored(probe: Probe, values: Array) -> Array:
    """The values on the device, in the type in which `Kind` stores them."""
    values = jnp.asarray(values)
    if probe.kind is Kind.SCALAR:
        return values if jnp.issubdtype(values.dtype, jnp.floating) else values.astype(float)
    return values if probe.kind is Kind.MASK else values.astype(jnp.int32)


def check_inputs(name: str, spec: Spec, inputs: Probes, *, min_size: int) -> None:
    """Raises unless a batch of inputs fits a spec.

    Names and shapes are checked always; values only outside of jit, where they are concrete.

    Raises:
      InputError: A probe is missing or unknown, there are fewer than `min_size` nodes, a value is
        NaN or infinite, or an index is out of range.
      ShapeMismatchError: A probe has another shape or dtype than its location and kind ask for.
    """
    expected = [p.name for p in spec.inputs]
    missing = [x for x in expected if x not in inputs]
    unknown = [x for x in inputs if x not in expected]
    if missing or unknown:
        raise InputError(
            f"`inputs` of {name} must be {', '.join(expected)}; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}."
        )
    n = instance_size(spec, inputs)
    if n < min_size:
        raise InputError(f"`inputs` of {name} have {n} nodes; it needs at least {min_size}.")
    leading = np.shape(inputs[expected[0]])[:1]
    if leading == (0,):
        raise InputError(f"`inputs` of {name} hold no instance: give a batch of at least one.")
    for probe in spec.inputs:
        shape = leading + (n,) * probe.rank
        if np.shape(inputs[probe.name]) != shape:
            raise ShapeMismatchError(
                f"`inputs[{probe.name!r}]` of {name} has shape {np.shape(inputs[probe.name])}, "
                f"but the {probe.location.value} {probe.kind.value} of {n} nodes and batch "
                f"{leading} has shape {shape}."
            )
    if is_concrete(inputs):
        for probe in spec.inputs:
            _check_values(name, probe, np.asarray(inputs[probe.name]), n)


def check_size(name: str, size: Any, *, min_size: int) -> None:
    """Raises unless a number of nodes is one that an algorithm is defined for.

    Raises:
      InputError: It is no whole number, or below `min_size`.
    """
    if not isinstance(size, int | np.integer):
        raise InputError(
            f"`size` is {size!r}: give {name} a number of nodes, or a law such as `Sizes((8, 16))`."
        )
    if size < min_size:
        raise InputError(f"`size` is {size}, but {name} needs at least {min_size} nodes.")


def check_laws(name: str, sampler: Callable[..., Any], laws: Mapping[str, Any]) -> None:
    """Raises unless a sampler takes laws of these names and families.

    Raises:
      InputError: It takes none of that name, or the value is no law of the family of its default.
    """
    _, *parameters = inspect.signature(sampler).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    known = {p.name: p.default for p in parameters if p.name != "size"}
    for key, law in laws.items():
        if key not in known:
            raise InputError(
                f"{name} has no law {key!r}; it has {', '.join(sorted(known)) or 'none'}."
            )
        family = next((c for c in type(known[key]).__mro__ if inspect.isabstract(c)), object)
        if not isinstance(law, family):
            raise InputError(
                f"`{key}` of {name} is {law!r}, but it takes a law of the family "
                f"{family.__name__}, for example {known[key]!r}."
            )


def check_shown(name: str, spec: Spec, stage: Stage, shown: Mapping[str, Any], n: int) -> None:
    """Raises unless the hints or outputs that an algorithm shows fit its spec.

    Args:
      name: The name of the algorithm.
      spec: Its probes.
      stage: Hints or outputs.
      shown: Anything with a shape and a dtype for each probe, with a batch axis.
      n: The number of nodes.

    Raises:
      InputError: A probe is missing or unknown.
      ShapeMismatchError: A probe has another shape or type of number than the spec asks for.
    """
    expected = [p.name for p in spec.at(stage)]
    if set(shown) != set(expected):
        raise InputError(
            f"{name} shows the {stage.value} probes {', '.join(sorted(shown)) or 'none'}, but its "
            f"spec has {', '.join(sorted(expected)) or 'none'}."
        )
    for probe in spec.at(stage):
        value = shown[probe.name]
        shape, kind = (n,) * probe.rank, _stored_kind(probe)
        if value.shape[1:] != shape or not jnp.issubdtype(value.dtype, kind):
            raise ShapeMismatchError(
                f"{name} shows {probe} with shape {value.shape[1:]} and dtype {value.dtype}, but "
                f"with {n} nodes it has shape {shape} and dtype {kind.__name__}."
            )


def check_same_spec(subject: str, spec: Spec, name: str, wanted: Spec) -> None:
    """Raises unless what stands for an algorithm has the algorithm's probes, in any order.

    Args:
      subject: What stands for it, in a few words.
      spec: Its probes.
      name: The name of the algorithm.
      wanted: The probes of the algorithm.

    Raises:
      InputError: A probe is missing or unknown, or has the name but not the type of another.
    """
    own = [p for p in spec if p not in wanted.probes]
    other = [p for p in wanted if p not in spec.probes]
    if own or other:
        raise InputError(
            f"{subject} has another spec than {name}. Only {subject} has: {_listed(own)}; only "
            f"{name} has: {_listed(other)}. Give the algorithm that it stands for."
        )


def _listed(probes: Sequence[Probe]) -> str:
    shown = []
    for probe in probes:
        classes = "" if probe.classes is None else f" of {probe.classes} classes"
        shown.append(f"{probe}{classes}{' (partial)' if probe.partial else ''}")
    return ", ".join(shown) or "none"


def _stored_kind(probe: Probe) -> Any:
    if probe.kind is Kind.SCALAR:
        return jnp.floating
    if probe.kind is Kind.MASK:
        return jnp.int8 if probe.partial else jnp.bool_
    return jnp.int32


def is_concrete(inputs: Probes) -> bool:
    """Whether the values are known: outside of jit, vmap and grad."""
    return not any(isinstance(value, Tracer) for value in inputs.values())


def _check_values(name: str, probe: Probe, values: np.ndarray, n: int) -> None:
    label = f"`inputs[{probe.name!r}]` of {name}"
    if not (np.issubdtype(values.dtype, np.number) or values.dtype == bool):
        raise ShapeMismatchError(f"{label} has dtype {values.dtype}, but probes hold numbers.")
    if probe.kind is Kind.SCALAR:
        bad = ~np.isfinite(values)
        if bad.any():
            raise InputError(
                f"{label} is {values[bad][0]} at {_where(bad)}. Every scalar must be finite."
            )
    elif probe.kind is Kind.MASK:
        if values.dtype != bool and not (probe.partial and values.dtype == np.int8):
            raise ShapeMismatchError(
                f"{label} has dtype {values.dtype}, but a mask is bool. Use `values.astype(bool)`."
            )
    else:
        bound = probe.classes if probe.classes is not None else n
        if not np.issubdtype(values.dtype, np.integer):
            raise ShapeMismatchError(
                f"{label} has dtype {values.dtype}, but a {probe.kind.value} is an int32 index."
            )
        bad = (values < (-1 if probe.partial else 0)) | (values >= bound)
        if bad.any():
            raise InputError(
                f"{label} is {values[bad][0]} at {_where(bad)}, outside 0 to {bound - 1}."
            )


def _where(bad: np.ndarray) -> str:
    return f"index {tuple(int(i) for i in np.argwhere(bad)[0])}"
