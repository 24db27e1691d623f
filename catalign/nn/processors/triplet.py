"""Triplet message passing: node pairs that hear from every third node."""

from typing import ClassVar, final

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.algebra.instances import max_plus
from catalign.integral.graph import DenseGraph
from catalign.kernels import triplet_reduce
from catalign.nn.linear import Linear
from catalign.nn.option import PLAIN, UpdateStyle
from catalign.nn.pair import PairValues, through
from catalign.nn.processor import AbstractProcessor, Structure
from catalign.nn.processors.parts import Aggregation, Message, Update, combine
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import project, terminal
from catalign.polynomial.message import Argument, Output
from catalign.polynomial.message import Message as Summand
from catalign.polynomial.sort import ONE, V

_TRIPLE = V**3
_ROLES = {
    "u": ("node", project(_TRIPLE, 0)),
    "v": ("node", project(_TRIPLE, 1)),
    "w": ("node", project(_TRIPLE, 2)),
    "uv": ("edge", project(_TRIPLE, 0, 1)),
    "wu": ("edge", project(_TRIPLE, 2, 0)),
    "wv": ("edge", project(_TRIPLE, 2, 1)),
    "graph": ("graph", terminal(_TRIPLE)),
}
_TRIPLET = PolynomialDiagram(
    "triplet_from_third",
    {"node": V, "edge": V * V, "graph": ONE},
    outputs={"edge": V * V},
    summands=(
        Summand(
            "triplet",
            _TRIPLE,
            tuple(Argument(role, field, leg) for role, (field, leg) in _ROLES.items()),
            Output("edge", project(_TRIPLE, 0, 1)),
        ),
    ),
)


@final
class TripletMPNN(AbstractProcessor):
    """`MPNN` at the nodes, and at each pair u, v the maximum over a third node w.

    Maths: `h'_v` as for `MPNN`, and
    `e'_uv = relu(O max_w [t_u + t_v + t_w + t_uv + t_wu + t_wv + t_g])` with each t linear, of
    width `triplets`, on
    `V + V*V + ONE <- 4 V*V + 7 V*V*V -> V*V + V*V*V -> V + V*V`.

    With `UpdateStyle(gated=True)` it is the Triplet-GMPNN of the benchmark. There, too, the pair
    field is read by the decoders and not carried to the next step. The n^3 messages are never
    formed (see `catalign.kernels.triplet_reduce`). As in the benchmark, w reaches both u and v; the
    diagram `library.triplet` reads the path from u over w to v.

    Args:
      node_width: The width of the node field that it reads.
      width: The width of all other fields.
      triplets: The width of the messages of triples.
      aggregation: How the messages to nodes are combined, as for `MPNN`.
      style: How the update ends.
      rngs: Parameter keys.

    Example:
      >>> layer = TripletMPNN(8, 8, rngs=nnx.Rngs(0))
      >>> graph = DenseGraph.complete(3)
      >>> node, edge = layer(jnp.ones((3, 8)), jnp.ones((3, 3, 8)), jnp.ones(8), graph)
      >>> node.shape, edge.shape
      ((3, 8), (3, 3, 8))

    Source: Dudzik & Velickovic 2022, arXiv 2203.15544, diagram (10); Ibarz et al. 2022, arXiv
    2209.11142.
    """

    diagram: ClassVar[PolynomialDiagram] = library.message_passing_dense.pair(_TRIPLET).renamed(
        "node_triplet_from_third"
    )
    reads_pair_field: ClassVar[bool] = True

    def __init__(
        self,
        node_width: int,
        width: int,
        *,
        triplets: int = 8,
        aggregation: Aggregation = max_plus.add,
        style: UpdateStyle = PLAIN,
        rngs: nnx.Rngs,
    ) -> None:
        self.message = Message(node_width, width, rngs=rngs)
        self.update = Update(node_width, width, style=style, rngs=rngs)
        self.aggregation = aggregation
        self.ends = Linear(node_width, 3 * triplets, rngs=rngs)
        self.sides = Linear(width, 3 * triplets, rngs=rngs)
        self.graph = Linear(width, triplets, rngs=rngs)
        self.out = Linear(triplets, width, rngs=rngs)

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: PairValues,
        graph: Float[Array, " w"],
        structure: Structure,
    ) -> tuple[Float[Array, "n w"], Float[Array, "n n w"]]:
        """Computes the new fields of the nodes and of the node pairs."""
        dense = self.expect(structure, DenseGraph)
        messages = self.message.of_pairs(node, edge, graph)
        moved = self.update(node, combine(messages, dense.mask, self.aggregation))
        u, v, w = jnp.split(self.ends(node), 3, axis=-1)
        uv, wu, wv = jnp.split(through(self.sides, edge), 3, axis=-1)
        best = triplet_reduce.reduce(
            jnp.swapaxes(wu, 0, 1), wv, u=u, v=v, w=w, uv=uv, graph=self.graph(graph)
        )
        return moved, jax.nn.relu(self.out(jnp.asarray(best)))
