"""Fields kept as channels read as the fields that they stand for."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from catalign.algorithms.spec import Kind, Location, Probe, Stage
from catalign.integral.graph import DenseGraph
from catalign.nn.encoder import Encoder
from catalign.nn.pair import PairField, through
from catalign.nn.processors.mpnn import MPNN
from catalign.nn.processors.triplet import TripletMPNN

N, WIDTH = 3, 4


def _field(channels: int, seed: int = 0) -> PairField:
    keys = jax.random.split(jax.random.key(seed), 3)
    return PairField(
        jax.random.normal(keys[0], (N, N, channels)),
        jax.random.normal(keys[1], (channels, WIDTH)),
        jax.random.normal(keys[2], (WIDTH,)),
    )


@pytest.mark.parametrize("channels", [0, 1, 3])
@pytest.mark.parametrize("use_bias", [True, False])
def test_a_linear_map_reads_the_field_formed_or_not(channels: int, use_bias: bool) -> None:
    linear = nnx.Linear(WIDTH, 5, use_bias=use_bias, rngs=nnx.Rngs(0))
    if use_bias:
        linear.bias = nnx.Param(jnp.arange(5.0))
    field = _field(channels)
    assert jnp.allclose(through(linear, field), linear(field.array()), atol=1e-5)
    assert jnp.allclose(through(linear, field.array()), linear(field.array()))


def test_sums_are_those_of_the_formed_fields() -> None:
    one, two = _field(1), _field(2, seed=1)
    assert jnp.allclose((one + two).array(), one.array() + two.array(), atol=1e-5)
    assert jnp.allclose((one + PairField.empty(N, WIDTH, float)).array(), one.array(), atol=1e-6)


def test_an_edge_pointer_is_encoded_on_triples_and_averaged_over_either_end() -> None:
    probe = Probe("Pi", Stage.HINT, Location.EDGE, Kind.POINTER)
    encoder = Encoder((probe,), WIDTH, rngs=nnx.Rngs(0))
    linear = encoder.linear["Pi"]
    linear.bias = nnx.Param(jnp.arange(2.0 * WIDTH))
    features = jax.random.uniform(jax.random.key(0), (N, N, N, 1))
    first, second = jnp.split(linear(features), 2, axis=-1)
    found = encoder({"Pi": features}, N).edge.array()
    assert jnp.allclose(found, first.mean(axis=1) + second.mean(axis=0), atol=1e-5)


def test_a_formed_field_stands_beside() -> None:
    field, formed = _field(2), jax.random.normal(jax.random.key(4), (N, N, 3))
    both = jnp.concatenate([field.array(), formed], axis=-1)
    assert jnp.allclose(field.beside(formed).array(), both, atol=1e-5)


@pytest.mark.parametrize("kind", [MPNN, TripletMPNN])
def test_processors_read_either_form_alike(kind: type) -> None:
    layer = kind(WIDTH, WIDTH, rngs=nnx.Rngs(0))
    field, node = _field(2), jax.random.normal(jax.random.key(3), (N, WIDTH))
    rest = (jnp.ones(WIDTH), DenseGraph.complete(N))

    def read(edge: PairField | jax.Array) -> list[jax.Array]:
        return jax.tree.leaves(layer(node, edge, *rest))

    assert layer.reads_pair_field
    formed = read(field.array())
    assert all(jnp.allclose(a, b, atol=1e-4) for a, b in zip(read(field), formed, strict=True))
    other = read(_field(2, seed=1))
    assert not any(jnp.allclose(a, b, atol=1e-2) for a, b in zip(other, formed, strict=True))
