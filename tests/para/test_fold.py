import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError, InputError
from catalign.para.data import BalancedTree, Items, encode_tree, encode_trees
from catalign.para.fold import fold, fold_untied
from catalign.para.functor import LIST, NODE_TREE, ROSE, TREE, Several
from catalign.para.structure import Algebra
from catalign.para.two_cell import stacked_copy
from tests.strategies import LAW

# Neither commutative nor associative, so that a wrong order or shape of a tree shows. The numbers
# wrap around in int32, on the host and in arrays alike.
HORNER = Algebra.from_cases(LIST, nil=lambda: jnp.int32(1), cons=lambda a, x: a + 3 * x)
PAIRS = Algebra.from_cases(TREE, leaf=lambda a: a + 1, node=lambda x, y: 3 * x - 5 * y)
NODES = Algebra.from_cases(
    NODE_TREE, empty=lambda: jnp.int32(1), node=lambda a, x, y: a + 3 * x - 5 * y
)


def _alternate(children):
    several = Several.of(children)
    weights = jnp.arange(1, several.mask.shape[0] + 1, dtype=jnp.int32)
    return 1 + jnp.sum(jnp.where(several.mask, weights * several.values, 0))


BRANCHES = Algebra.from_cases(ROSE, leaf=lambda a: a, node=_alternate)

N = 5
run_list = jax.jit(lambda items, length: fold(HORNER, Items(items, length)))
run_all = jax.jit(lambda items: fold(HORNER, Items(items)))
run_tree = jax.jit(jax.vmap(lambda tree: fold(PAIRS, tree)))
run_nodes = jax.jit(jax.vmap(lambda tree: fold(NODES, tree)))
run_rose = jax.jit(jax.vmap(lambda tree: fold(BRANCHES, tree)))

labels = st.integers(-9, 9).map(np.int32)
trees = st.recursive(
    labels.map(lambda a: TREE.element("leaf", a)),
    lambda child: st.builds(lambda x, y: TREE.element("node", x, y), child, child),
    max_leaves=5,
)
node_trees = st.builds(
    lambda a, x, y: NODE_TREE.element("node", a, x, y),
    labels,
    *[
        st.recursive(
            st.just(NODE_TREE.element("empty")),
            lambda child: st.builds(
                lambda a, x, y: NODE_TREE.element("node", a, x, y), labels, child, child
            ),
            max_leaves=3,
        )
    ]
    * 2,
)
roses = st.recursive(
    labels.map(lambda a: ROSE.element("leaf", a)),
    lambda child: st.lists(child, min_size=1, max_size=3).map(
        lambda children: ROSE.element("node", tuple(children))
    ),
    max_leaves=4,
)


def as_list(items):
    chain = LIST.element("nil")
    for item in reversed(items):
        chain = LIST.element("cons", item, chain)
    return chain


def padded(functor, tree, n_node, arity):
    """A batch of one, of a fixed shape so that one compilation serves all trees."""
    (encoded,) = jax.tree.map(lambda leaf: leaf[None], [encode_tree(functor, tree, n_node=n_node)])
    extra = ((0, 0), (0, 0), (0, arity - encoded.children.shape[2]))
    children = np.pad(np.asarray(encoded.children), extra, constant_values=-1)
    return type(encoded)(encoded.position, encoded.label, children, encoded.root, functor)


@LAW
@given(st.lists(labels, min_size=N, max_size=N), st.integers(0, N))
def test_lists_fold_as_the_equation_says(items, length):
    expected = fold(HORNER, as_list(items[:length]))
    assert run_list(np.array(items), np.int32(length)) == expected
    assert run_all(np.array(items)) == fold(HORNER, as_list(items))


@LAW
@given(trees)
def test_trees_fold_as_the_equation_says(tree):
    assert run_tree(padded(TREE, tree, 9, 2))[0] == fold(PAIRS, tree)


@LAW
@given(node_trees)
def test_trees_with_labelled_nodes_fold_as_the_equation_says(tree):
    assert run_nodes(padded(NODE_TREE, tree, 16, 2))[0] == fold(NODES, tree)


@LAW
@given(roses)
def test_trees_of_any_branching_fold_as_the_equation_says(tree):
    assert run_rose(padded(ROSE, tree, 24, 3))[0] == fold(BRANCHES, tree)


