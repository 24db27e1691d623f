"""Pointer graph networks: message passing along the pairs that probes relate."""

from typing import ClassVar, final

from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.algebra.instances import max_plus
from catalign.integral.graph import DenseGraph
from catalign.nn.option import PLAIN, UpdateStyle
from catalign.nn.pair import PairValues
from catalign.nn.processor import AbstractProcessor, Pairs, Structure
from catalign.nn.processors.parts import Aggregation, Message, Update, combine
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram


@final
class PGN(AbstractProcessor):
    """Message passing along the edges and pointers of the inputs and of the hints as they stand.

    Maths: `h'_v = phi(h_v, max over u related to v of psi(h_u, h_v, e_uv, g))`, on
    `V + V*V + ONE <- 4 V*V -> V*V -> V`.

    It is `MPNN` with a mask. The relation follows the most likely values of predicted hints; in the
    benchmark's code a soft prediction relates every pair that it gives any probability.

    Args:
      node_width: The width of the node field that it reads.
      width: The width of all other fields.
      aggregation: As for `MPNN`.
      style: How the update ends.
      rngs: Parameter keys.

    Example:
      >>> import jax.numpy as jnp
      >>> layer = PGN(8, 8, rngs=nnx.Rngs(0))
      >>> layer(jnp.ones((3, 8)), jnp.ones((3, 3, 8)), jnp.ones(8), DenseGraph.complete(3)).shape
      (3, 8)

    Source: Velickovic et al. 2020, arXiv 2006.06380; as a baseline, Velickovic et al. 2022, arXiv
    2205.15659.
    """

    diagram: ClassVar[PolynomialDiagram] = library.message_passing_dense
    pairs: ClassVar[Pairs] = Pairs.RELATED
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
