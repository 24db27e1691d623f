"""Priority-first search: what Dijkstra's and Prim's algorithms share.

Both keep a queue of nodes, take out the node of least priority, and offer each of its neighbours a
new priority; they differ in the offer alone.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from catalign._typing import Flag, Index, Probes
from catalign.algorithms.arrays import least, put

Offer = Callable[[Float[Array, ""], Float[Array, " n"]], Float[Array, " n"]]
"""`offer(priority of u, weights from u)`: the priorities that u offers its neighbours."""


class Search(NamedTuple):
    """Where a priority-first search stands.

    Attributes:
      pi: The node that made the best offer so far.
      priority: The best offer so far: a distance, or the weight of an edge; 0 where there was none.
      mark: The nodes that were taken out of the queue.
      in_queue: The nodes in the queue.
      u: The node that was taken out last.
    """

    pi: Int[Array, " n"]
    priority: Float[Array, " n"]
    mark: Bool[Array, " n"]
    in_queue: Bool[Array, " n"]
    u: Index


def begin(inputs: Probes) -> Search:
    """The source alone in the queue."""
    nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
    source = nodes == inputs["s"]
    zero = jnp.zeros_like(inputs["A"][0])
    return Search(nodes, zero, jnp.zeros_like(source), source, inputs["s"])


def take_least(inputs: Probes, state: Search, offer: Offer) -> Search:
    """Takes the least node out of the queue and lets it make its offers."""
    _, u = least(jnp.where(state.in_queue, state.priority, jnp.inf))
    mark = put(state.mark, u, jnp.asarray(True))
    queue = put(state.in_queue, u, jnp.asarray(False))
    offers = offer(state.priority[u], inputs["A"][u])
    better = ~queue | (offers < state.priority)
    accepts = inputs["adj"][u] & ~mark & better
    return Search(
        pi=jnp.where(accepts, u, state.pi),
        priority=jnp.where(accepts, offers, state.priority),
        mark=mark,
        in_queue=queue | accepts,
        u=u,
    )


def is_empty(inputs: Probes, state: Search) -> Flag:
    """Whether no node is left in the queue."""
    del inputs
    return ~jnp.any(state.in_queue)
