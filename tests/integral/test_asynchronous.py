"""The executor: what an event may do, what a run reports, and networks that break the laws."""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import AxiomError, InputError, ShapeMismatchError
from catalign.algebra.cocycle import Cocycle, MonoidAction, carry_cocycle, semilattice_cocycle
from catalign.algebra.instances import max_plus, plus_times
from catalign.algebra.monoid import Monoid
from catalign.integral import asynchronous
from catalign.integral.asynchronous import execute
from catalign.integral.graph import SparseGraph
from catalign.integral.invariance import check_schedules, compare_schedules
from catalign.integral.network import Network, split_coordinates, split_minimum, split_naturals
from catalign.integral.schedule import DELAYED, FRONTIER, RANDOM_ORDER, REGROUPED, Schedule

CHAIN = SparseGraph(
    senders=jnp.array([0, 1], jnp.int32), receivers=jnp.array([1, 2], jnp.int32), n_node=3
)
COUNT = 16
# One more than the schedules that are compared, as with their run in rounds: one program for both.
KEYS = jax.random.split(jax.random.key(0), COUNT + 1)


def run_all(network, schedule, **options):
    """Runs for all keys, with arrays in the schedule: a number alone would be compiled apart."""
    law = jax.tree.map(
        lambda x: np.broadcast_to(np.asarray(x, np.result_type(x, np.int32)), KEYS.shape), schedule
    )
    return jax.tree.map(np.asarray, execute(network, law, KEYS, **options))


def pass_on(edge, a):
    return a


def counting(cocycle, message=pass_on):
    """A chain of three digits, to which numbers are added."""
    return Network.build(
        cocycle,
        message,
        CHAIN,
        states=jnp.array([7, 9, 1], jnp.int32),
        messages=jnp.array([15, 9, 3], jnp.int32),
        split_message=split_naturals,
        split_argument=split_naturals,
    )


@pytest.mark.parametrize(
    ("split", "op"),
    [
        (split_naturals, np.add),
        (split_minimum, np.minimum),
        (split_coordinates(max_plus.add), np.maximum),
    ],
    ids=["naturals", "minimum", "coordinates"],
)
def test_parts_make_up_the_whole(split, op):
    value = np.arange(60, dtype=np.int32 if split is split_naturals else np.float32)
    first, rest = map(np.asarray, jax.jit(split)(jax.random.key(1), value))
    assert np.array_equal(op(first, rest), value)
    assert not np.array_equal(first, value)
    assert (first >= 0).all() or split is not split_naturals


def test_rounds_have_no_chance_in_them():
    runs = run_all(counting(carry_cocycle(10)), FRONTIER)
    for leaf in jax.tree.leaves(runs):
        assert (leaf == leaf[:1]).all()
    assert runs.states[0].tolist() == [2, 0, 6]
    assert runs.totals[0].tolist() == [2, 2, 0]
    assert runs.messages[0] == 3
    assert runs.events[0] == 3 + 3


def test_schedules_differ_and_end_alike():
    runs = run_all(counting(carry_cocycle(10)), REGROUPED)
    assert len(np.unique(runs.events)) > 3
    assert (runs.events > 6).any()
    assert (runs.states == runs.states[:1]).all()


def test_a_node_takes_one_message_at_a_time_unless_merging():
    star = SparseGraph(
        senders=jnp.arange(1, 6, dtype=jnp.int32), receivers=jnp.zeros(5, jnp.int32), n_node=6
    )
    network = Network.build(
        semilattice_cocycle(max_plus.add),
        pass_on,
        star,
        states=jnp.full(6, -jnp.inf),
        arguments=jnp.arange(6.0),
    )
    at_once = Schedule(send=1.0, deliver=1.0, merge=1.0)
    one_by_one = Schedule(send=1.0, deliver=1.0, merge=0.0)
    assert execute(network, at_once, KEYS[:1]).ticks.tolist() == [1]
    assert execute(network, one_by_one, KEYS[:1]).ticks.tolist() == [5]


def test_delays_are_long_and_bounded():
    network = counting(carry_cocycle(10))
    slow = Schedule(send=1.0, deliver=1.0, merge=1.0, delay=50)
    ticks = run_all(network, slow).ticks
    assert ticks.max() > 20
    assert ticks.max() <= 103


