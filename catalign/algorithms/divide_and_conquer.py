"""The maximum subarray, in one pass (Cormen et al., chapter 4, exercise 4.1-5)."""

import functools
from typing import NamedTuple

import jax.numpy as jnp

from catalign._typing import Index, Probes, Scalar
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.chain import CONSTANT_PRED_H, chain
from catalign.algorithms.inputs import POS
from catalign.algorithms.searching import node_output
from catalign.algorithms.sorting import KEY, node_hint, sample_keys
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.key import UniformKeys


class _Kadane(NamedTuple):
    """The best sum over all subarrays so far, and the best over those that end at j.

    Each comes with the ends of its subarray: `best_low` and `best_high`, `i` and `j`.
    """

    best_low: Index
    best_high: Index
    best_sum: Scalar
    i: Index
    j: Index
    sum: Scalar


def _start(inputs: Probes) -> _Kadane:
    zero, first = jnp.int32(0), inputs["key"][0]
    return _Kadane(zero, zero, first, zero, zero, first)


def _step(inputs: Probes, state: _Kadane) -> _Kadane:
    """One turn of the loop: the best subarray that ends at j extends the last, or begins anew.

    Maths: `sum_j = max(key_j, sum_(j-1) + key_j)`.
    """
    j = state.j + 1
    here = inputs["key"][j]
    begins = here > state.sum + here
    i = jnp.where(begins, j, state.i)
    total = jnp.where(begins, here, state.sum + here)
    best = total > state.best_sum
    return _Kadane(
        best_low=jnp.where(best, i, state.best_low),
        best_high=jnp.where(best, j, state.best_high),
        best_sum=jnp.where(best, total, state.best_sum),
        i=i,
        j=j,
        sum=total,
    )


def _hints(inputs: Probes, state: _Kadane) -> Probes:
    return {"pred_h": chain(inputs["key"].shape[0]), **state._asdict()}


find_maximum_subarray_kadane = Algorithm(
    name="find_maximum_subarray_kadane",
    spec=Spec(
        POS,
        KEY,
        CONSTANT_PRED_H,
        node_hint("best_low"),
        node_hint("best_high"),
        Probe("best_sum", Stage.HINT, Location.GRAPH, Kind.SCALAR),
        node_hint("i"),
        node_hint("j"),
        Probe("sum", Stage.HINT, Location.GRAPH, Kind.SCALAR),
        node_output("start"),
        node_output("end"),
    ),
    sampler=functools.partial(sample_keys, keys=UniformKeys(-1.0, 1.0)),
    init=_start,
    step=_step,
    done=lambda inputs, state: state.j == inputs["key"].shape[0] - 1,
    hints=_hints,
    outputs=lambda inputs, state: {"start": state.best_low, "end": state.best_high},
    max_steps=lambda n: n,
    source="Kadane's algorithm; Cormen et al., Introduction to Algorithms, exercise 4.1-5",
)
"""The contiguous nodes with the greatest sum, at least one node. Of equal sums the first to end
wins, and of those that end together the longest."""
