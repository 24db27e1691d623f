import jax.numpy as jnp
import pytest

from catalign._errors import InputError, UnsupportedError
from catalign.para.data import BalancedTree, Items, encode_tree, encode_trees
from catalign.para.functor import LIST, MOORE, NODE_TREE, ROSE, TREE


def leaf(a):
    return TREE.element("leaf", a)


def test_the_steps_of_a_fold_are_counted():
    assert Items(jnp.zeros((4, 2))).n_step == 5
    assert BalancedTree(jnp.zeros(5)).n_step == 9
    assert encode_tree(TREE, TREE.element("node", leaf(1), leaf(2)), n_node=7).n_step == 7


def test_children_come_before_their_parents_and_in_order():
    tree = TREE.element("node", TREE.element("node", leaf(1), leaf(2)), leaf(3))
    encoded = encode_tree(TREE, tree, n_node=6)
    assert encoded.label[jnp.array([0, 1, 3])].tolist() == [1, 2, 3]
    assert encoded.children.tolist() == [[-1, -1], [-1, -1], [0, 1], [-1, -1], [2, 3], [-1, -1]]
    assert int(encoded.root) == 4
    assert encoded.position.tolist() == [0, 0, 1, 0, 1, 0]


def test_a_batch_is_padded_to_its_largest_tree():
    trees = [ROSE.element("leaf", 1), ROSE.element("node", (ROSE.element("leaf", 2),) * 3)]
    batch = encode_trees(ROSE, trees)
    assert batch.children.shape == (2, 4, 3)
    assert batch.root.tolist() == [0, 3]


def test_a_list_may_be_a_tree_deeper_than_the_recursion_limit():
    chain = LIST.element("nil")
    for item in range(2000):
        chain = LIST.element("cons", item, chain)
    assert int(encode_tree(LIST, chain, n_node=2001).root) == 2000


def test_trees_that_cannot_be_encoded_are_refused():
    with pytest.raises(InputError, match="has 3 nodes but `n_node` is 2"):
        encode_tree(TREE, TREE.element("node", leaf(1), leaf(2)), n_node=2)
    with pytest.raises(InputError, match="no label"):
        encode_tree(NODE_TREE, NODE_TREE.element("empty"))
    with pytest.raises(UnsupportedError, match=r"MOORE = O\*y\^I has no finite trees"):
        encode_tree(MOORE, MOORE.element("moore", 1, lambda i: i))
