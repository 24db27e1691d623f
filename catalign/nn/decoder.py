"""Decoders: from latent fields to raw predictions of probes."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.algorithms.spec import Kind, Location, Probe
from catalign.kernels import face_score
from catalign.nn.encoder import POINTERS, Latent
from catalign.nn.linear import Linear
from catalign.nn.option import EdgePointers

_SINKHORN_STEPS = 10
_SINKHORN_TEMPERATURE = 0.1


class NodeDecoder(nnx.Module):
    """Reads scalars, masks, classes and the logits of a mask_one off each node."""

    def __init__(self, probe: Probe, width: int, *, rngs: nnx.Rngs) -> None:
        self.probe = probe
        self.linear = Linear(width, probe.classes or 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        return _channels(self.probe, self.linear(node))


class PairDecoder(nnx.Module):
    """Reads scalars, masks and classes off each node pair: the diagram `pair_readout`."""

    def __init__(self, probe: Probe, width: int, edge: int, *, rngs: nnx.Rngs) -> None:
        self.probe = probe
        channels = probe.classes or 1
        self.sender = Linear(width, channels, rngs=rngs)
        self.receiver = Linear(width, channels, rngs=rngs)
        self.edge = Linear(edge, channels, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        pairs = (
            self.sender(node)[:, None]
            + self.receiver(node)[None, :]
            + latent.edge.through(self.edge)
        )
        return _channels(self.probe, pairs)


class PointerDecoder(nnx.Module):
    """Scores every node as the target of every node's pointer.

    Maths: `logit(v, j) = w . max(a h_v + c e_vj, b h_j)`, so that a target wins by what both ends
    and their pair say.
    """

    def __init__(self, width: int, latent: int, edge: int, *, rngs: nnx.Rngs) -> None:
        self.source = Linear(width, latent, rngs=rngs)
        self.target = Linear(width, latent, rngs=rngs)
        self.edge = Linear(edge, latent, rngs=rngs)
        self.score = Linear(latent, 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        sources = self.source(node)[:, None] + latent.edge.through(self.edge)
        assert self.score.bias is not None
        found = _dot_of_max(self.score.kernel[...][:, 0], sources, self.target(node))
        return found + self.score.bias[...][None]


class PermutationDecoder(nnx.Module):
    """Predicts a list of predecessors: which node is first, and a cycle through all nodes.

    Maths: with the softmax f of a logit at each node, and P doubly stochastic with a zero diagonal,
    made by Sinkhorn's normalisation of the logits of pointers, node v points to itself, as the
    first does, with probability `f(v)`, and to j with probability `(1 - f(v)) P(v, j)`. Raw are the
    logarithms.

    Source: Mena et al. 2018, arXiv 1802.08665; in the benchmark, Ibarz et al. 2022, arXiv
    2209.11142.
    """

    def __init__(self, width: int, latent: int, edge: int, *, rngs: nnx.Rngs) -> None:
        self.pointer = PointerDecoder(width, latent, edge, rngs=rngs)
        self.first = Linear(width, 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        n = node.shape[0]
        log_first = jax.nn.log_softmax(self.first(node)[:, 0])
        if n == 1:
            return log_first[:, None]
        cycle = sinkhorn(self.pointer(node, latent))
        # Away from log 0, for a node that is surely the first.
        log_rest = jnp.log(-jnp.expm1(jnp.minimum(log_first, -1e-6)))
        is_self = jnp.eye(n, dtype=bool)
        return jnp.where(is_self, log_first[:, None], log_rest[:, None] + cycle)


def sinkhorn(
    logits: Float[Array, "n n"],
    *,
    steps: int = _SINKHORN_STEPS,
    temperature: float = _SINKHORN_TEMPERATURE,
) -> Float[Array, "n n"]:
    """The logarithm of an almost doubly stochastic matrix with a zero diagonal.

    Maths: `exp(logits / temperature)` without its diagonal, its rows and then its columns divided
    by their sums, `steps` times.

    Example:
      >>> p = jnp.exp(sinkhorn(jnp.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])))
      >>> bool((abs(p.sum(axis=0) - 1) < 1e-5).all() and (abs(p.sum(axis=1) - 1) < 1e-3).all())
      True

    Source: Sinkhorn & Knopp 1967; Mena et al. 2018, arXiv 1802.08665.
    """
    far = jnp.where(jnp.eye(logits.shape[0], dtype=bool), -1e6, 0.0).astype(logits.dtype)

    def normalise(_: Array, x: Array) -> Array:
        return jax.nn.log_softmax(jax.nn.log_softmax(x, axis=1), axis=0)

    return jax.lax.fori_loop(0, steps, normalise, logits / temperature + far)


class PairPointerDecoder(nnx.Module):
    """Scores every node as the target of every node pair's pointer, as in the benchmark.

    Maths: `logit(u, v, k) = w . max(a h_u + b h_v + c e_uv, d h_k)`: the pairs (u, k) and (v, k)
    are not read.
    """

    def __init__(self, width: int, latent: int, edge: int, *, rngs: nnx.Rngs) -> None:
        self.ends = Linear(width, 3 * latent, rngs=rngs)
        self.edge = Linear(edge, latent, rngs=rngs)
        self.score = Linear(latent, 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        first, second, target = jnp.split(self.ends(node), 3, axis=-1)
        pairs = first[:, None] + second[None, :] + latent.edge.through(self.edge)
        n = node.shape[0]
        return _score(self.score, pairs.reshape(n * n, -1), target).reshape(n, n, n)


class TriplePointerDecoder(nnx.Module):
    """Scores every node as the target of every node pair's pointer: messages on `V*V*V`.

    Maths: `logit(u, v, k) = w . max(a_uv, b_uk, c_vk)`, each linear in a pair's ends and field.
    """

    def __init__(self, width: int, latent: int, edge: int, *, rngs: nnx.Rngs) -> None:
        self.ends = Linear(width, 6 * latent, rngs=rngs)
        self.edge = Linear(edge, 3 * latent, rngs=rngs)
        self.score = Linear(latent, 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        first, second = jnp.split(self.ends(node), 2, axis=-1)
        pairs = first[:, None] + second[None, :] + latent.edge.through(self.edge)
        whole, left, right = jnp.split(pairs, 3, axis=-1)
        return _score(self.score, whole, left, right)


class GraphDecoder(nnx.Module):
    """Reads scalars, masks and classes off the whole graph: the diagram `readout` with max."""

    def __init__(self, probe: Probe, width: int, latent: int, *, rngs: nnx.Rngs) -> None:
        self.probe = probe
        self.node = Linear(width, probe.classes or 1, rngs=rngs)
        self.graph = Linear(latent, probe.classes or 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        return _channels(self.probe, self.node(jnp.max(node, axis=0)) + self.graph(latent.graph))


def _channels(probe: Probe, values: Array) -> Array:
    return values if probe.kind is Kind.CATEGORICAL else values[..., 0]


def _score(score: nnx.Linear, *faces: Array) -> Array:
    """A linear map of the maximum of what faces say, which is not formed."""
    assert score.bias is not None
    found = jnp.asarray(face_score.score(score.kernel[...][:, 0], *faces))
    return found + score.bias[...].reshape((1,) * found.ndim)


@jax.custom_vjp
def _dot_of_max(weights: Array, pairs: Array, targets: Array) -> Array:
    """Maths: `out(v, j) = w . max(pairs_vj, targets_j)`. Of equal ones, the pair's counts."""
    return jnp.sum(jnp.maximum(pairs, targets[None]) * weights[None, None], axis=-1)


