"""Homomorphisms in each argument, told apart from homomorphisms of all arguments at once."""

import jax.numpy as jnp
import pytest

from catalign._errors import AxiomError, InputError
from catalign.algebra.instances import max_plus, min_plus, plus_times
from catalign.algebra.laws import is_homomorphism
from catalign.algebra.multimorphism import check_multimorphism, is_multimorphism

few = jnp.array([[0.0, -jnp.inf], [2.0, 1.0], [-1.5, 4.0]])
weights = jnp.array([[0.5, -1.0], [2.0, 0.0]])


def tropical(x, y):
    """The row maxima of `A + x`, and of `A + y`, added."""
    return (weights[None] + x[:, None, :]).max(-1) + (weights[None] + y[:, None, :]).max(-1)


def test_tropical_products_are_multimorphisms():
    check_multimorphism(tropical, 2 * [max_plus.add], max_plus.add, samples=[few, few])


@pytest.mark.parametrize(
    ("fault", "law"),
    [
        (lambda x, y: jnp.maximum(tropical(x, y), 0.0), r"f\(0\) = 1"),
        (lambda x, y: -x + y, r"f\(a \+ b\)"),
        (lambda x, y: tropical(x, jnp.sin(y)), "in argument 1"),
    ],
)
def test_a_planted_fault_is_shown(fault, law):
    finite = few[1:]
    with pytest.raises(AxiomError, match=f"breaks .*{law}.*the left side is"):
        check_multimorphism(fault, 2 * [max_plus.add], max_plus.add, samples=[finite, finite])


def test_one_argument_at_a_time_is_not_all_at_once():
    counts, adds = jnp.arange(4), plus_times.add
    assert is_multimorphism(jnp.multiply, [adds, adds], adds, samples=[counts, counts])
    assert not is_multimorphism(jnp.add, [adds, adds], adds, samples=[counts, counts])
    assert is_homomorphism(lambda n: 3 * n, adds, adds, samples=counts)
    # In min_plus the product is +, and a multimorphism.
    lengths = jnp.array([0.0, 2.0, jnp.inf])
    assert is_multimorphism(
        min_plus.multiply.op, 2 * [min_plus.add], min_plus.add, samples=[lengths, lengths]
    )


def test_a_tolerance_is_for_finite_differences():
    def almost(x):
        return x + 1e-3 * jnp.sin(x)

    assert not is_multimorphism(almost, [plus_times.add], plus_times.add, samples=[few[1:]])
    assert is_multimorphism(
        almost, [plus_times.add], plus_times.add, samples=[few[1:]], tolerance=1e-2
    )
    with pytest.raises(AxiomError, match=r"f\(0\) = 1"):
        check_multimorphism(
            lambda x: jnp.maximum(x, 0.0), [max_plus.add], max_plus.add, samples=[few], tolerance=9
        )


def test_samples_are_wanted():
    with pytest.raises(InputError, match="for 2 `sources`"):
        is_multimorphism(jnp.add, 2 * [max_plus.add], max_plus.add, samples=[few])
