"""Transducers: agreement on all words is decided, and a wrong cell has a shortest word."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import InputError, ShapeMismatchError
from catalign.alignment.transducer import (
    Transducer,
    certify_transducer,
    compare,
    from_rule,
)


def _addition(base: int) -> Transducer:
    return from_rule(
        lambda c, a: divmod(a[0] + a[1] + c, base), operands=(base, base), outputs=base
    )


@st.composite
def machines(draw, letters: int = 2, outputs: int = 2) -> Transducer:
    states = draw(st.integers(1, 4))

    def table(limit: int) -> tuple[tuple[int, ...], ...]:
        cell = st.integers(0, limit - 1)
        return tuple(tuple(draw(cell) for _ in range(states)) for _ in range(letters))

    return Transducer((letters,), outputs, moves=table(states), writes=table(outputs))


def _differs(first: Transducer, second: Transducer, length: int):
    """A shortest word that tells two machines apart, by trying all."""
    for n in range(1, length + 1):
        for word in itertools.product(first.letters(), repeat=n):
            if first.run(word) != second.run(word):
                return word
    return None


@settings(max_examples=60, deadline=None)
@given(machines(), machines())
def test_comparison_decides_what_trying_all_words_does(first, second) -> None:
    # Machines with m and n states that differ do so on a word of at most m + n - 1 letters.
    expected = _differs(first, second, first.states + second.states - 1)
    word = compare(first, second).word
    assert (word is None) == (expected is None)
    if word is not None:
        assert len(word) == len(expected)
        assert first.run(word) != second.run(word)
    assert (first.minimise() == second.minimise()) == (word is None)


@settings(max_examples=30, deadline=None)
@given(machines())
def test_minimising_keeps_the_outputs_and_is_idempotent(machine) -> None:
    small = machine.minimise()
    assert small.states <= machine.states
    assert compare(machine, small).word is None
    assert small.minimise() == small


@pytest.mark.parametrize("base", [2, 3, 10])
def test_addition_has_two_states_and_adds(base: int) -> None:
    machine = _addition(base)
    assert machine.minimise().states == 2
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, base, 12) for _ in range(2))
    a[-1] = b[-1] = 0
    digits = machine.run(list(zip(a.tolist(), b.tolist(), strict=True)))
    value = [sum(int(d) * base**i for i, d in enumerate(x)) for x in (a, b, digits)]
    assert value[0] + value[1] == value[2]


def test_states_may_be_renamed_and_doubled() -> None:
    doubled = from_rule(
        lambda s, a: ((divmod(a[0] + a[1] + s[0], 10)[0], 1 - s[1]), (a[0] + a[1] + s[0]) % 10),
        operands=(10, 10),
        outputs=10,
        initial=(0, 0),
    )
    assert doubled.states == 4
    certificate = certify_transducer(doubled, _addition(10), subject="addition")
    assert certificate.is_proved
    assert certificate.proved[0].cases == 400


def test_every_wrong_cell_is_found() -> None:
    """The planted fault: each of the 400 cells in turn is another one."""
    machine = _addition(10)
    for table, row, state in itertools.product(("moves", "writes"), range(100), range(2)):
        cells = [list(cells) for cells in getattr(machine, table)]
        limit = machine.states if table == "moves" else machine.outputs
        cells[row][state] = (cells[row][state] + 1) % limit
        broken = dataclasses.replace(machine, **{table: tuple(map(tuple, cells))})
        certificate = certify_transducer(broken, machine, subject="addition")
        assert not certificate.holds
        word = certificate.counterexample.inputs["word"]
        assert broken.run(word) != machine.run(word)
        assert len(word) <= 3


def test_a_rule_without_an_end_is_refused() -> None:
    with pytest.raises(InputError, match="over 50 states"):
        from_rule(lambda s, a: (s + a[0], 0), operands=(2,), outputs=1, max_states=50)


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeMismatchError, match="`moves` has 1 rows"):
        Transducer((2,), 2, moves=((0,),), writes=((0,), (0,)))
    with pytest.raises(InputError, match="0 to 1"):
        Transducer((2,), 2, moves=((0,), (0,)), writes=((0,), (2,)))
    with pytest.raises(InputError, match="none of"):
        _addition(2).run([(0, 2)])
    with pytest.raises(ShapeMismatchError, match="same letters"):
        compare(_addition(2), _addition(3))
