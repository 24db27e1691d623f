"""Carries are 2-cocycles; their classes say which numbers are made of which digits."""

import itertools
import math

import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError, InputError, ShapeMismatchError
from catalign.algebra.cocycle import carry_cocycle
from catalign.algebra.extension import TwoCocycle, balanced_digits, carry, coboundary

orders = st.integers(1, 6)
cases = st.integers(1, 5).flatmap(
    lambda q: st.tuples(st.lists(st.integers(-9, 9), min_size=q, max_size=q), st.integers(1, 5))
)


@pytest.mark.parametrize(("base", "high"), [(2, 2), (3, 9), (4, 6), (10, 10)])
def test_the_extension_by_the_carry_is_the_tower_of_numbers(base, high):
    c = carry(base, high)
    for m, n in itertools.product(range(base * high), repeat=2):
        x, i = c.add(divmod(m, base), divmod(n, base))
        assert x * base + i == (m + n) % (base * high)


@given(cases)
def test_a_coboundary_splits(case):
    shift, modulus = case
    c = coboundary(shift, modulus)
    assert c.cohomology_class == 0
    h = c.trivialise()
    assert h is not None
    assert coboundary(h, modulus) == c


@given(orders, orders, st.data())
def test_the_class_decides_whether_it_splits(q, k, data):
    """Multiples of the carry, with other digits, are all the 2-cocycles there are up to dh."""
    times = data.draw(st.integers(0, 12))
    shift = data.draw(st.lists(st.integers(0, k), min_size=q, max_size=q))
    table = tuple(tuple(times * value for value in row) for row in carry(q, k).table)
    c = TwoCocycle(table, k).change_digits(shift)
    assert c.cohomology_class == times % math.gcd(q, k)
    assert (c.trivialise() is None) == (c.cohomology_class != 0)


def test_every_small_2_cocycle_has_the_class_that_splitting_says():
    """All 81 tables of Z/2 into Z/3 and 256 into Z/4: law, class and search agree."""
    for k in (3, 4):
        found = set()
        for values in itertools.product(range(k), repeat=4):
            try:
                c = TwoCocycle((values[:2], values[2:]), k)
            except AxiomError:
                continue
            found.add(c.cohomology_class)
            splits = any(coboundary(h, k) == c for h in itertools.product(range(k), repeat=2))
            assert splits == (c.cohomology_class == 0)
        assert found == set(range(math.gcd(2, k)))


@pytest.mark.parametrize("base", [3, 4, 10])
def test_balanced_digits_change_the_carry_by_a_coboundary(base):
    shift = balanced_digits(base)
    c = carry(base).change_digits(shift)
    digit = [i + base * shift[i] for i in range(base)]
    assert sorted(digit) == list(range(-((base - 1) // 2), base // 2 + 1))
    for i, j in itertools.product(range(base), repeat=2):
        carried = (digit[i] + digit[j] - digit[(i + j) % base]) // base
        assert c.table[i][j] == carried % base
    assert c.cohomology_class == carry(base).cohomology_class != 0
    zero = tuple((0,) * base for _ in range(base))
    assert c.change_digits([-h for h in shift]) == carry(base) != TwoCocycle(zero, base)


@pytest.mark.parametrize("base", [2, 10])
def test_the_carry_of_a_node_is_the_2_cocycle_on_digits(base):
    """The 1-cocycle of counting up, tabulated on digits; and it lives on N alone, not on Z/b."""
    delta = carry_cocycle(base).delta
    m, s = jnp.arange(base)[:, None], jnp.arange(base)[None, :]
    assert tuple(map(tuple, delta(m, s).tolist())) == carry(base, 10**6).table
    assert delta(jnp.array(base), jnp.array(1)).item() == 1 != delta(jnp.array(0), jnp.array(1))
    # It is the coboundary of the digit that a number shows, over the rationals only.
    n = jnp.arange(4 * base)[:, None]
    shown = carry_cocycle(base).action.act(n, s)
    assert jnp.array_equal(base * delta(n, s), n - (shown - s))


def test_a_wrong_carry_is_shown():
    table = [list(row) for row in carry(3).table]
    table[2][1] = 0
    with pytest.raises(AxiomError, match=r"at i, j, m = \(.*the left side is \d, the right side"):
        TwoCocycle(tuple(map(tuple, table)), 3)


def test_bad_arguments_are_named():
    with pytest.raises(ShapeMismatchError, match=r"2 rows of lengths \[1, 2\]"):
        TwoCocycle(((0,), (0, 0)), 2)
    with pytest.raises(ShapeMismatchError, match="0 rows"):
        coboundary((), 2)
    with pytest.raises(InputError, match="`modulus` is 0"):
        carry(2, 0)
    with pytest.raises(InputError, match="`base` is 0"):
        carry(0)
    with pytest.raises(ShapeMismatchError, match="`shift` has 2 values, but there are 3 digits"):
        carry(3).change_digits((0, 1))
