import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import InputError, ShapeMismatchError
from catalign.algebra.instances import (
    SEMIRINGS,
    log_plus,
    lor_land,
    max_plus,
    max_times,
    min_plus,
    plus_times,
)
from catalign.algebra.laws import (
    annihilates,
    check_semiring,
    distributes,
    is_associative,
    is_commutative,
    is_idempotent,
    is_selective,
    is_unit,
)
from catalign.algebra.monoid import CommutativeMonoid
from tests.algebra.samples import INF, fields, sample_values

every_semiring = pytest.mark.parametrize("semiring", SEMIRINGS.values(), ids=str)


@every_semiring
@pytest.mark.parametrize("part", ["add", "multiply"])
def test_both_operations_are_commutative_monoids(semiring, part):
    monoid, samples = getattr(semiring, part), sample_values(semiring)
    assert is_associative(monoid.op, samples)
    assert is_commutative(monoid.op, samples)
    assert is_unit(monoid.op, monoid.unit, samples)


@every_semiring
def test_zero_annihilates_exactly(semiring):
    assert annihilates(semiring.multiply.op, semiring.zero, sample_values(semiring))


@every_semiring
def test_multiplication_distributes(semiring):
    assert distributes(semiring.multiply.op, semiring.add.op, sample_values(semiring))


@every_semiring
def test_claims_of_idempotence_and_selectivity_hold_and_are_not_withheld(semiring):
    samples = sample_values(semiring)
    for monoid in (semiring.add, semiring.multiply):
        assert is_idempotent(monoid.op, samples) == monoid.is_idempotent
        assert is_selective(monoid.op, samples) == monoid.is_selective


@every_semiring
def test_check_semiring_accepts_every_instance(semiring):
    check_semiring(semiring, sample_values(semiring))
    assert semiring.is_commutative
    assert str(semiring) == semiring.name


@every_semiring
@pytest.mark.parametrize("part", ["add", "multiply"])
def test_reductions_agree_with_the_operation(semiring, part):
    monoid, samples = getattr(semiring, part), sample_values(semiring)
    expected = functools.reduce(monoid.op, list(samples))
    ids = np.array([2] * len(samples), np.int32)

    @jax.jit
    def run(samples):
        return monoid.reduce(samples, 0), monoid.fold(samples), monoid.segment(samples, ids, 3)

    reduced, folded, by_segment = run(samples)
    assert np.array_equal(reduced, expected)
    assert np.array_equal(folded, expected)
    assert np.array_equal(by_segment, [monoid.unit, monoid.unit, expected])
    assert by_segment.dtype == samples.dtype


@every_semiring
def test_the_unit_on_an_empty_axis_and_an_empty_segment(semiring):
    empty = jnp.zeros((2, 0), sample_values(semiring).dtype)
    for monoid in (semiring.add, semiring.multiply):
        assert isinstance(monoid, CommutativeMonoid)
        assert np.array_equal(monoid.reduce(empty, 1), [monoid.unit] * 2)
        assert monoid.reduce(empty, (0, 1)) == monoid.unit
        assert np.array_equal(
            monoid.segment(empty[0], jnp.zeros(0, jnp.int32), 2), [monoid.unit] * 2
        )


@every_semiring
@settings(max_examples=10, deadline=None)
@given(st.data())
def test_a_sum_of_sums_is_the_sum_of_the_bag_in_any_order(semiring, data):
    """Law 1 (bag algebra): singletons, nesting, permutation."""
    values = data.draw(fields(semiring, (6,)))
    ids = np.asarray(data.draw(st.lists(st.integers(0, 2), min_size=6, max_size=6)), np.int32)
    order = np.asarray(data.draw(st.permutations(range(6))))
    add = semiring.add
    total = add.reduce(values, 0)
    assert np.array_equal(add.reduce(values[:1], 0), values[0])
    assert np.array_equal(add.reduce(add.segment(jnp.asarray(values), ids, 3), 0), total)
    assert np.array_equal(add.reduce(values[order], 0), total)


@every_semiring
@settings(max_examples=10, deadline=None)
@given(st.data())
def test_a_product_of_sums_is_the_sum_of_products(semiring, data):
    """Law 3 (distributive law): all selections, in order."""
    a, b = data.draw(fields(semiring, (3,))), data.draw(fields(semiring, (4,)))
    product = semiring.multiply.op(semiring.add.reduce(a, 0), semiring.add.reduce(b, 0))
    selections = semiring.multiply.op(jnp.asarray(a)[:, None], jnp.asarray(b)[None, :])
    assert np.array_equal(semiring.add.reduce(selections, (0, 1)), product)


def test_unlike_infinities_meet_without_nan():
    with jax.debug_nans(True):
        pair = jnp.float32(-INF), jnp.float32(INF)
        assert min_plus.multiply.op(*pair) == INF
        assert max_plus.multiply.op(*pair) == -INF
        assert min_plus.multiply.fold(jnp.stack(pair)) == INF
        assert log_plus(1.0).add.reduce(jnp.stack(pair), 0) == -INF


@pytest.mark.parametrize(
    "semiring", [min_plus, max_plus, max_times, plus_times, log_plus(0.5)], ids=str
)
def test_gradients_are_finite_where_values_are_infinite(semiring):
    x = np.array([semiring.zero, 1.0, 2.0, semiring.zero], np.float32)

    def loss(x):
        terms = semiring.multiply.op(x, x[::-1])
        total = (
            semiring.add.reduce(terms, 0),
            semiring.add.segment(terms, jnp.array([0, 1, 1, 2]), 4),
        )
        return sum(jnp.sum(jnp.where(jnp.isfinite(t), t, 0.0)) for t in total)

    gradient = jax.jit(jax.grad(loss))(x)
    assert np.all(np.isfinite(gradient))
    assert np.any(gradient != 0)


@pytest.mark.parametrize("temperature", [1.0, 0.1, 0.01])
def test_log_plus_tends_to_min_plus_at_the_proved_rate(temperature):
    x = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    soft, hard = jax.jit(log_plus(temperature).add.reduce, static_argnums=1)(x, 1), x.min(1)
    assert np.all(soft <= hard + 1e-6)
    assert np.all(soft >= hard - temperature * float(np.log(5)) - 1e-6)


def test_log_plus_is_a_semiring_to_rounding_and_a_value():
    check_semiring(log_plus(0.5), jnp.array([INF, 0.0, 1.0, -2.0, 0.25, 1.0]), tolerance=1e-5)
    assert log_plus(0.5) is log_plus(0.5)
    assert str(log_plus(0.5)) == "log_plus(0.5)"
    with pytest.raises(InputError, match="`temperature` is 0"):
        log_plus(0)


def test_a_semiring_names_a_dtype_that_it_cannot_take():
    lor_land.check_dtype(jnp.array([True]))
    plus_times.check_dtype(jnp.array([1]))
    with pytest.raises(
        ShapeMismatchError, match=r"`weights` has dtype float.., but the semiring lor_land"
    ):
        lor_land.check_dtype(jnp.array([1.0]), "weights")
