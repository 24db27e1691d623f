"""Checks of answers about edge lists, in O((n + e) log n) and without an n x n array.

They ask what the checks of the dense algorithms ask: see `answers_graph`, `answers_graph_paths` and
`answers_graph_spanning`. The list of edges may name an edge twice: the lightest counts.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int

from catalign.algorithms.answers_graph_paths import Tree, lengths, tree_of
from catalign.algorithms.check import HostProbes
from catalign.algorithms.relation import on_circle, sum_along
from catalign.algorithms.rounding import epsilon

Nodes: TypeAlias = Int[np.ndarray, " n"]
Many: TypeAlias = Int[np.ndarray, " k"]
Marks: TypeAlias = Bool[np.ndarray, " n"]
Check: TypeAlias = Callable[[HostProbes, HostProbes], Mapping[str, np.ndarray]]


class Edges(NamedTuple):
    """The edges of one instance between different nodes, sorted by their ends and their weight."""

    senders: Int[np.ndarray, " e"]
    receivers: Int[np.ndarray, " e"]
    weights: Float[np.ndarray, " e"]
    n: int

    def weight(self, senders: Nodes) -> Float[np.ndarray, " n"]:
        """The weight of the edge from each given node to node 0, 1, ...; inf if there is none."""
        keys = self.senders * self.n + self.receivers
        asked = senders * self.n + np.arange(self.n)
        place = np.searchsorted(keys, asked)
        found = np.append(keys, -1)[place] == asked
        return np.where(found, np.append(self.weights, np.inf)[place], np.inf)

    def entered_from(self, marks: Marks) -> Marks:
        """The nodes that an edge from a marked node enters."""
        entered = np.zeros(self.n, bool)
        entered[self.receivers[marks[self.senders]]] = True
        return entered


def _edges(inputs: HostProbes, b: int, *, weighted: bool) -> Edges:
    n = inputs["pos"].shape[-1]
    s, r = (inputs[name][b].astype(np.int64) for name in ("senders", "receivers"))
    keep = (s != r) & (s < n)
    s, r = s[keep], r[keep]
    weights = inputs["A"][b][keep].astype(np.float64) if weighted else np.ones(len(s))
    order = np.lexsort((weights, r, s))
    return Edges(s[order], r[order], weights[order], n)


def _tree(edges: Edges, pi: Nodes, source: int) -> Tree:
    return tree_of(
        pi[None],
        np.array([source]),
        edges.weight(pi)[None],
        lambda inside: edges.entered_from(inside[0])[None],
    )


def _shortest(edges: Edges, pi: Nodes, source: int, eps: float) -> Marks:
    """The nodes whose pointer breaks the tree, and those that an edge offers a shorter path."""
    tree = _tree(edges, pi, source)
    length, absolute = (x[0] for x in lengths(tree))
    s, r, weights, n = edges
    slack = n * eps * (absolute[s] + np.abs(weights) + absolute[r])
    better = tree.inside[0][r] & (length[s] + weights + slack < length[r])
    wrong = tree.wrong[0].copy()
    wrong[r[better]] = True
    return wrong


def shortest_paths(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether `pi` is a shortest-path tree of the source, and unreached nodes point to themselves.

    A node is violated if its pointer breaks the tree, or if an edge offers it a shorter path.
    """
    eps = epsilon(inputs["A"])
    wrong = [
        _shortest(_edges(inputs, b, weighted=True), pi, int(inputs["s"][b]), eps)
        for b, pi in enumerate(outputs["pi"])
    ]
    return {"pi": np.stack(wrong)}


