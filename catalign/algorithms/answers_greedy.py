"""Checks of answers that are sets: activities and tasks.

Each check gets inputs and outputs of a batch and returns the violated places.
"""

import numpy as np
from jaxtyping import Bool, Shaped

from catalign.algorithms.check import HostProbes

_Values = Shaped[np.ndarray, " n"]
_Set = Bool[np.ndarray, " n"]


def activity_selector(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether the activities do not overlap, and no other such set is larger.

    Selected activities that overlap are violated. Without any, and with too few selected: those
    that could be added; if there are none, the last one before which too few were.
    """
    wrong = np.zeros(outputs["selected"].shape, bool)
    for b, chosen in enumerate(outputs["selected"]):
        wrong[b] = _misselected(inputs["s"][b], inputs["f"][b], chosen)
    return {"selected": wrong}


def _misselected(start: _Values, finish: _Values, chosen: _Set) -> _Set:
    # One follows the other; an activity of length 0 may do so at either end.
    follows = start[None, :] >= finish[:, None]
    apart = follows | follows.T | np.eye(len(start), dtype=bool)
    overlaps = chosen & (~apart & chosen[None, :]).any(axis=1)
    ordered = np.lexsort((start, finish))
    # When a largest set finishes its activities: no set has finished its i-th before the i-th.
    finished: list[float] = []
    for i in ordered:
        if not finished or start[i] >= finished[-1]:
            finished.append(float(finish[i]))
    picked = [i for i in ordered if chosen[i]]
    if overlaps.any() or len(picked) == len(finished):
        return overlaps
    addable = ~chosen & ~(~apart & chosen[None, :]).any(axis=1)
    if addable.any():
        return addable
    next_start = np.append(start[picked[1:]], np.inf)
    possible = np.searchsorted(finished, next_start, side="right")
    behind = int(np.flatnonzero(possible > np.arange(1, len(picked) + 1))[0])
    return np.arange(len(start)) == picked[behind]


def task_scheduling(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether the tasks are those of the benchmark's rule, or a heaviest set.

    By the rule of the benchmark, which the algorithm follows: tasks come heaviest first, equal ones
    in any order, each takes the next free slot if that meets its deadline and is refused otherwise.
    Or as the textbook's problem asks: they can be done in time, and no other such set is heavier.
    A set that is neither is violated where it breaks the rule.

    Maths: in the matroid of sets that can be done in time, a set is of greatest weight iff each
      task outside of it closes a circuit with tasks that are no lighter.
    """
    wrong = np.zeros(outputs["selected"].shape, bool)
    for b, chosen in enumerate(outputs["selected"]):
        deadline, weight = inputs["d"][b], inputs["w"][b]
        if _exchangeable(deadline, weight, chosen).any():
            wrong[b] = _against_rule(deadline, weight, chosen)
    return {"selected": wrong}


def _late(deadline: _Values, chosen: _Set, first_slot: int) -> _Set:
    """The tasks that are late if all start from a slot on, the earliest deadline first."""
    order = np.flatnonzero(chosen)[np.argsort(deadline[chosen], kind="stable")]
    late = np.zeros(chosen.shape, bool)
    late[order] = first_slot + np.arange(len(order)) >= deadline[order]
    return late


def _against_rule(deadline: _Values, weight: _Values, chosen: _Set) -> _Set:
    """The tasks that the rule would have treated otherwise, in any order of equal weights.

    Of equal tasks those selected came first: that fills the most slots before each refusal.
    """
    wrong = np.zeros(chosen.shape, bool)
    for w in np.unique(weight):
        taken = int((chosen & (weight > w)).sum())
        equal = weight == w
        slots = taken + int((chosen & equal).sum())
        wrong |= _late(deadline, chosen & equal, taken) | (equal & ~chosen & (deadline > slots))
    return wrong


def _exchangeable(deadline: _Values, weight: _Values, chosen: _Set) -> _Set:
    """The tasks that show that a set is not the heaviest: what it gains by them, or cannot do.

    Selected ones that are late or have negative weight; refused ones that could be added or could
    replace a lighter one.
    """
    wrong = _late(deadline, chosen, 0) | (chosen & (weight < 0))
    slots = np.arange(1, len(chosen) + 1)
    due = (chosen[None, :] & (deadline[None, :] <= slots[:, None])).sum(axis=1)
    for i in np.flatnonzero(~chosen):
        full = slots[(due >= slots) & (slots >= deadline[i])]
        least = weight[chosen & (deadline <= full[0])].min() if len(full) else 0
        wrong[i] = weight[i] > least
    return wrong
