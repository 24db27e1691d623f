"""Elements of initial algebras as arrays: lists, balanced trees, and trees of any shape.

| type | elements of | stored as |
|---|---|---|
| `Items` | lists, `1 + A*y` | the labels in order |
| `BalancedTree` | binary trees, `A + y^2` | the labels of the leaves from left to right |
| `EncodedTree` | any functor without inputs | one row for each node, children first |

A tree on the host is an `Element` whose children are Elements; `encode_tree` makes arrays of it.
All three are pytrees, so batches of one size are folded with `jax.vmap`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign._errors import InputError, UnsupportedError
from catalign._typing import PyTree
from catalign.para.functor import LIST, TREE, Directions, Element, PolynomialFunctor


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Items:
    """A list: its labels along the leading axis.

    Args:
      labels: One row for each item; rows from `length` on are padding.
      length: How many items there are, an int32 scalar; None for all rows.
    """

    labels: PyTree
    length: Array | None = None

    @property
    def functor(self) -> PolynomialFunctor:
        """`1 + A*y`."""
        return LIST

    @property
    def n_step(self) -> int:
        """How often a fold applies the algebra: to each row, and once to the empty list."""
        return _n_row(self.labels) + 1


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class BalancedTree:
    """The binary tree over a row of leaves in which neighbours are paired level by level.

    The last of an odd number of subtrees moves up a level as it is.

    Args:
      labels: One row for each leaf, at least one.
    """

    labels: PyTree

    @property
    def functor(self) -> PolynomialFunctor:
        """`A + y^2`."""
        return TREE

    @property
    def n_step(self) -> int:
        """How often a fold applies the algebra: to each leaf and each pair."""
        return 2 * _n_row(self.labels) - 1


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class EncodedTree:
    """A tree of any shape, with its nodes in an order in which children come first.

    Args:
      position: The constructor of each node, int32 `[n]`.
      label: The label of each node; that of another node where it has none.
      children: The nodes that are its children, int32 `[n, arity]`; -1 for none.
      root: The node at the top, an int32 scalar; nodes behind it are padding.
      functor: Whose initial algebra it belongs to, static.
    """

    position: Array
    label: PyTree
    children: Array
    root: Array
    functor: PolynomialFunctor = field(metadata={"static": True})

    @property
    def n_step(self) -> int:
        """How often a fold applies the algebra: to each row."""
        return self.position.shape[0]


def encode_tree(
    functor: PolynomialFunctor, tree: Element, *, n_node: int | None = None
) -> EncodedTree:
    """Lists the nodes of a tree, children first.

    Args:
      functor: Of which the tree and all its subtrees are elements.
      tree: On the host, with labels of one shape and dtype, at least one of them.
      n_node: How many rows the result has, at least the nodes of the tree; by default just those.

    Raises:
      InputError: The tree has no label at all, or more nodes than `n_node`.
      UnsupportedError: The directions of the functor are inputs, so that it has no finite trees.

    Example:
      >>> leaf = lambda a: TREE.element("leaf", a)
      >>> tree = encode_tree(TREE, TREE.element("node", leaf(7), leaf(8)))
      >>> tree.children.tolist(), int(tree.root), tree.position.tolist()
      ([[-1, -1], [-1, -1], [0, 1]], 2, [0, 0, 1])
    """
    if any(summand.directions is Directions.INPUT for summand in functor.summands):
        raise UnsupportedError(
            f"{functor.name} = {functor} has no finite trees: its directions are inputs. Run its "
            "coalgebras with `unfold`."
        )
    nodes, children = _children_first(tree)
    labels = [node.label for node in nodes if node.label is not None]
    if not labels:
        raise InputError(
            f"`tree` has no label, so the type of labels of {functor.name} is unknown. Fold it on "
            "the host: `fold(algebra, tree)`."
        )
    size = len(nodes) if n_node is None else n_node
    if size < len(nodes):
        raise InputError(f"`tree` has {len(nodes)} nodes but `n_node` is {n_node}. Raise `n_node`.")
    # Rows that are not read repeat a row that is: a fold computes only what it computes anyway,
    # and so meets no value (such as a logarithm of 0) that would spoil gradients.
    rows = [*range(len(nodes)), *[0] * (size - len(nodes))]
    filled = [labels[0] if nodes[row].label is None else nodes[row].label for row in rows]
    arity = max([functor.arity, *map(len, children)])
    table = np.full((size, arity), -1, np.int32)
    for node, found in enumerate(children):
        table[node, : len(found)] = found
    return EncodedTree(
        jnp.asarray([nodes[row].position for row in rows], jnp.int32),
        jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *filled),
        jnp.asarray(table),
        jnp.asarray(len(nodes) - 1, jnp.int32),
        functor,
    )


def encode_trees(functor: PolynomialFunctor, trees: Sequence[Element]) -> EncodedTree:
    """A batch of trees, padded to the largest, to be folded with `jax.vmap`.

    Args:
      functor: Of which all trees are elements.
      trees: At least one.

    Returns:
      One encoding whose arrays have a leading axis for the trees.
    """
    sizes = [len(_children_first(tree)[0]) for tree in trees]
    encoded = [encode_tree(functor, tree, n_node=max(sizes)) for tree in trees]
    arity = max(tree.children.shape[1] for tree in encoded)
    padded = [
        EncodedTree(
            tree.position,
            tree.label,
            jnp.pad(
                tree.children, ((0, 0), (0, arity - tree.children.shape[1])), constant_values=-1
            ),
            tree.root,
            functor,
        )
        for tree in encoded
    ]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *padded)


def _children_first(tree: Element) -> tuple[list[Element], list[list[int]]]:
    """The nodes and their children by index; without recursion, because lists are deep trees."""
    found: list[Element] = []
    parents: list[int] = []
    stack = [(tree, -1)]
    while stack:
        node, parent = stack.pop()
        found.append(node)
        parents.append(parent)
        stack += [(child, len(found) - 1) for child in node.children]
    last = len(found) - 1
    children: list[list[int]] = [[] for _ in found]
    for place in range(last, 0, -1):
        children[last - parents[place]].append(last - place)
    return found[::-1], children


def _n_row(labels: PyTree) -> int:
    return jax.tree.leaves(labels)[0].shape[0]
