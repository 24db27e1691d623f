"""Checks of shortest paths: a tree of pointers, and a potential that no edge improves.

The lengths of the paths in the tree are bounds from above; that no edge improves them makes them
bounds from below. The tree is asked for apart: nodes on a circle of weight 0 can point at each
other with lengths that no edge improves, and yet no path leads there.

Rounding is allowed for: an edge u -> v is said to improve only if it does so by more than
`n * epsilon` times the absolute weights on both paths, with the epsilon of the weights' type.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from catalign.algorithms.check import HostProbes
from catalign.algorithms.inputs import edge_costs
from catalign.algorithms.relation import (
    Marks,
    Pointers,
    ends,
    on_circle,
    sum_along,
    without_loops,
)
from catalign.algorithms.rounding import epsilon

Costs = Float[np.ndarray, "b n n"]


class Tree(NamedTuple):
    """What pointers say about the tree of a source.

    Attributes:
      pointers: The pointers that follow edges; the others are replaced by the node itself.
      weight: The weight of each node's edge from its parent; 0 where it points to itself.
      inside: The nodes from which the pointers lead to the source.
      wrong: The nodes whose pointers keep it from being a tree of all that the source reaches.
    """

    pointers: Pointers
    weight: Float[np.ndarray, "b n"]
    inside: Marks
    wrong: Marks


def tree_of(
    pi: Pointers,
    source: Int[np.ndarray, " b"],
    weight: Float[np.ndarray, "b n"],
    entered_from: Callable[[Marks], Marks],
) -> Tree:
    """Reads pointers as a tree of edges from a source.

    A node is violated if: its pointer follows no edge; it lies on a circle; it is the source and
    points elsewhere; it points to itself although an edge leads to it from the tree; it points to
    such an end that is not the source and rightly points to itself.

    Args:
      pi: The pointers.
      source: Where the tree begins.
      weight: The weight of the edge that each pointer follows; inf where there is none.
      entered_from: `entered_from(marks)` gives the nodes that an edge from a marked node enters.
    """
    node = np.arange(pi.shape[1])[None, :]
    is_source = node == source[:, None]
    lost = (pi != node) & np.isinf(weight)
    pointers = np.where(lost | is_source, node, pi)
    inside = ends(pointers) == source[:, None]
    end = pointers == node
    left_out = end & ~lost & ~is_source & entered_from(inside)
    rightly = end & ~lost & ~is_source & ~left_out
    stray = ~end & np.take_along_axis(rightly, pointers, axis=1)
    strays = lost | on_circle(pointers) | left_out | stray | (is_source & (pi != node))
    return Tree(pointers, np.where(end, 0.0, weight), inside, strays)


def rooted_tree(pi: Pointers, source: Int[np.ndarray, " b"], costs: Costs) -> Tree:
    """Reads pointers as a tree of the edges of finite cost: see `tree_of`."""
    weight = np.take_along_axis(costs, pi[:, None, :], axis=1)[:, 0]
    edges = np.isfinite(costs)
    return tree_of(pi, source, weight, lambda inside: np.einsum("bu,buv->bv", inside, edges))


def _unit_costs(inputs: HostProbes) -> Costs:
    return np.where(without_loops(inputs["adj"]), 1.0, np.inf)


def loopless_costs(inputs: HostProbes) -> Costs:
    """The weight of each edge between different nodes; inf where there is none."""
    costs = edge_costs(inputs)
    return np.where(np.eye(costs.shape[1], dtype=bool)[None], np.inf, costs)


def lengths(tree: Tree) -> tuple[np.ndarray, np.ndarray]:
    """The length of each path of the tree, and with absolute weights."""
    return (
        np.where(tree.inside, sum_along(tree.pointers, tree.weight), np.inf),
        np.where(tree.inside, sum_along(tree.pointers, np.abs(tree.weight)), 0.0),
    )


def _is_improved(tree: Tree, costs: Costs, eps: float) -> Marks:
    """The nodes of the tree that some edge offers a shorter path."""
    length, absolute = lengths(tree)
    offers = length[:, :, None] + costs
    weight = np.where(np.isfinite(costs), np.abs(costs), 0.0)
    slack = costs.shape[1] * eps * (absolute[:, :, None] + weight + absolute[:, None, :])
    # The lengths outside of the tree are inf: no offer comes from there, and none is judged there.
    better = tree.inside[:, None, :] & (offers + slack < length[:, None, :])
    return better.any(axis=1)


def _single_source(
    pi: Pointers, source: Int[np.ndarray, " b"], costs: Costs, eps: float
) -> tuple[Tree, Marks]:
    tree = rooted_tree(pi, source, costs)
    return tree, tree.wrong | _is_improved(tree, costs, eps)


def shortest_paths(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether `pi` is a shortest-path tree of the source, and unreached nodes point to themselves.

    A node is violated if its pointer breaks the tree, or if an edge offers it a shorter path.
    """
    costs = loopless_costs(inputs)
    return {"pi": _single_source(outputs["pi"], inputs["s"], costs, epsilon(inputs["A"]))[1]}


def bfs(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """As `shortest_paths`, with every edge of length 1."""
    return {"pi": _single_source(outputs["pi"], inputs["s"], _unit_costs(inputs), 0.0)[1]}


def floyd_warshall(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether each row of `Pi` is a shortest-path tree of its node.

    Where there is no path from i to j, `Pi[i, j]` is i. `Pi[i, i]` is i, for the empty path; at a
    node with a self-loop it may also be the last node before i on a shortest closed walk, which is
    what the algorithm finds there.
    """
    costs, eps = loopless_costs(inputs), epsilon(inputs["A"])
    node = np.arange(costs.shape[1])[None, :]
    loops = np.einsum("bii->bi", edge_costs(inputs))
    outside = (outputs["Pi"] < 0) | (outputs["Pi"] >= costs.shape[1])
    Pi = np.where(outside, 0, outputs["Pi"])
    wrong = np.zeros(Pi.shape, bool)
    for i in range(Pi.shape[1]):
        row, source = Pi[:, i], np.full(len(Pi), i)
        none = (row == i) & np.isinf(costs[:, i]) | (node == i)
        tree, faults = _single_source(np.where(none, node, row), source, costs, eps)
        wrong[:, i] = faults | ((row == node) & (node != i))
        wrong[:, i, i] = (row[:, i] != i) & ~_closes(tree, costs, loops, i, row[:, i], eps)
    return {"Pi": wrong | outside}


def _closes(
    tree: Tree, costs: Costs, loops: np.ndarray, i: int, last: np.ndarray, eps: float
) -> np.ndarray:
    """Whether the shortest closed walks from i, which has a self-loop, end over `last`."""
    length, absolute = lengths(tree)
    walks = length + costs[:, :, i]
    best = np.minimum(walks.min(axis=1), loops[:, i])
    through = np.take_along_axis(walks, last[:, None], axis=1)[:, 0]
    slack = costs.shape[1] * eps * (absolute.max(axis=1) + np.abs(best))
    return np.isfinite(loops[:, i]) & (through <= best + slack)
