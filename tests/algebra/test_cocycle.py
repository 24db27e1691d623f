import dataclasses

import jax.numpy as jnp
import pytest

from catalign._errors import AxiomError, InputError
from catalign.algebra.cocycle import (
    Cocycle,
    MonoidAction,
    carry_cocycle,
    check_action,
    check_cocycle,
    check_reordering,
    check_replay,
    countdown_cocycle,
    from_step,
    semilattice_cocycle,
)
from catalign.algebra.instances import min_plus, plus_times
from catalign.algebra.monoid import Monoid

counts = jnp.arange(7)
lengths = jnp.array([jnp.inf, 0.0, 1.0, 2.0, -1.5])
EXACT = {
    "carry": (carry_cocycle(3), counts, jnp.arange(3)),
    "countdown": (countdown_cocycle(), counts, jnp.arange(5)),
    "semilattice": (semilattice_cocycle(min_plus.add), lengths, lengths),
}


@pytest.mark.parametrize("name", EXACT)
def test_the_exact_cocycles_regroup_and_reorder(name):
    check_cocycle(*EXACT[name])
    check_reordering(*EXACT[name])


@pytest.mark.parametrize("name", ["carry", "countdown"])
def test_a_cocycle_over_the_naturals_is_that_of_its_single_steps(name):
    cocycle, messages, states = EXACT[name]
    one = jnp.ones_like(states)
    again = from_step(
        lambda s: cocycle.action.act(jnp.ones_like(s), s),
        lambda s: cocycle.delta(jnp.ones_like(s), s),
        cocycle.arguments,
    )
    check_cocycle(again, messages, states)
    assert again.action.act(one, states).tolist() == cocycle.action.act(one, states).tolist()
    n, s = messages[:, None], states[None, :]
    assert again.delta(n, s).tolist() == cocycle.delta(n, s).tolist()
    assert again.action.act(n, s).tolist() == cocycle.action.act(n, s).tolist()


def test_later_arguments_stand_on_the_left():
    """Words over the digits 1 and 2, written as numbers: a monoid that does not commute."""

    def join(later, earlier):
        return later * 10 ** jnp.ceil(jnp.log10(earlier + 1)).astype(jnp.int32) + earlier

    def reverse(later, earlier):
        return join(earlier, later)

    def words(op):
        arguments = Monoid(name="words", op=op, unit=0)
        return from_step(lambda s: (s + 1) % 3, lambda s: jnp.where(s == 0, 0, s), arguments)

    few, states = jnp.arange(4), jnp.arange(3)
    check_cocycle(words(join), few, states)
    assert words(join).delta(jnp.array(4), jnp.array(1)).item() == 121
    mixed = Cocycle(words(join).action, words(reverse).arguments, words(join).delta)
    with pytest.raises(AxiomError, match="delta_nm"):
        check_cocycle(mixed, few, states)


def test_what_always_sends_is_a_cocycle_but_not_silent():
    """Prop. 4.1 beside 4.2: with `delta_m(s) = m.s`, a message that comes again is sent again."""
    join = EXACT["semilattice"][0]
    messages, states = EXACT["semilattice"][1:]
    unit = join.arguments.unit
    loud = dataclasses.replace(
        join, delta=lambda m, s: jnp.where(m == unit, unit, join.action.act(m, s))
    )
    check_cocycle(loud, messages, states)
    once = join.action.act(messages[:, None], states[None])
    assert (join.delta(messages[:, None], once) == unit).all()
    assert (loud.delta(messages[:, None], once) != unit).any()


def test_only_the_semilattice_replays():
    check_replay(*EXACT["semilattice"])
    for name in ("carry", "countdown"):
        with pytest.raises(AxiomError, match=r"m \* m \* \(s, 0\)"):
            check_replay(*EXACT[name])


@pytest.mark.parametrize(
    ("delta", "law"),
    [
        (lambda m, s: m + s + 1, "delta_1"),
        (lambda m, s: (m + s) // 2 - s // 2, "delta_nm"),
    ],
)
def test_a_planted_fault_in_delta_is_shown(delta, law):
    carry, messages, states = EXACT["carry"]
    with pytest.raises(AxiomError, match=f"the cocycle breaks `{law}.*at n=.*the left side is"):
        check_cocycle(dataclasses.replace(carry, delta=delta), messages, states)


@pytest.mark.parametrize(
    ("act", "law"),
    [(lambda m, s: s + 1, "1.s = s"), (lambda m, s: s + m * m, r"\(nm\).s")],
)
def test_a_planted_fault_in_the_action_is_shown(act, law):
    action = dataclasses.replace(carry_cocycle(3).action, act=act)
    with pytest.raises(AxiomError, match=f"the action breaks `{law}"):
        check_action(action, counts, counts)


def test_regrouping_and_replay_do_not_give_reordering():
    last = Monoid(name="last", op=lambda n, m: jnp.where(n > 0, n, m), unit=0)
    action = MonoidAction(messages=last, act=last.op)
    cocycle = Cocycle(action, last, lambda m, s: m)
    check_cocycle(cocycle, counts, counts)
    check_replay(cocycle, counts, counts)
    with pytest.raises(AxiomError, match="reordering"):
        check_reordering(cocycle, counts, counts)


@pytest.mark.parametrize("name", [*EXACT, "a fault"])
def test_the_star_is_an_action_exactly_for_cocycles(name):
    """Prop. A.3, with pairs of a state and a total as states."""
    fault = dataclasses.replace(EXACT["carry"][0], delta=lambda m, s: (m + s) // 2 - s // 2)
    cocycle, messages, states = EXACT.get(name, (fault, counts, jnp.arange(3)))
    monoid = cocycle.action.messages
    n, m, s = (x.reshape(-1) for x in jnp.meshgrid(messages, messages, states))
    total = jnp.full_like(s, 3)
    at_once = cocycle.star(monoid.op(n, m), s, total)
    in_turn = cocycle.star(n, *cocycle.star(m, s, total))
    same = all(jnp.array_equal(a, b) for a, b in zip(at_once, in_turn, strict=True))
    assert same == (name != "a fault")


def test_bad_arguments_are_refused():
    with pytest.raises(AxiomError, match="not idempotent"):
        semilattice_cocycle(plus_times.add)
    with pytest.raises(InputError, match="base"):
        carry_cocycle(1)
    with pytest.raises(InputError, match="nothing is checked"):
        check_replay(carry_cocycle(2), counts[:0], counts)
