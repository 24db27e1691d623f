"""The procedure never refutes what has a model: checked against models found by hand."""

import itertools

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from catalign.training.discrete.proof.closure import Conflict, refute
from catalign.training.discrete.proof.literal import (
    END,
    Sum,
    Value,
    at_most,
    compare,
    constant,
    equal,
    negate,
)
from catalign.training.discrete.proof.search import Law, Pattern, Problem, Undecided

NUMBERS = st.integers(-3, 3)


@given(
    st.lists(NUMBERS, min_size=3, max_size=3),
    st.lists(st.tuples(st.lists(NUMBERS, min_size=3, max_size=3), NUMBERS, st.booleans())),
)
@settings(deadline=None, max_examples=200)
def test_comparisons_that_hold_of_some_numbers_are_not_refuted(numbers, rows):
    true = []
    for factors, rest, strict in rows:
        total = Sum(tuple((t, x) for t, x in enumerate(factors) if x), rest)
        value = rest + sum(x * y for x, y in zip(factors, numbers, strict=True))
        if value < 0 or (value == 0 and not strict):
            true.append((total, strict, 0))
    refute(true, [])


@given(st.lists(NUMBERS, min_size=3, max_size=3), NUMBERS, st.booleans())
def test_a_comparison_and_its_negation_say_the_opposite(factors, rest, strict):
    total = Sum(tuple((t, x) for t, x in enumerate(factors) if x), rest)
    literal = compare(total, Sum(), strict=strict)
    for numbers in itertools.product((-2, 0, 1), repeat=3):
        value = rest + sum(x * y for x, y in zip(factors, numbers, strict=True))
        assert _holds(literal, numbers) == (value < 0 or (value == 0 and not strict))
        assert _holds(negate(literal), numbers) != _holds(literal, numbers)


def _holds(literal, numbers):
    if isinstance(literal, bool):
        return literal
    value = literal.total.rest + sum(x * numbers[t] for t, x in literal.total.factors)
    return value < 0 or (value == 0 and not literal.strict)


def test_a_cycle_of_strict_comparisons_is_refuted():
    a, b, c = (Sum(((t, 1),)) for t in range(3))
    rows = [(x.plus(y, -1), x is c, 0) for x, y in ((a, b), (b, c), (c, a))]
    with pytest.raises(Conflict):
        refute(rows, [])
    refute(rows[:2], [])


LITERAL = st.tuples(
    st.sampled_from(["at_most", "equal"]),
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(-1, 1),
    st.booleans(),
)


@given(st.lists(st.lists(LITERAL, min_size=1, max_size=3), min_size=1, max_size=8))
@settings(deadline=None, max_examples=150)
def test_refuted_clauses_have_no_model(clauses):
    # Terms: x, y, f(x), f(y) and z, with f a function; all between -1 and n - 1.
    problem = Problem()
    x, y, z = (problem.integer(name, (), -1, END)[0] for name in "xyz")
    fx, fy = (problem.integer("f", (t,), -1, END)[0] for t in (x, y))
    terms = (x, y, fx, fy, z)
    problem.add(at_most(END, constant(2)))
    for clause in clauses:
        problem.add(*(_literal(terms, *spec) for spec in clause))
    try:
        problem.refute()
        refuted = True
    except Undecided:
        refuted = False
    has_model = _has_model(clauses)
    assert not (refuted and has_model)
    # Pigeonholes are beyond the procedure: it never splits a disequality.
    if all(kind == "at_most" for clause in clauses for kind, *_ in clause):
        assert refuted or has_model


def _literal(terms, kind, a, b, offset, positive):
    left, right = terms[a], Value(terms[b].term, terms[b].offset + offset)
    literal = at_most(left, right) if kind == "at_most" else equal(left, right)
    return literal if positive else negate(literal)


def _has_model(clauses):
    for n in (1, 2, 3):
        for x, y, z, fx, fy in itertools.product(range(-1, n), repeat=5):
            if x == y and fx != fy:
                continue
            values = (x, y, fx, fy, z)
            if all(any(_true(values, *spec) for spec in clause) for clause in clauses):
                return True
    return False


def _true(values, kind, a, b, offset, positive):
    left, right = values[a], values[b] + offset
    return (left <= right if kind == "at_most" else left == right) == positive


def test_a_law_is_stated_where_it_is_needed():
    def with_law(says):
        problem = Problem()
        x, y = (problem.node(problem.integer(name, (), 0, END)[0]) for name in "xy")
        mark = [problem.integer("mark", (t,), 0, constant(1))[0] for t in (x, y)]
        problem.add(equal(x, y))
        problem.add(at_most(mark[0], constant(0)))

        def state(values):
            value, _ = problem.integer("mark", values, 0, constant(1))
            problem.add(at_most(constant(1), value) if says else at_most(value, constant(0)))

        problem.laws.append(Law("all are marked", 1, state, ((Pattern("mark", 0),),)))
        return problem

    assert with_law(True).refute() == 1
    with pytest.raises(Undecided, match="left over"):
        with_law(False).refute()


def test_what_takes_too_much_work_is_left_open():
    problem = Problem(budget=50)
    terms = [problem.integer(k, (), 0, constant(3))[0] for k in range(5)]
    # Five different numbers from 0 to 3.
    for a, b in itertools.combinations(terms, 2):
        problem.add(at_most(a, b, -1), at_most(b, a, -1))
    with pytest.raises(Undecided, match="too many"):
        problem.refute()
    problem.budget = 10**6
    assert problem.refute() > 1
