import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError
from catalign.para.agreement import check_agreement, difference
from catalign.para.cell import unroll
from catalign.para.comonad import (
    Behaviour,
    Comonad,
    check_comonad,
    coextend,
    cofree_comonad,
    look,
)
from catalign.para.functor import MEALY, MOORE, STREAM, TREE
from catalign.para.parametric import ParametricMap
from catalign.para.recurrent import MealyCell
from catalign.para.structure import Coalgebra
from catalign.para.unfold import unfold
from tests.strategies import FEW, LAW

INPUTS = (0, 1)
CELLS = {
    STREAM: ParametricMap(lambda p, x: STREAM.element("stream", x % 3, p * x + 1)),
    MOORE: ParametricMap(lambda p, x: MOORE.element("moore", x % 3, lambda i: p * x + i)),
    MEALY: ParametricMap(lambda p, x: MEALY.element("mealy", lambda i: (x % 3 + i, p * x - i))),
    TREE: ParametricMap(
        lambda p, x: TREE.element("leaf", x) if x % 3 == 0 else TREE.element("node", p * x, x + 1)
    ),
}
everywhere = pytest.mark.parametrize("functor", list(CELLS), ids=lambda f: f.name)
DEPTH = {STREAM: 2, TREE: 2, MOORE: 1, MEALY: 1}
"""Two inputs make many nodes."""
integers = st.integers(-5, 5)


@everywhere
@FEW
@given(integers, integers)
def test_behaviours_are_a_comonad(functor, p, x):
    samples = [coextend(functor, CELLS[functor])(p, x)]
    check_comonad(functor, cofree_comonad(functor), samples, depth=DEPTH[functor], inputs=INPUTS)


@everywhere
@FEW
@given(integers, integers)
def test_an_unrolled_cell_is_a_coalgebra_of_the_comonad(functor, p, x):
    comonad, unrolled = cofree_comonad(functor), coextend(functor, CELLS[functor])
    behaviour = unrolled(p, x)
    assert comonad.counit(behaviour) == x

    def seen(w):
        below = {"depth": DEPTH[functor], "inputs": INPUTS}
        return look(functor, w, **below, value=lambda inner: look(functor, inner, **below))

    again = comonad.map(unrolled.at(p), behaviour)
    check_agreement(seen(comonad.duplicate(behaviour)), seen(again), law="delta . c* = W(c*) . c*")
    other = comonad.map(unrolled.at(p + 1), behaviour)
    if functor is not TREE and p * x != (p + 1) * x:
        assert difference(seen(comonad.duplicate(behaviour)), seen(other)) is not None


STREAMS = cofree_comonad(STREAM)


def shifted(w, by=1):
    """The stream of what lies one step further down: natural, but no duplicate."""
    return STREAMS.duplicate(w.layer().children[0])


def forgetful(w):
    """The top of the stream at every place."""
    return STREAMS.map(lambda _: w, w)


def skipping(w):
    """What lies below the second place leaves out one place; both counits do not see it."""
    twice = STREAMS.duplicate(w)
    second = twice.layer().children[0]
    short = Behaviour(second.value.value, lambda: second.value.layer().children[0].layer())
    changed = Behaviour(short, second.layer)
    return Behaviour(twice.value, lambda: STREAM.element("stream", twice.layer().label, changed))


@pytest.mark.parametrize(
    ("law", "change"),
    [
        ("left counit", {"duplicate": shifted}),
        ("right counit", {"duplicate": forgetful}),
        ("coassociativity", {"duplicate": skipping}),
        ("left counit", {"counit": lambda w: w.layer().children[0].value}),
    ],
)
def test_a_planted_fault_in_a_comonad_is_found(law, change):
    parts = {"map": STREAMS.map, "counit": STREAMS.counit, "duplicate": STREAMS.duplicate, **change}
    with pytest.raises(AxiomError, match=f"`{law} .* for planted"):
        check_comonad(STREAM, Comonad("planted", **parts), [coextend(STREAM, CELLS[STREAM])(2, 1)])


@LAW
@given(st.lists(st.sampled_from(INPUTS), min_size=3, max_size=3), integers)
def test_a_path_through_a_behaviour_is_a_run(word, x):
    """Along one word of inputs, the values are the states and the labels the outputs."""
    behaviour, p = coextend(MEALY, CELLS[MEALY])(2, x), 2
    states, outputs = [], []
    for i in word:
        states.append(behaviour.value)
        output, behaviour = behaviour.layer().children(i)
        outputs.append(output)
    found = unfold(
        Coalgebra(MEALY, CELLS[MEALY].at(p)), jnp.int32(x), inputs=jnp.array(word, jnp.int32)
    )
    assert (found.outputs.tolist(), int(found.state)) == (outputs, behaviour.value)
    assert states[0] == x


def test_the_behaviour_of_a_cell_is_its_unrolled_network():
    cell = MealyCell(2, 2, 1)
    params = {
        "W": jnp.eye(2),
        "U": 0.5 * jnp.eye(2),
        "b": jnp.zeros(2),
        "V": jnp.ones((2, 1)),
        "c": jnp.ones(1),
    }
    start, xs = jnp.array([0.5, -0.5]), jnp.array([[1.0, 2.0], [0.0, -1.0]])
    behaviour = coextend(MEALY, ParametricMap(cell.structure))(params, start)
    for given_input, expected in itertools.zip_longest(
        xs, unroll(cell)(params, (start, xs)).outputs
    ):
        output, behaviour = behaviour.layer().children(given_input)
        np.testing.assert_allclose(output, expected, rtol=1e-5)
