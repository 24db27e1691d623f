import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from catalign._errors import AxiomError
from catalign.algebra.monoid import Monoid
from catalign.para.cell import unroll
from catalign.para.data import Items
from catalign.para.functor import LIST, TREE
from catalign.para.monad import End, Monad, action_monad, check_monad, extend, free_monad
from catalign.para.parametric import ParametricMap
from catalign.para.recurrent import FoldingRNN
from catalign.para.strength import lift
from tests.para.monads import COUNTS, HORNER, integers, naturals, nested_trees, pairs, trees
from tests.strategies import LAW

WORDS = action_monad(Monoid(name="words", op=lambda a, b: a + b, unit=()))


@LAW
@given(naturals, naturals, naturals, integers)
def test_actions_are_a_monad(k, m, n, x):
    check_monad(COUNTS, [(k, x)], nested=[(k, (m, (n, x)))])
    check_monad(WORDS, [((k,), x)], nested=[((k,), ((m,), ((n,), x)))])


@LAW
@given(trees, nested_trees)
def test_trees_with_ends_are_a_monad(tree, nested):
    check_monad(
        free_monad(TREE),
        [tree],
        nested=[End(nested), TREE.element("node", End(nested), End(nested))],
    )


@pytest.mark.parametrize(
    ("law", "change"),
    [
        ("left unit", {"unit": lambda x: (1, x)}),
        ("right unit", {"multiply": lambda t: t[1]}),
        ("strength of the unit", {"map": lambda f, t: (t[0], t[1] if t[0] == 0 else f(t[1]))}),
        ("strength of the product", {"map": lambda f, t: t if t[0] == 3 else (t[0], f(t[1]))}),
        ("associativity", {"multiply": lambda t: (abs(t[0] - t[1][0]), t[1][1])}),
    ],
)
def test_a_planted_fault_in_a_monad_is_found(law, change):
    parts = {"map": COUNTS.map, "unit": COUNTS.unit, "multiply": COUNTS.multiply, **change}
    with pytest.raises(AxiomError, match=f"`{law} .* for planted` does not hold"):
        check_monad(Monad("planted", **parts), [(4, 5)], nested=[(1, (2, (3, 5)))])


@LAW
@given(pairs, pairs, trees)
def test_lifting_along_a_monad_keeps_composites(p, q, tree):
    monad = free_monad(TREE)
    f, g = (ParametricMap(lambda p, x, c=c: p[0] * x + c) for c in (1, 2))
    whole = monad.lift(f.then(g))((q, p), tree)
    assert whole == monad.lift(f).then(monad.lift(g))((q, p), tree)


def test_lifting_in_the_wrong_order_is_told_apart():
    monad = free_monad(TREE)
    f, g = (ParametricMap(lambda p, x, c=c: p * x + c) for c in (1, 2))
    whole = monad.lift(f.then(g))((3, 2), End(1))
    assert whole == End(11) != monad.lift(g).then(monad.lift(f))((3, 2), End(1))


def test_the_cell_on_one_layer_is_its_extension_on_that_layer():
    layer = TREE.element("node", 4, 5)
    ends = TREE.map(End, layer)
    assert extend(TREE, HORNER)((2, 3), ends) == HORNER((2, 3), layer)
    assert lift(TREE, ParametricMap(lambda p, x: x + p))(1, layer).children == (5, 6)


def test_the_unrolled_network_is_the_extension_of_its_cell():
    cell = FoldingRNN(2, 2)
    params = {
        "W": jnp.eye(2),
        "U": 0.5 * jnp.eye(2),
        "b": jnp.ones(2),
        "start": jnp.array([0.5, -1.0]),
    }
    items = np.array([[1.0, 2.0], [0.0, -1.0]], np.float32)
    chain = LIST.element("nil")
    for item in items[::-1]:
        chain = LIST.element("cons", item, chain)
    extended = extend(LIST, ParametricMap(cell.structure))(params, chain)
    np.testing.assert_allclose(unroll(cell)(params, Items(jnp.asarray(items))), extended, rtol=1e-5)
