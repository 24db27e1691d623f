import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import InputError
from catalign.polynomial.sort import ONE, E, SortSum, V
from tests.strategies import LAW, sort_sums, sorts


@LAW
@given(sorts(), sorts(), sorts())
def test_products_form_a_monoid(a, b, c):
    assert (a * b) * c == a * (b * c)
    assert a * ONE == a == ONE * a


@LAW
@given(sort_sums(), sort_sums(), sort_sums())
def test_sums_and_products_form_a_semiring(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + SortSum() == a
    assert (a + b) * c == a * c + b * c
    assert a * (b + c) == a * b + a * c


@LAW
@given(sort_sums(), sort_sums(), st.integers(0, 5), st.integers(0, 5))
def test_size_is_a_homomorphism(a, b, n_node, n_edge):
    def size(s):
        return s.size(n_node, n_edge=n_edge)

    assert size(a + b) == size(a) + size(b)
    assert size(a * b) == size(a) * size(b)
    assert size(ONE) == 1


@LAW
@given(sorts())
def test_a_sum_with_one_term_equals_it(a):
    assert SortSum((a,)) == a
    assert a == SortSum((a,))
    assert hash(SortSum((a,))) == hash(a)
    assert a + a != a


@pytest.mark.parametrize(
    ("sort", "printed"),
    [
        (ONE + V * V + V, "V + V*V + ONE"),
        (4 * (V * V), "4 V*V"),
        (E + V + ONE, "V + E + ONE"),
        (V + V + E, "2 V + E"),
        (SortSum(), "0"),
        (V * (V + E), "V*V + V*E"),
    ],
)
def test_normal_form_prints(sort, printed):
    assert str(sort) == printed


def test_order_of_factors_counts():
    assert V * E != E * V


def test_words():
    assert (V + V * V + ONE).words == "nodes, node pairs, the graph"
    assert (V * E).words == "tuples of nodes, edges"


def test_membership_and_coefficients():
    assert V * V in V + 2 * (V * V)
    assert (V + 2 * (V * V)).count(V * V) == 2
    assert len(V + 2 * (V * V)) == 3


def test_a_sum_of_something_else_is_refused():
    with pytest.raises(InputError, match="'V', which is no sort"):
        SortSum(("V",))
