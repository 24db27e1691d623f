"""Searching: minimum, binary search and quickselect (Cormen et al., chapters 2 and 9)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from catalign._errors import InputError
from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import ascending
from catalign.algorithms.chain import CONSTANT_PRED_H, PRED_H, chain
from catalign.algorithms.check import HostProbes
from catalign.algorithms.inputs import POS, positions
from catalign.algorithms.sorting import KEY, UNIFORM, node_hint, sample_keys
from catalign.algorithms.sorting_quick import Partition, partition, whole
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.key import AbstractKeyLaw


def node_output(name: str) -> Probe:
    """An output that marks one node: what a search finds."""
    return Probe(name, Stage.OUTPUT, Location.NODE, Kind.MASK_ONE)


class _Minimum(NamedTuple):
    least: Index
    i: Index


def _minimum_step(inputs: Probes, state: _Minimum) -> _Minimum:
    """One turn of the loop: keeps node i if its key is less than the least so far."""
    key, i = inputs["key"], state.i + 1
    return _Minimum(jnp.where(key[i] < key[state.least], i, state.least), i)


minimum = Algorithm(
    name="minimum",
    spec=Spec(POS, KEY, CONSTANT_PRED_H, node_hint("min_h"), node_hint("i"), node_output("min")),
    sampler=sample_keys,
    init=lambda inputs: _Minimum(jnp.int32(0), jnp.int32(0)),
    step=_minimum_step,
    done=lambda inputs, state: state.i == inputs["key"].shape[0] - 1,
    hints=lambda inputs, state: {
        "pred_h": chain(inputs["key"].shape[0]),
        "min_h": state.least,
        "i": state.i,
    },
    outputs=lambda inputs, state: {"min": state.least},
    max_steps=lambda n: n,
    source="Cormen et al., Introduction to Algorithms, section 9.1",
)
"""The node with the least key, the first of equals."""


class _Bounds(NamedTuple):
    low: Index
    high: Index


def _middle(state: _Bounds) -> Index:
    return (state.low + state.high) // 2


def _binary_step(inputs: Probes, state: _Bounds) -> _Bounds:
    """One halving: the answer lies at or before the middle iff its key is at least the target."""
    middle = _middle(state)
    before = inputs["target"] <= inputs["key"][middle]
    return _Bounds(jnp.where(before, state.low, middle + 1), jnp.where(before, middle, state.high))


def _binary_validate(inputs: HostProbes) -> None:
    falls = np.diff(inputs["key"], axis=-1) < 0
    if falls.any():
        b, i = (int(x) for x in np.argwhere(falls)[0])
        key = inputs["key"][b]
        raise InputError(
            f"`inputs['key']` of binary_search falls from {key[i]} at node {i} to {key[i + 1]} at "
            f"node {i + 1} of instance {b}. Sort the keys first."
        )


def _sample_binary(
    key: KeyArray,
    size: int,
    *,
    keys: AbstractKeyLaw = UNIFORM,
    target: AbstractKeyLaw = UNIFORM,
) -> Probes:
    """Keys of a law, sorted, and a target: uniform in [0, 1) as in the benchmark, if left out."""
    for_keys, for_target = jax.random.split(key)
    drawn = keys.sample(for_keys, size)
    return {
        "pos": positions(size),
        "key": drawn[ascending(drawn)],
        "target": target.sample(for_target, 1)[0],
    }


binary_search = Algorithm(
    name="binary_search",
    spec=Spec(
        POS,
        KEY,
        Probe("target", Stage.INPUT, Location.GRAPH, Kind.SCALAR),
        CONSTANT_PRED_H,
        node_hint("low"),
        node_hint("high"),
        node_hint("mid"),
        node_output("return"),
    ),
    sampler=_sample_binary,
    init=lambda inputs: _Bounds(jnp.int32(0), jnp.int32(inputs["key"].shape[0] - 1)),
    step=_binary_step,
    done=lambda inputs, state: state.low >= state.high,
    hints=lambda inputs, state: {
        "pred_h": chain(inputs["key"].shape[0]),
        "low": state.low,
        "high": state.high,
        "mid": _middle(state),
    },
    outputs=lambda inputs, state: {"return": state.high},
    max_steps=lambda n: 1 + (n - 1).bit_length(),
    source="Cormen et al., Introduction to Algorithms, exercise 2.3-5",
    validate=_binary_validate,
)
"""The first node with a key of at least the target, or the last node if no key is."""


class _Quickselect(NamedTuple):
    """PARTITION at work, and the rank that is sought among the places p to r."""

    part: Partition
    target: Index


def _select_start(inputs: Probes) -> _Quickselect:
    n = inputs["key"].shape[0]
    first = partition(inputs["key"], whole(n))
    return _Quickselect(first, jnp.int32(n // 2))


def _select_step(inputs: Probes, state: _Quickselect) -> _Quickselect:
    """One turn of PARTITION's loop; once the pivot stands, in the side that holds the target."""
    part, target = state
    returns = part.j == part.r
    rank = part.gap - part.p
    left = returns & (target < rank)
    right = returns & (target > rank)
    p = jnp.where(right, part.gap + 1, part.p)
    part = part._replace(
        p=p,
        r=jnp.where(left, part.gap - 1, part.r),
        gap=jnp.where(returns, p, part.gap),
        j=jnp.where(returns, p - 1, part.j),
    )
    return _Quickselect(partition(inputs["key"], part), jnp.where(right, target - rank - 1, target))


def _select_done(inputs: Probes, state: _Quickselect) -> Flag:
    part, target = state
    return (part.j == part.r) & (target == part.gap - part.p)


def _select_hints(inputs: Probes, state: _Quickselect) -> Probes:
    part, target = state
    order, n, dtype = part.order, part.order.shape[0], inputs["key"].dtype
    stands = part.j == part.r
    rank = jnp.where(stands, part.gap - part.p, part.gap)
    return {
        "pred_h": part.pred,
        "p": order[part.p],
        "r": order[part.r],
        "i": order[part.gap],
        "j": order[part.j],
        "i_rank": rank.astype(dtype) / n,
        "target": target.astype(dtype) / n,
        "pivot": order[jnp.where(stands, part.gap, part.r)],
    }


quickselect = Algorithm(
    name="quickselect",
    spec=Spec(
        POS,
        KEY,
        PRED_H,
        node_hint("p"),
        node_hint("r"),
        node_hint("i"),
        node_hint("j"),
        Probe("i_rank", Stage.HINT, Location.GRAPH, Kind.SCALAR),
        Probe("target", Stage.HINT, Location.GRAPH, Kind.SCALAR),
        node_hint("pivot"),
        node_output("median"),
    ),
    sampler=sample_keys,
    init=_select_start,
    step=_select_step,
    done=_select_done,
    hints=_select_hints,
    outputs=lambda inputs, state: {"median": state.part.order[state.part.gap]},
    max_steps=lambda n: n * (n + 1) // 2,
    source="Hoare 1961, Algorithm 65; Cormen et al., Introduction to Algorithms, section 9.2",
)
"""The node with the median key, the upper one of two. `i_rank` and `target` are places over n:
of the gap while PARTITION runs, counted from p once the pivot stands."""