def _no_cocycle():
    carry = carry_cocycle(10)
    return Cocycle(carry.action, carry.arguments, lambda m, s: jnp.minimum((m + s) // 10, 1))


def _no_action():
    natural = plus_times.add
    action = MonoidAction(messages=natural, act=lambda m, s: s + m * m)
    return Cocycle(action, natural, lambda m, s: m)


def _square(edge, a):
    return a * a


@pytest.mark.parametrize(
    "network",
    [counting(_no_cocycle()), counting(_no_action()), counting(carry_cocycle(10), _square)],
    ids=["no cocycle", "no action", "no homomorphism"],
)
def test_a_planted_fault_is_found(network):
    check_schedules(counting(carry_cocycle(10)), jax.random.key(0), count=COUNT)
    with pytest.raises(AxiomError, match=r"not invariant under schedules.*\n.*\n.*in rounds"):
        check_schedules(network, jax.random.key(0), count=COUNT)


def product(edge, a, b):
    return a * b


def test_edges_may_read_both_ends():
    """A product of counts: each part of the one argument meets each of the other once."""
    natural = plus_times.add
    action = MonoidAction(messages=natural, act=natural.op)
    silent = Cocycle(action, natural, lambda m, s: jnp.zeros_like(m))

    def network(message):
        return Network.build(
            silent,
            message,
            CHAIN,
            states=jnp.zeros(3, jnp.int32),
            arguments=jnp.array([5, 7, 11], jnp.int32),
            reads_receiver=True,
            split_argument=split_naturals,
        )

    runs = run_all(network(product), REGROUPED)
    assert (runs.states == np.array([[0, 35, 77]])).all()
    assert runs.messages.max() > 2
    with pytest.raises(AxiomError, match="other states"):
        check_schedules(
            network(lambda edge, a, b: a + b), jax.random.key(0), schedule=REGROUPED, count=COUNT
        )


def test_a_run_without_end_is_given_up():
    loop = SparseGraph(senders=jnp.zeros(1, jnp.int32), receivers=jnp.zeros(1, jnp.int32), n_node=1)
    network = Network.build(
        semilattice_cocycle(max_plus.add),
        lambda edge, a: a + 1,
        loop,
        states=jnp.zeros(1),
        messages=jnp.ones(1),
    )
    report = compare_schedules(network, jax.random.key(0), count=2, max_ticks=30)
    assert report.finished == 0
    assert "given up after 30 ticks" in report.difference


def test_one_compilation_for_all_schedules():
    network = counting(carry_cocycle(10))
    traced = chex.assert_max_traces(asynchronous._execute.__wrapped__, n=1)
    run = jax.jit(lambda law: traced(network, law, KEYS, jnp.int32(999), lanes=4))
    for schedule in (RANDOM_ORDER, REGROUPED, DELAYED):
        law = jax.tree.map(lambda x: jnp.full(KEYS.shape, x, jnp.float32), schedule)
        run(dataclasses.replace(law, delay=jnp.full(KEYS.shape, schedule.delay)))


@pytest.mark.parametrize("at_once", [1, 5, 16])
def test_a_run_does_not_depend_on_those_beside_it(at_once):
    """Whatever takes whose place: the runs of all, one after the other, to the bit."""
    network = counting(carry_cocycle(10))
    law = Schedule(send=np.linspace(0.05, 1.0, COUNT + 1), deliver=0.3, split=0.5)
    runs = run_all(network, law, at_once=at_once)
    assert len(np.unique(runs.ticks)) > 5
    assert runs.ticks.max() > 2 * runs.ticks.min()
    for at in (0, 7, 16):
        alone = execute(network, dataclasses.replace(law, send=law.send[at]), KEYS[at : at + 1])
        for ours, theirs in zip(jax.tree.leaves(alone), jax.tree.leaves(runs), strict=True):
            np.testing.assert_array_equal(ours[0], theirs[at])


def test_bad_arguments_are_refused():
    network = counting(carry_cocycle(10))
    with pytest.raises(InputError, match="must be a vector"):
        execute(network, FRONTIER, KEYS[0])
    with pytest.raises(InputError, match="3 schedules, but there are 17 keys"):
        execute(network, Schedule(send=jnp.ones(3)), KEYS)
    with pytest.raises(InputError, match="`at_once` is 0"):
        execute(network, FRONTIER, KEYS, at_once=0)
    with pytest.raises(InputError, match="`count` is 0"):
        compare_schedules(network, KEYS[0], count=0)
    last = Monoid(name="last", op=lambda n, m: n, unit=0)
    ordered = Cocycle(MonoidAction(messages=last, act=last.op), last, lambda m, s: m)
    with pytest.raises(AxiomError, match=r"monoid last.*has no order"):
        counting(ordered)
    with pytest.raises(ShapeMismatchError, match="`messages` has shape"):
        Network.build(carry_cocycle(2), pass_on, CHAIN, states=jnp.zeros(3), messages=jnp.zeros(2))
