import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import ShapeMismatchError, UnsupportedError
from catalign.para.functor import ACTION
from catalign.para.homomorphism import check_algebra_homomorphism, is_algebra_homomorphism
from catalign.para.homomorphism_space import homomorphisms
from catalign.para.linear_action import LinearAction, list_shift, permutations, translations
from catalign.para.structure import Algebra
from tests.strategies import LAW

PIXELS = LinearAction("two pixels", {"swap": [[0, 1], [1, 0]]}, [(("swap", "swap"), ())])
DIGIT = LinearAction.from_maps("digit", {"+1": [2, 3, 4, 5, 1, 1]})
"""A digit below 3 and a flag that it has carried: (digit, flag) is place 2 digit + flag."""


def dimension(a, b):
    return homomorphisms(a, b).dimension


def bell(n):
    row = [1]
    for _ in range(n):
        row = [row[-1], *row]
        for k in range(1, len(row)):
            row[k] += row[k - 1]
    return row[0]


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_translations_leave_circulant_matrices(n):
    space = homomorphisms(translations(n), translations(n))
    assert space.dimension == n
    i, j = np.indices((n, n))
    for k, matrix in enumerate(space.basis):
        np.testing.assert_array_equal(matrix, (j - i) % n == k)


@pytest.mark.parametrize("n", [2, 3, 6])
def test_permutations_of_a_set_leave_deep_sets(n):
    space = homomorphisms(permutations(n), permutations(n))
    assert [matrix.tolist() for matrix in space.basis] == [
        np.eye(n).tolist(),
        (1 - np.eye(n)).tolist(),
    ]
    assert dimension(permutations(n), permutations(n).trivial()) == 1


@pytest.mark.parametrize(("order_in", "order_out"), [(0, 2), (1, 1), (1, 2), (2, 1), (2, 2)])
def test_permutations_of_graphs_leave_one_weight_for_each_partition(order_in, order_out):
    """Bell numbers, 15 from adjacency to adjacency (Maron et al. 2019), once n is large enough."""
    n = order_in + order_out
    reads, writes = (permutations(n, order=k) for k in (order_in, order_out))
    assert dimension(reads, writes) == bell(n)


def test_fewer_nodes_than_axes_leave_fewer_weights():
    pairs = [dimension(*[permutations(n, order=2)] * 2) for n in (1, 2, 3, 4, 5)]
    assert pairs == [1, 8, 14, 15, 15]


def test_two_pixels():
    """The example of the paper: swapping the pixels ties the diagonals."""
    space = homomorphisms(PIXELS, PIXELS)
    assert space.describe().splitlines()[1:] == ["a b", "b a"]
    invariant = homomorphisms(PIXELS, PIXELS.trivial(2))
    assert invariant.describe().splitlines()[1:] == ["a a", "b b"]


def test_shifts_that_drop_leave_causal_convolutions():
    space = homomorphisms(list_shift(4), list_shift(4))
    i, j = np.indices((4, 4))
    for k, matrix in enumerate(space.basis):
        np.testing.assert_array_equal(matrix, i - j == k)
    assert space.dimension == 4
    assert dimension(list_shift(4), list_shift(4).trivial()) == 0


def test_a_digit_that_carries():
    """One orbit reaches every state, so W is a polynomial of the step: six weights."""
    space = homomorphisms(DIGIT, DIGIT)
    a = DIGIT.generators["+1"]
    assert np.linalg.matrix_rank(a) == 5
    for matrix in space.basis:
        np.testing.assert_array_equal(matrix @ a, a @ matrix)
    system = np.kron(np.eye(6), a.T) - np.kron(a, np.eye(6))
    assert space.dimension == 6 == 36 - np.linalg.matrix_rank(system) == 36 - space.rank


def test_a_group_obeys_the_formula_of_characters():
    """The dimension is the mean over the group of the product of both traces."""
    n = 4
    group = list(itertools.permutations(range(n)))
    fixed = [sum(g[i] == i for i in range(n)) for g in group]
    for r, s in [(1, 1), (1, 2), (2, 2)]:
        mean = sum(f ** (r + s) for f in fixed) / math.factorial(n)
        assert dimension(permutations(n, order=r), permutations(n, order=s)) == mean


