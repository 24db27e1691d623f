"""Graphs on the device: the two ways in which a graph interprets the sorts."""

from dataclasses import dataclass, field

import jax
from jax import Array
from jaxtyping import Bool, Int


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class SparseGraph:
    """A list of directed edges: interprets `E` as the places of the list, and `V` as the nodes.

    Attributes:
      senders: Where each edge starts, int32 `[e]`.
      receivers: Where each edge ends, int32 `[e]`. Edges whose receiver is `n_node` or more are padding.
      n_node: The number of nodes, static.

    Example:
      >>> import jax.numpy as jnp
      >>> path = SparseGraph(jnp.array([0, 1]), jnp.array([1, 2]), 3)
      >>> path.n_node
      3
    """

    senders: Int[Array, "*b e"]
    receivers: Int[Array, "*b e"]
    n_node: int = field(metadata={"static": True})


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class DenseGraph:
    """A mask over node pairs: interprets `E` as the pairs where the mask holds, and `V*V` as all pairs.

    Attributes:
      mask: Whether there is an edge from the first node to the second, bool `[n n]`.
    """

    mask: Bool[Array, "*b n n"]
