"""Checks of minimum spanning trees, by cuts.

A spanning tree is minimum iff each of its edges is a lightest one across the cut that its removal
makes. Weights are compared as they are: nothing is summed.
"""

import numpy as np

from catalign.algorithms.answers_graph_paths import Costs, loopless_costs, rooted_tree
from catalign.algorithms.check import HostProbes
from catalign.algorithms.relation import (
    Marks,
    Pointers,
    ends,
    is_bridge,
    one_hot,
    spanning_forest,
    subtrees,
)


def _is_undercut(parent: Pointers, costs: Costs) -> Marks:
    """The nodes whose edge to the parent is not a lightest one that leaves their subtree."""
    below = subtrees(parent)
    node = np.arange(parent.shape[1])
    weight = np.take_along_axis(costs, parent[:, None, :], axis=1)[:, 0]
    lightest = np.full(parent.shape, np.inf)
    for v in node:
        leaving = np.where(below[:, v, :, None], costs, np.inf).min(axis=1)
        lightest[:, v] = np.where(below[:, v], np.inf, leaving).min(axis=1)
    return (parent != node[None, :]) & (lightest < weight)


def mst_prim(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether `pi` is a minimum spanning tree of the source's component.

    A node is violated whose pointer breaks the tree; once that is right, one whose edge to its
    parent is not a lightest across its cut.
    """
    costs = loopless_costs(inputs)
    tree = rooted_tree(outputs["pi"], inputs["s"], costs)
    whole = ~tree.wrong.any(axis=1, keepdims=True)
    return {"pi": tree.wrong | (whole & _is_undercut(tree.pointers, costs))}


def mst_kruskal(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether the marked edges are a minimum spanning tree of every component.

    A pair is violated if it is marked and is no edge, or in one direction only, or lies on a circle
    of marked edges; if it is an edge that would join two trees; once all that is right, if it is
    not a lightest edge across its cut.
    """
    marked, costs = outputs["in_mst"], loopless_costs(inputs)
    edges = np.isfinite(costs)
    sound = marked & marked.swapaxes(1, 2) & edges
    parent = spanning_forest(sound)
    root = ends(parent)
    joins = edges & (root[:, :, None] != root[:, None, :])
    circular = sound & ~is_bridge(sound)
    wrong = (marked & ~edges) | (marked != marked.swapaxes(1, 2)) | joins | circular
    whole = ~wrong.any(axis=(1, 2), keepdims=True)
    up = one_hot(parent) & _is_undercut(parent, costs)[:, :, None]
    return {"in_mst": wrong | (whole & (up | up.swapaxes(1, 2)))}
