"""Each law of the transform, with a fault planted: the law must fail.

Law 4 has its own in `test_laws`. The laws themselves are in `test_laws`, `test_pushforward`,
`tests/algebra/test_instances` and `tests/polynomial`. Numbers are those of Python, so nothing is
compiled.
"""

import dataclasses
import functools
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign.polynomial import library
from catalign.polynomial.finite import FinFunction
from catalign.polynomial.finite_diagram import FiniteDiagram
from catalign.polynomial.interpretation import FiniteGraph, interpret
from catalign.polynomial.morphism import base_change
from tests.polynomial.reference import COUNT, REACH, SEMIRINGS, SHORTEST, WORDS, transform
from tests.strategies import LAW

LAST = dataclasses.replace(COUNT, name="last", add=lambda a, b: b or a)
"""Addition that keeps the later value: associative with a unit, but it has an order."""
AS_SETS = dataclasses.replace(COUNT, name="sets", add=lambda a, b: a if a == b else a + b)
"""Addition that forgets how often a value comes: a set in place of a bag."""
SUM = FiniteDiagram(FinFunction([0, 1], 2), FinFunction([0, 1], 2), FinFunction([0, 0], 1))
SQUARE = FiniteDiagram(FinFunction([0, 0], 1), FinFunction([0, 0], 1), FinFunction([0], 1))
PRODUCT = FiniteDiagram(FinFunction([0, 1], 2), FinFunction([0, 0], 1), FinFunction([0], 1))
SWAPPED = FiniteDiagram(FinFunction([1, 0], 2), FinFunction([0, 0], 1), FinFunction([0], 1))


def total(semiring, values):
    return functools.reduce(semiring.add, values, semiring.zero)


def is_bag_algebra(semiring, values):
    """Law 1 on one bag: any order, and sums of sums of any two parts."""
    orders = {total(semiring, order) for order in itertools.permutations(values)}
    parts = {
        semiring.add(total(semiring, values[:k]), total(semiring, values[k:]))
        for k in range(len(values) + 1)
    }
    return len(orders | parts) == 1


def test_law_1_fails_for_an_order_and_for_a_set():
    values = (1, 2, 1)
    assert is_bag_algebra(COUNT, values)
    assert not is_bag_algebra(LAST, values)
    assert not is_bag_algebra(AS_SETS, values)


def test_law_2_fails_for_another_order_of_the_fibre():
    field = [frozenset("a"), frozenset("b")]
    assert transform(PRODUCT, WORDS, field) == [frozenset(["ab"])]
    assert transform(SWAPPED, WORDS, field) == [frozenset(["ba"])]


@LAW
@given(st.lists(st.integers(1, 3), min_size=2, max_size=3), st.integers(1, 3))
def test_law_3_fails_where_nothing_distributes(a, b):
    plus_over_plus = dataclasses.replace(COUNT, multiply=int.__add__, one=0)

    def distributes(semiring):
        left = semiring.multiply(total(semiring, a), b)
        return left == total(semiring, [semiring.multiply(x, b) for x in a])

    assert distributes(COUNT)
    assert not distributes(plus_over_plus)


def test_law_5_fails_for_a_map_that_is_no_homomorphism():
    def natural(h, field):
        return [h(v) for v in transform(SUM.then(SQUARE), COUNT, field)] == transform(
            SUM.then(SQUARE), REACH, [h(v) for v in field]
        )

    assert natural(lambda n: n > 0, [0, 1])
    assert not natural(lambda n: n > 1, [1, 1])


def test_law_6_fails_where_a_message_is_dropped_or_an_argument_doubled():
    morphism = base_change(SUM, FinFunction([0, 0], 1))
    restricted, field = morphism.dom, [2, 3]
    below = transform(SUM, COUNT, field) * 2
    assert transform(restricted, COUNT, field) == below
    kept = range(1, restricted.X)
    dropped = FiniteDiagram(
        FinFunction([restricted.i(x) for x in kept], 2),
        FinFunction([restricted.p(x) - 1 for x in kept], restricted.Y - 1),
        FinFunction([restricted.o(y) for y in range(1, restricted.Y)], 2),
    )
    assert transform(dropped, COUNT, field) != below
    again = FinFunction([0], restricted.X)
    doubled = FiniteDiagram(
        restricted.i.copair(again.then(restricted.i)),
        restricted.p.copair(again.then(restricted.p)),
        restricted.o,
    )
    assert transform(doubled, COUNT, field) != below


def test_law_7_fails_for_a_batch_whose_second_graph_reads_the_first():
    batch = SUM + PRODUCT
    mixed = FiniteDiagram(FinFunction([0, 1, 0, 1], 4), batch.p, batch.o)
    assert transform(batch, COUNT, [2, 3, 4, 5]) == [5, 20]
    assert transform(mixed, COUNT, [2, 3, 4, 5]) != [5, 20]


@pytest.mark.parametrize("fault", ["swapped ends", "another semiring", "no self loop"])
def test_law_8_fails_for_a_wrong_bellman_ford(fault):
    inf = float("inf")
    senders, receivers = [0, 1], [1, 2]
    fields = [0, inf, inf, 0, 0, 0, 4, 2]
    good = interpret(library.bellman_ford, FiniteGraph(3, senders, receivers))
    assert transform(good, SHORTEST, fields) == [0, 4, inf]
    if fault == "swapped ends":
        wrong = interpret(library.bellman_ford, FiniteGraph(3, receivers, senders))
        assert transform(wrong, SHORTEST, fields) != [0, 4, inf]
    elif fault == "another semiring":
        widest = next(s for s in SEMIRINGS if s.name == "widest")
        assert transform(good, widest, fields) != [0, 4, inf]
    else:
        assert transform(good, SHORTEST, [*fields[:3], inf, inf, inf, 4, 2]) != [0, 4, inf]


def test_the_product_of_diagrams_by_components_multiplies_only_spans():
    """Section 5.2: Kronecker products of fields are kept by spans, not by products of arguments."""

    def kronecker(f, g):
        return [a * b for a in f for b in g]

    def by_components(first, second):
        def pairs(left, right):
            values = [
                a * right.cod + b for a in left.values.tolist() for b in right.values.tolist()
            ]
            return FinFunction(values, left.cod * right.cod)

        legs = ((getattr(first, leg), getattr(second, leg)) for leg in "ipo")
        return FiniteDiagram(*(pairs(*both) for both in legs))

    f, g = [2, 3], [5, 7]
    spans = transform(by_components(SUM, SUM), COUNT, kronecker(f, g))
    assert spans == kronecker(transform(SUM, COUNT, f), transform(SUM, COUNT, g))
    products = transform(by_components(PRODUCT, PRODUCT), COUNT, kronecker(f, g))
    assert products != kronecker(transform(PRODUCT, COUNT, f), transform(PRODUCT, COUNT, g))
