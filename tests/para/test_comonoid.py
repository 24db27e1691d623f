import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError
from catalign.para.comonoid import DIAGONAL, Comonoid, check_comonoid, is_comonoid
from tests.para.samples import affine
from tests.strategies import LAW


@LAW
@given(affine)
def test_the_copy_is_a_comonoid(p):
    check_comonoid(DIAGONAL, [p])


@pytest.mark.parametrize(
    ("law", "planted"),
    [
        ("left counit", Comonoid(lambda p: (p, p + 1), lambda p: ())),
        ("right counit", Comonoid(lambda p: (0, p), lambda p: ())),
        ("deletion", Comonoid(lambda p: (p, p), lambda p: (p,))),
    ],
)
def test_other_ways_to_tie_are_no_comonoid(law, planted):
    with pytest.raises(AxiomError, match=f"no comonoid: {law} .* fails at p=3"):
        check_comonoid(planted, [3])
    assert not is_comonoid(planted, [3])


@LAW
@given(st.permutations(range(4)), st.permutations(range(4)))
def test_the_copy_is_the_only_comonoid_on_a_set(left, right):
    found = is_comonoid(Comonoid(lambda p: (left[p], right[p]), lambda p: ()), range(4))
    assert found == (left == right == [0, 1, 2, 3])
