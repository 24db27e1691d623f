"""Tests of what a rule may be made of."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from catalign.algorithms.spec import Kind, Location
from catalign.nn.discrete.condition import Before
from catalign.nn.discrete.expression import K, Register, Step
from catalign.nn.discrete.scalar import Constant
from catalign.nn.discrete.selection import Select
from catalign.nn.discrete.signature import Field, Signature
from catalign.nn.discrete.view import View
from catalign.training.discrete import candidates
from catalign.training.discrete.candidates import Task, problem
from catalign.training.discrete.rows import all_rows
from catalign.training.discrete.tree import Problem
from tests.nn.discrete import states

N = 6
LOW, D = (Field(name, Kind.SCALAR, Location.NODE, 0) for name in ("low", "d"))


def scalar_problem(low, new, d, new_d):
    view = View(np, {"low": low, "low'": new, "d": d, "d'": new_d}, N)
    rows = all_rows([view], 1)
    task = Task(LOW.next, LOW, Signature((LOW, D, D.next)), [], 3, [])
    return problem(task, rows, np.ones(rows.count)), rows


def drawn():
    """Low points: a node that is met takes its number, all others keep what they have."""
    rng = np.random.default_rng(0)
    d, low = rng.random((40, N)), rng.random((40, N))
    met = rng.random((40, N)) < 0.3
    new_d = np.where(met, rng.random((40, N)), d)
    return np.where(met, 0.0, d), np.where(met, 0.0, low), new_d, np.where(met, new_d, low), met


def test_a_term_that_keeps_values_only_up_to_rounding_is_left_out():
    d, low, new_d, new, met = drawn()
    drifting = (low + new_d) - d
    assert np.allclose(drifting, new)
    assert (drifting != new).any()
    whole, rows = scalar_problem(low, new, d, new_d)
    assert whole.drifting.any()
    p = whole.steady()
    assert 0 < len(p.terms) < len(whole.terms)
    assert p.right.any(axis=1).all()
    kept = ~met.ravel()
    for t, term in enumerate(p.terms):
        at = np.flatnonzero(kept & p.right[:, t])
        np.testing.assert_array_equal(rows.values(term)[at], new.ravel()[at], err_msg=str(term))


def test_of_sums_that_agree_by_accident_few_are_left_and_each_row_keeps_a_term(monkeypatch):
    """Clocks: so few values that most sums are right somewhere."""
    d, low, new_d = np.random.default_rng(0).integers(0, 7, (3, 60, N)) / 4
    many, _ = scalar_problem(low, np.minimum(low, new_d), d, new_d)
    monkeypatch.setattr(candidates, "FOREMOST", 5)
    few, _ = scalar_problem(low, np.minimum(low, new_d), d, new_d)
    assert len(few.terms) < len(many.terms) / 3
    assert set(few.terms) <= set(many.terms)
    best = few.terms[int(np.argmax(few.right.sum(axis=0)))]
    assert str(best) in ("min(low[I], d'[I])", "min(d'[I], low[I])")
    assert few.drifting.shape == (len(few.terms),)
    # What no plain term explains keeps its sum.
    monkeypatch.setattr(candidates, "FOREMOST", 0)
    bare, _ = scalar_problem(low, low + new_d, d, new_d)
    assert bare.right.any(axis=1).all()


def test_a_term_that_drifts_stays_where_no_other_explains_the_rows():
    holds, right = np.zeros((2, 0), bool), np.array([[True, False], [True, True]])
    terms = [Constant(0.0), Constant(1.0)]
    p = Problem([], terms, holds, right, np.ones(2), drifting=np.array([True, False]))
    assert p.steady() is p
    q = Problem([], terms, holds, ~right, np.ones(2), drifting=np.array([True, False]))
    assert q.steady() is q
    both = Problem([], terms, holds, right | True, np.ones(2), drifting=np.array([True, False]))
    assert both.steady().terms == terms[1:]


def maker(rows, known=()):
    register = Field("r", Kind.MASK_ONE, Location.NODE, 0)
    signature = Signature((register, Field("mask", Kind.MASK, Location.NODE, 2)))
    task = Task(register.next, register, signature, list(known), 1, [])
    return candidates._Maker(task, rows, np.ones(rows.count))


def some_selections(count):
    """Selections that differ: the first node after r, after the next one, and so on."""
    nodes = [Register("r")]
    for _ in range(count):
        nodes.append(Step(nodes[-1], True))
    return [Select(None, False, (Before(node, K),)) for node in nodes[:count]]


@pytest.mark.parametrize(
    ("found", "known", "kept"),
    [(12, 20, (8, 8)), (2, 20, (2, 14)), (12, 3, (12, 3)), (0, 4, (0, 4))],
)
def test_conditions_read_what_is_found_at_the_rows_and_what_other_rules_read(found, known, kept):
    every = some_selections(found + known)
    values = states.fields(0)
    made = maker(all_rows([View(np, values | {"r'": values["r"]}, states.N)], 0), every[found:])
    made.found = every[:found]
    made.known += made.found
    foremost = made.foremost_selections()
    assert foremost == [*every[: kept[0]], *every[found : found + kept[1]]]


@given(st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_selections_are_in_the_order_of_what_they_add(seed):
    values = states.fields(seed, m=12)
    values["r'"] = np.random.default_rng(seed).integers(0, states.N, 12).astype(np.int32)
    rows = all_rows([View(np, values, states.N)], 0)
    selections = some_selections(4) + [Select(None, g, ()) for g in (False, True)]
    order = maker(rows).by_cover(selections)
    assert sorted(map(str, order)) == sorted(map(str, selections))
    right = [(rows.values(s) == values["r'"]) & (values["r"] != values["r'"]) for s in order]
    uncovered = np.ones(12, bool)
    for k, here in enumerate(right):
        gains = [(other & uncovered).sum() for other in right[k:]]
        assert gains[0] == max(gains)
        if not any(gains):
            break  # It begins again with what is left.
        uncovered &= ~here
    assert maker(rows).by_cover([]) == []
