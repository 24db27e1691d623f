"""Pointer graph networks with pointer legs: as many messages as there are pointers."""

from typing import ClassVar, final

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.algebra.instances import max_plus
from catalign.nn.option import PLAIN, UpdateStyle
from catalign.nn.processor import AbstractProcessor, PointerGraph, Structure
from catalign.nn.processors.parts import Aggregation, Message, Update, combine_segments
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import Leg, identity, pair, terminal
from catalign.polynomial.leg import pointer as follow
from catalign.polynomial.message import Argument, Output
from catalign.polynomial.message import Message as Summand
from catalign.polynomial.sort import ONE, V

_HERE, _THERE = identity(V), follow("pi")


def _summand(name: str, sender: Leg, receiver: Leg) -> Summand:
    arguments = (
        Argument("sender", "node", sender),
        Argument("receiver", "node", receiver),
        Argument("edge", "edge", pair(sender, receiver)),
        Argument("graph", "graph", terminal(V)),
    )
    return Summand(name, V, arguments, Output("node", receiver))


_DIAGRAM = PolynomialDiagram(
    "pointer_message_passing",
    {"node": V, "edge": V * V, "graph": ONE},
    outputs={"node": V},
    summands=(
        _summand("self", _HERE, _HERE),
        _summand("pull", _THERE, _HERE),
        _summand("push", _HERE, _THERE),
    ),
)


@final
class PointerPGN(AbstractProcessor):
    """Each node hears from itself, from where it points, and from those that point to it.

    Maths: `h'_v = phi(h_v, max over u = v, u = pi(v) and pi(u) = v of psi(h_u, h_v, e_uv, g))`, on
    `V + V*V + ONE <- 12 V -> 3 V -> V`, where pi runs over all pointers of the inputs and of the
    hints as they stand; predicted ones count as their most likely values.

    On the relation that the pointers make, it is `PGN` with the same parameters, if messages are
    combined by max; but it forms n messages a leg in place of n^2.

    Args:
      node_width: The width of the node field that it reads.
      width: The width of all other fields.
      aggregation: As for `MPNN`.
      style: How the update ends.
      rngs: Parameter keys.

    Example:
      >>> layer = PointerPGN(8, 8, rngs=nnx.Rngs(0))
      >>> chain = PointerGraph(pointers=jnp.array([[0, 0, 1]]), n_node=3)
      >>> layer(jnp.ones((3, 8)), jnp.ones((3, 3, 8)), jnp.ones(8), chain).shape
      (3, 8)

    Source: Velickovic et al. 2020, arXiv 2006.06380; pointer legs, Dudzik & Velickovic 2022, arXiv
    2203.15544.
    """

    diagram: ClassVar[PolynomialDiagram] = _DIAGRAM

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
        edge: Float[Array, "n n w"],
        graph: Float[Array, " w"],
        structure: Structure,
    ) -> Float[Array, "n w"]:
        """Computes the new node field."""
        found = self.expect(structure, PointerGraph)
        n, psi = found.n_node, self.message
        here = jnp.broadcast_to(jnp.arange(n, dtype=jnp.int32), found.pointers.shape).reshape(-1)
        there = found.pointers.reshape(-1)
        senders = jnp.concatenate([here[:n], there, here])
        receivers = jnp.concatenate([here[:n], here, there])
        messages = psi(
            psi.sender(node)[senders],
            psi.receiver(node)[receivers],
            psi.edge(edge[senders, receivers]),
            psi.graph(graph),
        )
        return self.update(node, combine_segments(messages, receivers, n, self.aggregation))
