"""Graphs as arguments of jitted functions: a list of edges, or a matrix of them.

Both give a meaning to the sorts. `V`, `V*V`, ... index the nodes, all node pairs, and so on. The
edges `E` are stored

| graph | E is | a field on E has shape |
|---|---|---|
| `SparseGraph` | the listed edges | `[n_edge]` |
| `DenseGraph` | the pairs (u, v) where the mask holds | `[n, n]`, read only where the mask holds |

so one diagram over `E` runs on either.
"""

import dataclasses
import enum
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer

from catalign._errors import InputError
from catalign.kernels.segment_reduce.csr import CsrGraph
from catalign.polynomial.interpretation import FiniteGraph
from catalign.polynomial.sort import Base, Sort


class Layout(enum.Enum):
    """How the edges of a graph are stored."""

    SPARSE = "sparse"
    DENSE = "dense"

    def rank(self, base: Base) -> int:
        """The number of array axes of a base sort: 2 for edges of a dense graph, otherwise 1."""
        return 2 if self is Layout.DENSE and base is Base.E else 1


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class SparseGraph:
    """A graph as a list of edges.

    An edge with the receiver `n_node` is padding: no message over it arrives.

    Attributes:
      senders: The node that each edge leaves, int32 `[n_edge]`.
      receivers: The node that each edge enters, int32 `[n_edge]`.
      n_node: The number of nodes, static.
      receivers_are_sorted: Whether the receivers ascend, which makes segment sums faster; static.
      rows: The edges that are no padding, sorted and cut into rows, which makes sums at receivers
        faster still; None unless `prepare` made it.
    """

    senders: Array
    receivers: Array
    n_node: int = field(metadata={"static": True})
    receivers_are_sorted: bool = field(default=False, metadata={"static": True})
    rows: CsrGraph | None = None

    layout = Layout.SPARSE

    @classmethod
    def from_finite(cls, graph: FiniteGraph) -> "SparseGraph":
        """Copies a graph of the host, with its edges in the same order.

        Example:
          >>> SparseGraph.from_finite(FiniteGraph(3, [0, 2], [1, 1])).receivers_are_sorted
          True
        """
        return cls(
            senders=jnp.asarray(graph.senders, jnp.int32),
            receivers=jnp.asarray(graph.receivers, jnp.int32),
            n_node=graph.n_node,
            receivers_are_sorted=bool(np.all(np.diff(graph.receivers) >= 0)),
        )

    def prepare(self) -> "SparseGraph":
        """The same graph, with its edges cut into rows for the kernel of sums over edges.

        This runs on the host, and is worth it for a graph that is used several times. The gradient
        of a selected sum then goes to its first edge alone.

        Raises:
          InputError: The arrays are traced, or an end of an edge is no node.

        Example:
          >>> graph = SparseGraph(senders=jnp.array([0, 1]), receivers=jnp.array([1, 0]), n_node=2)
          >>> graph.prepare().rows.receivers.tolist()
          [0, 1]
        """
        if isinstance(self.senders, Tracer) or isinstance(self.receivers, Tracer):
            raise InputError(
                "`prepare` cuts a graph into rows on the host, and this one is traced: prepare it "
                "before the function that is transformed, and pass it as an argument."
            )
        senders, receivers = np.asarray(self.senders), np.asarray(self.receivers)
        (listed,) = np.nonzero(receivers != self.n_node)
        rows = CsrGraph.from_edges(senders[listed], receivers[listed], self.n_node)
        order = jnp.asarray(listed[np.asarray(rows.order)], jnp.int32)
        return dataclasses.replace(self, rows=dataclasses.replace(rows, order=order))

    def shape(self, sort: Sort) -> tuple[int, ...]:
        """The shape of a field on a sort."""
        sizes = {Base.V: self.n_node, Base.E: self.senders.shape[-1]}
        return tuple(sizes[base] for base in sort.factors)


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class DenseGraph:
    """A graph as a matrix: `mask[u, v]` says that there is an edge from u to v.

    Attributes:
      mask: Which pairs are edges, bool `[n, n]`.
    """

    mask: Array

    layout = Layout.DENSE

    @classmethod
    def complete(cls, n_node: int) -> "DenseGraph":
        """The graph with every pair as an edge, self loops included."""
        return cls(mask=jnp.ones((n_node, n_node), bool))

    @classmethod
    def from_finite(cls, graph: FiniteGraph) -> "DenseGraph":
        """Copies a graph of the host.

        Raises:
          InputError: The graph has parallel edges, which a mask cannot hold.

        Example:
          >>> DenseGraph.from_finite(FiniteGraph(2, [0], [1])).mask.tolist()
          [[False, True], [False, False]]
        """
        count = np.zeros((graph.n_node, graph.n_node), int)
        np.add.at(count, (graph.senders, graph.receivers), 1)
        if (count > 1).any():
            u, v = (int(k) for k in np.argwhere(count > 1)[0])
            raise InputError(
                f"`graph` has {count[u, v]} edges from {u} to {v}, and a mask holds one. "
                "Merge parallel edges, or use `SparseGraph.from_finite`."
            )
        return cls(mask=jnp.asarray(count > 0))

    @property
    def n_node(self) -> int:
        """The number of nodes."""
        return self.mask.shape[-1]

    def shape(self, sort: Sort) -> tuple[int, ...]:
        """The shape of a field on a sort: two axes for each factor E."""
        return (self.n_node,) * sum(self.layout.rank(base) for base in sort.factors)


Graph = SparseGraph | DenseGraph
