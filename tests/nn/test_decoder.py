"""Pointers of node pairs, scored as the definitions say."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from catalign.nn.decoder import PairPointerDecoder, TriplePointerDecoder
from catalign.nn.encoder import Latent
from catalign.nn.pair import PairField

N, NODE, EDGE, LATENT = 4, 5, 3, 6


def _fields() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, NODE)).astype("f"), rng.normal(size=(N, N, EDGE)).astype("f")


def _decode(kind: type) -> tuple[nnx.Module, np.ndarray]:
    """A decoder, and the logits that it gives."""
    node, edge = _fields()
    decoder = kind(NODE, LATENT, EDGE, rngs=nnx.Rngs(0))
    decoder.score.bias = nnx.Param(jnp.ones(1))

    @jax.jit
    def decode(node, edge):
        field = PairField(edge, jnp.eye(EDGE), jnp.zeros(EDGE))
        return decoder(node, Latent(node, field, jnp.zeros(LATENT)))

    return decoder, np.asarray(decode(node, edge))


def _apply(linear: nnx.Linear, x: np.ndarray, parts: int) -> list[np.ndarray]:
    """What a linear layer gives, in NumPy, in equal parts."""
    kernel, bias = np.asarray(linear.kernel[...]), np.asarray(linear.bias[...])
    return np.split(x @ kernel + bias, parts, axis=-1)


def _scores(decoder: nnx.Module, *faces: np.ndarray) -> np.ndarray:
    best = np.maximum.reduce(np.broadcast_arrays(*faces))
    return best @ np.asarray(decoder.score.kernel[...])[:, 0] + 1.0


def test_a_triple_is_scored_by_the_maximum_of_its_three_pairs() -> None:
    decoder, found = _decode(TriplePointerDecoder)
    node, edge = _fields()
    first, second = (np.split(x, 3, axis=-1) for x in _apply(decoder.ends, node, 2))
    uv, uk, vk = (
        a[:, None] + b[None] + c
        for a, b, c in zip(first, second, _apply(decoder.edge, edge, 3), strict=True)
    )
    expected = _scores(decoder, uv[:, :, None], uk[:, None], vk[None])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_of_the_ends_a_pair_and_a_node_are_scored_and_no_third_pair() -> None:
    decoder, found = _decode(PairPointerDecoder)
    node, edge = _fields()
    u, v, k = _apply(decoder.ends, node, 3)
    pair = u[:, None] + v[None] + _apply(decoder.edge, edge, 1)[0]
    np.testing.assert_allclose(found, _scores(decoder, pair[:, :, None], k), atol=1e-5)
