import itertools

import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError
from catalign.algebra.cocycle import (
    Cocycle,
    MonoidAction,
    carry_cocycle,
    check_cocycle,
    countdown_cocycle,
    semilattice_cocycle,
)
from catalign.algebra.instances import max_plus
from catalign.algebra.monoid import Monoid
from catalign.para.lax_morphism import (
    LaxMorphism,
    Module,
    check_lax_morphism,
    check_module,
    cocycle_of,
    function_module,
    lax_morphism_of,
)
from tests.strategies import LAW

SATURATING = Monoid(name="count to 2", op=lambda a, b: min(a + b, 2), unit=0)
LETTERS = Monoid(name="letters", op=lambda a, b: a if a != 0 else b, unit=0)
"""Noncommutative: the later of two letters counts, unless it is none."""
WORDS = Monoid(name="words", op=lambda a, b: a + b, unit="")
MONOIDS = (SATURATING, LETTERS)
THREE = range(3)

EXAMPLES = {
    "carry": (carry_cocycle(3), range(3), range(7)),
    "countdown": (countdown_cocycle(), range(4), range(5)),
    "semilattice": (semilattice_cocycle(max_plus.add), [0.0, 1.0, 2.5], [float("-inf"), 0.5, 2.0]),
}


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_every_cocycle_is_a_lax_morphism_and_comes_back(name):
    cocycle, states, messages = EXAMPLES[name]
    states, messages = list(map(jnp.asarray, states)), list(map(jnp.asarray, messages))
    lax = lax_morphism_of(cocycle, states=states)
    check_lax_morphism(lax, messages)
    back = cocycle_of(lax, cocycle.action, cocycle.arguments)
    check_cocycle(back, jnp.stack(messages), jnp.stack(states))
    pairs = itertools.product(messages, states)
    assert all(back.delta(m, s) == cocycle.delta(m, s) for m, s in pairs)


def all_actions():
    """Every action of the monoids of three elements on two or three states."""
    for monoid, n in itertools.product(MONOIDS, (2, 3)):
        maps = list(itertools.product(range(n), repeat=n))
        for one, two in itertools.product(maps, maps):
            table = (tuple(range(n)), one, two)
            if all(
                table[monoid.op(k, m)][s] == table[k][table[m][s]]
                for k, m, s in itertools.product(THREE, THREE, range(n))
            ):
                yield MonoidAction(messages=monoid, act=lambda m, s, t=table: t[m][s]), n


ACTIONS = list(all_actions())


def obeys_the_equations(cocycle, n):
    """The two equations of paper 2, written out."""
    act, op, delta = cocycle.action.act, cocycle.action.messages.op, cocycle.delta
    add, zero = cocycle.arguments.op, cocycle.arguments.unit
    triples = itertools.product(THREE, THREE, range(n))
    return all(delta(0, s) == zero for s in range(n)) and all(
        delta(op(k, m), s) == add(delta(k, act(m, s)), delta(m, s)) for k, m, s in triples
    )


def is_lax(lax):
    try:
        check_lax_morphism(lax, THREE)
    except AxiomError:
        return False
    return True


# Potentials give cocycles, tables that are changed at one place mostly do not.
@LAW
@given(st.sampled_from(ACTIONS), st.data())
def test_the_equations_hold_exactly_for_lax_morphisms(drawn, data):
    action, n = drawn
    potential = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    integers = Monoid(name="Z", op=lambda a, b: a + b, unit=0)
    table = {(m, s): potential[action.act(m, s)] - potential[s] for m in THREE for s in range(n)}
    assert obeys_the_equations(Cocycle(action, integers, lambda m, s: table[m, s]), n)
    place = data.draw(st.sampled_from(sorted(table)))
    table[place] += data.draw(st.integers(0, 1))
    cocycle = Cocycle(action, integers, lambda m, s: table[m, s])
    lax = lax_morphism_of(cocycle, states=range(n))
    check_module(lax.module, THREE, [lambda s, p=tuple(potential): p[s], lambda s: s])
    assert is_lax(lax) == obeys_the_equations(cocycle, n)
    assert is_lax(lax) == obeys_the_equations(cocycle_of(lax, action, integers), n)


@LAW
@given(st.lists(st.text("ab", max_size=2), min_size=3, max_size=3))
def test_the_order_of_arguments_is_the_order_of_composition(emitted):
    """Arguments that do not commute: over the naturals, later ones stand on the left."""
    naturals = Monoid(name="N", op=lambda a, b: a + b, unit=0)
    action = MonoidAction(messages=naturals, act=lambda m, s: (s + m) % 3)

    def delta(m, s):
        return "".join(emitted[(s + k) % 3] for k in reversed(range(m)))

    def reversed_delta(m, s):
        return delta(m, s)[::-1]

    check_lax_morphism(lax_morphism_of(Cocycle(action, WORDS, delta), states=THREE), range(4))
    backwards = Cocycle(action, WORDS, reversed_delta)
    commute = all(x + y == y + x for x, y in itertools.product(emitted, emitted))
    if commute and all(x == x[::-1] for x in emitted):
        check_lax_morphism(lax_morphism_of(backwards, states=THREE), range(4))


@pytest.mark.parametrize(
    ("law", "delta"),
    [
        ("unit", lambda m, s: (m + s) // 10 + 1),
        ("multiplication", lambda m, s: m * (m + s) // 10),
        ("multiplication", lambda m, s: int(m + s >= 10)),
    ],
)
def test_a_planted_fault_breaks_the_coherence_and_the_cocycle(law, delta):
    carry = carry_cocycle(10)
    planted = Cocycle(carry.action, carry.arguments, delta)
    with pytest.raises(AxiomError, match=f"`{law} kappa"):
        check_lax_morphism(lax_morphism_of(planted, states=range(10)), range(25))
    assert any(
        planted.delta(n + m, s) != planted.delta(n, carry.action.act(m, s)) + planted.delta(m, s)
        for n, m, s in itertools.product(range(12), range(12), range(10))
    )


def test_a_morphism_that_is_strict_is_the_zero_cocycle():
    lax = lax_morphism_of(carry_cocycle(10), states=range(10))
    strict = LaxMorphism(lax.module, lambda t: lambda s: 0)
    check_lax_morphism(strict, range(12))


@pytest.mark.parametrize(
    ("law", "act"),
    [
        ("unit", lambda f, m: lambda s: f(s) if m else 0),
        ("identities", lambda f, m: lambda s: f(s) + m),
        ("multiplication", lambda f, m: lambda s: f((s + m * m) % 3)),
        ("composites", lambda f, m: lambda s: min(f(s), 1) if m else f(s)),
    ],
)
def test_a_planted_fault_in_a_module_is_found(law, act):
    carry = carry_cocycle(3)
    good = function_module(carry.action, carry.arguments, states=THREE)
    samples = {"messages": range(3), "elements": [lambda s: s, lambda s: s * s + 1]}
    check_module(good, **samples)
    with pytest.raises(AxiomError, match=f"`{law} "):
        check_module(Module(good.messages, good.elements, act, good.observe), **samples)
