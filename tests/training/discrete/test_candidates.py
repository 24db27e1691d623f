"""Tests of what a rule may be made of."""

import numpy as np

from catalign.algorithms.spec import Kind, Location
from catalign.nn.discrete.scalar import Constant
from catalign.nn.discrete.signature import Field, Signature
from catalign.nn.discrete.view import View
from catalign.training.discrete import candidates
from catalign.training.discrete.candidates import Task, problem
from catalign.training.discrete.rows import all_rows
from catalign.training.discrete.tree import Problem

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
