import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import UnsupportedError
from catalign.algebra.instances import SEMIRINGS, log_plus, max_min, min_plus, plus_times
from catalign.algebra.laws import annihilates, check_monoid, distributes
from catalign.algebra.provenance import arg_reduce, arg_segment, with_provenance
from tests.algebra.samples import NAMES, fields, sample_values

SELECTIVE = [SEMIRINGS[name] for name in NAMES if SEMIRINGS[name].add.is_selective]


def first_winner(semiring, values):
    """The definition, in plain Python."""
    best, arg = semiring.zero, -1
    for k, value in enumerate(values):
        total = semiring.add.op(np.asarray(best, values.dtype), value)
        if total != best:
            best, arg = value, k
    return best, arg


@pytest.mark.parametrize("semiring", SELECTIVE, ids=str)
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_the_first_of_equal_terms_wins_on_an_axis_and_in_a_segment(semiring, data):
    values = data.draw(fields(semiring, (4,)))
    expected = first_winner(semiring, values)
    value, arg = arg_reduce(semiring, jnp.asarray(values), 0)
    assert (value, int(arg)) == expected
    value, arg = arg_segment(semiring, jnp.asarray(values), jnp.array([1, 1, 1, 1]), 2)
    assert (value[1], int(arg[1])) == expected
    assert (value[0], int(arg[0])) == (semiring.zero, -1)
    pairs = jnp.asarray(values), jnp.arange(4, dtype=jnp.int32)
    value, arg = with_provenance(semiring).add.reduce(
        (pairs[0], jnp.where(values == semiring.zero, -1, pairs[1])), 0
    )
    assert (value, int(arg)) == expected


def test_segments_of_vectors_and_empty_axes():
    value, arg = arg_segment(
        min_plus, jnp.array([[1.0, 5.0], [1.0, 2.0], [0.0, 0.0]]), jnp.array([0, 0, 2]), 3
    )
    assert arg.tolist() == [[0, 1], [-1, -1], [2, 2]]
    assert value.tolist() == [[1.0, 2.0], [np.inf, np.inf], [0.0, 0.0]]
    value, arg = arg_reduce(min_plus, jnp.zeros((2, 0)), 1)
    assert arg.tolist() == [-1, -1]
    _, arg = arg_segment(min_plus, jnp.zeros(0), jnp.zeros(0, jnp.int32), 2)
    assert arg.tolist() == [-1, -1]


def test_the_gradient_goes_to_the_winner():
    gradient = jax.grad(lambda x: arg_reduce(min_plus, x, 0)[0])(jnp.array([3.0, 1.0, 2.0]))
    assert gradient.tolist() == [0.0, 1.0, 0.0]


def pairs(semiring, *, args):
    """Every finite sample value with every arg, and the zero."""
    values = sample_values(semiring)
    is_usable = (values != semiring.zero) & ((values.dtype == bool) | (np.abs(values) < np.inf))
    values = np.unique(values[is_usable])[:3]
    grid = np.meshgrid(values, np.asarray(args, np.int32), indexing="ij")
    zero = np.asarray([semiring.zero], values.dtype), np.asarray([-1], np.int32)
    return tuple(jnp.asarray(np.append(z, g.ravel())) for z, g in zip(zero, grid, strict=True))


@pytest.mark.parametrize("semiring", SELECTIVE, ids=str)
def test_the_laws_of_pairs_that_always_hold(semiring):
    pairs_of, samples = with_provenance(semiring), pairs(semiring, args=[-1, 0, 2])
    check_monoid(pairs_of.add, samples)
    check_monoid(pairs_of.multiply, samples)
    assert annihilates(pairs_of.multiply.op, pairs_of.zero, samples)


@pytest.mark.parametrize("name", ["min_plus", "max_plus", "max_times"])
def test_pairs_distribute_where_multiplication_is_injective(name):
    semiring = SEMIRINGS[name]
    pairs_of = with_provenance(semiring)
    assert distributes(pairs_of.multiply.op, pairs_of.add.op, pairs(semiring, args=[0, 1, 2]))


def test_pairs_do_not_distribute_where_multiplication_saturates():
    pairs_of = with_provenance(max_min)
    scalar = jnp.array([1.0]), jnp.array([-1])
    b, c = (jnp.array([2.0]), jnp.array([5])), (jnp.array([3.0]), jnp.array([7]))
    inside = pairs_of.multiply.op(scalar, pairs_of.add.op(b, c))
    outside = pairs_of.add.op(pairs_of.multiply.op(scalar, b), pairs_of.multiply.op(scalar, c))
    assert (inside[1].item(), outside[1].item()) == (7, 5)


def test_a_weight_passes_the_arg_of_the_field_on():
    weights = jnp.array([4.0, 1.0, 1.0]), jnp.full(3, -1, jnp.int32)
    field = jnp.array([0.0, 2.0, 2.0]), jnp.arange(3, dtype=jnp.int32)
    pairs_of = with_provenance(min_plus)
    value, arg = pairs_of.add.reduce(pairs_of.multiply.op(weights, field), 0)
    assert (float(value), int(arg)) == (3.0, 1)


@pytest.mark.parametrize("semiring", [plus_times, log_plus(1.0)], ids=str)
def test_a_sum_that_blends_has_no_winner(semiring):
    message = f"`semiring` is .*{semiring.name.split('(')[0]}.*blends"
    with pytest.raises(UnsupportedError, match=message):
        arg_reduce(semiring, jnp.ones(3), 0)
    with pytest.raises(UnsupportedError, match=message):
        with_provenance(semiring)
