"""Pointer maps and relations between nodes, on the host and in batches: what checks of graphs ask.

A pointer map sends each node to a node; those it sends to themselves are its ends. A relation is a
mask over ordered pairs of nodes.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

Pointers = Int[np.ndarray, "b n"]
Marks = Bool[np.ndarray, "b n"]
Relation = Bool[np.ndarray, "b n n"]


def one_hot(pointers: Pointers) -> Relation:
    """The relation of a pointer map: each node is related to the one it points to.

    Example:
      >>> one_hot(np.array([[1, 1]])).astype(int).tolist()
      [[[0, 1], [0, 1]]]
    """
    return pointers[:, :, None] == np.arange(pointers.shape[1])[None, None, :]


def ends(pointers: Pointers) -> Pointers:
    """Where the way along the pointers ends; a node on a circle, where it does not.

    Example:
      >>> ends(np.array([[0, 0, 1, 3]])).tolist()
      [[0, 0, 0, 3]]
    """
    for _ in range(pointers.shape[1].bit_length()):
        pointers = np.take_along_axis(pointers, pointers, axis=1)
    return pointers


def on_circle(pointers: Pointers) -> Marks:
    """The nodes to which the way along the pointers comes back.

    Maths: the image of a high power of the map is the set of its periodic nodes.

    Example:
      >>> on_circle(np.array([[0, 2, 1, 2]])).tolist()
      [[False, True, True, False]]
    """
    periodic = np.zeros(pointers.shape, bool)
    np.put_along_axis(periodic, ends(pointers), True, axis=1)
    return periodic & (pointers != np.arange(pointers.shape[1])[None, :])


def sum_along(pointers: Pointers, values: Float[np.ndarray, "b n"]) -> Float[np.ndarray, "b n"]:
    """The sum of the values of the nodes on the way to its end, which does not count itself.

    Means nothing where the way runs in a circle.

    Example:
      >>> sum_along(np.array([[0, 0, 1]]), np.array([[9.0, 1.0, 2.0]])).tolist()
      [[0.0, 1.0, 3.0]]
    """
    total = np.where(pointers == np.arange(pointers.shape[1])[None, :], 0.0, values)
    for _ in range(pointers.shape[1].bit_length()):
        total = total + np.take_along_axis(total, pointers, axis=1)
        pointers = np.take_along_axis(pointers, pointers, axis=1)
    return total


def unlinked(pointers: Pointers) -> Marks:
    """The nodes whose pointers keep the map from being one chain of all nodes up to a single end.

    They are the nodes that point where another one points too, the ends if there are several, and
    the nodes on circles. Without any of them, the map is a chain.

    Example:
      >>> unlinked(np.array([[0, 0, 1], [0, 0, 0]])).tolist()
      [[False, False, False], [False, True, True]]
    """
    batch, n = pointers.shape
    end = pointers == np.arange(n)[None, :]
    arrivals = np.zeros((batch, n), int)
    np.add.at(arrivals, (np.arange(batch)[:, None], pointers), ~end)
    shared = ~end & (np.take_along_axis(arrivals, pointers, axis=1) > 1)
    return shared | on_circle(pointers) | (end & (end.sum(axis=1, keepdims=True) > 1))


def product(*relations: np.ndarray) -> np.ndarray:
    """How many ways lead from one node to another, by one step in each relation.

    Example:
      >>> swap = np.array([[[False, True], [True, False]]])
      >>> product(swap, swap).astype(int).tolist()
      [[[1, 0], [0, 1]]]
    """
    # float32 is exact below 2**24 and much faster than the product of integers.
    total = relations[0].astype(np.float32)
    for relation in relations[1:]:
        total = total @ relation.astype(np.float32)
    return total


def closure(relation: Relation) -> Relation:
    """Which nodes are reached from which, by any number of steps.

    Example:
      >>> closure(one_hot(np.array([[1, 2, 2]])))[0, 0].tolist()
      [True, True, True]
    """
    reach = relation | np.eye(relation.shape[1], dtype=bool)[None]
    while True:
        further = product(reach, reach) > 0
        if (further == reach).all():
            return reach
        reach = further


def subtrees(pointers: Pointers) -> Relation:
    """`[b, v, u]` says that the way from u along the pointers meets v, which counts itself.

    Example:
      >>> subtrees(np.array([[0, 0, 1]]))[0].astype(int).tolist()
      [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
    """
    return closure(one_hot(pointers)).swapaxes(1, 2)


def spanning_forest(edges: Relation) -> Pointers:
    """A forest of an undirected graph: each node's parent, and itself at one root a component.

    Example:
      >>> path = one_hot(np.array([[1, 2, 2]]))
      >>> spanning_forest(path | path.swapaxes(1, 2)).tolist()
      [[0, 0, 1]]
    """
    node = np.arange(edges.shape[1])[None, :]
    frontier = closure(edges).argmax(axis=2) == node
    reached, parent = frontier.copy(), np.broadcast_to(node, edges.shape[:2]).copy()
    while frontier.any():
        offers = frontier[:, :, None] & edges
        frontier = offers.any(axis=1) & ~reached
        parent = np.where(frontier, offers.argmax(axis=1), parent)
        reached |= frontier
    return parent


def is_bridge(edges: Relation) -> Relation:
    """The edges of an undirected graph, in both directions, whose removal parts their ends.

    Maths: a bridge lies in every spanning forest, and no other edge leaves the subtree below it.

    Example:
      >>> path = one_hot(np.array([[1, 0]]))
      >>> is_bridge(path).astype(int).tolist()
      [[[0, 1], [1, 0]]]
    """
    parent = spanning_forest(edges)
    below = subtrees(parent)
    leaving = (product(below, edges) * ~below).sum(axis=2)
    alone = (leaving == 1) & (parent != np.arange(edges.shape[1])[None, :])
    up = one_hot(parent) & alone[:, :, None]
    return up | up.swapaxes(1, 2)


def without_loops(relation: np.ndarray) -> Relation:
    """The pairs of different nodes.

    Example:
      >>> without_loops(np.array([[[True, True], [False, True]]])).astype(int).tolist()
      [[[0, 1], [0, 0]]]
    """
    return relation.astype(bool) & ~np.eye(relation.shape[1], dtype=bool)[None]
