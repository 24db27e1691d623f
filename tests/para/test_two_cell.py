import jax
import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError
from catalign.para.parametric import ParametricMap, identity, pure
from catalign.para.two_cell import (
    TwoCell,
    associator,
    check_two_cell,
    copy,
    is_two_cell,
    left_unitor,
    right_unitor,
    stacked_copy,
    tie,
)
from tests.para.samples import FIRST, SECOND, THIRD, affine, integers
from tests.strategies import LAW


def double(p):
    return 2 * p[0], 2 * p[1]


def swap(p):
    return p[1], p[0]


@LAW
@given(affine, affine, affine, integers)
def test_composition_is_associative_and_unital_up_to_rebracketing(p, q, r, x):
    check_two_cell(associator(FIRST, SECOND, THIRD), [(((r, q), p), x)])
    check_two_cell(left_unitor(FIRST), [(p, x)])
    check_two_cell(right_unitor(FIRST), [(p, x)])


def test_composites_in_another_order_are_told_apart():
    right = associator(FIRST, SECOND, THIRD)
    samples = [((((1, 2), (3, 4)), (5, 6)), 7)]
    swapped = TwoCell(right.source, SECOND.then(FIRST.then(THIRD)), right.r)
    assert is_two_cell(right, samples)
    assert not is_two_cell(swapped, samples)
    assert not is_two_cell(
        TwoCell(left_unitor(SECOND).source, FIRST, left_unitor(FIRST).r), [((1, 2), 3)]
    )
    assert not is_two_cell(
        TwoCell(right_unitor(SECOND).source, FIRST, right_unitor(FIRST).r), [((1, 2), 3)]
    )


@LAW
@given(affine, integers)
def test_reparametrisation_is_contravariant(p, x):
    assert FIRST.reparametrise(lambda p: p)(p, x) == FIRST(p, x)
    stepwise = FIRST.reparametrise(double).reparametrise(swap)
    assert stepwise(p, x) == FIRST.reparametrise(lambda p: double(swap(p)))(p, x)


def test_the_wrong_order_of_reparametrisations_is_told_apart():
    def first_only(p):
        return 2 * p[0], p[1]

    wrong = FIRST.reparametrise(lambda p: swap(first_only(p)))
    assert FIRST.reparametrise(first_only).reparametrise(swap)((1, 2), 3) != wrong((1, 2), 3)


@LAW
@given(affine, affine, integers)
def test_two_cells_compose_both_ways_and_interchange(p, q, x):
    r, s = TwoCell.along(FIRST, double), TwoCell.along(SECOND, swap)
    r2, s2 = TwoCell.along(r.target, swap), TwoCell.along(s.target, double)
    check_two_cell(r2.after(r), [(p, x)])
    check_two_cell(s.beside(r), [((q, p), x)])
    one, other = (s2.after(s)).beside(r2.after(r)), (s2.beside(r2)).after(s.beside(r))
    assert one.r((q, p)) == other.r((q, p))
    check_two_cell(one, [((q, p), x)])
    unit = TwoCell.identity(FIRST)
    assert r.after(unit).r(p) == r.r(p) == TwoCell.identity(r.target).after(r).r(p)


def test_interchange_and_identities_fail_for_two_cells_in_the_wrong_place():
    r, s = TwoCell.along(FIRST, double), TwoCell.along(SECOND, swap)
    assert s.beside(r).r(((1, 2), (3, 4))) != r.beside(s).r(((1, 2), (3, 4)))
    r2 = TwoCell.along(r.target, lambda p: (p[0] + 1, p[1]))
    assert r2.after(r).r((1, 2)) == (4, 4) != r.after(r2).r((1, 2))
    assert pure(lambda x: x + 1).then(pure(lambda x: 2 * x))(((), ()), 3) == 8


def test_a_planted_fault_in_a_two_cell_is_shown_with_its_counterexample():
    planted = TwoCell(FIRST, FIRST.reparametrise(double), swap)
    with pytest.raises(
        AxiomError, match=r"no 2-cell from f1 to f1\[r\]: at p'=\(1, 2\), x=3 .* 11"
    ):
        check_two_cell(planted, [((0, 0), 3), ((1, 2), 3)])
    forwards = TwoCell(FIRST.reparametrise(double), FIRST, double)
    assert not is_two_cell(forwards, [((1, 2), 3)])


@LAW
@given(affine, affine, affine, affine, integers, integers)
def test_the_product_respects_composition_and_identities(p, q, r, s, x, y):
    together = FIRST.parallel(SECOND).then(THIRD.parallel(FIRST))
    apart = FIRST.then(THIRD).parallel(SECOND.then(FIRST))
    assert together(((r, s), (p, q)), (x, y)) == apart(((r, p), (s, q)), (x, y))
    assert identity().parallel(identity())(((), ()), (x, y)) == (x, y)


def test_the_product_keeps_its_sides_apart():
    assert FIRST.parallel(SECOND)(((1, 0), (2, 0)), (3, 4)) == (4, 10)
    assert SECOND.parallel(FIRST)(((1, 0), (2, 0)), (3, 4)) == (5, 9)


@given(integers)
def test_functions_are_maps_without_parameters(x):
    def f(x):
        return 2 * x + 1

    def g(x):
        return x * x

    assert pure(f).then(pure(g))(((), ()), x) == g(f(x)) == pure(lambda x: g(f(x)))((), x)
    assert FIRST.at((2, 3))(x) == FIRST((2, 3), x)


@LAW
@given(st.floats(-2, 2, width=32), st.floats(-2, 2, width=32))
def test_the_gradient_of_a_tied_parameter_is_the_sum_over_its_copies(p, x):
    # Polynomials, whose gradients NumPy's scalars would lose: JAX does them, on one shape.
    gradient, parts = _gradients(jnp.float32(p), jnp.float32(x))
    assert float(gradient) == pytest.approx(float(sum(parts)), rel=1e-5, abs=1e-5)


@jax.jit
def _gradients(p, x):
    layer = ParametricMap(lambda p, x: p * p * x + p)
    two = layer.then(layer)
    return jax.grad(tie(two).target.apply)(p, x), jax.grad(two.apply)((p, p), x)


def test_tying_along_something_else_has_another_gradient():
    layer = ParametricMap(lambda p, x: p * x)
    two = layer.then(layer)
    half = two.reparametrise(lambda p: (p, p / 2))
    assert jax.grad(half.apply)(2.0, 1.0) != jax.grad(tie(two).target.apply)(2.0, 1.0)


def test_copies():
    assert copy(3) == (3, 3)
    stacked = stacked_copy(2)({"w": jnp.arange(3)})
    assert stacked["w"].tolist() == [[0, 1, 2], [0, 1, 2]]