def _dot_of_max_forward(weights: Array, *given: Array) -> tuple[Array, tuple[Array, ...]]:
    return _dot_of_max(weights, *given), (weights, *given)


def _dot_of_max_backward(given: tuple[Array, ...], cotangent: Array) -> tuple[Array, ...]:
    """Sums over leading axes of what is made in passing: faster than contractions over channels."""
    weights, pairs, targets = given
    from_pair, each = pairs >= targets[None], cotangent[..., None]
    pulled = each * weights[None, None]
    return (
        jnp.sum(jnp.maximum(pairs, targets[None]) * each, axis=(0, 1)),
        jnp.where(from_pair, pulled, 0.0),
        jnp.sum(jnp.where(from_pair, 0.0, pulled), axis=0),
    )


_dot_of_max.defvjp(_dot_of_max_forward, _dot_of_max_backward)


def make_decoder(
    probe: Probe,
    width: int,
    latent: int,
    *,
    edge: int | None = None,
    edge_pointers: EdgePointers = EdgePointers.TRIPLES,
    rngs: nnx.Rngs,
) -> nnx.Module:
    """The decoder of a probe, chosen by its location and kind.

    Args:
      probe: What to predict.
      width: The width of the node fields it reads.
      latent: The width of the encoded graph fields it reads, and of its hidden fields.
      edge: The width of the pair fields it reads; `latent` if left out.
      edge_pointers: What pointers of node pairs are read off.
      rngs: Parameter keys.
    """
    edge = latent if edge is None else edge
    if probe.location is Location.NODE and probe.kind is Kind.SHOULD_BE_PERMUTATION:
        return PermutationDecoder(width, latent, edge, rngs=rngs)
    if probe.kind in POINTERS and probe.location is Location.NODE:
        return PointerDecoder(width, latent, edge, rngs=rngs)
    if probe.kind in POINTERS and probe.location is Location.EDGE:
        kind = {EdgePointers.TRIPLES: TriplePointerDecoder, EdgePointers.ENDS: PairPointerDecoder}
        return kind[edge_pointers](width, latent, edge, rngs=rngs)
    if probe.location is Location.EDGE:
        return PairDecoder(probe, width, edge, rngs=rngs)
    if probe.location is Location.GRAPH and probe.kind not in POINTERS:
        return GraphDecoder(probe, width, latent, rngs=rngs)
    return NodeDecoder(probe, width, rngs=rngs)
