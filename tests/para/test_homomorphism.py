import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError
from catalign.para.fold import fold
from catalign.para.functor import ACTION, LIST, MOORE, STREAM
from catalign.para.homomorphism import (
    algebra_loss,
    check_algebra_homomorphism,
    check_coalgebra_homomorphism,
    coalgebra_loss,
    is_algebra_homomorphism,
    is_coalgebra_homomorphism,
)
from catalign.para.structure import Algebra, Coalgebra
from tests.strategies import LAW

integers = st.integers(-50, 50)
TOTAL = Algebra.from_cases(LIST, nil=lambda: 0, cons=lambda a, x: a + x)
MODULO = Algebra.from_cases(LIST, nil=lambda: 0, cons=lambda a, x: (a + x) % 7)
ROTATE = Algebra.from_cases(ACTION, act=lambda g, x: np.roll(x, g))


def chain(items):
    tree = LIST.element("nil")
    for item in reversed(items):
        tree = LIST.element("cons", item, tree)
    return tree


@LAW
@given(st.lists(integers, max_size=5), integers, integers)
def test_a_homomorphism_after_a_fold_is_a_fold(items, a, x):
    elements = [LIST.element("nil"), LIST.element("cons", a, x)]
    check_algebra_homomorphism(lambda n: n % 7, TOTAL, MODULO, elements=elements)
    assert fold(TOTAL, chain(items)) % 7 == fold(MODULO, chain(items))


@LAW
@given(st.lists(integers, max_size=5), integers)
def test_a_fold_is_the_homomorphism_from_the_lists(items, a):
    lists = Algebra(LIST, lambda element: element)
    elements = [LIST.element("nil"), LIST.element("cons", a, chain(items))]
    check_algebra_homomorphism(lambda t: fold(TOTAL, t), lists, TOTAL, elements=elements)
    # Unique: what satisfies the equation, here by recursion on Python lists, equals the fold.
    assert sum(items) == fold(TOTAL, chain(items))
    assert not is_algebra_homomorphism(lambda t: 1, lists, TOTAL, elements=elements)


def test_a_planted_fault_in_a_homomorphism_is_shown_with_its_counterexample():
    elements = [LIST.element("nil"), LIST.element("cons", 3, 4)]
    with pytest.raises(
        AxiomError,
        match=r"f . a = b . F\(f\) fails at cons\(label=3, children=\(4,\)\): the left side is 1, "
        "the right side is 0",
    ):
        check_algebra_homomorphism(lambda n: n % 6, TOTAL, MODULO, elements=elements)
    with pytest.raises(AxiomError, match=r"`source` is of LIST = 1 \+ A\*y but `target` of ACTION"):
        algebra_loss(lambda x: x, TOTAL, ROTATE, elements=elements)


@LAW
@given(st.integers(0, 3), st.lists(integers, min_size=4, max_size=4))
def test_equivariance_is_being_a_homomorphism_of_actions(shift, values):
    signal = np.array(values)
    elements = [ACTION.element("act", shift, signal)]

    def difference_of_neighbours(x):
        return x - np.roll(x, 1)

    check_algebra_homomorphism(difference_of_neighbours, ROTATE, ROTATE, elements=elements)
    with pytest.raises(AxiomError, match="at act"):
        check_algebra_homomorphism(
            lambda x: x + np.arange(4), ROTATE, ROTATE, elements=[ACTION.element("act", 1, signal)]
        )


def test_the_loss_of_an_algebra_homomorphism_is_zero_exactly_there():
    turn = Algebra.from_cases(ACTION, act=lambda g, x: jnp.roll(x, g))
    elements = [ACTION.element("act", g, jnp.array([0.5, -1.0, 2.0])) for g in (1, 2)]

    @jax.jit
    def loss(matrix):
        return algebra_loss(lambda x: matrix @ x, turn, turn, elements=elements)

    circulant = jnp.array([[1.0, 2.0, 3.0], [3.0, 1.0, 2.0], [2.0, 3.0, 1.0]])
    spoilt = circulant.at[0, 0].add(0.5)
    assert float(loss(circulant)) == pytest.approx(0.0, abs=1e-10)
    assert float(loss(spoilt - 0.05 * jax.grad(loss)(spoilt))) < float(loss(spoilt))


COUNT = Coalgebra(MOORE, lambda n: MOORE.element("moore", n % 3 == 0, lambda i: n + i))
CYCLE = Coalgebra(MOORE, lambda r: MOORE.element("moore", r == 0, lambda i: (r + i) % 3))
LAZY = Coalgebra(MOORE, lambda r: MOORE.element("moore", r == 0, lambda i: r))


@LAW
@given(integers, integers)
def test_machines_with_a_homomorphism_behave_equally(state, given_input):
    samples = {"states": [state], "inputs": [given_input]}
    check_coalgebra_homomorphism(lambda n: n % 3, COUNT, CYCLE, **samples)
    assert is_coalgebra_homomorphism(lambda n: n % 3, COUNT, LAZY, **samples) == (
        given_input % 3 == 0
    )


def test_a_planted_fault_in_a_coalgebra_homomorphism_is_shown():
    with pytest.raises(
        AxiomError, match=r"F\(f\) . a = b . f fails at state 1: .*the left side is"
    ):
        check_coalgebra_homomorphism(lambda n: n % 3, COUNT, LAZY, states=[1], inputs=[0, 1])
    nothing = Coalgebra(LIST, lambda x: LIST.element("nil"))
    with pytest.raises(AxiomError, match=r"LIST = .* chooses between constructors"):
        coalgebra_loss(lambda x: x, nothing, nothing, states=[0])


def test_the_loss_of_a_coalgebra_homomorphism_is_zero_exactly_there():
    grow = Coalgebra(STREAM, lambda x: STREAM.element("stream", 3.0 * x, 2.0 * x))
    plane = Coalgebra(STREAM, lambda x: STREAM.element("stream", x[0] + x[1], 2.0 * x))

    @jax.jit
    def loss(vector):
        return coalgebra_loss(lambda x: vector * x, grow, plane, states=[jnp.float32(1.5)])

    assert float(loss(jnp.array([1.0, 2.0]))) == 0.0
    assert float(loss(jnp.array([1.0, 1.0]))) == pytest.approx(1.5**2)
