"""Checks of answers about sequences: sorting, searching, the maximum subarray, string matching.

Each check gets inputs and outputs of a batch, indices in range, and returns the violated places.
"""

import numpy as np

from catalign.algorithms.check import HostProbes
from catalign.algorithms.relation import unlinked
from catalign.algorithms.rounding import epsilon


def sorting(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether `pred` is a chain of all nodes along which no key falls. Equal keys go in any order.

    A node is violated whose pointer breaks the chain, or whose key is less than its predecessor's.
    """
    key, pred = inputs["key"], outputs["pred"]
    before: np.ndarray = np.take_along_axis(key, pred, axis=1)
    return {"pred": unlinked(pred) | (key < before)}


def _at(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """The value at one index of each row, as a column."""
    return np.take_along_axis(values, index[:, None], axis=1)


def minimum(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether no key is less than the key found."""
    key = inputs["key"]
    return {"min": key[np.arange(len(key)), outputs["min"]] > key.min(axis=1)}


def binary_search(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether the key found is the least that is at least the target, or the last if none is."""
    key, target = inputs["key"], inputs["target"][:, None]
    found = _at(key, outputs["return"])
    enough = (found >= target) & ~((key >= target) & (key < found)).any(axis=1, keepdims=True)
    last = (key < target).all(axis=1, keepdims=True) & (found == key[:, -1:])
    return {"return": ~(enough | last)[:, 0]}


def quickselect(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether the key found has the rank of the median, the upper one of two.

    Maths: at most n // 2 keys are less than it, and more than n // 2 are not greater.
    """
    key = inputs["key"]
    found, rank = _at(key, outputs["median"]), key.shape[1] // 2
    less, at_most = (key < found).sum(axis=1), (key <= found).sum(axis=1)
    return {"median": (less > rank) | (at_most <= rank)}


def find_maximum_subarray_kadane(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether no contiguous nodes have a greater sum than those from `start` to `end`.

    The start is violated if another start before the same end is better, and likewise the end; both
    are if only a change of both helps, or if the end comes before the start. A sum is better if it
    is so by more than `n * epsilon` times the sum of absolute keys, for rounding.
    """
    key = inputs["key"].astype(np.float64)
    n = key.shape[1]
    before = np.pad(np.cumsum(key, axis=1), ((0, 0), (1, 0)))
    # Axes: start, end.
    sums = before[:, None, 1:] - before[:, :-1, None]
    sums = np.where(np.tri(n, k=-1, dtype=bool)[None], -np.inf, sums)
    start, end, batch = outputs["start"], outputs["end"], np.arange(len(key))
    least = sums[batch, start, end] + n * epsilon(inputs["key"]) * np.abs(key).sum(axis=1)
    other_start = sums[batch, :, end].max(axis=1) > least
    other_end = sums[batch, start].max(axis=1) > least
    backwards = end < start
    both = backwards | (~other_start & ~other_end & (sums.max(axis=(1, 2)) > least))
    return {"start": other_start | both, "end": other_end | both}


def string_matching(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether the needle occurs at the node found. Any occurrence will do.

    Where there is none, the answer is the first node of the needle.
    """
    wrong = np.zeros(len(outputs["match"]), bool)
    for b, found in enumerate(outputs["match"]):
        first = int((~inputs["string"][b]).sum())
        haystack, needle = inputs["key"][b, :first], inputs["key"][b, first:]
        windows = np.lib.stride_tricks.sliding_window_view(haystack, len(needle))
        places = np.flatnonzero((windows == needle).all(axis=1))
        wrong[b] = found not in places if len(places) else found != first
    return {"match": wrong}
