"""The relational transformer: attention among nodes whose scores and values read the pairs too."""

from typing import ClassVar, final

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.integral.graph import DenseGraph
from catalign.nn.linear import Linear
from catalign.nn.processor import AbstractProcessor, Structure
from catalign.nn.processors.parts import attention, head_width
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import identity, project, terminal
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import ONE, V

_PAIR = V**2
_ROLES = {
    "sender": ("node", project(_PAIR, 0)),
    "receiver": ("node", project(_PAIR, 1)),
    "there": ("edge", identity(_PAIR)),
    "back": ("edge", project(_PAIR, 1, 0)),
    "graph": ("graph", terminal(_PAIR)),
}
_BOTH_WAYS = PolynomialDiagram(
    "edge_update_both_ways",
    {"node": V, "edge": _PAIR, "graph": ONE},
    outputs={"edge": _PAIR},
    summands=(
        Message(
            "pair_edge",
            _PAIR,
            tuple(Argument(role, field, leg) for role, (field, leg) in _ROLES.items()),
            Output("edge", identity(_PAIR)),
        ),
    ),
)


@final
class RelationalTransformer(AbstractProcessor):
    """A transformer on the nodes in which each pair adds to its query, its key and its value.

    Maths: with `x_v = W h_v`, for each head
    `q_uv = Q x_v + Q' e_uv + Q'' g`, `k_uv = K x_u + K' e_uv + K'' g`,
    `m_uv = M x_u + M' e_uv + M'' g` and `a_uv = softmax over u of q_uv . k_uv / sqrt(d)`; then,
    with residuals and normalisation, `h'_v = x_v + O sum_u a_uv m_uv`, a perceptron at each node,
    `e'_uv = e_uv + phi(e_uv, e_vu, h'_u, h'_v, g)` and a perceptron at each pair. On
    `V + V*V + ONE <- 9 V*V -> 2 V*V -> V + V*V`.

    Its messages are on pairs: for pointers of pairs, which need triples, see `EdgeTransformer`. As
    for `TripletMPNN`, the pair field is read by the decoders and not carried to the next step, and
    a step is one block.

    Args:
      node_width: The width of the node field that it reads.
      width: The width of all other fields.
      heads: The number of heads, which divides `width`.
      rngs: Parameter keys.

    Raises:
      InputError: The heads do not divide the width.

    Example:
      >>> layer = RelationalTransformer(8, 8, rngs=nnx.Rngs(0))
      >>> graph = DenseGraph.complete(3)
      >>> node, edge = layer(jnp.ones((3, 8)), jnp.ones((3, 3, 8)), jnp.ones(8), graph)
      >>> node.shape, edge.shape
      ((3, 8), (3, 3, 8))

    Source: Diao & Loynd 2023, arXiv 2210.05062.
    """

    diagram: ClassVar[PolynomialDiagram] = (
        library.message_passing_dense.renamed(messages={"pair": "pair_node"})
        .pair(_BOTH_WAYS)
        .renamed("node_edge_update_both_ways")
    )

    def __init__(self, node_width: int, width: int, *, heads: int = 4, rngs: nnx.Rngs) -> None:
        self.head = head_width(width, heads)

        def linear(fan_in: int, fan_out: int) -> Linear:
            return Linear(fan_in, fan_out, rngs=rngs)

        self.start = linear(node_width, width)
        self.receiver, self.sender = linear(width, width), linear(width, 2 * width)
        self.edge, self.graph = linear(width, 3 * width), linear(width, 3 * width)
        self.heard = linear(width, width)
        self.node_norms = nnx.List([nnx.LayerNorm(width, rngs=rngs) for _ in range(2)])
        self.node_hidden, self.node_out = linear(width, 2 * width), linear(2 * width, width)
        self.ends, self.ways = linear(width, 4 * width), linear(width, 4 * width)
        self.whole, self.moved = linear(width, 2 * width), linear(2 * width, width)
        self.edge_norms = nnx.List([nnx.LayerNorm(width, rngs=rngs) for _ in range(2)])
        self.edge_hidden, self.edge_out = linear(width, 2 * width), linear(2 * width, width)

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "n n w"],
        graph: Float[Array, " w"],
        structure: Structure,
    ) -> tuple[Float[Array, "n w"], Float[Array, "n n w"]]:
        """Computes the new fields of the nodes and of the node pairs."""
        dense = self.expect(structure, DenseGraph)
        new = self.start(node)
        new = self.node_norms[0](new + self.heard(self._hear(new, edge, graph, dense)))
        new = self.node_norms[1](new + self.node_out(jax.nn.relu(self.node_hidden(new))))
        from_sender, from_receiver = jnp.split(self.ends(new), 2, axis=-1)
        there, back = jnp.split(self.ways(edge), 2, axis=-1)
        read = from_sender[:, None] + from_receiver[None, :] + there + jnp.swapaxes(back, 0, 1)
        hidden = jax.nn.relu(read + self.whole(graph)[None, None, :])
        pair = self.edge_norms[0](edge + self.moved(hidden))
        pair = self.edge_norms[1](pair + self.edge_out(jax.nn.relu(self.edge_hidden(pair))))
        return new, pair

    def _hear(
        self,
        node: Float[Array, "n w"],
        edge: Float[Array, "n n w"],
        graph: Float[Array, " w"],
        dense: DenseGraph,
    ) -> Float[Array, "n w"]:
        """What each node hears from all senders, by its attention to each."""
        n = node.shape[0]
        both = self.edge(edge) + self.graph(graph)[None, None, :]
        query, key, value = jnp.split(both.reshape(n, n, -1, self.head), 3, axis=2)
        asked = self.receiver(node).reshape(1, n, -1, self.head)
        offered, said = jnp.split(self.sender(node).reshape(n, 1, -1, self.head), 2, axis=2)
        scores = jnp.sum((query + asked) * (key + offered), axis=-1) * self.head**-0.5
        weights = attention(scores, dense.mask)
        return jnp.einsum("uvh,uvhc->vhc", weights, value + said).reshape(n, -1)
