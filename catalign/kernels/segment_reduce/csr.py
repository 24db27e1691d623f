"""Graphs with their edges sorted by receiver, prepared once for fast sums over edges."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Int

from catalign._errors import InputError, ShapeMismatchError
from catalign.kernels.segment_reduce import rows
from catalign.kernels.segment_reduce.rows import Rows


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class CsrGraph:
    """A graph whose edges are sorted by receiver: compressed sparse rows.

    An argument of jitted functions. Where some degrees are large, the shapes of its parts depend on
    them, so that another graph compiles anew; fields that change on one graph do not.

    Attributes:
      senders: The node that each edge leaves, int32 `[n_edge]`.
      receivers: The node that each edge enters, int32 `[n_edge]`, ascending.
      order: For each edge, its place in the arrays that the graph was made from, int32 `[n_edge]`.
      into: The edges that enter each node.
      out_of: The edges that leave each node.
      n_node: The number of nodes, static.
    """

    senders: Int[Array, " n_edge"]
    receivers: Int[Array, " n_edge"]
    order: Int[Array, " n_edge"]
    into: Rows
    out_of: Rows
    n_node: int = field(metadata={"static": True})

    @property
    def n_edge(self) -> int:
        """The number of edges."""
        return self.receivers.shape[0]

    @classmethod
    def from_edges(
        cls,
        senders: ArrayLike | Sequence[int],
        receivers: ArrayLike | Sequence[int],
        n_node: int,
    ) -> "CsrGraph":
        """Sorts the edges of a graph by receiver, on the host; equal receivers keep their order.

        Args:
          senders: The node that each edge leaves.
          receivers: The node that each edge enters.
          n_node: The number of nodes.

        Raises:
          InputError: An end of an edge is no node, or `n_node` is negative.
          ShapeMismatchError: Not two vectors of integers, of one length.

        Example:
          >>> graph = CsrGraph.from_edges([0, 2, 1], [2, 0, 2], 3)
          >>> graph.receivers.tolist(), graph.order.tolist()
          ([0, 2, 2], [1, 0, 2])
        """
        ends = {"senders": np.asarray(senders), "receivers": np.asarray(receivers)}
        for name, values in ends.items():
            is_integer = np.issubdtype(values.dtype, np.integer) or values.size == 0
            if values.ndim != 1 or not is_integer or values.shape != ends["senders"].shape:
                raise ShapeMismatchError(
                    f"`{name}` is {values.dtype}{list(values.shape)}, and `senders` has shape "
                    f"{list(ends['senders'].shape)}: give two vectors of integers, of one length."
                )
            if n_node < 0 or (values.size and (values.min() < 0 or values.max() >= n_node)):
                found = f"nodes {values.min()} to {values.max()}" if values.size else "no nodes"
                raise InputError(
                    f"`{name}` names {found}, but `n_node` is {n_node}: nodes are 0 to n_node - 1."
                )
        source, target = (values.astype(np.int64) for values in ends.values())
        order = np.argsort(target, kind="stable")
        source, target = source[order], target[order]
        return cls(
            senders=jnp.asarray(source, jnp.int32),
            receivers=jnp.asarray(target, jnp.int32),
            order=jnp.asarray(order, jnp.int32),
            into=rows.build(None, np.bincount(target, minlength=n_node)),
            out_of=rows.build(
                np.argsort(source, kind="stable"), np.bincount(source, minlength=n_node)
            ),
            n_node=n_node,
        )

    def sort(self, field_on_edges: Array) -> Array:
        """Brings a field on edges, in the order the graph was made from, into its own order.

        Example:
          >>> CsrGraph.from_edges([0, 0], [1, 0], 2).sort(jnp.array([5.0, 7.0])).tolist()
          [7.0, 5.0]
        """
        return field_on_edges[self.order]
