"""A step of a learned layer, as a network that the asynchronous executor runs."""

import functools

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from catalign.algebra.cocycle import Cocycle, MonoidAction
from catalign.integral.graph import DenseGraph, SparseGraph
from catalign.integral.network import Network
from catalign.nn.asynchrony.processor import AsynchronousProcessor


def step_network(
    layer: AsynchronousProcessor,
    node: Float[Array, "n v"],
    edge: Float[Array, "n n w"],
    graph: Float[Array, " w"],
    structure: DenseGraph,
    *,
    repeats: bool = False,
) -> Network:
    """One step of a layer on one graph: nodes start with their states and send their arguments.

    Run in rounds it is the layer itself. Under other schedules it is so only as far as the layer
    keeps its laws.

    Args:
      layer: The layer; its parameters become constants of the network.
      node: As for the layer.
      edge: As for the layer.
      graph: As for the layer.
      structure: Which pairs send. Read on the host.
      repeats: Whether nodes send on what they hear, so that the step goes on until nothing changes;
        without it, one step is made.

    Example:
      >>> import jax
      >>> from flax import nnx
      >>> from catalign.integral.invariance import compare_schedules
      >>> from catalign.nn.asynchrony.processor import L3Tropical
      >>> layer, full = L3Tropical(4, 2, rngs=nnx.Rngs(0)), DenseGraph.complete(3)
      >>> node = jax.random.normal(jax.random.key(0), (3, 4))
      >>> step = step_network(layer, node, jnp.ones((3, 3, 2)), jnp.ones(2), full)
      >>> compare_schedules(step, jax.random.key(1), count=8).is_invariant
      True
    """
    senders, receivers = (jnp.asarray(x, jnp.int32) for x in np.nonzero(structure.mask))
    states, arguments = layer.unpack(node[:, node.shape[1] - layer.width :])
    update, argument, message = (
        functools.partial(f) for f in (layer.update, layer.argument, layer.message)
    )

    def silent(m: Array, s: Array) -> Array:
        del s
        return jnp.full_like(m, layer.monoid.unit)

    return Network.build(
        Cocycle(
            MonoidAction(messages=layer.monoid, act=update),
            layer.monoid,
            argument if repeats else silent,
        ),
        lambda constant, a, b: message(a, b, constant),
        SparseGraph(senders=senders, receivers=receivers, n_node=node.shape[0]),
        states=states,
        edge=layer.constants(node, edge, graph)[senders, receivers],
        messages=jnp.full_like(states, layer.monoid.unit),
        arguments=arguments,
        reads_receiver=True,
    )
