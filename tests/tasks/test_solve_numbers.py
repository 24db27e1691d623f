"""Tests of reasoners on lists of numbers and on two integers."""

import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError, UnsupportedError
from catalign.algorithms.catalogue import get
from tasks.solve import solve
from tasks.solve_numbers import chain_order
from tests.tasks.oracle import Oracle

SORT, ADDITION = get("insertion_sort"), get("addition")


def test_sorting():
    numbers = [3.0, -1e3, 2.0, 3.0, 1e3]
    answer, verdict = solve(SORT, Oracle(SORT), numbers)
    assert [row[1] for row in answer.rows] == sorted(numbers)
    assert verdict.correct


def test_wrong_orders_are_found():
    reverse = Oracle(SORT, lambda name, value: jnp.array([[1, 2, 2]], jnp.int32))
    assert solve(SORT, reverse, [1.0, 2.0, 3.0])[1].correct is False
    nonsense = Oracle(SORT, lambda name, value: jnp.zeros_like(value))
    answer, verdict = solve(SORT, nonsense, [1.0, 2.0, 3.0])
    assert (len(answer.rows), verdict.correct) == (0, False)


def test_bad_requests():
    with pytest.raises(UnsupportedError, match="at most"):
        solve(SORT, Oracle(SORT), [0.0] * 5000)
    with pytest.raises(InputError, match="--source is for graphs"):
        solve(SORT, Oracle(SORT), [0.0], source="a")


def test_chains():
    assert chain_order(np.array([0])) == [0]
    assert chain_order(np.array([1, 0])) is None
    assert chain_order(np.array([0, 2, 1])) is None
    assert chain_order(np.array([0, 0, 0])) is None


@pytest.mark.parametrize(("first", "second", "total"), [("95", "7", "102"), ("0", "0", "0")])
def test_addition(first, second, total):
    answer, verdict = solve(ADDITION, Oracle(ADDITION), (first, second))
    assert list(answer.rows) == [(first, second, total)]
    assert verdict.correct


def test_wrong_sums_are_found():
    wrong = Oracle(ADDITION, lambda name, value: jnp.zeros_like(value))
    assert solve(ADDITION, wrong, ("95", "7"))[1].correct is False
    with pytest.raises(UnsupportedError, match="digits"):
        solve(ADDITION, Oracle(ADDITION), ("9" * 5000, "1"))
