import itertools

import numpy as np

from catalign.nn.discrete.condition import Is, IsPair, Less, Not, Same
from catalign.nn.discrete.expression import I, K, Register
from catalign.nn.discrete.scalar import Of
from catalign.nn.discrete.selection import Best, Select
from catalign.training.discrete import search
from catalign.training.discrete.rows import all_rows
from catalign.training.discrete.search import Bank, Key, promising, selections, separations
from tests.nn.discrete.states import views

LITERALS = [
    Is("mask", 1, K, True),
    Is("mask", 0, K, True),
    IsPair("adj", 1, I, K, True),
    IsPair("adj", 1, K, I, True),
    Not(Same(K, Register("r"))),
    Less(Of("s", K), Of("s", I)),
]
KEYS = [Key(None, False), Key(None, True), Key(Of("x", K), False), Key(Of("x", K), True)]


def rows_of(seed):
    return all_rows([views(seed)[0], views(seed + 1, n=3)[0]], rank=1)


def test_bits_agree_with_evaluating_each_selection():
    rows = rows_of(0)
    target = rows.values(Select(Of("x", K), False, (LITERALS[2], LITERALS[4])))
    for found in selections(Bank(rows, LITERALS), KEYS, target, most=3, keep=50):
        value = rows.values(found.selection)
        assert (found.right == (value == target)).all(), found.selection
        assert found.sure == ((value < 0) | (value == target)).all(), found.selection


def test_of_many_conditions_the_first_of_a_pair_are_the_nearest(monkeypatch):
    rows = rows_of(10)
    pair = (LITERALS[2], LITERALS[4])
    target = rows.values(Select(None, False, pair))
    monkeypatch.setattr(search, "WIDE", 2)
    found = selections(Bank(rows, LITERALS), KEYS, target, most=2, keep=8)
    assert max(f.score for f in found) == rows.count


def test_a_selection_that_is_sure_is_kept_beside_those_that_are_right_more_often():
    rows = rows_of(12)
    sure = Select(None, False, (LITERALS[0], LITERALS[2]))
    value = rows.values(sure)
    target = np.where(value < 0, rows.values(Select(None, True, ())), value)
    found = list(selections(Bank(rows, LITERALS), KEYS, target, most=2, keep=1))
    assert any(f.sure and set(f.selection.where) == set(sure.where) for f in found)


def test_the_selection_that_made_the_target_is_found():
    rows = rows_of(2)
    bank = Bank(rows, LITERALS)
    for key, pair in itertools.product(KEYS, itertools.combinations(LITERALS, 2)):
        target = rows.values(Select(key.scalar, key.greatest, pair))
        best = max(selections(bank, KEYS, target, most=2, keep=8), key=lambda f: f.score)
        assert best.right.all()


def test_a_target_that_nothing_makes_is_not_covered():
    rows = rows_of(4)
    target = np.random.default_rng(0).integers(0, 3, rows.count)
    found = selections(Bank(rows, LITERALS), KEYS, target, most=3, keep=8)
    assert max(f.score for f in found) < rows.count


def test_promising_keys_hold_the_one_that_made_the_target():
    rows = rows_of(6)
    many = [Key(Of(s, K), g) for s in ("s", "x") for g in (False, True)] * 4
    target = rows.values(Select(Of("x", K), True, ()))
    assert Key(Of("x", K), True) in promising(Bank(rows, LITERALS), many, target, 0.01)


def test_separations_find_the_emptiness_that_decides():
    rows = rows_of(8)
    decides = Select(None, False, (LITERALS[0], LITERALS[2]))
    classes = (rows.values(decides) < 0).astype(int)
    found = separations(Bank(rows, LITERALS), classes, np.arange(rows.count), keep=4)
    assert any(((rows.values(s) < 0) == (classes == 1)).all() for s in found)


def test_the_value_of_a_key_is_a_target_too():
    rows = rows_of(14)
    made = Best(Select(Of("x", K), True, (LITERALS[2], LITERALS[4])))
    value = rows.values(made)
    some = np.flatnonzero(~np.isnan(value))
    rows, value = rows.subset(some), value[some].astype(float)
    found = list(selections(Bank(rows, LITERALS), KEYS[2:], value, most=2, keep=8))
    for f in found:
        assert (f.right == (rows.values(Best(f.selection)) == value)).all(), f.selection
    assert max(f.score for f in found) == rows.count
