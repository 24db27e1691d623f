import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError, InputError, UnsupportedError
from catalign.algebra.instances import min_plus
from catalign.alignment.transducer import Transducer, compare
from catalign.integral.graph import SparseGraph
from catalign.integral.transform import integral_transform
from catalign.para.dynamical_system import (
    DynamicalSystem,
    copies,
    distinguishing_word,
    feedback,
)
from catalign.para.functor import LIST, MOORE, STREAM
from catalign.para.lens import Lens
from catalign.para.poly import Poly
from catalign.para.structure import Coalgebra
from catalign.para.unfold import unfold
from catalign.polynomial import library
from catalign.polynomial.interpretation import FiniteGraph
from tests.strategies import LAW

DIGITS = (0, 1)
PAIRS = tuple(itertools.product(DIGITS, DIGITS))


def moore(name, n, table, outputs):
    return DynamicalSystem.from_table(
        name, states=tuple(range(n)), inputs=DIGITS, outputs=outputs, next_states=table
    )


@st.composite
def machines(draw, n=3):
    state = st.integers(0, n - 1)
    table = draw(st.lists(st.tuples(state, state), min_size=n, max_size=n))
    return moore("m", n, table, draw(st.lists(st.booleans(), min_size=n, max_size=n)))


def serial_adder(carry_of=lambda a, b, c: (a + b + c) // 2):
    """The Mealy machine of addition: the state is the carry, a row of answers is a position."""
    return DynamicalSystem.from_table(
        "adder",
        states=DIGITS,
        inputs=PAIRS,
        outputs=[tuple((a + b + c) % 2 for a, b in PAIRS) for c in DIGITS],
        next_states=[[carry_of(a, b, c) for a, b in PAIRS] for c in DIGITS],
    )


def add(machine, x, y, n_bit):
    """What the machine answers to the bits of two numbers, lowest first."""
    arrivals = [(x >> k & 1, y >> k & 1) for k in range(n_bit)]
    states = machine.run(0, arrivals)
    digits = [machine.readout(s)[PAIRS.index(i)] for s, i in zip(states, arrivals, strict=False)]
    return sum(digit << k for k, digit in enumerate(digits))


@LAW
@given(st.integers(0, 255), st.integers(0, 255))
def test_a_mealy_machine_adds(x, y):
    assert add(serial_adder(), x, y, 9) == x + y


def test_an_adder_that_forgets_its_carry_does_not_add():
    assert add(serial_adder(lambda a, b, c: a & b), 3, 3, 4) == 6
    assert add(serial_adder(lambda a, b, c: a & b), 7, 1, 4) != 8
    assert add(serial_adder(lambda a, b, c: 0), 1, 1, 4) != 2


def test_a_machine_is_printed_with_what_each_state_does():
    assert serial_adder().describe().splitlines() == [
        "adder: 2*y^2 -> 2*y^4",
        "state | shows        | (0, 0) | (0, 1) | (1, 0) | (1, 1)",
        "0     | (0, 1, 1, 0) | 0      | 0      | 0      | 1",
        "1     | (1, 0, 0, 1) | 0      | 1      | 1      | 1",
    ]
    lazy = DynamicalSystem("lazy", lambda s: s, lambda s, d: s)
    assert repr(lazy) == "lazy: ? states, interface ?"


@LAW
@given(machines(), st.lists(st.sampled_from(DIGITS), min_size=4, max_size=4))
def test_a_system_runs_as_its_coalgebra(machine, word):
    table = jnp.asarray([[machine.update(s, d) for d in DIGITS] for s in machine.states])
    shows = jnp.asarray([machine.readout(s) for s in machine.states])
    traced = DynamicalSystem("t", lambda s: shows[s], lambda s, d: table[s, d])
    found = unfold(traced.to_coalgebra(), jnp.int32(0), inputs=jnp.asarray(word))
    states = machine.run(0, word)
    assert found.outputs.tolist() == [machine.readout(s) for s in states[:-1]]
    assert int(found.state) == states[-1]
    back = DynamicalSystem.from_coalgebra("b", traced.to_coalgebra())
    assert [int(s) for s in back.run(jnp.int32(0), word)] == states


@LAW
@given(machines(), machines(), st.integers(0, 2), st.integers(0, 2))
def test_a_distinguishing_word_is_the_shortest_one(left, right, s, t):
    found = distinguishing_word(left, right, (s, t))

    def differ(word):
        return left.readout(left.run(s, word)[-1]) != right.readout(right.run(t, word)[-1])

    # Six states in all, so that states that differ at all differ within five steps.
    words = [w for n in range(6) for w in itertools.product(DIGITS, repeat=n)]
    shortest = next((len(w) for w in words if differ(w)), None)
    assert shortest == (None if found is None else len(found))
    assert found is None or differ(found)


def test_two_machines_that_behave_equally_and_one_that_does_not():
    parity = moore("parity", 2, [[0, 1], [1, 0]], (0, 1))
    fat = moore("fat", 4, [[2, 1], [3, 0], [0, 3], [1, 2]], (0, 1, 0, 1))
    assert distinguishing_word(parity, fat, (0, 0)) is None
    wrong = moore("wrong", 4, [[2, 1], [3, 0], [0, 3], [1, 1]], (0, 1, 0, 1))
    assert distinguishing_word(parity, wrong, (0, 0)) == (0, 1, 1)


@st.composite
def transducers(draw, n=3):
    """One letter with two values, two outputs, and every state reachable or not."""
    state, output = st.integers(0, n - 1), st.integers(0, 1)
    moves, writes = (draw(st.tuples(*[st.tuples(*[cell] * n)] * 2)) for cell in (state, output))
    return Transducer((2,), 2, moves=moves, writes=writes)


@LAW
@given(transducers(), transducers())
def test_transducers_are_told_apart_as_their_own_comparison_does(left, right):
    systems = [DynamicalSystem.from_transducer("t", t) for t in (left, right)]
    found, expected = distinguishing_word(*systems, (0, 0)), compare(left, right).word
    # A transducer errs on a letter, a Mealy machine shows that error before the letter arrives.
    assert (found is None) == (expected is None)
    assert found is None or len(found) == len(expected) - 1


@LAW
@given(machines(), machines(), st.lists(st.sampled_from(PAIRS), max_size=4))
def test_systems_side_by_side_run_side_by_side(left, right, word):
    both = left @ right
    apart = zip(left.run(0, [a for a, _ in word]), right.run(1, [b for _, b in word]), strict=True)
    assert both.run((0, 1), word) == list(apart)
    assert both.interface == left.interface @ right.interface
    assert len(both.states) == 9


def test_wiring_one_machine_into_another_is_a_lens():
    """What the first shows is what the second receives: their serial composite."""
    delay = moore("delay", 2, [[0, 1], [0, 1]], DIGITS)
    both = delay @ delay
    outside = Poly.monomial(DIGITS, DIGITS)
    serial = Lens(lambda i: i[1], lambda i, d: (d, i[0]), both.interface, outside)
    twice = both.wire(serial, name="delay by two")
    word = [1, 0, 0, 1, 1, 0]
    shown = [twice.readout(s) for s in twice.run((0, 0), word)]
    assert shown == [0, 0, *word[:-1]]
    assert twice.interface == outside
    crossed = Lens(lambda i: i[1], lambda i, d: (i[1], d), both.interface, outside)
    wrong = both.wire(crossed)
    assert [wrong.readout(s) for s in wrong.run((0, 0), word)] != shown
    with pytest.raises(AxiomError, match="cannot compose lenses"):
        delay.wire(serial)


GRAPH = FiniteGraph(4, [0, 0, 1, 2], [1, 2, 2, 3])
WEIGHTS = jnp.array([4.0, 1.0, 1.0, 2.0])
START = jnp.array([0.0, jnp.inf, jnp.inf, jnp.inf])


def bellman_ford(node_update=jnp.minimum):
    """Each node is a machine; the graph is the wiring diagram of the nodes."""
    node = DynamicalSystem("node", lambda d: d, node_update)
    messages = feedback(
        lambda shown, w: jax.ops.segment_min(shown[GRAPH.senders] + w, GRAPH.receivers, 4)
    )
    return copies(node).wire(messages, name="bellman_ford")


def test_message_passing_is_a_wiring_diagram_of_nodes():
    machine, fields = bellman_ford(), {"f": START, "b": jnp.zeros(4), "w": WEIGHTS}
    rows = jnp.broadcast_to(WEIGHTS, (4, 4))
    run = jax.jit(lambda s: unfold(machine.to_coalgebra(), s, inputs=rows))(START)
    forgetful = bellman_ford(lambda d, m: m).run(START, rows)
    for step in range(4):
        np.testing.assert_array_equal(run.outputs[step], fields["f"])
        fields["f"] = integral_transform(
            library.bellman_ford, min_plus, fields, SparseGraph.from_finite(GRAPH)
        )
    np.testing.assert_array_equal(run.state, [0.0, 4.0, 1.0, 3.0])
    assert not np.array_equal(forgetful[-1], run.state)


def test_a_run_of_probes_is_printed():
    machine = DynamicalSystem(
        "step", lambda s: s["d"], lambda s, w: {"d": s["d"] + w, "pi": s["pi"]}
    )
    state = {"d": jnp.array([0.0, jnp.inf]), "pi": jnp.array([0, 1])}
    assert machine.show(state, [1.0]).splitlines() == [
        "step | state                | shows     | receives",
        "0    | d=[ 0. inf] pi=[0 1] | [ 0. inf] | 1.0",
        "1    | d=[ 1. inf] pi=[0 1] | [ 1. inf] |",
    ]


def test_bad_machines_are_refused():
    with pytest.raises(InputError, match=r"`next_states` has shape \(1, 2\) and `outputs` 2 rows"):
        moore("short", 2, [[0, 1]], (0, 1))
    with pytest.raises(InputError, match="holds 0 to 2, but its 2 states"):
        moore("far", 2, [[0, 1], [2, 0]], (0, 1))
    parity = moore("parity", 2, [[0, 1], [1, 0]], (0, 1))
    with pytest.raises(AxiomError, match="no lens: `forward` sends position 0 to 7"):
        DynamicalSystem("odd", lambda s: 7, parity.update, parity.states, parity.interface)
    with pytest.raises(UnsupportedError, match=r"LIST = .* is not of the form"):
        DynamicalSystem.from_coalgebra("l", Coalgebra(LIST, lambda s: LIST.element("nil")))
    with pytest.raises(UnsupportedError, match="only where both interfaces are listed"):
        distinguishing_word(parity, DynamicalSystem("u", parity.readout, parity.update), (0, 0))
    narrow = DynamicalSystem.from_table(
        "narrow", states=DIGITS, inputs=(0,), outputs=DIGITS, next_states=[[0], [1]]
    )
    with pytest.raises(InputError, match=r"parity has directions \[0, 1\] and narrow \[0\]"):
        distinguishing_word(parity, narrow, (0, 0))


def test_streams_are_systems_without_a_choice():
    doubling = Coalgebra(STREAM, lambda n: STREAM.element("stream", n % 3, 2 * n))
    system = DynamicalSystem.from_coalgebra("doubling", doubling)
    assert [system.readout(s) for s in system.run(1, [None] * 3)] == [1, 2, 1, 2]
    assert system.to_coalgebra().functor is MOORE
