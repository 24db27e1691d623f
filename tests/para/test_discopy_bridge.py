import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import InputError
from catalign.para.cell import unroll
from catalign.para.data import Items
from catalign.para.discopy_bridge import from_discopy, interpret_discopy, to_discopy
from catalign.para.functor import LIST
from catalign.para.parametric import ParametricMap
from catalign.para.recurrent import FoldingRNN
from catalign.polynomial import library
from catalign.polynomial.finite import FinFunction
from catalign.polynomial.finite_diagram import FiniteDiagram
from catalign.polynomial.interpretation import FiniteGraph, interpret
from tests.polynomial.reference import COUNT, fields, transform
from tests.strategies import LAW, finite_diagrams

markov = pytest.importorskip("discopy.markov")
R = markov.Ty("R")


@LAW
@given(finite_diagrams())
def test_there_and_back_is_the_same_diagram(diagram):
    drawn = to_discopy(diagram)
    assert (len(drawn.dom), len(drawn.cod)) == (diagram.W, diagram.Z)
    assert from_discopy(drawn).is_isomorphic(diagram, ordered=True)


@LAW
@given(finite_diagrams(), st.data())
def test_the_string_diagram_computes_the_transform(diagram, data):
    field = data.draw(fields(COUNT, diagram.W))

    def fold(op, unit):
        def apply(params, x):
            result = unit
            for value in x if isinstance(x, tuple) else (x,):
                result = op(result, value)
            return result

        return ParametricMap(apply)

    drawn = to_discopy(diagram)
    boxes = {"x": fold(COUNT.multiply, 1), "+": fold(COUNT.add, 0)}
    params = {"x": (), "+": ()}
    run = interpret_discopy(drawn, boxes)(params, tuple(field))
    assert list(run) == transform(diagram, COUNT, field)


@LAW
@given(finite_diagrams(2, 2, max_size=3), finite_diagrams(2, 2, max_size=3))
def test_composing_string_diagrams_composes_polynomial_diagrams(first, second):
    joined = from_discopy(to_discopy(first) >> to_discopy(second))
    assert joined.is_isomorphic(first.then(second), ordered=True)
    beside = from_discopy(to_discopy(first) @ to_discopy(second))
    assert beside.is_isomorphic(first + second, ordered=True)


def test_another_diagram_is_told_apart():
    diagram = interpret(library.bellman_ford, FiniteGraph(3, [0, 1], [1, 2]))
    swapped = interpret(library.bellman_ford, FiniteGraph(3, [1, 2], [0, 1]))
    assert from_discopy(to_discopy(diagram)).is_isomorphic(diagram)
    assert not from_discopy(to_discopy(swapped)).is_isomorphic(diagram)
    order = FiniteDiagram(FinFunction([1, 0], 2), FinFunction([0, 0], 1), FinFunction([0], 1))
    assert from_discopy(to_discopy(order)).monomials == ((1, 0),)


def test_a_name_that_occurs_twice_ties_its_parameters():
    """The unrolled network, drawn by hand, is the unrolled cell; its gradient is the tied one."""
    cell = FoldingRNN(2, 3)
    structure = ParametricMap(cell.structure)
    boxes = {
        "nil": ParametricMap(lambda p, x: structure(p, LIST.element("nil"))),
        "cons": ParametricMap(lambda p, x: structure(p, LIST.element("cons", *x))),
    }
    a, s = markov.Ty("A"), markov.Ty("S")
    nil, cons = markov.Box("nil", markov.Ty(), s), markov.Box("cons", a @ s, s)
    drawn = a @ a @ nil >> a @ cons >> cons
    network = interpret_discopy(drawn, boxes)
    params = cell.init(jax.random.key(0))
    items = jnp.array([[1.0, 2.0], [0.5, -1.0]])

    def by_diagram(p):
        return jnp.sum(network({"nil": p, "cons": p}, tuple(items))[0])

    def by_fold(p):
        return jnp.sum(unroll(cell)(p, Items(items)))

    for left, right in zip(
        jax.tree.leaves(jax.jit(jax.value_and_grad(by_diagram))(params)),
        jax.tree.leaves(jax.jit(jax.value_and_grad(by_fold))(params)),
        strict=True,
    ):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-6)


def test_what_cannot_be_read_is_refused():
    relu = markov.Box("relu", R, R)
    with pytest.raises(InputError, match="the box 'relu' is no copy, swap, product 'x' or sum"):
        from_discopy(relu >> markov.Copy(R, 2))
    with pytest.raises(InputError, match=r"`boxes` has no map for \['relu'\]"):
        interpret_discopy(markov.Id(R) >> relu, {})
    with pytest.raises(InputError, match="the input has 2 values but the diagram has 1 wires"):
        interpret_discopy(markov.Id(R), {})({}, (1, 2))
