"""What a reasoner predicts, and the three forms of a probe's value: stored, features and raw.

| form | scalar | mask | mask_one | categorical | pointer |
|---|---|---|---|---|---|
| stored, in a trace | float `[*s]` | bool `[*s]` | int32 `[]` | int32 `[*s]` | int32 `[*s]` |
| features, what is read | `[*s 1]` | `[*s 1]` in 0..1 | `[n 1]` | `[*s classes]` | `[*s n 1]` |
| raw, what is predicted | `[*s]` | logit `[*s]` | `[n]` | logits `[*s classes]` | logits `[*s n]` |

Here `*s` are the node axes of the probe's location. `read` goes from stored to features, `soften`
from raw to features, `harden` from raw to stored; `harden` undoes `read` up to the choice among
equal logits.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike
from jaxtyping import Int

from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algorithms.spec import Kind, Location, Probe


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Predictions:
    """Raw predictions of one supervised pass over a batch of traces.

    Attributes:
      hints: For each hint probe, the raw prediction of hint steps 1 to T-1 (step 0 is given),
        `[T-1, B, ...]`. Empty where the reasoner reads no hints.
      outputs: For each output probe, the raw prediction after the last step of each run,
        `[B, ...]`.
    """

    hints: Probes
    outputs: Probes


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Execution:
    """A reasoner's own run over a batch of instances, in stored values.

    Attributes:
      outputs: The output probes, `[B, ...]`.
      hints: The hint probes at the end of the run, `[B, ...]`.
      steps: The number of steps that each instance took, int32 `[B]`.
      converged: Whether each instance stopped by itself, or at its given length, before the step
        limit, bool `[B]`.
    """

    outputs: Probes
    hints: Probes
    steps: Int[Array, " b"]
    converged: Array


def read(probe: Probe, value: Array, n: int, dtype: DTypeLike) -> Array:
    """The features of a stored value. An unknown place of a `partial` probe reads as all zeros."""
    match probe.kind:
        case Kind.SCALAR:
            return value.astype(dtype)[..., None]
        case Kind.MASK:
            return (value.astype(jnp.int8) == 1).astype(dtype)[..., None]
        case Kind.CATEGORICAL:
            return jax.nn.one_hot(value, probe.classes or 0, dtype=dtype)
        case Kind.MASK_ONE | Kind.POINTER | Kind.SHOULD_BE_PERMUTATION:
            return jax.nn.one_hot(value, n, dtype=dtype)[..., None]


def soften(probe: Probe, raw: Array) -> Array:
    """The features of a raw prediction: the value expected under the predicted distribution."""
    match probe.kind:
        case Kind.SCALAR:
            return raw[..., None]
        case Kind.MASK:
            return jax.nn.sigmoid(raw)[..., None]
        case Kind.CATEGORICAL:
            return jax.nn.softmax(raw)
        case Kind.MASK_ONE | Kind.POINTER | Kind.SHOULD_BE_PERMUTATION:
            return jax.nn.softmax(raw)[..., None]


def harden(probe: Probe, raw: Array) -> Array:
    """The stored value of a raw prediction: the most likely one, the first among equals."""
    match probe.kind:
        case Kind.SCALAR:
            return raw
        case Kind.SHOULD_BE_PERMUTATION if probe.location is Location.NODE:
            return _harden_permutation(raw)
        case Kind.MASK:
            hard = raw > 0
            return hard.astype(jnp.int8) if probe.partial else hard
        case _:
            return jnp.argmax(raw, axis=-1).astype(jnp.int32)


def _harden_permutation(raw: Array) -> Array:
    """The first is where pointing to itself is likeliest; every other node points elsewhere."""
    n = raw.shape[-1]
    is_self = jnp.eye(n, dtype=bool)
    rest = jnp.where(jnp.broadcast_to(is_self, raw.shape), -jnp.inf, raw)
    itself = jnp.diagonal(raw, axis1=-2, axis2=-1)
    likely = itself - jax.nn.logsumexp(rest, axis=-1) if n > 1 else itself
    nodes = jnp.broadcast_to(jnp.arange(n), likely.shape)
    is_first = nodes == jnp.argmax(likely, axis=-1, keepdims=True)
    return jnp.where(is_first, nodes, jnp.argmax(rest, axis=-1)).astype(jnp.int32)


def harden_all(probes: tuple[Probe, ...], raw: Probes) -> dict[str, Array]:
    """Hardens the raw predictions of several probes.

    Raises:
      InputError: A probe has no prediction.
    """
    missing = [p.name for p in probes if p.name not in raw]
    if missing:
        raise InputError(
            f"`raw` has no prediction for {', '.join(missing)}; it has {', '.join(raw) or 'none'}."
        )
    return {p.name: harden(p, raw[p.name]) for p in probes}
