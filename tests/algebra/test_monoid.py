import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import ShapeMismatchError
from catalign.algebra.instances import min_plus
from catalign.algebra.monoid import CommutativeMonoid, Monoid

first = Monoid(name="first", op=lambda a, b: jnp.where(a >= 0, a, b), unit=-1)
union = CommutativeMonoid.from_operation("union", jnp.bitwise_or, unit=0, is_idempotent=True)
"""Sets of small numbers, as the bits of an integer."""


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-1, 9), min_size=5, max_size=5))
def test_a_fold_keeps_the_order(values):
    """Law 2 (list algebra): grouping does not matter, order does."""
    expected = next((v for v in values if v >= 0), -1)
    assert int(first.fold(jnp.asarray(values, jnp.int32))) == expected
    halves = jnp.stack(
        [first.fold(jnp.asarray(part, jnp.int32)) for part in (values[:2], values[2:])]
    )
    assert int(first.fold(halves)) == expected


def test_a_fold_along_another_axis_and_of_nothing():
    table = jnp.array([[-1, 4], [2, 5], [-1, -1]])
    assert first.fold(table, axis=1).tolist() == [4, 2, -1]
    assert first.fold(table[:, :0], axis=1).tolist() == [-1, -1, -1]
    assert first.full((2,), like=table).tolist() == [-1, -1]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=6, max_size=6), st.booleans())
def test_generic_reductions_agree_with_plain_python(ids, is_sorted):
    ids = np.asarray(sorted(ids) if is_sorted else ids, np.int32)
    values = np.array([12, 18, 7, 0, 30, 4], np.int32)
    total = np.bitwise_or.reduce
    expected = [int(total(values[ids == s])) if (ids == s).any() else 0 for s in range(5)]
    out = union.segment(jnp.asarray(values), ids, 5, indices_are_sorted=is_sorted)
    assert out.tolist() == expected
    assert int(union.reduce(jnp.asarray(values).reshape(2, 3), (0, 1))) == total(values)


def test_generic_segments_of_rows_and_of_nothing():
    rows = jnp.array([[4, 6], [6, 9], [5, 5]])
    assert union.segment(rows, jnp.array([1, 1, 0]), 3).tolist() == [[5, 5], [6, 15], [0, 0]]
    assert union.segment(rows[:0], jnp.zeros(0, jnp.int32), 2).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("monoid", [union, min_plus.add], ids=str)
def test_segments_need_one_id_for_each_row(monoid):
    with pytest.raises(ShapeMismatchError, match=r"`segment_ids` has shape \(2,\)"):
        monoid.segment(jnp.ones(3), jnp.zeros(2, jnp.int32), 2)
