"""Greedy algorithms: activity selection and task scheduling (Cormen et al., chapter 16)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Int

from catalign._errors import InputError
from catalign._typing import Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import ascending, put
from catalign.algorithms.chain import CONSTANT_PRED_H, chain
from catalign.algorithms.check import HostProbes
from catalign.algorithms.inputs import POS, positions
from catalign.algorithms.sorting import UNIFORM, node_hint
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.key import AbstractKeyLaw

SELECTED_H = Probe("selected_h", Stage.HINT, Location.NODE, Kind.MASK)
SELECTED = Probe("selected", Stage.OUTPUT, Location.NODE, Kind.MASK)


class _Selector(NamedTuple):
    """The activities by finish time, those selected, the one considered and the last selected."""

    order: Int[Array, " n"]
    selected: Bool[Array, " n"]
    turn: Index
    m: Index
    k: Index


def _selector_start(inputs: Probes) -> _Selector:
    # Of equal finishes the earliest start first: one of length 0 shuts out none before it.
    order = ascending(inputs["f"], inputs["s"])
    zero = jnp.int32(0)
    return _Selector(order, jnp.zeros(order.shape, bool), turn=zero, m=zero, k=zero)


def _selector_step(inputs: Probes, state: _Selector) -> _Selector:
    """Considers the activity m that finishes next: selects it if it starts once k has finished."""
    m = state.order[state.turn]
    fits = (state.turn == 0) | (inputs["s"][m] >= inputs["f"][state.k])
    return state._replace(
        selected=put(state.selected, m, jnp.bool_(True), when=fits),
        turn=state.turn + 1,
        m=m,
        k=jnp.where(fits, m, state.k),
    )


def _selector_validate(inputs: HostProbes) -> None:
    bad = inputs["s"] > inputs["f"]
    if bad.any():
        b, i = (int(x) for x in np.argwhere(bad)[0])
        raise InputError(
            f"Activity {i} of instance {b} in activity_selector starts at `inputs['s']` = "
            f"{inputs['s'][b, i]}, after it finishes at `inputs['f']` = {inputs['f'][b, i]}. "
            "Give `s` at most `f`."
        )


def _sample_activities(key: KeyArray, size: int, *, times: AbstractKeyLaw = UNIFORM) -> Probes:
    """Start and finish are the less and the greater of two draws of `times`."""
    for_one, for_other = jax.random.split(key)
    one, other = times.sample(for_one, size), times.sample(for_other, size)
    return {"pos": positions(size), "s": jnp.minimum(one, other), "f": jnp.maximum(one, other)}


activity_selector = Algorithm(
    name="activity_selector",
    spec=Spec(
        POS,
        Probe("s", Stage.INPUT, Location.NODE, Kind.SCALAR),
        Probe("f", Stage.INPUT, Location.NODE, Kind.SCALAR),
        CONSTANT_PRED_H,
        SELECTED_H,
        node_hint("m"),
        node_hint("k"),
        SELECTED,
    ),
    sampler=_sample_activities,
    init=_selector_start,
    step=_selector_step,
    done=lambda inputs, state: state.turn == inputs["pos"].shape[0],
    hints=lambda inputs, state: {
        "pred_h": chain(inputs["pos"].shape[0]),
        "selected_h": state.selected,
        "m": state.m,
        "k": state.k,
    },
    outputs=lambda inputs, state: {"selected": state.selected},
    max_steps=lambda n: n + 1,
    source="Gavril 1972; Cormen et al., Introduction to Algorithms, section 16.1",
    validate=_selector_validate,
)
"""A largest set of activities that do not overlap. One may start when another finishes."""


class _Scheduler(NamedTuple):
    """The tasks by weight, those selected, the one considered, and the time slots taken."""

    order: Int[Array, " n"]
    selected: Bool[Array, " n"]
    turn: Index
    i: Index
    t: Index


def _scheduler_start(inputs: Probes) -> _Scheduler:
    order = ascending(-inputs["w"])
    zero = jnp.int32(0)
    return _Scheduler(order, jnp.zeros(order.shape, bool), turn=zero, i=zero, t=zero)


def _scheduler_step(inputs: Probes, state: _Scheduler) -> _Scheduler:
    """Considers the heaviest task left, i: runs it in the next slot if that is in time."""
    i = state.order[state.turn]
    deadline = inputs["d"]
    fits = state.t.astype(deadline.dtype) < deadline[i]
    return state._replace(
        selected=put(state.selected, i, jnp.bool_(True), when=fits),
        turn=state.turn + 1,
        i=i,
        t=state.t + fits.astype(jnp.int32),
    )


def _scheduler_validate(inputs: HostProbes) -> None:
    deadlines = inputs["d"]
    n = deadlines.shape[-1]
    bad = (deadlines < 1) | (deadlines > n) | (deadlines != np.round(deadlines))
    if bad.any():
        b, i = (int(x) for x in np.argwhere(bad)[0])
        raise InputError(
            f"`inputs['d']` of task_scheduling is {deadlines[b, i]} at task {i} of instance {b}. "
            f"A deadline is a whole number from 1 to {n}, the number of tasks."
        )


def _sample_tasks(key: KeyArray, size: int, *, weights: AbstractKeyLaw = UNIFORM) -> Probes:
    """Deadlines uniform in 1 to n, and weights of a law: uniform in [0, 1), if left out."""
    for_deadlines, for_weights = jax.random.split(key)
    w = weights.sample(for_weights, size)
    deadlines = jax.random.randint(for_deadlines, (size,), 1, size + 1)
    return {"pos": positions(size), "d": deadlines.astype(w.dtype), "w": w}


task_scheduling = Algorithm(
    name="task_scheduling",
    spec=Spec(
        POS,
        Probe("d", Stage.INPUT, Location.NODE, Kind.SCALAR),
        Probe("w", Stage.INPUT, Location.NODE, Kind.SCALAR),
        CONSTANT_PRED_H,
        SELECTED_H,
        node_hint("i"),
        Probe("t", Stage.HINT, Location.GRAPH, Kind.SCALAR),
        SELECTED,
    ),
    sampler=_sample_tasks,
    init=_scheduler_start,
    step=_scheduler_step,
    done=lambda inputs, state: state.turn == inputs["pos"].shape[0],
    hints=lambda inputs, state: {
        "pred_h": chain(inputs["pos"].shape[0]),
        "selected_h": state.selected,
        "i": state.i,
        "t": state.t.astype(inputs["w"].dtype),
    },
    outputs=lambda inputs, state: {"selected": state.selected},
    max_steps=lambda n: n + 1,
    source="Lawler 1985; Cormen et al., Introduction to Algorithms, section 16.5",
    validate=_scheduler_validate,
)
"""Unit tasks on one machine, heaviest first, each in the next free slot if that meets its deadline.

This is the benchmark's rule. It never moves a task that it has placed, so it may refuse one that
the textbook's greedy schedule, which asks whether the set as a whole can be in time, would keep.
"""
