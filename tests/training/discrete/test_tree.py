import dataclasses

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from catalign.nn.discrete.condition import Is, IsGraph, IsNone
from catalign.nn.discrete.expression import End, I, Register, Step
from catalign.nn.discrete.rule import Leaf, Split, leaves
from catalign.nn.discrete.scalar import Constant
from catalign.training.discrete.candidates import cell
from catalign.training.discrete.rows import all_rows
from catalign.training.discrete.tree import Problem, _Search, fit_tree
from tests.nn.discrete.states import views

TERMS = [Register(name) for name in "abcd"]


def problem(holds, right):
    conditions = [IsNone(Step(Register(f"c{k}"), True)) for k in range(holds.shape[1])]
    return Problem(conditions, TERMS[: right.shape[1]], holds, right, np.ones(len(holds)))


def decide(tree, conditions, row):
    while isinstance(tree, Split):
        tree = tree.then if row[conditions.index(tree.condition)] else tree.otherwise
    return TERMS.index(tree.term)


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_a_tree_is_right_at_every_row(seed):
    rng = np.random.default_rng(seed)
    holds = rng.integers(0, 2, (60, 6)).astype(bool)
    label = np.where(holds[:, 1], np.where(holds[:, 4], 0, 1), np.where(holds[:, 2], 2, 0))
    right = (label[:, None] == np.arange(3)[None]) | (rng.random((60, 3)) < 0.1)
    # Several terms may be right at equal rows only where they are right at all of them.
    p = problem(holds, right)
    tree, clashes = fit_tree(p, budget=60.0)
    assert clashes == 0
    assert tree is not None
    assert all(right[r, decide(tree, p.conditions, holds[r])] for r in range(60))
    assert len(list(leaves(tree))) <= 4


@given(st.integers(0, 10**6), st.integers(1, 3), st.floats(0.3, 0.9))
@settings(max_examples=40, deadline=None)
def test_the_sufficiency_test_names_two_rows_that_no_rule_is_right_at(seed, terms, share):
    rng = np.random.default_rng(seed)
    holds = rng.integers(0, 2, (12, 2)).astype(bool)
    p = problem(holds, rng.random((12, terms)) < share)
    pair = p.contradiction()
    assert (pair is None) == (fit_tree(p, budget=60.0)[1] == 0)
    if pair is not None:
        a, b = pair
        assert (holds[a] == holds[b]).all()
        group = p.right[(holds == holds[a]).all(axis=1)]
        assert not group.all(axis=0).any()
        assert (p.right[a] & p.right[b]).sum() == min((x & y).sum() for x in group for y in group)


@given(st.integers(0, 10**6), st.integers(0, 20))
@settings(max_examples=20, deadline=None)
def test_a_problem_that_is_kept_as_bits_is_the_same(seed, count):
    rng = np.random.default_rng(seed)
    p = problem(
        rng.integers(0, 2, (9, count)).astype(bool), rng.integers(0, 2, (9, 3)).astype(bool)
    )
    again = p.packed().unpacked()
    assert p.packed().holds.nbytes == 9 * -(-count // 8)
    np.testing.assert_array_equal(again.holds, p.holds)
    np.testing.assert_array_equal(again.right, p.right)
    assert (again.holds.dtype, again.right.dtype) == (bool, bool)
    assert (again.conditions, again.terms) == (p.conditions, p.terms)


def test_one_term_that_is_right_everywhere_needs_no_condition():
    holds = np.eye(4, dtype=bool)
    right = np.array([[True, True], [False, True], [True, True], [True, True]])
    tree, clashes = fit_tree(problem(holds, right), budget=9.0)
    assert (tree, clashes) == (Leaf(TERMS[1]), 0)


def test_rows_that_contradict_each_other_are_counted():
    holds = np.zeros((5, 2), bool)
    holds[4, 0] = True
    right = np.eye(2, dtype=bool)[[0, 0, 1, 0, 1]]
    tree, clashes = fit_tree(problem(holds, right), budget=99.0)
    assert (tree, clashes) == (None, 4)


def test_a_budget_that_is_too_small_gives_no_tree():
    holds = np.array([[True], [False]])
    right = np.eye(2, dtype=bool)
    assert fit_tree(problem(holds, right), budget=2.0) == (None, 0)
    tree, _ = fit_tree(problem(holds, right), budget=9.0)
    assert isinstance(tree, Split)


def test_rows_are_parted_by_phase_where_the_rule_is_long():
    rng = np.random.default_rng(0)
    conditions = [IsGraph("phase", v, False) for v in range(3)]
    conditions += [IsNone(Step(Register(f"c{k}"), True)) for k in range(12)]
    phase = rng.integers(0, 3, 400)
    holds = np.concatenate(
        [phase[:, None] == np.arange(3)[None], rng.integers(0, 2, (400, 12)).astype(bool)], axis=1
    )
    a, b = 3 + 3 * phase, 4 + 3 * phase
    rows = np.arange(400)
    label = np.where(holds[rows, a] ^ holds[rows, b], 0, 1 + phase)
    p = Problem(conditions, TERMS, holds, label[:, None] == np.arange(4)[None], np.ones(400))
    tree, clashes = fit_tree(p, budget=80.0)
    assert clashes == 0
    assert tree is not None
    assert all(decide(tree, p.conditions, holds[r]) == label[r] for r in rows)


def test_the_cheaper_of_two_conditions_is_taken():
    holds = np.array([[True, True], [False, False]])
    p = problem(holds, np.eye(2, dtype=bool))
    long = IsNone(Step(Step(End(True), True), True))
    p = dataclasses.replace(p, conditions=[long, p.conditions[1]])
    tree, _ = fit_tree(p, budget=20.0)
    assert isinstance(tree, Split)
    assert tree.condition == p.conditions[1]


def test_the_cell_of_a_row_is_the_leaf_that_it_falls_into():
    rows = all_rows([views(0)[0]], rank=1)
    first, second = Is("mask", 1, I, True), Is("c", 1, I, False)
    names = [Leaf(Constant(float(value))) for value in range(3)]
    tree = Split(first, names[0], Split(second, names[1], names[2]))
    value = np.where(rows.values(first), 0, np.where(rows.values(second), 1, 2))
    assert (cell(rows, tree) == value).all()
    assert set(cell(rows, tree)) == {0, 1, 2}


def test_a_search_in_shares_finds_the_rule_within_its_visits():
    rng = np.random.default_rng(0)
    holds = rng.random((300, 60)) < 0.5
    label = np.select([holds[:, 0], holds[:, 1], holds[:, 2]], [0, 1, 2], 3)
    # Conditions that go with the label, but for a few rows.
    holds[:, 50:] = np.isin(label, [0, 2])[:, None] ^ (rng.random((300, 10)) < 0.03)
    p = problem(holds, label[:, None] == np.arange(4)[None])
    search = _Search(p, 200, fair=True)
    tree = search.fit(np.arange(300), 0, 30.0)
    assert tree is not None
    assert search.visits >= 0
    assert [decide(tree, p.conditions, row) for row in holds] == label.tolist()
    assert _Search(p, 2, fair=True).fit(np.arange(300), 0, 30.0) is None
