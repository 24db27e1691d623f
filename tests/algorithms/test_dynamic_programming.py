"""Matrix chains and search trees against the recorded benchmark and the plain recursions."""

import functools

import numpy as np
import pytest
from hypothesis import given

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.algorithms.dynamic_programming import matrix_chain_order, optimal_bst
from catalign.distributions.key import TiedKeys
from tests.algorithms.golden import assert_golden, golden_files
from tests.algorithms.sequences import SIZE, draw, few, instance, rows, run


@pytest.mark.parametrize(
    "path", golden_files("matrix_chain_order", "optimal_bst"), ids=lambda p: p.stem
)
def test_equals_the_benchmark(path):
    assert_golden(get(path.stem.rsplit("_n", 1)[0]), path)


def chain_cost(p, i, j, split):
    """The cost of the product A_i .. A_j when `split` says where to cut it."""
    if i == j:
        return 0.0
    return min(
        chain_cost(p, i, k, split) + chain_cost(p, k + 1, j, split) + p[i - 1] * p[k] * p[j]
        for k in split(i, j)
    )


@few
@given(rows(0, 4))
def test_the_splits_cost_the_least(dimensions):
    splits = run(matrix_chain_order, instance(p=dimensions)).outputs["s"]
    for p, s in zip(dimensions, splits, strict=True):
        ours = chain_cost(p, 1, SIZE - 1, lambda i, j, s=s: [int(s[i, j])])
        assert ours == chain_cost(p, 1, SIZE - 1, range)


def tree_cost(p, q, roots):
    """The expected cost of a search when `roots` gives the root of the keys i .. j - 1."""

    @functools.cache
    def cost(i, j):
        weight = p[i:j].sum() + q[i : j + 1].sum()
        if i == j:
            return weight
        return weight + min(cost(i, r) + cost(r + 1, j) for r in roots(i, j))

    return cost(0, len(q) - 1)


@few
@given(rows(0, 4), rows(0, 4))
def test_the_roots_cost_the_least(p, q):
    p[:, -1] = 0
    trace = run(optimal_bst, instance(p=p, q=q))
    for b in range(len(p)):
        root = trace.outputs["root"][b]
        ours = tree_cost(p[b], q[b], lambda i, j, root=root: [int(root[i, j])])
        assert ours == tree_cost(p[b], q[b], range) == trace.hints["e"][-1, b, 0, -1]


def test_few_nodes_need_no_choice():
    for p in ([[0.5]], [[0.5, 0.25]]):
        assert not run(matrix_chain_order, instance(p=p)).outputs["s"].any()
    assert run(optimal_bst, instance(p=[[0.0]], q=[[1.0]])).lengths.tolist() == [1]


def test_refuses_what_is_no_size_and_no_probability():
    with pytest.raises(
        InputError, match=r"`inputs\['p'\]` of matrix_chain_order is -1.0 at node 1"
    ):
        matrix_chain_order.traces(instance(p=[[1.0, -1.0]]))
    with pytest.raises(InputError, match=r"`inputs\['q'\]` of optimal_bst is -1.0 at node 0"):
        optimal_bst.traces(instance(p=[[0.5, 0.0]], q=[[-1.0, 0.5]]))
    with pytest.raises(InputError, match="pad `p` with a 0"):
        optimal_bst.traces(instance(p=[[0.5, 0.5]], q=[[0.0, 0.0]]))


def test_samples_are_in_the_domain():
    assert set(np.unique(draw(matrix_chain_order, dimensions=TiedKeys(2))["p"])) <= {0.0, 0.5}
    inputs = draw(optimal_bst)
    assert inputs["q"].shape == (4, SIZE + 1)
    assert (inputs["p"][:, -1] == 0).all()
    total = inputs["p"].sum(axis=1) + inputs["q"].sum(axis=1)
    np.testing.assert_allclose(total, np.ones(4), rtol=1e-6)
