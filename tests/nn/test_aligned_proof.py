"""The proof that a hardened reasoner is Bellman-Ford, and what refutes it."""

import jax.numpy as jnp
import pytest
from flax import nnx

from catalign._errors import UnsupportedError
from catalign.algebra.instances import max_min, min_plus
from catalign.algorithms.catalogue import get
from catalign.nn.aligned import AlignedReasoner
from catalign.nn.aligned_proof import certify_paths


def reasoner(semiring=min_plus, *, seed: float = 0.0, **message: float) -> AlignedReasoner:
    made = AlignedReasoner(get("bellman_ford").spec, semiring, rngs=nnx.Rngs(0))
    values = [message.get(term.partition("[")[0], 0.0) for term in made.message.terms]
    made.message.theta = nnx.Param(jnp.array(values))
    theta = made.seed["s"].theta[...]
    made.seed["s"].theta = nnx.Param(jnp.zeros_like(theta).at[0].set(seed))
    return made


def test_the_constants_of_bellman_ford_are_proved() -> None:
    certificate = certify_paths(reasoner(A=1.0))
    assert certificate.is_proved
    assert certificate.proved[0].cases == 6
    assert any("negative" in condition for condition in certificate.preconditions)


@pytest.mark.parametrize(
    ("fault", "cell"),
    [
        ({"A": 1.01}, "the message"),
        ({"A": 1.0, "pos": 1.0}, "the message"),
        ({"A": 1.0, "seed": 1.0}, "the seed"),
        ({"A": 0.0}, "the message"),
    ],
)
def test_one_wrong_constant_is_named_with_a_graph(fault, cell) -> None:
    """The planted faults."""
    found = certify_paths(reasoner(**fault))
    assert not found.is_proved
    assert found.counterexample is not None
    assert found.counterexample.cell == cell
    assert found.counterexample.actual != found.counterexample.expected


def test_other_semirings_and_weights_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="max_min"):
        certify_paths(reasoner(max_min, A=1.0))
    with pytest.raises(UnsupportedError, match="weights"):
        certify_paths(reasoner(A=1.0), weights="B")
