"""The graphs that interpret a processor's sorts, read off the probes of an instance."""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int

from catalign._typing import Probes
from catalign.algorithms.spec import Kind, Location, Probe
from catalign.integral.graph import SparseGraph
from catalign.nn.encoder import is_node_pointer


def related(probes: tuple[Probe, ...], features: Probes, n: int) -> Bool[Array, "n n"]:
    """Which pairs of an instance its edge masks and node pointers relate, either way round.

    Args:
      probes: Those of one stage.
      features: Their features (see `prediction`); soft ones count as their most likely values.
      n: The number of nodes.
    """
    found = jnp.eye(n, dtype=bool)
    for row in pointers(probes, features, n):
        points = row[:, None] == jnp.arange(n, dtype=row.dtype)[None, :]
        found = found | points | points.T
    for probe in probes:
        if probe.location is Location.EDGE and probe.kind is Kind.MASK:
            mask = features[probe.name][..., 0] > 0.5
            found = found | mask | mask.T
    return found


def pointers(probes: tuple[Probe, ...], features: Probes, n: int) -> Int[Array, "k n"]:
    """The node pointers of an instance, most likely values, one row each."""
    rows = [
        jnp.argmax(features[p.name][..., 0], axis=-1).astype(jnp.int32)
        for p in probes
        if is_node_pointer(p)
    ]
    return jnp.stack(rows) if rows else jnp.zeros((0, n), jnp.int32)


def edges_of(mask: Bool[Array, "n n"]) -> SparseGraph:
    """The edges of an instance as a list, with self loops, padded to n^2."""
    n = mask.shape[0]
    joined = mask | jnp.eye(n, dtype=bool)
    # Places past the last edge are padding: a receiver outside of the graph.
    senders, receivers = jnp.nonzero(joined, size=n * n, fill_value=n)
    return SparseGraph(
        senders=senders.astype(jnp.int32), receivers=receivers.astype(jnp.int32), n_node=n
    )
