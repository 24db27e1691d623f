"""The recurrent aggregator: messages read one by one, in the order of the nodes."""

from typing import ClassVar, final

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.integral.graph import DenseGraph
from catalign.nn.linear import Linear
from catalign.nn.option import PLAIN, UpdateStyle
from catalign.nn.processor import AbstractProcessor, Fibre, Structure
from catalign.nn.processors.parts import Message, Update
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram


@final
class RecurrentAggregator(AbstractProcessor):
    """Message passing with an LSTM over the senders in the place of max.

    Maths: `h'_v = phi(h_v, fold of an LSTM over [psi(h_u, h_v, e_uv, g) for u in order])`, on
    `V + V*V + ONE <- 4 V*V -> V*V -> V`.

    The fold is an algebra of lists and of no multiset: relabelling the nodes changes it. Its type
    says so (`fibre` is `Fibre.LIST`), and it is meant for tasks whose input has an order.

    Args:
      node_width: The width of the node field that it reads.
      width: The width of all other fields.
      style: How the update ends.
      rngs: Parameter keys.

    Example:
      >>> layer = RecurrentAggregator(8, 8, rngs=nnx.Rngs(0))
      >>> layer(jnp.ones((3, 8)), jnp.ones((3, 3, 8)), jnp.ones(8), DenseGraph.complete(3)).shape
      (3, 8)

    Source: Xu & Velickovic 2024, arXiv 2409.07154; folds of lists, Gavranovic et al. 2024, arXiv
    2402.15332.
    """

    diagram: ClassVar[PolynomialDiagram] = library.message_passing_dense
    fibre: ClassVar[Fibre] = Fibre.LIST

    def __init__(
        self,
        node_width: int,
        width: int,
        *,
        style: UpdateStyle = PLAIN,
        rngs: nnx.Rngs,
    ) -> None:
        self.message = Message(node_width, width, rngs=rngs)
        self.read = Linear(width, 4 * width, rngs=rngs)
        self.recur = Linear(width, 4 * width, use_bias=False, rngs=rngs)
        self.update = Update(node_width, width, style=style, rngs=rngs)

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "n n w"],
        graph: Float[Array, " w"],
        structure: Structure,
    ) -> Float[Array, "n w"]:
        """Computes the new node field; pairs that the mask leaves out are skipped."""
        dense = self.expect(structure, DenseGraph)
        gates = self.read(self.message.of_pairs(node, edge, graph))

        def step(state: tuple[Array, Array], now: tuple[Array, Array]) -> tuple:
            (cell, out), (gate, sends) = state, now
            write, keep, show, value = jnp.split(gate + self.recur(out), 4, axis=-1)
            # One more for the gate that keeps, so that it starts open.
            new = jax.nn.sigmoid(keep + 1.0) * cell + jax.nn.sigmoid(write) * jnp.tanh(value)
            told = jax.nn.sigmoid(show) * jnp.tanh(new)
            sends = sends[:, None]
            return (jnp.where(sends, new, cell), jnp.where(sends, told, out)), None

        zero = jnp.zeros((node.shape[0], gates.shape[-1] // 4), gates.dtype)
        (_, heard), _ = jax.lax.scan(step, (zero, zero), (gates, dense.mask))
        return self.update(node, heard)
