"""Frontier rows of arithmetic: addition, multiplication, division, greatest common divisors."""

import functools
import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from catalign._errors import UnsupportedError
from catalign.alignment.certificate import Certificate, compose
from catalign.alignment.transducer import Rule
from catalign.distributions.digit import to_digits
from catalign.nn.scan import HardScan, WordType, answer, draw_letters, learn, number
from catalign.nn.scan.product import DigitProducts, learn_products
from tasks.frontier_row import Row, count_wrong, timed, to_int

BASE = 10
PAIRS = WordType((BASE, BASE), BASE)
PYTHON = "Python's integers"
PAIRS_TOLD, PRODUCTS_TOLD, QUOTIENTS_TOLD = 64, 300, 512
"""How many examples there are: sums or differences, products, quotients."""


def add_rule(carry: int, letter: tuple[int, ...]) -> tuple[int, int]:
    """One column of addition."""
    return divmod(letter[0] + letter[1] + carry, BASE)


def subtract_rule(borrow: int, letter: tuple[int, ...]) -> tuple[int, int]:
    """One column of subtraction."""
    difference = letter[0] - letter[1] - borrow
    return int(difference < 0), difference % BASE


def divide_rule(divisor: int) -> Rule:
    """One digit of short division."""
    return lambda rest, letter: divmod(BASE * rest + letter[0], divisor)[::-1]


def learn_pairs(rule: Rule, examples: int, seed: int) -> HardScan:
    """Learns an operation on two numbers from sums (or differences) of five digits.

    Raises:
      UnsupportedError: No machine answers the examples.
    """
    letters = draw_letters(np.random.default_rng(seed), PAIRS, examples, 5, pad=(0, 0))
    return learn(PAIRS, answer(rule, PAIRS, letters), seed=seed).machine


def addition(sizes: dict[str, int], seeds: int) -> Iterator[Row]:
    """Addition from 64 sums of five digits, at a million digits, in thirteen families."""
    n = sizes["digits"]
    families = addition_families(n)
    batch = np.stack([np.stack(pair, axis=-1) for pair in families.values()])
    letters = jnp.asarray(np.pad(batch, ((0, 0), (0, 1), (0, 0))))
    totals = [to_int(a) + to_int(b) for a, b in families.values()]
    known = None
    told = {"examples": (PAIRS_TOLD,), "learned_from": "sums of 5 digits, outputs only"}
    for seed in range(seeds):
        try:
            machine = learn_pairs(add_rule, PAIRS_TOLD, seed)
        except UnsupportedError:
            yield _failed("addition", n, seed, told)
            continue
        regime = _regime(machine.certify(add_rule, subject="addition"))
        got, seconds = timed(functools.partial(machine, letters))
        # Digits that equal those already compared with Python's integers need no conversion again.
        if known is None and all(to_int(row) == t for row, t in zip(got, totals, strict=True)):
            known = np.asarray(got)
        for k, family in enumerate(families):
            expected = known[k] if known is not None else _spell(totals[k], n + 1)
            yield Row(
                task="addition",
                family=family,
                size=n,
                seed=seed,
                regime=regime,
                wrong=count_wrong(got[k], expected),
                places=n + 1,
                seconds=seconds / len(families),
                reference=PYTHON,
                **told,
            )


