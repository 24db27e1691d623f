"""Long arithmetic from learned pieces, against Python's integers, in two bases."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.distributions.digit import to_digits, to_integer
from catalign.nn.scan import HardScan, WordType, answer, draw_letters, learn, number
from catalign.nn.scan.product import DigitProducts, learn_products
from tests.nn.scan import rules

BASE, SIZE = 3, 10
RULES = {"add": rules.add, "subtract": rules.subtract}


@functools.cache
def _machine(name: str) -> HardScan:
    word_type, rule = WordType((BASE, BASE), BASE), RULES[name](BASE)
    letters = draw_letters(np.random.default_rng(0), word_type, 64, 5, pad=(0, 0))
    return learn(word_type, answer(rule, word_type, letters)).machine


@functools.cache
def _products() -> DigitProducts:
    drawn = np.random.default_rng(0).integers(0, BASE, (2, 60, 2))
    values = (drawn * BASE ** np.arange(2)).sum(axis=-1)
    return learn_products(drawn[0], drawn[1], values.prod(axis=0), base=BASE)


def _digits(value: int) -> jax.Array:
    return jnp.asarray(to_digits(value, SIZE, base=BASE))


numbers = st.integers(0, BASE**SIZE - 1)


@settings(max_examples=20, deadline=None)
@given(numbers, numbers)
def test_sums_differences_and_products_are_pythons(a: int, b: int) -> None:
    x, y = _digits(a), _digits(b)
    assert to_integer(number.add(_machine("add"), x, y), base=BASE) == a + b
    difference, negative = number.subtract(_machine("subtract"), x, y)
    assert to_integer(difference, base=BASE) == (a - b) % BASE**SIZE
    assert bool(negative) == (a < b)
    product = number.multiply(_products(), _machine("add"), x, y)
    assert to_integer(product, base=BASE) == a * b


@settings(max_examples=20, deadline=None)
@given(numbers, st.integers(1, BASE**SIZE - 1) | st.integers(1, 9))
def test_quotient_and_rest_are_pythons(a: int, b: int) -> None:
    quotient, rest = number.divide(_machine("subtract"), _digits(a), _digits(b))
    assert (to_integer(quotient, base=BASE), to_integer(rest, base=BASE)) == divmod(a, b)


@settings(max_examples=20, deadline=None)
@given(numbers | st.integers(0, 9), numbers | st.integers(0, 9))
def test_the_gcd_is_pythons(a: int, b: int) -> None:
    assert to_integer(number.gcd(_machine("subtract"), _digits(a), _digits(b)), base=BASE) == (
        math.gcd(a, b)
    )


def test_batches_are_what_single_numbers_are() -> None:
    pairs = [(0, 0), (5, 0), (0, 5), (46368, 28657), (59048, 243), (7, 59048)]
    x, y = (jnp.stack([_digits(pair[k]) for pair in pairs]) for k in range(2))
    found = jax.vmap(functools.partial(number.gcd, _machine("subtract")))(x, y)
    assert [to_integer(row, base=BASE) for row in found] == [math.gcd(*pair) for pair in pairs]


def test_division_by_zero_has_no_answer() -> None:
    quotient, rest = number.divide(_machine("subtract"), _digits(5), _digits(0))
    assert (quotient == -1).all()
    assert (rest == -1).all()


def test_a_wrong_table_is_refuted_and_multiplies_wrong() -> None:
    """The planted fault."""
    table = [list(row) for row in _products().table]
    table[2][1] += 1
    broken = DigitProducts(BASE, tuple(map(tuple, table)))
    certificate = broken.certify(lambda u, v: u * v)
    assert certificate.counterexample.inputs == {"u": 2, "v": 1}
    product = number.multiply(broken, _machine("add"), _digits(2), _digits(1))
    assert to_integer(product, base=BASE) == 3
    assert _products().certify(lambda u, v: u * v).is_proved


def test_another_product_is_learned_from_its_results() -> None:
    """Digits multiply as in another operation: the larger of the two, digit by digit."""
    drawn = np.random.default_rng(1).integers(0, 4, (2, 80, 2))
    place = 4 ** np.arange(2)
    pairs = np.maximum(drawn[0][:, :, None], drawn[1][:, None, :])
    results = (pairs * place[:, None] * place[None]).sum(axis=(1, 2))
    learned = learn_products(drawn[0], drawn[1], results, base=4)
    assert learned.certify(max).is_proved


def test_products_that_the_examples_leave_open_are_named() -> None:
    ones = np.ones((5, 2), int)
    with pytest.raises(UnsupportedError, match=r"determine 1 of 9 products; \(0, 0\)"):
        learn_products(ones, ones, np.full(5, 16), base=3)
    drawn = np.random.default_rng(0).integers(0, 2, (2, 30, 2))
    with pytest.raises(UnsupportedError, match="no table of whole numbers"):
        learn_products(drawn[0], drawn[1], np.arange(30) ** 2, base=2)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ShapeMismatchError, match="pad them"):
        number.add(_machine("add"), _digits(1), _digits(1)[:-1])
    with pytest.raises(InputError, match="digits from 0 to 2"):
        learn_products(np.full((1, 1), 3), np.zeros((1, 1), int), np.zeros(1), base=3)
    with pytest.raises(ShapeMismatchError, match="twice"):
        learn_products(np.zeros(3, int), np.zeros((3, 1), int), np.zeros(3), base=3)
