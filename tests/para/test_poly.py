import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import CompositeSizeError, InputError
from catalign.para.functor import LIST, MOORE, TREE
from catalign.para.poly import Poly, Y, n_lens
from tests.para.polys import all_lenses, polys
from tests.strategies import LAW

sizes = st.integers(0, 3)


def shape(p):
    """The polynomial up to the names of positions and directions."""
    return sorted(len(a) for _, a in p.terms)


@LAW
@given(polys, polys, sizes)
def test_every_operation_is_that_of_the_functors(p, q, n):
    assert (p + q).evaluate(n) == p.evaluate(n) + q.evaluate(n)
    assert (p * q).evaluate(n) == p.evaluate(n) * q.evaluate(n)
    assert p.compose(q).evaluate(n) == p.evaluate(q.evaluate(n))
    assert shape(p @ q) == sorted(a * b for a in shape(p) for b in shape(q))


def test_the_products_and_the_composite_are_three_operations():
    p, q = Poly.monomial(range(2), range(2)), Poly.monomial(range(2), range(3))
    assert str(p * q) == "4*y^5"
    assert str(p @ q) == "4*y^6"
    assert str(p.compose(q)) == "8*y^6"
    assert str(q.compose(p)) == "16*y^6"


@LAW
@given(polys, polys, polys)
def test_composition_and_the_parallel_product_are_associative_with_unit_y(p, q, r):
    assert shape(p.compose(q).compose(r)) == shape(p.compose(q.compose(r)))
    assert shape((p @ q) @ r) == shape(p @ (q @ r))
    for unital in (p.compose(Y), Y.compose(p), p @ Y, Y @ p):
        assert shape(unital) == shape(p)
    # The planted fault: another monomial is no unit.
    other = Poly.monomial((0, 1), (0,))
    assert all(shape(wrong) != shape(p) for wrong in (other @ p, other.compose(p)))


@LAW
@given(polys, polys)
def test_the_composite_is_the_composite_of_the_diagrams(p, q):
    assert p.compose(q).to_diagram().is_isomorphic(q.to_diagram().then(p.to_diagram()))


def test_the_order_of_composition_shows_in_the_diagrams():
    square, double = Poly.monomial((0,), (0, 1)), Poly.monomial((0, 1), (0,))
    wrong = square.to_diagram().then(double.to_diagram())
    assert not square.compose(double).to_diagram().is_isomorphic(wrong)


@LAW
@given(polys, polys)
def test_lenses_are_counted(p, q):
    assert n_lens(p, q) == sum(1 for _ in all_lenses(p, q))


def test_a_moore_machine_is_a_lens():
    """As many lenses `S y^S -> O y^I` as pairs of a readout and a transition."""
    s, o, i = 2, 3, 2
    states, interface = Poly.monomial(range(s), range(s)), Poly.monomial(range(o), range(i))
    assert n_lens(states, interface) == (o**s) * s ** (s * i)


@pytest.mark.parametrize(
    ("functor", "poly"),
    [
        (LIST, {"nil": (), ("cons", 0): (0,), ("cons", 1): (0,)}),
        (TREE, {0: (), 1: (), "node": (0, 1)}),
        (MOORE, {0: (0, 1, 2), 1: (0, 1, 2)}),
    ],
    ids=str,
)
def test_the_functors_of_cells_are_polynomials(functor, poly):
    expected = functor.to_diagram(n_label=2, n_input=3)
    assert Poly.of(poly).to_diagram().is_isomorphic(expected)


def test_bad_polynomials_are_refused():
    with pytest.raises(InputError, match=r"the positions list 'a' twice"):
        Poly((("a", ()), ("a", ())))
    with pytest.raises(InputError, match=r"the directions at position 'a' list 1 twice"):
        Poly((("a", (1, 1)),))
    with pytest.raises(InputError, match=r"`position` is 5, which 2\*y does not have"):
        Poly.monomial(range(2), (0,)).directions(5)
    big = Poly.monomial(range(9), range(9))
    with pytest.raises(CompositeSizeError, match=r"would have 3,486,784,401 positions"):
        big.compose(big)
