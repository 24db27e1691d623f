"""Decoders: from latent fields to raw predictions of probes."""

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.algorithms.spec import Kind, Location, Probe
from catalign.nn.encoder import POINTERS, Latent


class NodeDecoder(nnx.Module):
    """Reads scalars, masks, classes and the logits of a mask_one off each node."""

    def __init__(self, probe: Probe, width: int, latent: int, *, rngs: nnx.Rngs) -> None:
        self.probe = probe
        self.linear = nnx.Linear(width, probe.classes or 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        return _channels(self.probe, self.linear(node))


class PairDecoder(nnx.Module):
    """Reads scalars, masks and classes off each node pair: the diagram `pair_readout`."""

    def __init__(self, probe: Probe, width: int, latent: int, *, rngs: nnx.Rngs) -> None:
        self.probe = probe
        channels = probe.classes or 1
        self.sender = nnx.Linear(width, channels, rngs=rngs)
        self.receiver = nnx.Linear(width, channels, rngs=rngs)
        self.edge = nnx.Linear(latent, channels, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        pairs = self.sender(node)[:, None] + self.receiver(node)[None, :] + self.edge(latent.edge)
        return _channels(self.probe, pairs)


class PointerDecoder(nnx.Module):
    """Scores every node as the target of every node's pointer.

    Maths: `logit(v, j) = w . max(a h_v + c e_vj, b h_j)`, so that a target wins by what both ends
    and their pair say.
    """

    def __init__(self, probe: Probe, width: int, latent: int, *, rngs: nnx.Rngs) -> None:
        self.source = nnx.Linear(width, latent, rngs=rngs)
        self.target = nnx.Linear(width, latent, rngs=rngs)
        self.edge = nnx.Linear(latent, latent, rngs=rngs)
        self.score = nnx.Linear(latent, 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        sources = self.source(node)[:, None] + self.edge(latent.edge)
        return self.score(jnp.maximum(sources, self.target(node)[None, :]))[..., 0]


class TriplePointerDecoder(nnx.Module):
    """Scores every node as the target of every node pair's pointer: messages on `V*V*V`.

    Maths: `logit(u, v, k) = w . max(a_uv, b_uk, c_vk)`, each linear in a pair's ends and field.

    Of size n^3 times the latent width: meant for graphs of tens of nodes.
    """

    def __init__(self, probe: Probe, width: int, latent: int, *, rngs: nnx.Rngs) -> None:
        self.ends = nnx.Linear(width, 6 * latent, rngs=rngs)
        self.edge = nnx.Linear(latent, 3 * latent, rngs=rngs)
        self.score = nnx.Linear(latent, 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        first, second = jnp.split(self.ends(node), 2, axis=-1)
        pairs = first[:, None] + second[None, :] + self.edge(latent.edge)
        whole, left, right = jnp.split(pairs, 3, axis=-1)
        triples = jnp.maximum(whole[:, :, None], jnp.maximum(left[:, None], right[None]))
        return self.score(triples)[..., 0]


class GraphDecoder(nnx.Module):
    """Reads scalars, masks and classes off the whole graph: the diagram `readout` with max."""

    def __init__(self, probe: Probe, width: int, latent: int, *, rngs: nnx.Rngs) -> None:
        self.probe = probe
        self.node = nnx.Linear(width, probe.classes or 1, rngs=rngs)
        self.graph = nnx.Linear(latent, probe.classes or 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        """Predicts raw values from a node field and the encoded fields."""
        return _channels(self.probe, self.node(jnp.max(node, axis=0)) + self.graph(latent.graph))


def _channels(probe: Probe, values: Array) -> Array:
    return values if probe.kind is Kind.CATEGORICAL else values[..., 0]


def make_decoder(probe: Probe, width: int, latent: int, *, rngs: nnx.Rngs) -> nnx.Module:
    """The decoder of a probe, chosen by its location and kind.

    Args:
      probe: What to predict.
      width: The width of the node fields it reads.
      latent: The width of the encoded pair and graph fields it reads.
      rngs: Parameter keys.
    """
    if probe.kind in POINTERS and probe.location is Location.NODE:
        return PointerDecoder(probe, width, latent, rngs=rngs)
    if probe.kind in POINTERS and probe.location is Location.EDGE:
        return TriplePointerDecoder(probe, width, latent, rngs=rngs)
    if probe.location is Location.EDGE:
        return PairDecoder(probe, width, latent, rngs=rngs)
    if probe.location is Location.GRAPH and probe.kind not in POINTERS:
        return GraphDecoder(probe, width, latent, rngs=rngs)
    return NodeDecoder(probe, width, latent, rngs=rngs)
