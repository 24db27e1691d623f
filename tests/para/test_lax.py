import pytest
from hypothesis import given

from catalign._errors import AxiomError
from catalign.para.functor import TREE
from catalign.para.lax import LaxAlgebra, check_lax_algebra
from catalign.para.monad import extend, free_monad
from catalign.para.parametric import ParametricMap
from tests.para.monads import COUNTS, HORNER, POWER, integers, naturals, nested_trees, pairs
from tests.strategies import LAW


@LAW
@given(pairs, integers, naturals, naturals)
def test_a_family_of_actions_is_a_lax_algebra(p, x, m, n):
    lax = LaxAlgebra(COUNTS, POWER)
    check_lax_algebra(lax, [p], values=[x], nested=[(m, (n, x))])
    assert lax.comonoid.copy(p) == (p, p)


@LAW
@given(pairs, integers, nested_trees)
def test_an_unrolled_cell_is_a_lax_algebra_of_the_free_monad(p, x, nested):
    check_lax_algebra(
        LaxAlgebra(free_monad(TREE), extend(TREE, HORNER)), [p], values=[x], nested=[nested]
    )


@pytest.mark.parametrize(
    ("message", "planted"),
    [
        ("no 2-cell from .*power", {"copy": lambda p: (p, (p[0] + 1, p[1]))}),
        # The second number is not used, so both 2-cells hold; but deleting a copy loses it.
        ("no comonoid: left counit", {"copy": lambda p: (p, (p[0], 0))}),
        ("no comonoid: right counit", {"copy": lambda p: ((p[0], 0), p)}),
        ("no 2-cell from id", {"action": ParametricMap(lambda p, t: t[1] + p[0])}),
    ],
)
def test_tying_that_is_no_comonoid_is_refused(message, planted):
    parts = {"action": POWER, **planted}
    with pytest.raises(AxiomError, match=message):
        check_lax_algebra(LaxAlgebra(COUNTS, **parts), [(2, 7)], values=[5], nested=[(1, (2, 5))])
