"""Deep Sets: every node for itself."""

from typing import ClassVar, final

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.integral.graph import DenseGraph
from catalign.nn.option import PLAIN, UpdateStyle
from catalign.nn.processor import AbstractProcessor, Structure
from catalign.nn.processors.parts import Message, Update
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import identity, project, terminal
from catalign.polynomial.message import Argument, Output
from catalign.polynomial.message import Message as Summand
from catalign.polynomial.sort import ONE, V

_DIAGRAM = PolynomialDiagram(
    "deep_sets",
    {"node": V, "edge": V * V, "graph": ONE},
    outputs={"node": V},
    summands=(
        Summand(
            "self",
            V,
            (
                Argument("node", "node", identity(V)),
                Argument("loop", "edge", project(V, 0, 0)),
                Argument("graph", "graph", terminal(V)),
            ),
            Output("node", identity(V)),
        ),
    ),
)


@final
class DeepSets(AbstractProcessor):
    """A network at each node that hears from no other node.

    Maths: `h'_v = phi(h_v, psi(h_v, h_v, e_vv, g))`, on `V + V*V + ONE <- 3 V -> V -> V`.

    As in the benchmark, nodes meet in the decoders alone.

    Args:
      node_width: The width of the node field that it reads.
      width: The width of all other fields.
      style: How the update ends.
      rngs: Parameter keys.

    Example:
      >>> layer = DeepSets(8, 8, rngs=nnx.Rngs(0))
      >>> layer(jnp.ones((3, 8)), jnp.ones((3, 3, 8)), jnp.ones(8), DenseGraph.complete(3)).shape
      (3, 8)

    Source: Zaheer et al. 2017, arXiv 1703.06114; as a baseline, Velickovic et al. 2022, arXiv
    2205.15659.
    """

    diagram: ClassVar[PolynomialDiagram] = _DIAGRAM

    def __init__(
        self,
        node_width: int,
        width: int,
        *,
        style: UpdateStyle = PLAIN,
        rngs: nnx.Rngs,
    ) -> None:
        self.message = Message(node_width, width, rngs=rngs)
        self.update = Update(node_width, width, style=style, rngs=rngs)

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "n n w"],
        graph: Float[Array, " w"],
        structure: Structure,
    ) -> Float[Array, "n w"]:
        """Computes the new node field."""
        self.expect(structure, DenseGraph)
        psi = self.message
        loop = jnp.diagonal(edge, axis1=0, axis2=1).T
        heard = psi(psi.sender(node), psi.receiver(node), psi.edge(loop), psi.graph(graph))
        return self.update(node, heard)
