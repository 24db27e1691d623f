"""Runs a reasoner on a list of numbers."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from catalign._errors import InputError, UnsupportedError
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Kind, Location, Spec
from catalign.nn.reasoner import AbstractReasoner
from tasks.answer import Answer, Verdict
from tasks.execution import compute, facts
from tasks.verify import check_sorted

LIMIT = 2048
"""The most numbers: sorting networks here work on all pairs."""


def sorts(spec: Spec) -> bool:
    """Whether a spec is that of a sorting algorithm: one key a node in, a predecessor list out."""
    keys = [p for p in spec.inputs if p.name != "pos"]
    return [(p.location, p.kind) for p in keys] == [(Location.NODE, Kind.SCALAR)] and [
        p.kind for p in spec.outputs
    ] == [Kind.SHOULD_BE_PERMUTATION]


def solve_numbers(
    algorithm: Algorithm, reasoner: AbstractReasoner, numbers: Sequence[float]
) -> tuple[Answer, Verdict]:
    """Sorts numbers with a reasoner and checks the order.

    Args:
      algorithm: A sorting algorithm.
      reasoner: The trained reasoner.
      numbers: The instance.

    Raises:
      InputError: There are too few numbers.
      UnsupportedError: There are too many.
    """
    n = len(numbers)
    if n < algorithm.min_size:
        raise InputError(
            f"--input has {n} numbers, but {algorithm.name} needs at least {algorithm.min_size}."
        )
    if n > LIMIT:
        raise UnsupportedError(f"--input has {n} numbers, but this reasoner sorts at most {LIMIT}.")
    inputs = {
        probe.name: jnp.arange(n, dtype=float) / n
        if probe.name == "pos"
        else jnp.asarray(_scaled(numbers), dtype=float)
        for probe in algorithm.spec.inputs
    }
    execution = compute(algorithm, reasoner, inputs)
    order = chain_order(np.asarray(execution.outputs[algorithm.spec.outputs[0].name]))
    rows = [] if order is None else [(k + 1, numbers[i], i + 1) for k, i in enumerate(order)]
    told = {"numbers": n, **facts(execution)}
    return Answer(("place", "value", "given_at"), rows, told), check_sorted(numbers, order)


def chain_order(predecessors: np.ndarray) -> list[int] | None:
    """The order that predecessors spell, from the one that is its own; None if they spell none.

    Example:
      >>> chain_order(np.array([2, 1, 1]))
      [1, 2, 0]
    """
    n = len(predecessors)
    after = {int(p): v for v, p in enumerate(predecessors) if p != v}
    heads = [v for v, p in enumerate(predecessors) if p == v]
    if len(heads) != 1 or len(after) != n - 1:
        return None
    order = [heads[0]]
    while order[-1] in after and len(order) < n:
        order.append(after[order[-1]])
    return order if len(order) == n else None


def _scaled(numbers: Sequence[float]) -> np.ndarray:
    """The numbers on [0, 1), where the training keys lie; their order stays."""
    values = np.asarray(numbers, dtype=np.float64)
    low, high = values.min(), values.max()
    # Halves first, so that the difference of very large numbers does not overflow.
    spread = high / 2 - low / 2
    return (values / 2 - low / 2) / spread * (1 - 2**-20) if spread > 0 else np.zeros_like(values)