matrices = st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3), min_size=3, max_size=3)


@LAW
@given(st.lists(matrices, min_size=1, max_size=2), st.integers(0, 1))
def test_solutions_commute_span_and_are_as_many_as_there_can_be(drawn, kind):
    """Over the integers, on monoids whose generators need not be invertible."""
    action = LinearAction("drawn", {str(k): np.array(m) for k, m in enumerate(drawn)})
    other = action if kind else action + action.trivial()
    space = homomorphisms(action, other)
    for g, a in action.generators.items():
        for matrix in space.basis:
            np.testing.assert_array_equal(matrix @ a, other.generators[g] @ matrix)
    systems = [
        np.kron(np.eye(other.size), a.T) - np.kron(other.generators[g], np.eye(3))
        for g, a in action.generators.items()
    ]
    assert space.rank == np.linalg.matrix_rank(np.concatenate(systems))
    assert space.dimension + space.rank == other.size * 3
    flat = space.basis.reshape(space.dimension, -1)
    assert space.dimension == 0 or np.linalg.matrix_rank(flat) == space.dimension


@pytest.mark.parametrize(
    "action", [translations(5), permutations(4), PIXELS, list_shift(4)], ids=str
)
def test_singular_values_find_the_same_space(action):
    floats = LinearAction("float", {g: m.astype(np.float64) for g, m in action.generators.items()})
    exact, found = homomorphisms(action, action), homomorphisms(floats, floats)
    assert (found.method, found.dimension, found.rank) == ("svd", exact.dimension, exact.rank)
    np.testing.assert_allclose(found.basis, exact.basis, atol=1e-9)


def test_rotations_leave_complex_numbers():
    c, s = math.cos(0.7), math.sin(0.7)
    turn = LinearAction("turn", {"t": np.array([[c, -s], [s, c]])})
    space = homomorphisms(turn, turn)
    assert space.dimension == 2
    np.testing.assert_allclose(space.basis, [[[1, 0], [0, 1]], [[0, 1], [-1, 0]]], atol=1e-12)


def test_a_rank_in_doubt_is_refused():
    close = LinearAction("close", {"t": np.array([[1.0, 0.0], [0.0, 1.0 + 1e-14]])})
    with pytest.raises(UnsupportedError, match="the rank is in doubt"):
        homomorphisms(close, close)
    big = LinearAction("big", {"t": np.eye(65)})
    with pytest.raises(UnsupportedError, match="65 x 65 entries"):
        homomorphisms(big, big)


def test_the_solutions_are_homomorphisms_of_algebras_and_other_matrices_are_not():
    """The link to `check_algebra_homomorphism`: an action is an algebra of `A*y`."""
    action = permutations(3, order=2)
    turn = Algebra.from_cases(ACTION, act=lambda g, x: action.generators[g] @ x)
    elements = [ACTION.element("act", g, np.arange(9) ** 2) for g in ("swap", "cycle")]
    for matrix in homomorphisms(action, action).basis:
        check_algebra_homomorphism(lambda x, w=matrix: w @ x, turn, turn, elements=elements)
    wrong = homomorphisms(action, action).basis[0]
    wrong[0, 1] += 1
    assert not is_algebra_homomorphism(lambda x: wrong @ x, turn, turn, elements=elements)


def test_coordinates_make_the_matrix():
    space = homomorphisms(PIXELS, PIXELS)
    assert space.matrix(jnp.array([2.0, 3.0])).tolist() == [[2.0, 3.0], [3.0, 2.0]]
    assert space.matrix(jnp.ones((2, 4, 5))).shape == (2, 2, 4, 5)
    with pytest.raises(ShapeMismatchError, match=r"`theta` has shape \(3,\) but .* dimension 2"):
        space.matrix(jnp.ones(3))
    again = homomorphisms(PIXELS, PIXELS)
    assert space == again
    assert hash(space) == hash(again)
    assert space != homomorphisms(PIXELS, PIXELS.trivial(2))
