import dataclasses

import jax
import jax.numpy as jnp
import pytest

from catalign.algebra.instances import lor_land
from catalign.algebra.semiring import Semiring
from catalign.algorithms.number import from_integers
from catalign.alignment.check import check_alignment, check_samples
from catalign.alignment.ripple import addition, addition_in, subtraction

key = jax.random.key(3)


@pytest.mark.parametrize("alignment", [addition, subtraction, addition_in(2)], ids=lambda a: a.name)
def test_carries_agree_at_every_step(alignment):
    report = check_samples(alignment, key, size=6)
    report.require()
    assert report.omitted == ()


def test_a_carry_that_runs_through_all_digits():
    inputs = from_integers(addition.algorithm, {"a": 999_999, "b": 1})
    report = check_alignment(addition, {name: jnp.asarray(x)[None] for name, x in inputs.items()})
    report.require()
    assert report.steps == 7


def test_a_wrong_semiring_is_found():
    """In the dual semiring a carry needs a digit that both generates and propagates."""
    dual = dataclasses.replace(
        addition, semiring=Semiring("land_lor", lor_land.multiply, lor_land.add, "bool")
    )
    report = check_samples(dual, key, size=6)
    assert not report.holds
    assert "`carry_h`" in str(report)


def test_a_chain_read_from_the_wrong_end_is_found():
    def encode(inputs, carry):
        instance = addition.encode(inputs, carry)
        n = carry.shape[0]
        after = jnp.minimum(jnp.arange(n, dtype=jnp.int32) + 1, n - 1)
        return dataclasses.replace(instance, pointers={"pred": after})

    assert not check_samples(dataclasses.replace(addition, encode=encode), key, size=6).holds
