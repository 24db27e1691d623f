"""Checks answers against scipy and plain Python, and turns predecessors into distances."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from scipy.sparse import csgraph

from catalign._errors import InputError
from tasks.answer import Verdict
from tasks.graph_input import Graph

TOLERANCE = 1e-6
"""How far a path may be from the shortest, relative to it: reasoners compute in float32."""


@dataclass(frozen=True, eq=False)
class Tree:
    """The paths that predecessors trace, on the host.

    Attributes:
      distance: The length of the path from the source to each node; infinite where there is none.
      broken: The nodes whose predecessor is no neighbour, or whose path runs in a cycle.
    """

    distance: np.ndarray
    broken: np.ndarray


def follow(graph: Graph, source: int, predecessors: np.ndarray) -> Tree:
    """Follows predecessors to the source and adds up the weights, in float64.

    Args:
      graph: The graph.
      source: Where the paths start.
      predecessors: The node before each node; itself at the source and where there is no path.
    """
    n = graph.n_node
    nodes = np.arange(n)
    parent = np.asarray(predecessors, dtype=np.int64)
    root = parent == nodes
    keys = graph.receivers.astype(np.int64) * n + graph.senders
    wanted = nodes * n + parent
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    there = (keys[place] == wanted) if len(keys) else np.zeros(n, dtype=bool)
    bad = ~root & ~there
    length = np.where(there & ~root, graph.weights[place], 0.0) if len(keys) else np.zeros(n)
    for _ in range(max(n, 1).bit_length()):
        length = length + length[parent]
        bad = bad | bad[parent]
        parent = parent[parent]
    # After so many doublings every path has ended in a root, unless it runs in a cycle.
    bad = bad | ~root[parent]
    return Tree(np.where((parent == source) & ~bad, length, np.inf), bad)


def shortest_distances(graph: Graph, source: int) -> tuple[np.ndarray, str]:
    """The distances from a source by scipy, and the name of the function that computed them.

    Raises:
      InputError: The graph has a cycle of negative weight.
    """
    shape = (graph.n_node, graph.n_node)
    matrix = scipy.sparse.csr_array((graph.weights, (graph.senders, graph.receivers)), shape=shape)
    if not np.any(graph.weights < 0):
        return csgraph.dijkstra(matrix, indices=source), "scipy.sparse.csgraph.dijkstra"
    try:
        return csgraph.bellman_ford(matrix, indices=source), "scipy.sparse.csgraph.bellman_ford"
    except csgraph.NegativeCycleError:
        raise InputError(
            "--input has a cycle of negative weight, so that there are no shortest paths. "
            "An undirected edge of negative weight is such a cycle: is the graph directed?"
        ) from None


def check_paths(graph: Graph, tree: Tree, expected: np.ndarray, reference: str) -> Verdict:
    """Compares the paths of a predecessor tree with the true distances.

    Args:
      graph: The graph.
      tree: The paths.
      expected: The true distances.
      reference: What computed them.
    """
    if tree.broken.any():
        name = graph.names[int(np.flatnonzero(tree.broken)[0])]
        count = int(tree.broken.sum())
        text = f"{count} of {graph.n_node} nodes have no valid path; the first is {name!r}."
        return Verdict(False, reference, text)
    both = np.isfinite(expected) & np.isfinite(tree.distance)
    wrong = np.isfinite(expected) != np.isfinite(tree.distance)
    scale = np.maximum(np.abs(expected[both]), _scale(graph))
    wrong[both] = np.abs(tree.distance[both] - expected[both]) > TOLERANCE * scale
    if wrong.any():
        k = int(np.flatnonzero(wrong)[0])
        text = (
            f"{int(wrong.sum())} of {graph.n_node} distances differ from {reference}; the first is "
            f"{graph.names[k]!r}: {tree.distance[k]:g}, should be {expected[k]:g}."
        )
        return Verdict(False, reference, text)
    text = (
        f"all {graph.n_node} distances equal those of {reference} (relative tolerance "
        f"{TOLERANCE:g}), and every predecessor is an edge of a shortest path."
    )
    return Verdict(True, reference, text)


def check_sorted(numbers: Sequence[float], order: Sequence[int] | None) -> Verdict:
    """Compares a sorting order with Python's `sorted`.

    Args:
      numbers: The numbers as given.
      order: The place of each number of the answer; None if the answer was no permutation.
    """
    reference = "Python's sorted"
    if order is None:
        return Verdict(False, reference, "the predecessors are no permutation of the numbers.")
    expected = sorted(numbers)
    wrong = [k for k, place in enumerate(order) if numbers[place] != expected[k]]
    if wrong:
        k = wrong[0]
        text = (
            f"{len(wrong)} of {len(numbers)} places differ from {reference}; "
            f"the first is place {k + 1}: {numbers[order[k]]:g}, should be {expected[k]:g}."
        )
        return Verdict(False, reference, text)
    return Verdict(
        True, reference, f"all {len(numbers)} numbers stand where {reference} puts them."
    )


def check_sum(first: str, second: str, answer: str) -> Verdict:
    """Compares a sum with schoolbook addition of the decimal digits.

    Python's integers are not used: turning very long ones into text takes quadratic time.

    Args:
      first: Decimal digits.
      second: Decimal digits.
      answer: Decimal digits, without leading zeros.
    """
    reference = "schoolbook addition in Python"
    width = max(len(first), len(second))
    carry, digits = 0, []
    for a, b in zip(reversed(first.zfill(width)), reversed(second.zfill(width)), strict=True):
        carry, digit = divmod(int(a) + int(b) + carry, 10)
        digits.append(digit)
    expected = "".join(map(str, [carry, *reversed(digits)])).lstrip("0") or "0"
    if answer == expected:
        return Verdict(True, reference, f"all {len(expected)} digits of the sum equal {reference}.")
    wrong = sum(a != b for a, b in zip(reversed(answer), reversed(expected), strict=False))
    wrong += abs(len(answer) - len(expected))
    return Verdict(False, reference, f"{wrong} of {len(expected)} digits differ from {reference}.")


def _scale(graph: Graph) -> float:
    """The largest weight: sums in which large weights cancel are only as exact as these."""
    return float(np.max(np.abs(graph.weights), initial=0.0)) if np.any(graph.weights < 0) else 0.0
