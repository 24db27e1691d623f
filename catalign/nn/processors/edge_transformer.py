"""The edge transformer: node pairs that attend over paths of two."""

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
from catalign.nn.processor import AbstractProcessor, Structure
from catalign.nn.processors.parts import Update, combine, head_width
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram


@final
class EdgeTransformer(AbstractProcessor):
    """Triangular attention: pair (u, v) attends over all w, by what (u, w) asks and (w, v) offers.

    Maths: `x_uv = W_s h_u + W_r h_v + W_e e_uv + W_g g`, then with residuals and normalisation
    `e'_uv = x_uv + O sum_w a_uvw (A x_uw * B x_wv)`, `a_uv = softmax over w of Q x_uw . K x_wv`, a
    perceptron at each pair, and `h'_v = phi(h_v, max_u e'_uv)`, on
    `V + V*V + ONE <- 4 V*V + 7 V*V*V -> V*V + V*V*V -> V + V*V`.

    The scores of triples are formed in blocks and not kept (see `catalign.kernels.triplet_reduce`).

    Args:
      node_width: The width of the node field that it reads.
      width: The width of all other fields.
      heads: The number of heads, which divides `width`.
      style: How the node update ends.
      rngs: Parameter keys.

    Raises:
      InputError: The heads do not divide the width.

    Example:
      >>> layer = EdgeTransformer(8, 8, rngs=nnx.Rngs(0))
      >>> graph = DenseGraph.complete(3)
      >>> node, edge = layer(jnp.ones((3, 8)), jnp.ones((3, 3, 8)), jnp.ones(8), graph)
      >>> node.shape, edge.shape
      ((3, 8), (3, 3, 8))

    Source: Bergen, O'Donnell & Bahdanau 2021, arXiv 2112.00578.
    """

    diagram: ClassVar[PolynomialDiagram] = library.node_triplet_update

    def __init__(
        self,
        node_width: int,
        width: int,
        *,
        heads: int = 4,
        style: UpdateStyle = PLAIN,
        rngs: nnx.Rngs,
    ) -> None:
        head_width(width, heads)
        self.heads = heads
        self.ends = Linear(node_width, 2 * width, rngs=rngs)
        self.edge = Linear(width, width, rngs=rngs)
        self.graph = Linear(width, width, rngs=rngs)
        self.before = nnx.LayerNorm(width, rngs=rngs)
        self.project = Linear(width, 4 * width, rngs=rngs)
        self.out = Linear(width, width, rngs=rngs)
        self.between = nnx.LayerNorm(width, rngs=rngs)
        self.hidden = Linear(width, 2 * width, rngs=rngs)
        self.last = Linear(2 * width, width, rngs=rngs)
        self.update = Update(node_width, width, style=style, rngs=rngs)

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "n n w"],
        graph: Float[Array, " w"],
        structure: Structure,
    ) -> tuple[Float[Array, "n w"], Float[Array, "n n w"]]:
        """Computes the new fields of the nodes and of the node pairs."""
        dense = self.expect(structure, DenseGraph)
        sender, receiver = jnp.split(self.ends(node), 2, axis=-1)
        pair = sender[:, None] + receiver[None, :] + self.edge(edge)
        pair = pair + self.graph(graph)[None, None, :]
        n = node.shape[0]
        projected = self.project(self.before(pair)).reshape(n, n, 4, self.heads, -1)
        query, key, left, right = (projected[:, :, k] for k in range(4))
        heard = jnp.asarray(triplet_reduce.attend(query, key, left, right)).reshape(pair.shape)
        pair = pair + self.out(heard)
        pair = pair + self.last(jax.nn.relu(self.hidden(self.between(pair))))
        return self.update(node, combine(pair, dense.mask, max_plus.add)), pair