def bfs(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """As `shortest_paths`, with every edge of length 1."""
    wrong = [
        _shortest(_edges(inputs, b, weighted=False), pi, int(inputs["s"][b]), 0.0)
        for b, pi in enumerate(outputs["pi"])
    ]
    return {"pi": np.stack(wrong)}


class _Climb(NamedTuple):
    """The ways up in a forest, in steps of 1, 2, 4, ... edges.

    Attributes:
      above: Where each step leads; to the root where the way is shorter.
      heaviest: The node below the heaviest edge of each step.
      depth: The number of edges above each node.
      weight: The weight of the edge above each node; -inf at a root.
    """

    above: list[Nodes]
    heaviest: list[Nodes]
    depth: Nodes
    weight: Float[np.ndarray, " n"]

    def heavier(self, one: Many, other: Many) -> Many:
        """Of two nodes each, the one below the heavier edge."""
        return np.where(self.weight[other] > self.weight[one], other, one)

    def part(self, u: Many, v: Many) -> tuple[Many, Many, Many]:
        """The last nodes on the ways up from u and v before they meet, and the heaviest edge there.

        Returns:
          Those two nodes, roots where the ways never meet, and equal where u or v lies above the
          other; and the node below the heaviest edge between u and v.
        """
        found = self.above[-1][u]  # A root, with no edge above.
        for leads in (True, False):
            for k in reversed(range(len(self.above))):
                gap = self.depth[u] - self.depth[v] if leads else self.depth[v] - self.depth[u]
                goes, mover = gap >= 1 << k, u if leads else v
                found = np.where(goes, self.heavier(found, self.heaviest[k][mover]), found)
                moved = np.where(goes, self.above[k][mover], mover)
                u, v = (moved, v) if leads else (u, moved)
        for k in reversed(range(len(self.above))):
            goes = self.above[k][u] != self.above[k][v]
            met = self.heavier(self.heaviest[k][u], self.heaviest[k][v])
            found = np.where(goes, self.heavier(found, met), found)
            u, v = np.where(goes, self.above[k][u], u), np.where(goes, self.above[k][v], v)
        joins = (u != v) & (self.above[0][u] == self.above[0][v])
        return u, v, np.where(joins, self.heavier(found, self.heavier(u, v)), found)


def _climb(parent: Nodes, weight: Float[np.ndarray, " n"]) -> _Climb:
    is_root = parent == np.arange(len(parent))
    depth = sum_along(parent[None], np.ones((1, len(parent))))[0].astype(np.int64)
    weight = np.where(is_root, -np.inf, weight)
    climb = _Climb([parent], [np.arange(len(parent))], depth, weight)
    for _ in range(int(depth.max()).bit_length()):
        above, heaviest = climb.above[-1], climb.heaviest[-1]
        climb.heaviest.append(climb.heavier(heaviest, heaviest[above]))
        climb.above.append(above[above])
    return climb


def mst_prim(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether `pi` is a minimum spanning tree of the source's component.

    A spanning tree is minimum iff no edge is lighter than one of the tree between its ends. A node
    is violated whose pointer breaks the tree; once that is right, one whose edge to its parent is
    the heaviest of the tree between the ends of a lighter edge.
    """
    wrong = []
    for b, pi in enumerate(outputs["pi"]):
        edges = _edges(inputs, b, weighted=True)
        tree = _tree(edges, pi, int(inputs["s"][b]))
        marks = tree.wrong[0].copy()
        if not marks.any():
            climb = _climb(tree.pointers[0], tree.weight[0])
            heaviest = climb.part(edges.senders, edges.receivers)[2]
            marks[heaviest[climb.weight[heaviest] > edges.weights]] = True
        wrong.append(marks)
    return {"pi": np.stack(wrong)}


def dfs(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether some order of scanning gives this forest. Any will do.

    An edge between different branches leads to the branch that was searched before. A node is
    violated whose pointer breaks the forest; once that is right, one whose branch these demands
    let be neither among the first nor among the last of its siblings, because they run in a circle.
    """
    wrong = []
    for b, pi in enumerate(outputs["pi"]):
        edges = _edges(inputs, b, weighted=False)
        weight = edges.weight(pi)
        marks = ((pi != np.arange(edges.n)) & np.isinf(weight)) | on_circle(pi[None])[0]
        if not marks.any():
            later, sooner, _ = _climb(pi, weight).part(edges.senders, edges.receivers)
            across = later != sooner
            marks = _circular(sooner[across], later[across], edges.n)
        wrong.append(marks)
    return {"pi": np.stack(wrong)}


def _circular(senders: Many, receivers: Many, n: int) -> Marks:
    """The nodes on circles of a relation, and on the ways between circles."""
    left = np.ones(n, bool)
    for tails, heads in ((senders, receivers), (receivers, senders)):
        order = np.argsort(tails, kind="stable")
        starts = np.searchsorted(tails[order], np.arange(n + 1))
        targets, waiting = heads[order].tolist(), np.bincount(heads, minlength=n)
        free = np.flatnonzero(waiting == 0).tolist()
        while free:
            node = free.pop()
            left[node] = False
            for head in targets[starts[node] : starts[node + 1]]:
                waiting[head] -= 1
                if waiting[head] == 0:
                    free.append(head)
    return left


def mis(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether no two marked nodes are neighbours, and every other node has a marked neighbour.

    Any maximal independent set will do. A node is violated at which this fails.
    """
    beside = [
        _edges(inputs, b, weighted=False).entered_from(marks)
        for b, marks in enumerate(outputs["inmis"])
    ]
    return {"inmis": outputs["inmis"] == np.stack(beside)}


def eccentricity(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether it is the number of rounds in which the source reaches its component.

    A number shows nothing but itself, so this is found anew, without flood and echo.
    """
    found = []
    for b, source in enumerate(inputs["s"]):
        edges, rounds = _edges(inputs, b, weighted=False), 0
        reached = np.arange(edges.n) == source
        while True:
            further = reached | edges.entered_from(reached)
            if np.array_equal(further, reached):
                break
            reached, rounds = further, rounds + 1
        found.append(rounds)
    return {"eccentricity": outputs["eccentricity"] != np.array(found)}


CHECKS: Mapping[str, Check] = {
    "sparse_bellman_ford": shortest_paths,
    "sparse_bfs": bfs,
    "sparse_dfs": dfs,
    "sparse_dijkstra": shortest_paths,
    "sparse_eccentricity": eccentricity,
    "sparse_mis": mis,
    "sparse_mst_prim": mst_prim,
}
