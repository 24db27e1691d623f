"""Graph attention networks whose scores read all roles together."""

from typing import ClassVar, final

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.integral.graph import DenseGraph
from catalign.nn.linear import Linear
from catalign.nn.processor import AbstractProcessor, Pairs, Structure
from catalign.nn.processors.parts import attend, head_width
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram


@final
class GATv2(AbstractProcessor):
    """Attention along the related pairs, where the rank of the senders may depend on the receiver.

    Maths: `h'_v = norm(relu(W h_v + sum_u a_uv X h_u))`, `a_uv` the softmax over u of
    `s . leaky_relu(S h_u + R h_v + T e_uv + Q g)`, for each head, on
    `V + V*V + ONE <- 4 V*V -> V*V -> V`.

    Args:
      node_width: The width of the node field that it reads.
      width: The width of all other fields.
      heads: The number of heads, which divides `width`.
      layer_norm: Whether the new field is normalised.
      rngs: Parameter keys.

    Raises:
      InputError: The heads do not divide the width.

    Example:
      >>> layer = GATv2(8, 8, rngs=nnx.Rngs(0))
      >>> layer(jnp.ones((3, 8)), jnp.ones((3, 3, 8)), jnp.ones(8), DenseGraph.complete(3)).shape
      (3, 8)

    Source: Brody, Alon & Yahav 2022, arXiv 2105.14491.
    """

    diagram: ClassVar[PolynomialDiagram] = library.message_passing_dense
    pairs: ClassVar[Pairs] = Pairs.RELATED

    def __init__(
        self,
        node_width: int,
        width: int,
        *,
        heads: int = 8,
        layer_norm: bool = True,
        rngs: nnx.Rngs,
    ) -> None:
        self.heads = heads
        self.value = Linear(node_width, width, rngs=rngs)
        self.skip = Linear(node_width, width, rngs=rngs)
        self.sender = Linear(node_width, width, rngs=rngs)
        self.receiver = Linear(node_width, width, rngs=rngs)
        self.edge = Linear(width, width, rngs=rngs)
        self.graph = Linear(width, width, rngs=rngs)
        normal = nnx.initializers.lecun_normal(in_axis=1, out_axis=0)
        self.score = nnx.Param(normal(rngs.params(), (heads, head_width(width, heads))))
        self.norm = nnx.LayerNorm(width, rngs=rngs) if layer_norm else None

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "n n w"],
        graph: Float[Array, " w"],
        structure: Structure,
    ) -> Float[Array, "n w"]:
        """Computes the new node field; the mask of `structure` says which pairs send."""
        dense = self.expect(structure, DenseGraph)
        ends = self.sender(node)[:, None] + self.receiver(node)[None, :]
        read = jax.nn.leaky_relu(ends + self.edge(edge) + self.graph(graph)[None, None, :])
        parts = read.reshape(*read.shape[:2], self.heads, -1)
        scores = jnp.einsum("uvhd,hd->uvh", parts, self.score[...])
        values = self.value(node).reshape(node.shape[0], self.heads, -1)
        heard = attend(scores, values, dense.mask)
        new = jax.nn.relu(heard + self.skip(node))
        return new if self.norm is None else self.norm(new)
