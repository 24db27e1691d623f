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
        pairs = self.sender(node)[:, None] + self.receiver(node)[None, :] + self.edge(latent.edge)
        return _channels(self.probe, pairs)


class PointerDecoder(nnx.Module):
    """Scores every node as the target of every node's pointer.

    Maths: `logit(v, j) = w . max(a h_v + c e_vj, b h_j)`, so that a target wins by what both ends and their pair say.
    """

    def __init__(self, probe: Probe, width: int, latent: int, *, rngs: nnx.Rngs) -> None:
        self.source = nnx.Linear(width, latent, rngs=rngs)
        self.target = nnx.Linear(width, latent, rngs=rngs)
        self.edge = nnx.Linear(latent, latent, rngs=rngs)
        self.score = nnx.Linear(latent, 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        sources = self.source(node)[:, None] + self.edge(latent.edge)
        return self.score(jnp.maximum(sources, self.target(node)[None, :]))[..., 0]


class GraphDecoder(nnx.Module):
    """Reads scalars, masks and classes off the whole graph: the diagram `readout` with max."""

    def __init__(self, probe: Probe, width: int, latent: int, *, rngs: nnx.Rngs) -> None:
        self.probe = probe
        self.node = nnx.Linear(width, probe.classes or 1, rngs=rngs)
        self.graph = nnx.Linear(latent, probe.classes or 1, rngs=rngs)

    def __call__(self, node: Float[Array, "n w"], latent: Latent) -> Array:
        return _channels(self.probe, self.node(jnp.max(node, axis=0)) + self.graph(latent.graph))


def _channels(probe: Probe, values: Array) -> Array:
    return values if probe.kind is Kind.CATEGORICAL else values[..., 0]


def make_decoder(probe: Probe, width: int, latent: int, *, rngs: nnx.Rngs) -> nnx.Module:
    """The decoder of a probe, chosen by its location and kind.

    Args:
      probe: What to predict. Not a pointer at the edges: that needs node triples (see `requirement`).
      width: The width of the node fields it reads.
      latent: The width of the encoded pair and graph fields it reads.
      rngs: Parameter keys.
    """
    if probe.kind in POINTERS and probe.location is Location.NODE:
        return PointerDecoder(probe, width, latent, rngs=rngs)
    if probe.location is Location.EDGE:
        return PairDecoder(probe, width, latent, rngs=rngs)
    if probe.location is Location.GRAPH and probe.kind not in POINTERS:
        return GraphDecoder(probe, width, latent, rngs=rngs)
    return NodeDecoder(probe, width, latent, rngs=rngs)
