"""Message passing neural networks, on node pairs and on edges."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.algebra.instances import max_plus
from catalign.algebra.monoid import CommutativeMonoid
from catalign.integral.graph import DenseGraph, SparseGraph
from catalign.nn.processor import AbstractProcessor
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram


class _Message(nnx.Module):
    """The argument pushforward of a message: a perceptron of its roles."""

    def __init__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> None:
        self.sender = nnx.Linear(node_width, width, rngs=rngs)
        self.receiver = nnx.Linear(node_width, width, rngs=rngs)
        self.edge = nnx.Linear(width, width, rngs=rngs)
        self.graph = nnx.Linear(width, width, rngs=rngs)
        self.hidden = nnx.Linear(width, width, rngs=rngs)
        self.out = nnx.Linear(width, width, rngs=rngs)

    def __call__(self, sender: Array, receiver: Array, edge: Array, graph: Array) -> Array:
        """Combines roles that went through their linear map before they were pulled back."""
        added = sender + receiver + edge + graph.reshape((1,) * (edge.ndim - 1) + graph.shape)
        return self.out(jax.nn.relu(self.hidden(jax.nn.relu(added))))


class _Update(nnx.Module):
    """The node update: a perceptron of the old node and what it received, normalised."""

    def __init__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> None:
        self.node = nnx.Linear(node_width, width, rngs=rngs)
        self.received = nnx.Linear(width, width, rngs=rngs)
        self.norm = nnx.LayerNorm(width, rngs=rngs)

    def __call__(self, node: Array, received: Array) -> Array:
        # A node that no message reached holds the monoid's unit, which may be infinite: it received
        # nothing.
        finite = jnp.where(jnp.isfinite(received), received, 0.0)
        return self.norm(jax.nn.relu(self.node(node) + self.received(finite)))


class MPNN(AbstractProcessor):
    """Message passing between all pairs of nodes.

    Maths: `h'_v = phi(h_v, max_u psi(h_u, h_v, e_uv, g))`, on the diagram
    `V + V*V + ONE <- 4 V*V -> V*V -> V`.

    Args:
      node_width: The width of the node field that it reads.
      width: The width of the pair and graph fields that it reads, and of the node field that it
        gives.
      aggregation: The commutative monoid that combines messages; max if left out.
      rngs: Parameter keys.

    Example:
      >>> import jax.numpy as jnp
      >>> from flax import nnx
      >>> from catalign.integral.graph import DenseGraph
      >>> layer = MPNN(8, 8, rngs=nnx.Rngs(0))
      >>> graph = DenseGraph(mask=jnp.ones((3, 3), bool))
      >>> layer(jnp.ones((3, 8)), jnp.ones((3, 3, 8)), jnp.ones(8), graph).shape
      (3, 8)

    Source: Gilmer et al. 2017, arXiv 1704.01212; as the benchmark's baseline, Velickovic et al.
    2022, arXiv 2205.15659.
    """

    diagram: ClassVar[PolynomialDiagram] = library.message_passing_dense

    def __init__(
        self,
        node_width: int,
        width: int,
        *,
        aggregation: CommutativeMonoid = max_plus.add,
        rngs: nnx.Rngs,
    ) -> None:
        self.message = _Message(node_width, width, rngs=rngs)
        self.update = _Update(node_width, width, rngs=rngs)
        self.aggregation = aggregation

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "n n w"],
        graph: Float[Array, " w"],
        structure: DenseGraph | SparseGraph,
    ) -> Float[Array, "n w"]:
        """Computes the new node field; the mask of `structure` says which pairs send."""
        dense = self.expect(structure, DenseGraph)
        psi = self.message
        messages = psi(
            psi.sender(node)[:, None], psi.receiver(node)[None, :], psi.edge(edge), psi.graph(graph)
        )
        sent = jnp.where(dense.mask[..., None], messages, self.aggregation.unit)
        return self.update(node, self.aggregation.reduce(sent, 0))


class SparseMPNN(AbstractProcessor):
    """Message passing along the edges of a sparse graph.

    Maths: `h'_v = phi(h_v, max over e: u -> v of psi(h_u, h_v, x_e, g))`, on
    `V + E + ONE <- 4 E -> E -> V`.

    On the complete graph it computes what `MPNN` with the same parameters computes.

    Args: as for `MPNN`.

    Example:
      >>> import jax.numpy as jnp
      >>> from flax import nnx
      >>> from catalign.integral.graph import SparseGraph
      >>> layer = SparseMPNN(8, 8, rngs=nnx.Rngs(0))
      >>> ends = dict(senders=jnp.array([0, 1]), receivers=jnp.array([1, 2]))
      >>> graph = SparseGraph(**ends, n_node=3)
      >>> layer(jnp.ones((3, 8)), jnp.ones((2, 8)), jnp.ones(8), graph).shape
      (3, 8)

    Source: Gilmer et al. 2017, arXiv 1704.01212.
    """

    diagram: ClassVar[PolynomialDiagram] = library.message_passing_sparse

    def __init__(
        self,
        node_width: int,
        width: int,
        *,
        aggregation: CommutativeMonoid = max_plus.add,
        rngs: nnx.Rngs,
    ) -> None:
        self.message = _Message(node_width, width, rngs=rngs)
        self.update = _Update(node_width, width, rngs=rngs)
        self.aggregation = aggregation

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "e w"],
        graph: Float[Array, " w"],
        structure: DenseGraph | SparseGraph,
    ) -> Float[Array, "n w"]:
        """Computes the new node field; edge k of `structure` carries row k of `edge`."""
        sparse = self.expect(structure, SparseGraph)
        psi = self.message
        messages = psi(
            psi.sender(node)[sparse.senders],
            psi.receiver(node)[sparse.receivers],
            psi.edge(edge),
            psi.graph(graph),
        )
        received = self.aggregation.segment(messages, sparse.receivers, node.shape[0])
        return self.update(node, received)
