import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError, ShapeMismatchError
from catalign.polynomial.finite import FinFunction, elements, index, is_pullback, pullback
from tests.strategies import LAW, finite_functions, permutations


@st.composite
def chains(draw, length=3):
    """Functions that compose."""
    functions = [draw(finite_functions())]
    while len(functions) < length:
        functions.append(draw(finite_functions(functions[-1].cod)))
    return functions


@st.composite
def cospans(draw):
    """Two functions into one set."""
    f = draw(finite_functions())
    g = draw(finite_functions(draw(st.integers(0, 4)) if f.cod else 0, cod=f.cod))
    return f, g


@LAW
@given(chains())
def test_functions_form_a_category(chain):
    f, g, h = chain
    assert f.then(g).then(h) == f.then(g.then(h))
    assert FinFunction.identity(f.dom).then(f) == f == f.then(FinFunction.identity(f.cod))
    assert [f.then(g)(x) for x in range(f.dom)] == [g(f(x)) for x in range(f.dom)]


@LAW
@given(chains(length=2), chains(length=2))
def test_coproduct_is_a_functor(one, other):
    (f, g), (h, k) = one, other
    assert (f + h).then(g + k) == f.then(g) + h.then(k)


@LAW
@given(cospans())
def test_copairing_is_the_universal_map_out_of_the_coproduct(functions):
    f, g = functions
    both = f.copair(g)
    assert FinFunction(np.arange(f.dom), both.dom).then(both) == f
    assert FinFunction(f.dom + np.arange(g.dom), both.dom).then(both) == g


@LAW
@given(cospans())
def test_pullback_is_all_pairs_that_agree(functions):
    f, g = functions
    a, b = pullback(f, g)
    pairs = list(zip(a.values.tolist(), b.values.tolist(), strict=True))
    assert pairs == [(x, y) for x in range(f.dom) for y in range(g.dom) if f(x) == g(y)]
    assert is_pullback(top=a, left=b, right=f, bottom=g)


@LAW
@given(cospans(), st.data())
def test_a_square_that_lacks_or_repeats_a_pair_is_no_pullback(functions, data):
    f, g = functions
    a, b = pullback(f, g)
    if a.dom == 0:
        return
    drop = data.draw(st.integers(0, a.dom - 1))
    for kept in (np.delete(np.arange(a.dom), drop), np.append(np.arange(a.dom), drop)):
        choice = FinFunction(kept, a.dom)
        top, left = choice.then(a), choice.then(b)
        assert not is_pullback(top=top, left=left, right=f, bottom=g)


def test_a_square_that_does_not_commute_is_no_pullback():
    swap, same = FinFunction([1, 0], 2), FinFunction.identity(2)
    assert not is_pullback(top=swap, left=same, right=same, bottom=same)


@LAW
@given(finite_functions())
def test_fibres_partition_the_domain_in_order(f):
    assert len(f.fibres) == f.cod
    assert sorted(x for fibre in f.fibres for x in fibre.tolist()) == list(range(f.dom))
    for y, fibre in enumerate(f.fibres):
        assert fibre.tolist() == [x for x in range(f.dom) if f(x) == y]
    assert f.fibre_sizes.tolist() == [len(fibre) for fibre in f.fibres]


@LAW
@given(st.integers(0, 4).flatmap(permutations))
def test_inverse(f):
    assert f.then(f.inverse) == FinFunction.identity(f.dom) == f.inverse.then(f)


def test_only_bijections_have_an_inverse():
    with pytest.raises(AxiomError, match="not bijective"):
        _ = FinFunction([0, 0], 2).inverse


@LAW
@given(finite_functions())
def test_a_function_is_read_back_from_its_pairs(f):
    pairs = [(x, f(x)) for x in reversed(range(f.dom))]
    assert FinFunction.from_relation(pairs, dom=f.dom, cod=f.cod) == f


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([(0, 0)], "1 has no image"),
        ([(0, 0), (1, 0), (1, 1)], "1 goes to 0 and to 1"),
        ([(0, 0), (1, 0), (2, 0)], r"the pair \(2, 0\)"),
    ],
)
def test_a_relation_that_is_no_function_is_refused(pairs, reason):
    with pytest.raises(AxiomError, match=reason):
        FinFunction.from_relation(pairs, dom=2, cod=2)


@pytest.mark.parametrize(("values", "cod"), [([0, 2], 2), ([-1], 2), ([0], 0)])
def test_a_value_outside_the_codomain_is_refused(values, cod):
    with pytest.raises(AxiomError, match="is not among"):
        FinFunction(values, cod)


@pytest.mark.parametrize("values", [[[0, 1]], [0.5], [True]])
def test_values_must_be_a_vector_of_integers(values):
    with pytest.raises(ShapeMismatchError, match="vector of integers"):
        FinFunction(np.asarray(values), 2)


def test_functions_that_do_not_meet_are_refused():
    f, g = FinFunction([0], 1), FinFunction([0, 0], 2)
    for operation in (f.then, f.copair, lambda other: pullback(f, other)):
        with pytest.raises(AxiomError):
            operation(g)


def test_functions_are_frozen_values():
    given_values = np.array([0, 1])
    f = FinFunction(given_values, 2)
    given_values[0] = 1
    assert f(0) == 0
    with pytest.raises(ValueError, match="read-only"):
        f.values[0] = 1
    assert {f: "found"}[FinFunction([0, 1], 2)] == "found"
    assert f != FinFunction([0, 1], 3)


@LAW
@given(st.lists(st.integers(0, 3), max_size=3).map(tuple))
def test_elements_and_index_are_inverse(shape):
    size = int(np.prod(shape))
    coordinates = elements(shape)
    assert coordinates.shape == (len(shape), size)
    assert index(list(coordinates), shape, size=size).tolist() == list(range(size))
