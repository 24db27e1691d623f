"""Checks of answers about the structure of a graph: searches, orders, components, cuts.

Each check gets inputs and outputs of a batch, pointers in range, and returns the violated places.
"""

import numpy as np

from catalign.algorithms.check import HostProbes
from catalign.algorithms.inputs import edge_costs
from catalign.algorithms.relation import (
    Relation,
    closure,
    is_bridge,
    on_circle,
    one_hot,
    product,
    subtrees,
    sum_along,
    unlinked,
    without_loops,
)


def _edges(inputs: HostProbes) -> Relation:
    return without_loops(inputs["adj"])


def dfs(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether some order of scanning gives this forest. Any will do.

    An edge between different branches of the forest leads to a branch that was searched before: of
    siblings, and likewise of roots, each such edge says which was first. The forest is one of a
    depth-first search iff these demands can be met together: they run in no circle.

    Source: Tarjan 1972.
    """
    pi, edges = outputs["pi"], _edges(inputs)
    root = pi == np.arange(pi.shape[1])[None, :]
    into = np.take_along_axis(edges, pi[:, None, :], axis=1)[:, 0]
    below = subtrees(pi)
    crossed = product(below, edges, below.swapaxes(1, 2)) > 0
    parent = np.where(root, -1, pi)
    demands = crossed & without_loops(parent[:, :, None] == parent[:, None, :])
    circular = (demands & closure(demands).swapaxes(1, 2)).any(axis=2)
    return {"pi": (~root & ~into) | on_circle(pi) | circular}


def topological_sort(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether the list holds every node once, and no edge points backwards.

    A node is violated whose pointer breaks the list, or one of whose edges points backwards; the
    head, if it is not the start of the list.
    """
    topo, head = outputs["topo"], outputs["topo_head"]
    node = np.arange(topo.shape[1])[None, :]
    broken = unlinked(topo)
    behind = sum_along(topo, np.ones(topo.shape))
    edges = np.isfinite(edge_costs(inputs))
    backwards = (edges & (behind[:, :, None] <= behind[:, None, :])).any(axis=2)
    whole = ~broken.any(axis=1, keepdims=True)
    late = ((topo == head[:, None]) & (node != head[:, None])).any(axis=1)
    return {"topo": broken | (backwards & whole), "topo_head": late}


def strongly_connected_components(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether each component has one of its own nodes as its name; any of them will do.

    A node is violated whose name is not in its component, or is not the commonest one there.
    """
    names, reach = outputs["scc_id"], closure(_edges(inputs))
    marks = one_hot(names)
    together = reach & reach.swapaxes(1, 2)
    outside = ~(together & marks).any(axis=2)
    # How many nodes of v's component have the name x; of equal counts the first name.
    votes = product(together, marks)
    return {"scc_id": outside | (names != votes.argmax(axis=2))}


def articulation_points(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether the nodes marked are those without which two of their neighbours part."""
    edges = _edges(inputs)
    node = np.arange(edges.shape[1])
    # Row v: what one neighbour of v reaches without v.
    reach = edges & (edges.argmax(axis=2)[:, :, None] == node)
    while True:
        further = reach | without_loops(product(reach, edges) > 0)
        if (further == reach).all():
            break
        reach = further
    return {"is_cut": outputs["is_cut"] != (edges & ~reach).any(axis=2)}


def bridges(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether the edges marked are those without which their ends part; other pairs are free."""
    edges = _edges(inputs)
    asked = inputs["adj"] | np.eye(edges.shape[1], dtype=bool)[None]
    return {"is_bridge": asked & (outputs["is_bridge"] != is_bridge(edges))}
