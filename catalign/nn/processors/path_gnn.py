"""PathGNN: maxima of maxima, homogeneous in the scale of its fields."""

from typing import ClassVar, final

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.algebra.instances import max_plus
from catalign.integral.graph import DenseGraph
from catalign.nn.linear import Linear
from catalign.nn.processor import AbstractProcessor, Structure
from catalign.nn.processors.parts import Message, combine
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import identity
from catalign.polynomial.message import Argument, Output
from catalign.polynomial.message import Message as Summand
from catalign.polynomial.sort import ONE, V

_DIAGRAM = PolynomialDiagram(
    "stay_or_hear",
    {"node": V, "edge": V * V, "graph": ONE},
    outputs={"node": V},
    summands=(
        Summand("stay", V, (Argument("node", "node", identity(V)),), Output("node", identity(V))),
        *library.message_passing_dense.summands,
    ),
)


@final
class PathGNN(AbstractProcessor):
    """A node keeps what it has or takes the best that it hears, channel by channel.

    Maths: `h'_v = max(W h_v, max_u psi(h_u, h_v, e_uv, g))` without any bias, on
    `V + V*V + ONE <- V + 4 V*V -> V + V*V -> V`.

    Law: it is positively homogeneous, `f(c h, c e, c g) = c f(h, e, g)` for c >= 0: what it does to
    short paths it does to long ones. So it has no normalisation.

    Args:
      node_width: The width of the node field that it reads.
      width: The width of all other fields.
      rngs: Parameter keys.

    Example:
      >>> layer, graph = PathGNN(8, 8, rngs=nnx.Rngs(0)), DenseGraph.complete(3)
      >>> once = layer(jnp.ones((3, 8)), jnp.ones((3, 3, 8)), jnp.ones(8), graph)
      >>> ten = jnp.full(8, 10.0)
      >>> tenfold = layer(jnp.full((3, 8), 10.0), jnp.full((3, 3, 8), 10.0), ten, graph)
      >>> bool(jnp.allclose(tenfold, 10.0 * once, rtol=1e-4))
      True

    Source: Tang et al. 2020, arXiv 2010.13547.
    """

    diagram: ClassVar[PolynomialDiagram] = _DIAGRAM

    def __init__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> None:
        self.message = Message(node_width, width, use_bias=False, rngs=rngs)
        self.stay = Linear(node_width, width, use_bias=False, rngs=rngs)

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "n n w"],
        graph: Float[Array, " w"],
        structure: Structure,
    ) -> Float[Array, "n w"]:
        """Computes the new node field; the mask of `structure` says which pairs send."""
        dense = self.expect(structure, DenseGraph)
        heard = combine(self.message.of_pairs(node, edge, graph), dense.mask, max_plus.add)
        return jnp.maximum(self.stay(node), heard)
