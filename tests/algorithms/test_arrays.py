"""Reading and writing at computed places, against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign.algorithms.arrays import ascending, first, last, least, put

few = settings(max_examples=25, deadline=None)
masks = st.lists(st.booleans(), min_size=6, max_size=6).map(np.array)
numbers = st.lists(st.sampled_from([-1.0, 0.0, 0.5, np.inf]), min_size=6, max_size=6).map(np.array)


@few
@given(masks)
def test_first_and_last(mask):
    where = np.flatnonzero(mask)
    assert int(first(jnp.asarray(mask))) == (where[0] if len(where) else 6)
    assert int(last(jnp.asarray(mask))) == (where[-1] if len(where) else -1)


@few
@given(numbers)
def test_least_is_argmin(values):
    best, index = least(jnp.asarray(values, dtype=jnp.float32))
    assert float(best) == values.min()
    assert int(index) == values.argmin()


@few
@given(numbers, numbers)
def test_ascending_is_a_stable_sort_by_both_keys(values, ties):
    values, ties = values.astype(np.float32), ties.astype(np.float32)
    assert ascending(jnp.asarray(values)).tolist() == np.argsort(values, kind="stable").tolist()
    both = ascending(jnp.asarray(values), jnp.asarray(ties))
    assert both.tolist() == np.lexsort((ties, values)).tolist()


@pytest.mark.parametrize("n", [1, 126, 127, 128])
def test_ascending_around_the_end_of_its_index_type(n):
    values = np.random.default_rng(n).integers(0, n, n).astype(np.float32)
    assert ascending(jnp.asarray(values)).tolist() == np.argsort(values, kind="stable").tolist()


@pytest.mark.parametrize("n", [126, 127, 128, 32767, 32768])
def test_long_axes(n):
    """Around the ends of the narrow index types."""
    mask = np.zeros(n, dtype=bool)
    assert int(first(jnp.asarray(mask))) == n
    assert int(last(jnp.asarray(mask))) == -1
    mask[n - 1] = True
    assert int(first(jnp.asarray(mask))) == n - 1
    assert int(last(jnp.asarray(mask))) == n - 1


def test_an_empty_axis():
    assert int(first(jnp.zeros((0,), dtype=bool))) == 0
    assert int(last(jnp.zeros((0,), dtype=bool))) == -1


def test_put_writes_rows_and_keeps_under_vmap():
    values = jnp.arange(6, dtype=jnp.float32).reshape(3, 2)
    row = jnp.full(2, 9.0)
    assert put(values, jnp.int32(1), row).tolist() == [[0, 1], [9, 9], [4, 5]]
    assert put(values, jnp.int32(1), row, when=jnp.asarray(False)).tolist() == values.tolist()
    batch = jax.vmap(lambda i: put(jnp.zeros(3), i, jnp.float32(1)))(jnp.arange(3))
    np.testing.assert_array_equal(batch, np.eye(3))
