import dataclasses

import jax.numpy as jnp
import pytest

from catalign._errors import AxiomError
from catalign.algebra.instances import lor_land, max_plus, max_times, min_plus, plus_times
from catalign.algebra.laws import check_homomorphism, check_monoid, check_semiring, is_homomorphism
from catalign.algebra.monoid import CommutativeMonoid, Monoid
from catalign.algebra.semiring import Semiring

samples = jnp.array([0.0, 1.0, -2.0, 1.5, 3.0, 1.5])


@pytest.mark.parametrize(
    ("op", "unit", "law"),
    [
        (lambda a, b: a - b, 0, r"\(a.b\).c = a.\(b.c\)"),
        (lambda a, b: a, 0, r"1.a = a"),
        (jnp.minimum, 0, r"1.a = a"),
        (lambda a, b: b, 0, r"a.1 = a"),
    ],
    ids=["minus is not associative", "no left unit", "wrong unit", "no right unit"],
)
def test_a_planted_fault_in_a_monoid_is_shown_with_its_counterexample(op, unit, law):
    with pytest.raises(AxiomError, match=f"monoid planted breaks `{law}` at a=.*the left side is"):
        check_monoid(Monoid(name="planted", op=op, unit=unit), samples)


def test_a_wrong_claim_of_a_commutative_monoid_is_found():
    with pytest.raises(AxiomError, match=r"a\.a = a"):
        check_monoid(dataclasses.replace(plus_times.add, is_idempotent=True), samples)
    with pytest.raises(AxiomError, match="selective"):
        check_monoid(dataclasses.replace(plus_times.add, is_selective=True), samples)
    left = CommutativeMonoid.from_operation(
        "left", lambda a, b: jnp.where(a == 0, b, a), unit=0.0, is_idempotent=True
    )
    with pytest.raises(AxiomError, match=r"a.b = b.a"):
        check_monoid(left, samples)


@pytest.mark.parametrize(
    ("semiring", "law"),
    [
        (Semiring("planted", plus_times.add, min_plus.multiply), "0a = 0"),
        (Semiring("planted", min_plus.add, plus_times.multiply), "0a = 0|a0 = 0"),
        (Semiring("planted", max_times.add, plus_times.add), "0a = 0"),
    ],
)
def test_a_planted_fault_in_a_semiring_is_shown(semiring, law):
    with pytest.raises(AxiomError, match=f"semiring planted breaks `({law})"):
        check_semiring(semiring, jnp.abs(samples))


def test_plus_does_not_distribute_over_plus():
    no_zero = dataclasses.replace(plus_times.add, unit=jnp.inf)
    with pytest.raises(AxiomError):
        check_semiring(Semiring("planted", no_zero, min_plus.multiply), samples)


def test_homomorphisms():
    naturals = jnp.arange(4)
    assert is_homomorphism(lambda n: n > 0, plus_times, lor_land, samples=naturals)
    assert not is_homomorphism(lambda n: n > 1, plus_times, lor_land, samples=naturals)
    assert is_homomorphism(jnp.negative, min_plus, max_plus, samples=jnp.append(samples, jnp.inf))
    with pytest.raises(
        AxiomError, match=r"h\(a.b\) = h\(a\).h\(b\) with . = plus and or` at a=1, b=1"
    ):
        check_homomorphism(lambda n: n > 1, plus_times, lor_land, samples=naturals)
    with pytest.raises(AxiomError, match=r"h\(1\) = 1"):
        check_homomorphism(lambda n: n > 0, plus_times.add, lor_land.multiply, samples=naturals[:1])
    with pytest.raises(AxiomError, match="`source` is the Semiring plus_times but `target` is the"):
        check_homomorphism(lambda n: n, plus_times, lor_land.add, samples=naturals)
