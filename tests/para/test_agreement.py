import numpy as np
import pytest

from catalign._errors import AxiomError
from catalign.para.agreement import check_agreement, difference


def test_equal_trees_agree_and_so_do_two_nans():
    assert difference((1, {"x": np.nan}), (1, {"x": np.nan})) is None
    assert difference([1.0, np.inf], [1.0, np.inf], tolerance=1e-6) is None


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        ((1, 2), (1, 3), r"at \[1\] the left side is 2, the right side is 3"),
        ((1, 2), [1, 2], "is a PyTreeDef"),
        (np.zeros(2), np.zeros(3), r"is \[0., 0.\], the right side is \[0., 0., 0.\]"),
        (np.inf, 1.0, "is inf"),
    ],
)
@pytest.mark.parametrize("tolerance", [0.0, 1e-3])
def test_a_difference_is_shown_with_its_place(left, right, shown, tolerance):
    with pytest.raises(AxiomError, match=f"`a = b` does not hold: .*{shown}"):
        check_agreement(left, right, law="a = b", tolerance=tolerance)


def test_the_tolerance_is_relative_for_large_numbers():
    assert difference(1e6, 1e6 + 1, tolerance=1e-5) is None
    assert difference(1.0, 1.1, tolerance=1e-5) is not None