def addition_families(n: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Random digits, and the worst cases of carries."""
    rng = np.random.default_rng(99)
    nines, one = np.full(n, 9), np.zeros(n, int)
    one[0] = 1
    free = rng.integers(0, BASE, n)
    families = {
        "random": (rng.integers(0, BASE, n), rng.integers(0, BASE, n)),
        "9...9 + 1": (nines, one),
        "all propagate, no carry": (free, 9 - free),
    }
    for decile in range(10):
        a, b = free.copy(), 9 - free
        at = decile * n // 10
        a[at] = b[at] = 5 + decile % 5
        families[f"all propagate, one generate at {decile}/10"] = (a, b)
    return {name: (a.astype(np.int32), b.astype(np.int32)) for name, (a, b) in families.items()}


def multiplication(sizes: dict[str, int], seeds: int) -> Iterator[Row]:
    """Multiplication: learned products of digits, a convolution, and the learned adder."""
    n = sizes["product"]
    rng = np.random.default_rng(98)
    two = np.zeros(n, int)
    two[0] = 2
    ones, nines = np.ones(n, int), np.full(n, 9)
    pair = rng.integers(0, BASE, (2, n))
    families = {
        "random": (pair[0], pair[1]),
        "0...02 x 0...02": (two, two),
        "1...1 x 1...1": (ones, ones),
        "9...9 squared": (nines, nines),
        "random x 9...9": (pair[0], nines),
    }
    a, b = (jnp.asarray(np.stack(side), jnp.int32) for side in zip(*families.values(), strict=True))
    told = {
        "examples": (PRODUCTS_TOLD, PAIRS_TOLD),
        "learned_from": "products of 2 by 2 digits, sums of 5 digits, outputs only",
    }
    for seed in range(seeds):
        try:
            products, adder = _products(seed), learn_pairs(add_rule, PAIRS_TOLD, seed)
        except UnsupportedError:
            yield _failed("multiplication", n, seed, told)
            continue
        certificate = compose(
            "multiplication",
            [
                products.certify(lambda u, v: u * v),
                adder.certify(add_rule, subject="addition"),
            ],
            wiring="convolution, carry-save passes, one scan",
        )
        run = jax.jit(jax.vmap(functools.partial(number.multiply, products, adder)))
        got, seconds = timed(functools.partial(run, a, b))
        for k, (family, (x, y)) in enumerate(families.items()):
            expected = _spell(to_int(x) * to_int(y), 2 * n)
            yield Row(
                task="multiplication",
                family=family,
                size=n,
                seed=seed,
                regime=_regime(certificate),
                wrong=count_wrong(got[k], expected),
                places=2 * n,
                seconds=seconds / len(families),
                reference=PYTHON,
                **told,
            )


def short_division(sizes: dict[str, int], seeds: int) -> Iterator[Row]:
    """Division by one digit: one machine for each divisor, at a million digits."""
    n = sizes["digits"]
    word_type = WordType((BASE,), BASE, from_last=True)
    power = np.zeros(n, int)
    power[-1] = 1
    families = {
        "random": np.random.default_rng(97).integers(0, BASE, n),
        "9...9": np.full(n, 9),
        "10...0": power,
        "142857 repeated": np.resize([7, 5, 8, 2, 4, 1], n),
    }
    letters = jnp.asarray(np.stack(list(families.values()))[..., None], jnp.int32)
    dividends = [to_int(x) for x in families.values()]
    told = {"examples": (QUOTIENTS_TOLD,), "learned_from": "quotients of 6 digits, outputs only"}
    for seed in range(seeds):
        for divisor in range(2, 10):
            rule, task = divide_rule(divisor), f"division by {divisor}"
            drawn = draw_letters(np.random.default_rng(seed), word_type, QUOTIENTS_TOLD, 6)
            try:
                machine = learn(word_type, answer(rule, word_type, drawn), seed=seed).machine
            except UnsupportedError:
                yield _failed(task, n, seed, told)
                continue
            regime = _regime(machine.certify(rule, subject=task))
            got, seconds = timed(functools.partial(machine, letters))
            for k, family in enumerate(families):
                # One comparison of whole numbers; digits are told apart only where it fails.
                quotient = dividends[k] // divisor
                right = to_int(got[k]) == quotient
                yield Row(
                    task=task,
                    family=family,
                    size=n,
                    seed=seed,
                    regime=regime,
                    wrong=0 if right else count_wrong(got[k], _spell(quotient, n)),
                    places=n,
                    seconds=seconds / len(families),
                    reference=PYTHON,
                    **told,
                )


def long_division(sizes: dict[str, int], seeds: int) -> Iterator[Row]:
    """Quotient and rest of long numbers, by a learned subtractor."""
    n = sizes["euclid"]
    rng = np.random.default_rng(96)
    long, half = _draw(rng, n), _draw(rng, n // 2)
    f, g = fibonacci(n)
    pairs = {
        "random, divisor half as long": (long, half),
        "random, equally long": (long, _draw(rng, n)),
        "divisor divides": (half * _draw(rng, n - n // 2), half),
        "Fibonacci pair": (f, g),
        "dividend shorter": (half, long),
        "by 1": (long, 1),
    }
    yield from _subtracting("long division", pairs, n, seeds, number.divide, divmod)


def greatest_divisor(sizes: dict[str, int], seeds: int) -> Iterator[Row]:
    """Euclid's algorithm on long numbers, by a learned subtractor."""
    n = sizes["euclid"]
    rng = np.random.default_rng(95)
    a, b, common = _draw(rng, n), _draw(rng, n), _draw(rng, n // 2)
    pairs = {
        "random": (a, b),
        "large common divisor": (common * _draw(rng, n // 3), common * _draw(rng, n // 3)),
        "Fibonacci pair": fibonacci(n),
        "b divides a": (common * _draw(rng, n - n // 2), common),
        "a = b": (a, a),
        "b = 0": (a, 0),
        "a = 0": (0, b),
    }

    def reference(x: int, y: int) -> tuple[int]:
        return (math.gcd(x, y),)

    yield from _subtracting(
        "greatest common divisor",
        pairs,
        n,
        seeds,
        lambda machine, x, y: (number.gcd(machine, x, y),),
        reference,
    )


def fibonacci(n: int) -> tuple[int, int]:
    """The two greatest neighbouring Fibonacci numbers of at most n digits: Euclid's worst case.

    Example:
      >>> fibonacci(2)
      (89, 55)
    """
    low, high = 1, 1
    while low + high < 10**n:
        low, high = high, low + high
    return high, low


def _subtracting(task: str, pairs: dict, n: int, seeds: int, run, reference) -> Iterator[Row]:
    told = {"examples": (PAIRS_TOLD,), "learned_from": "differences of 5 digits, outputs only"}
    x, y = (
        jnp.asarray(np.stack([to_digits(pair[side], n) for pair in pairs.values()]))
        for side in range(2)
    )
    for seed in range(seeds):
        try:
            machine = learn_pairs(subtract_rule, PAIRS_TOLD, seed)
        except UnsupportedError:
            yield _failed(task, n, seed, told)
            continue
        certificate = compose(
            task,
            [machine.certify(subtract_rule, subject="subtraction")],
            wiring="repeated subtraction",
        )
        alone = jax.jit(functools.partial(run, machine))
        for k, (family, pair) in enumerate(pairs.items()):
            got, seconds = timed(functools.partial(alone, x[k], y[k]))
            wrong = sum(
                count_wrong(part, to_digits(value, n))
                for part, value in zip(got, reference(*pair), strict=True)
            )
            yield Row(
                task=task,
                family=family,
                size=n,
                seed=seed,
                regime=_regime(certificate),
                wrong=wrong,
                places=n * len(got),
                seconds=seconds,
                reference=PYTHON,
                **told,
            )


def _products(seed: int) -> DigitProducts:
    drawn = np.random.default_rng(seed).integers(0, BASE, (2, PRODUCTS_TOLD, 2))
    values = (drawn * BASE ** np.arange(2)).sum(axis=-1)
    return learn_products(drawn[0], drawn[1], values.prod(axis=0), base=BASE)


def _draw(rng: np.random.Generator, n: int) -> int:
    digits = rng.integers(0, BASE, n)
    digits[-1] = rng.integers(1, BASE)
    return to_int(digits)


def _spell(value: int, n: int) -> np.ndarray:
    """The digits of a number of any length, by halves."""
    if n <= 64:
        return to_digits(value, n)
    half = n // 2
    high, low = divmod(value, BASE**half)
    return np.concatenate([_spell(low, half), _spell(high, n - half)])


def _regime(certificate: Certificate) -> str:
    return "certified" if certificate.is_proved else "hardened"


def _failed(task: str, n: int, seed: int, told: dict[str, Any]) -> Row:
    return Row(
        task=task,
        family="no machine fits the examples",
        size=n,
        seed=seed,
        regime="soft",
        wrong=1,
        places=1,
        seconds=0.0,
        reference=PYTHON,
        **told,
    )
