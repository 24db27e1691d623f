"""All answers to small questions of dynamic programming, against tables filled by recursion."""

import functools

import numpy as np
import pytest

from catalign.algorithms.dynamic_programming import matrix_chain_order, optimal_bst
from catalign.algorithms.dynamic_programming_lcs import lcs_length
from tests.algorithms.answering import judge, maps, question, two_strings


def tables(n, cells):
    """All tables with these cells filled from 0 to n; 7 elsewhere, which is no node."""
    values = maps(len(cells), n + 1)
    filled = np.full((len(values), n, n), 7)
    for column, cell in enumerate(cells):
        filled[(slice(None), *cell)] = values[:, column]
    return filled


def expect(answers, right):
    """Which tables hold a right choice in each cell."""
    return [all(table[cell] in choices for cell, choices in right.items()) for table in answers]


@pytest.mark.parametrize("p", [[1, 2, 3, 4], [2, 2, 2, 2], [3, 0, 0, 1], [2, 1, 2, 1]], ids=str)
def test_matrix_chains_split_where_that_costs_the_least(p):
    @functools.cache
    def costs(i, j):
        options = {k: cost(i, k) + cost(k + 1, j) + p[i - 1] * p[k] * p[j] for k in range(i, j)}
        return options

    def cost(i, j):
        return min(costs(i, j).values()) if i < j else 0

    cells = [(1, 2), (1, 3), (2, 3)]
    right = {cell: [k for k, c in costs(*cell).items() if c == cost(*cell)] for cell in cells}
    answers = tables(4, cells)
    verdict = judge(matrix_chain_order, question(p=p), s=answers)
    np.testing.assert_array_equal(verdict.correct, expect(answers, right))


@pytest.mark.parametrize("p", [[1, 2, 0], [1, 1, 0], [0, 0, 0]], ids=str)
@pytest.mark.parametrize("q", [[1, 1, 1], [2, 0, 1]], ids=str)
def test_search_trees_have_a_root_of_least_cost(p, q):
    def cost(i, j):
        return min(costs(i, j).values()) if i < j else q[i]

    def costs(i, j):
        weight = sum(p[i:j]) + sum(q[i : j + 1])
        return {r: cost(i, r) + cost(r + 1, j) + weight for r in range(i, j)}

    cells = [(0, 1), (0, 2), (1, 2)]
    right = {cell: [r for r, c in costs(*cell).items() if c == cost(*cell)] for cell in cells}
    answers = tables(3, cells)
    inputs = question(p=p, q=q)
    verdict = judge(optimal_bst, inputs, root=answers)
    np.testing.assert_array_equal(verdict.correct, expect(answers, right))


@pytest.mark.parametrize("words", [("01", "01"), ("00", "00"), ("01", "10"), ("010", "1")], ids=str)
def test_lengths_come_from_where_they_are_greatest(words):
    first, second = words

    def length(i, j):
        if i < 0 or j < 0:
            return 0
        return max(
            length(i - 1, j - 1) + (first[i] == second[j]), length(i - 1, j), length(i, j - 1)
        )

    right = {}
    for i in range(len(first)):
        for j in range(len(second)):
            diagonal = first[i] == second[j] and length(i, j) == length(i - 1, j - 1) + 1
            choices = [diagonal, length(i, j) == length(i - 1, j), length(i, j) == length(i, j - 1)]
            right[i, len(first) + j] = [c for c in range(3) if choices[c]]
    answers = tables(len(first + second), list(right))
    answers = answers[(answers < 4).sum(axis=(1, 2)) == len(right)]
    verdict = judge(lcs_length, two_strings(*words), b=answers)
    np.testing.assert_array_equal(verdict.correct, expect(answers, right))
    single = expect(answers, {cell: range(3) for cell in right})
    assert not verdict.correct[~np.array(single)].any()


def test_the_cell_at_fault_is_named():
    splits = np.zeros((3, 4, 4), np.int32)
    splits[:, 1, 2], splits[:, 2, 3], splits[:, 1, 3] = 1, 2, 2
    splits[1, 1, 3], splits[2, 1, 2] = 1, 3
    verdict = judge(matrix_chain_order, question(p=[1, 2, 3, 4]), s=splits)
    assert np.argwhere(verdict.violated["s"]).tolist() == [[1, 1, 3], [2, 1, 2]]
