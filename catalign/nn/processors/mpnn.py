"""Message passing neural networks on node pairs."""

from typing import ClassVar, final

from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.algebra.instances import max_plus
from catalign.integral.graph import DenseGraph
from catalign.nn.option import PLAIN, UpdateStyle
from catalign.nn.pair import PairValues
from catalign.nn.processor import AbstractProcessor, Structure
from catalign.nn.processors.parts import Aggregation, Message, Update, combine
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram


@final
class MPNN(AbstractProcessor):
    """Message passing between all pairs of nodes.

    Maths: `h'_v = phi(h_v, max_u psi(h_u, h_v, e_uv, g))`, on the diagram
    `V + V*V + ONE <- 4 V*V -> V*V -> V`.

    Args:
      node_width: The width of the node field that it reads.
      width: The width of the pair and graph fields that it reads, and of the node field that it
        gives.
      aggregation: How messages are combined: by a commutative monoid, or `Mean()`; max if left out.
      style: How the update ends.
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
    reads_pair_field: ClassVar[bool] = True

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
        edge: PairValues,
        graph: Float[Array, " w"],
        structure: Structure,
    ) -> Float[Array, "n w"]:
        """Computes the new node field; the mask of `structure` says which pairs send."""
        dense = self.expect(structure, DenseGraph)
        messages = self.message.of_pairs(node, edge, graph)
        return self.update(node, combine(messages, dense.mask, self.aggregation))
