"""Exact arithmetic on digit arrays, against Python's integers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign.distributions import digit

SIZE = 5
EXAMPLES = settings(max_examples=25, deadline=None)
COLUMNS = st.lists(st.integers(0, 10**6), min_size=SIZE, max_size=SIZE)
NUMBER = st.integers(0, 10**SIZE - 1)

normalise = jax.jit(lambda x: digit.normalise(x, base=10, bound=10**6))
subtract = jax.jit(lambda x, y: digit.subtract(x, y, base=10))
at_least = jax.jit(digit.at_least)


def digits(value: int):
    return jnp.asarray(digit.to_digits(value, SIZE))


@EXAMPLES
@given(NUMBER)
def test_digits_and_integers_are_inverse(value):
    assert digit.to_integer(digit.to_digits(value, SIZE)) == value


@EXAMPLES
@given(COLUMNS)
def test_normalise_keeps_the_value(columns):
    found = normalise(jnp.array(columns, jnp.int32))
    assert found.max() < 10
    assert digit.to_integer(found) == digit.to_integer(np.array(columns)) % 10**SIZE


@EXAMPLES
@given(NUMBER, NUMBER)
def test_subtract_and_compare_equal_python(x, y):
    assert digit.to_integer(subtract(digits(x), digits(y))) == (x - y) % 10**SIZE
    assert bool(at_least(digits(x), digits(y))) == (x >= y)


@pytest.mark.parametrize("base", [2, 10, 2**15])
def test_normalise_at_the_edge_of_its_bound(base):
    columns = jnp.full(SIZE, (base - 1) ** 2 + base - 1, jnp.int32)
    found = digit.normalise(columns, base=base, bound=base * (base - 1))
    exact = digit.to_integer(np.asarray(columns), base=base)
    assert digit.to_integer(found, base=base) == exact % base**SIZE