def test_the_order_of_items_and_children_matters():
    items = np.arange(N, dtype=np.int32)
    assert run_all(items[::-1]) != run_all(items) == fold(HORNER, as_list(items))
    one, two = (TREE.element("leaf", np.int32(a)) for a in (1, 2))
    batch = encode_trees(TREE, [TREE.element("node", one, two), TREE.element("node", two, one)])
    left, right = run_tree(batch)
    assert (left, right) == (3 * 2 - 5 * 3, 3 * 3 - 5 * 2)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_balanced_tree_is_the_tree_of_neighbours(n):
    level = [TREE.element("leaf", np.int32(a)) for a in range(n)]
    while len(level) > 1:
        odd = level[len(level) // 2 * 2 :]
        level = [TREE.element("node", *level[k : k + 2]) for k in range(0, len(level) - 1, 2)] + odd
    leaves = jnp.arange(n, dtype=jnp.int32)
    assert jax.jit(lambda x: fold(PAIRS, BalancedTree(x)))(leaves) == fold(PAIRS, level[0])


def test_a_node_may_have_no_children():
    inner = ROSE.element("node", (ROSE.element("leaf", np.int32(4)), ROSE.element("node", ())))
    assert int(fold(BRANCHES, encode_tree(ROSE, inner))) == 1 + 4 + 2 * 1
    with pytest.raises(InputError, match="`children` is empty"):
        fold(BRANCHES, inner)


def test_padding_and_cases_not_taken_spoil_no_gradient():
    logs = Algebra.from_cases(TREE, leaf=jnp.log, node=lambda x, y: jnp.sqrt(x) * y)
    leaves = [TREE.element("leaf", jnp.float32(a)) for a in (3.0, 4.0)]
    batch = encode_trees(TREE, [TREE.element("node", *leaves), leaves[0]])
    batch_fold = jax.vmap(lambda tree: fold(logs, tree))
    loss = jax.jit(jax.grad(lambda label: jnp.sum(batch_fold(_relabel(batch, label)))))
    assert np.all(np.isfinite(loss(batch.label)))
    list_logs = Algebra.from_cases(LIST, nil=lambda: 0.0, cons=lambda a, x: jnp.log(a) + x)
    items = jnp.array([2.0, 4.0, 0.0])
    loss = jax.jit(jax.grad(lambda x: fold(list_logs, Items(x, jnp.int32(2)))))
    assert loss(items).tolist() == [0.5, 0.25, 0.0]


def _relabel(tree, label):
    return type(tree)(tree.position, label, tree.children, tree.root, tree.functor)


def test_an_algebra_of_another_functor_is_refused():
    with pytest.raises(AxiomError, match=r"algebra of TREE = A \+ y\^2 cannot fold a tree of LIST"):
        fold(PAIRS, Items(jnp.zeros(2)))
    with pytest.raises(InputError, match=r"has rows \[\(2,\)\] but the fold has 4 steps"):
        fold_untied(LIST, lambda p, e: p, jnp.zeros(2), Items(jnp.zeros(3)))
    with pytest.raises(InputError, match="no leaf"):
        fold(PAIRS, BalancedTree(jnp.zeros(0)))


def test_the_rows_of_untied_parameters_reach_the_steps_in_the_stated_order():
    def listed(p, element):
        return LIST.match(element, nil=lambda: p, cons=lambda a, x: 10 * x + p)

    def paired(p, element):
        return TREE.match(element, leaf=lambda a: p, node=lambda x, y: 100 * p + 10 * x + y)

    rows = jnp.arange(1, 4, dtype=jnp.int32)
    assert int(fold_untied(LIST, listed, rows, Items(jnp.zeros(2)))) == 321
    assert int(fold_untied(TREE, paired, rows, BalancedTree(jnp.zeros(2)))) == 312
    equal = stacked_copy(3)(jnp.int32(2))
    assert int(fold_untied(LIST, listed, equal, Items(jnp.zeros(2)))) == 222


def test_an_empty_list_is_the_empty_case():
    assert int(fold(HORNER, Items(jnp.zeros(0, jnp.int32)))) == 1
