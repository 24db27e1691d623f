"""Message passing neural networks on the edges of a sparse graph."""

from typing import ClassVar, final

from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.algebra.instances import max_plus
from catalign.integral.graph import SparseGraph
from catalign.nn.option import PLAIN, UpdateStyle
from catalign.nn.processor import AbstractProcessor, Structure
from catalign.nn.processors.parts import Aggregation, Message, Update, combine_segments
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram


@final
class SparseMPNN(AbstractProcessor):
    """Message passing along the edges of a sparse graph.

    Maths: `h'_v = phi(h_v, max over e: u -> v of psi(h_u, h_v, x_e, g))`, on
    `V + E + ONE <- 4 E -> E -> V`.

    On the complete graph it computes what `MPNN` with the same parameters computes.

    Args: as for `MPNN`.

    Example:
      >>> import jax.numpy as jnp
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
        aggregation: Aggregation = max_plus.add,
        style: UpdateStyle = PLAIN,
        rngs: nnx.Rngs,
    ) -> None:
        self.message = Message(node_width, width, rngs=rngs)
        self.update = Update(node_width, width, style=style, rngs=rngs)
        self.aggregation = aggregation

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "e w"],
        graph: Float[Array, " w"],
        structure: Structure,
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
        received = combine_segments(messages, sparse.receivers, node.shape[0], self.aggregation)
        return self.update(node, received)
