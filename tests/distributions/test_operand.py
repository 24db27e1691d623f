"""Laws of operands: ranges, carry chains of the length asked for, gcds that are known."""

import functools
import math

import jax
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.distributions.digit import to_integer
from catalign.distributions.operand import (
    AllPropagate,
    CarryChain,
    GivenGcd,
    LogUniformOperands,
    UniformDigits,
)

SIZE, DRAWS = 6, 64
LAWS = (
    UniformDigits(),
    LogUniformOperands(),
    AllPropagate(),
    AllPropagate(carry=False),
)


@functools.cache
def draws(law, base: int) -> np.ndarray:
    keys = jax.random.split(jax.random.key(1), DRAWS)
    return np.asarray(jax.jit(jax.vmap(lambda key: law.sample(key, SIZE, base=base)))(keys))


def check_digits(pairs: np.ndarray, base: int) -> None:
    assert pairs.shape == (DRAWS, 2, SIZE)
    assert pairs.dtype == np.int32
    assert pairs.min() >= 0
    assert pairs.max() < base


def longest_chain(a: np.ndarray, b: np.ndarray, base: int) -> int:
    """Counts digit by digit, as one adds by hand."""
    longest = running = 0
    for total in (a + b).tolist():
        if total >= base:
            running = 1
        elif total == base - 1 and running:
            running += 1
        else:
            running = 0
        longest = max(longest, running)
    return longest


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_digits_lie_in_the_base(law):
    check_digits(draws(law, 10), 10)


@pytest.mark.parametrize(("length", "base"), [(0, 10), (3, 10), (SIZE, 10), (3, 2)])
def test_the_longest_carry_chain_is_as_asked(length, base):
    pairs = draws(CarryChain(length), base)
    check_digits(pairs, base)
    assert {longest_chain(a, b, base) for a, b in pairs} == {length}


def test_chains_start_at_every_place_that_has_room():
    totals = draws(CarryChain(3), 10).sum(axis=1)
    runs = (totals[:, :-2] >= 10) & (totals[:, 1:-1] == 9) & (totals[:, 2:] == 9)
    assert runs.any(axis=0).all()


def test_all_propagate_sends_one_carry_through():
    totals = draws(AllPropagate(), 10).sum(axis=1)
    assert (totals[:, 0] >= 10).all()
    assert (totals[:, 1:] == 9).all()
    assert (draws(AllPropagate(carry=False), 10).sum(axis=1) == 9).all()


def test_log_uniform_numbers_have_every_length():
    numbers = draws(LogUniformOperands(), 10).reshape(-1, SIZE)
    lengths = [len(str(to_integer(x))) for x in numbers]
    assert set(lengths) == set(range(1, SIZE + 1))
    lead = [int(str(to_integer(x))[0]) for x in numbers]
    assert lead.count(1) > lead.count(9)


@pytest.mark.parametrize("base", [2, 10])
def test_the_gcd_is_the_one_drawn_first(base):
    law = GivenGcd()
    keys = jax.random.split(jax.random.key(2), DRAWS)
    sample = jax.jit(jax.vmap(lambda key: law.sample_with_outcome(key, SIZE, base=base)))
    pairs, outcomes = sample(keys)
    check_digits(np.asarray(pairs), base)
    numbers = [[to_integer(x, base=base) for x in pair] for pair in np.asarray(pairs)]
    expected = [to_integer(g, base=base) for g in np.asarray(outcomes)]
    assert [math.gcd(a, b) for a, b in numbers] == expected
    assert {a > b for a, b in numbers} == {True, False}
    assert np.median([max(pair) for pair in numbers]) >= base ** (SIZE - 2)


def test_several_independent_numbers():
    assert UniformDigits().sample(jax.random.key(0), 3, count=5).shape == (5, 3)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda key: CarryChain(-1), "`length` is -1"),
        (lambda key: CarryChain(4).sample(key, 3), "`length` is 4"),
        (lambda key: CarryChain(1).sample(key, 3, count=3), "`count` is 3"),
        (lambda key: AllPropagate().sample(key, 3, count=1), "`count` is 1"),
        (lambda key: GivenGcd(0), "`value` is 0"),
        (lambda key: GivenGcd(1000).sample(key, 3), "`value` is 1000"),
        (lambda key: UniformDigits().sample(key, 0), "`size` is 0"),
        (lambda key: UniformDigits().sample(key, 3, base=1), "`base` is 1"),
    ],
)
def test_wrong_arguments_are_named(draw, message):
    with pytest.raises(InputError, match=message):
        draw(jax.random.key(0))
