"""Multimorphisms: functions of several arguments that are homomorphisms in each of them.

An edge that reads several arguments may be called again whenever a part of one has come, exactly
if its message is a multimorphism (Dudzik et al. 2023, section 3). That is another property than to
be a homomorphism of all arguments at once: a product is the first in (N, +), a sum the second.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign._errors import AxiomError, InputError
from catalign.algebra.monoid import Monoid


def is_multimorphism(
    function: Callable[..., Array],
    sources: Sequence[Monoid],
    target: Monoid,
    *,
    samples: Sequence[Array],
    tolerance: float = 0.0,
) -> bool:
    """Whether a function is a homomorphism in each argument, the others fixed, on the samples.

    Maths: `f(.., a + b, ..) = f(.., a, ..) . f(.., b, ..)` and `f(.., 0, ..) = 1`.

    Args:
      function: Takes one array for each source, row by row.
      sources: Where the arguments live.
      target: Where the values live.
      samples: For each source, values along the first axis.
      tolerance: The largest allowed difference.

    Raises:
      InputError: There is not one array of samples for each source, or one is empty.

    Example:
      >>> from catalign.algebra.instances import max_plus, min_plus, plus_times
      >>> numbers, both = jnp.array([0.0, 1.0, -2.0]), 2 * [min_plus.add]
      >>> is_multimorphism(jnp.add, both, min_plus.add, samples=2 * [numbers])
      True
      >>> both = 2 * [plus_times.add]
      >>> is_multimorphism(jnp.add, both, plus_times.add, samples=2 * [numbers])
      False
    """
    return _counterexample(function, sources, target, samples, tolerance) is None


def check_multimorphism(
    function: Callable[..., Array],
    sources: Sequence[Monoid],
    target: Monoid,
    *,
    samples: Sequence[Array],
    tolerance: float = 0.0,
) -> None:
    """Raises unless `is_multimorphism`, with the counterexample.

    Raises:
      AxiomError: A law fails; the message shows the argument, the values and both sides.
      InputError: There is not one array of samples for each source, or one is empty.
    """
    found = _counterexample(function, sources, target, samples, tolerance)
    if found is not None:
        raise AxiomError(f"the function to {target.name} {found}")


def _counterexample(
    function: Callable[..., Array],
    sources: Sequence[Monoid],
    target: Monoid,
    samples: Sequence[Array],
    tolerance: float,
) -> str | None:
    if len(sources) != len(samples) or not all(len(values) for values in samples):
        raise InputError(
            f"`samples` has arrays of {[len(values) for values in samples]} values for "
            f"{len(sources)} `sources`. Give one array of one or more values for each."
        )
    for place, source in enumerate(sources):
        counts = [len(values) for values in samples]
        *rest, other = np.indices((*counts, counts[place])).reshape(len(counts) + 1, -1)
        values = [jnp.asarray(v)[pick] for v, pick in zip(samples, rest, strict=True)]
        b = jnp.asarray(samples[place])[other]

        def at(value: Array, place: int = place, values: list[Array] = values) -> Array:
            return function(*values[:place], value, *values[place + 1 :])

        a = values[place]
        both = at(source.op(a, b)), target.op(at(a), at(b))
        unit = at(jnp.full_like(a, source.unit))
        laws = (
            ("f(a + b) = f(a).f(b)", *both),
            ("f(0) = 1", unit, jnp.full_like(unit, target.unit)),
        )
        for name, left, right in laws:
            at_row = _first_difference(left, right, tolerance)
            if at_row is not None:
                shown = [_show(value, at_row) for value in values]
                return (
                    f"breaks `{name}` in argument {place} at {shown}, b={_show(b, at_row)}: "
                    f"the left side is {_show(left, at_row)}, the right side is "
                    f"{_show(right, at_row)}."
                )
    return None


def _first_difference(left: Array, right: Array, tolerance: float) -> int | None:
    a, b = np.asarray(left), np.asarray(right)
    same = a == b
    if tolerance and np.issubdtype(a.dtype, np.floating):
        finite = np.isfinite(a) & np.isfinite(b)
        same |= finite & (np.abs(np.where(finite, a, 0) - np.where(finite, b, 0)) <= tolerance)
    wrong = np.flatnonzero(~np.all(same.reshape(len(same), -1), axis=1))
    return int(wrong[0]) if wrong.size else None


def _show(value: Array, row: int) -> Any:
    return np.asarray(value)[row].tolist()
