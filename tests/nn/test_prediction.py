"""Stored values, features and raw predictions."""

import jax
import jax.numpy as jnp
import pytest

from catalign._errors import InputError
from catalign.algorithms.spec import Kind, Location, Probe, Stage
from catalign.nn.prediction import harden, harden_all, read, soften

N = 5
INDEX_KINDS = (Kind.MASK_ONE, Kind.POINTER, Kind.SHOULD_BE_PERMUTATION, Kind.CATEGORICAL)
PLACES = [
    (location, kind)
    for location in Location
    for kind in Kind
    if kind is not Kind.MASK_ONE or location is Location.NODE
]


def _probe(location: Location, kind: Kind, *, partial: bool = False) -> Probe:
    classes = 3 if kind is Kind.CATEGORICAL else None
    return Probe("p", Stage.HINT, location, kind, classes, partial)


def _stored(probe: Probe, key: jax.Array) -> jax.Array:
    shape = (N,) * probe.rank
    if probe.kind is Kind.SCALAR:
        return jax.random.normal(key, shape)
    if probe.kind is Kind.MASK:
        return jax.random.bernoulli(key, 0.5, shape)
    return jax.random.randint(key, shape, 0, probe.classes or N, jnp.int32)


def _raw_of(probe: Probe, stored: jax.Array) -> jax.Array:
    """Confident raw predictions of stored values."""
    features = read(probe, stored, N, jnp.float32)
    if probe.kind is Kind.SCALAR:
        return features[..., 0]
    logits = 60.0 * features - 30.0
    return logits if probe.kind is Kind.CATEGORICAL else logits[..., 0]


@pytest.mark.parametrize(("location", "kind"), PLACES)
def test_harden_undoes_read_and_soften_agrees_with_it(location: Location, kind: Kind) -> None:
    probe = _probe(location, kind)
    stored = _stored(probe, jax.random.key(len(location.value) + len(kind.value)))
    raw = _raw_of(probe, stored)
    assert harden(probe, raw).dtype == stored.dtype
    assert jnp.array_equal(harden(probe, raw), stored)
    features = read(probe, stored, N, jnp.float32)
    assert soften(probe, raw).shape == features.shape
    assert jnp.allclose(soften(probe, raw), features, atol=1e-6)


@pytest.mark.parametrize("kind", [Kind.MASK, Kind.POINTER])
def test_an_unknown_place_of_a_partial_probe_reads_as_zeros(kind: Kind) -> None:
    probe = _probe(Location.NODE, kind, partial=True)
    dtype = jnp.int8 if kind is Kind.MASK else jnp.int32
    features = read(probe, jnp.array([-1, 1, 0, -1, 1], dtype), N, jnp.float32)
    assert not features[0].any()
    assert features[1].any()


def test_a_partial_mask_hardens_to_its_stored_dtype() -> None:
    probe = _probe(Location.NODE, Kind.MASK, partial=True)
    assert harden(probe, jnp.array([-1.0, 2.0])).dtype == jnp.int8


def test_the_first_among_equal_logits_is_chosen() -> None:
    probe = _probe(Location.NODE, Kind.POINTER)
    assert harden(probe, jnp.array([[0.0, 1.0, 1.0]])).tolist() == [1]


def test_a_missing_prediction_is_named() -> None:
    probe = _probe(Location.NODE, Kind.SCALAR)
    with pytest.raises(InputError, match="no prediction for p"):
        harden_all((probe,), {})
