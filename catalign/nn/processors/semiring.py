"""A learned layer whose step is a matrix product in a semiring."""

from typing import ClassVar, final

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign._errors import UnsupportedError
from catalign.algebra.instances import max_min, max_plus, min_max, min_plus, plus_times
from catalign.algebra.semiring import Semiring
from catalign.integral.graph import DenseGraph
from catalign.nn.linear import Linear
from catalign.nn.option import PLAIN, UpdateStyle
from catalign.nn.processor import AbstractProcessor, Structure
from catalign.nn.processors.parts import Update
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import identity, project, terminal
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import ONE, V

REAL = (max_plus, min_plus, max_min, min_max, plus_times)
"""The semirings in which every real number is a value, so that a linear map can give it."""

_PAIR = V * V
_DIAGRAM = PolynomialDiagram(
    "semiring_message_passing",
    {"node": V, "edge": _PAIR, "graph": ONE},
    outputs={"node": V},
    summands=(
        Message(
            "pair",
            _PAIR,
            (
                Argument("sender", "node", project(_PAIR, 0)),
                Argument("edge", "edge", identity(_PAIR)),
                Argument("graph", "graph", terminal(_PAIR)),
            ),
            Output("node", project(_PAIR, 1)),
        ),
    ),
)


@final
class SemiringMPNN(AbstractProcessor):
    """Values from the senders times coefficients from the pairs, added up in a semiring.

    Maths: `h'_v = phi(h_v, sum_u x_u . m_uv)` in the semiring, with `x_u = X h_u` and
    `m_uv = M e_uv + G g`, channel by channel, on `V + V*V + ONE <- 3 V*V -> V*V -> V`.

    Args:
      node_width: The width of the node field that it reads.
      width: The width of all other fields.
      semiring: One of `REAL`.
      style: How the update ends.
      rngs: Parameter keys.

    Raises:
      UnsupportedError: A real number is no value of the semiring.

    Example:
      >>> layer = SemiringMPNN(8, 8, semiring=min_plus, rngs=nnx.Rngs(0))
      >>> layer(jnp.ones((3, 8)), jnp.ones((3, 3, 8)), jnp.ones(8), DenseGraph.complete(3)).shape
      (3, 8)

    Source: Dudzik & Velickovic 2022, arXiv 2203.15544, section 3.
    """

    diagram: ClassVar[PolynomialDiagram] = _DIAGRAM

    def __init__(
        self,
        node_width: int,
        width: int,
        *,
        semiring: Semiring = max_plus,
        style: UpdateStyle = PLAIN,
        rngs: nnx.Rngs,
    ) -> None:
        if semiring not in REAL:
            raise UnsupportedError(
                f"`semiring` is {semiring.name}, which has no value for every real number; give "
                f"one of {', '.join(each.name for each in REAL)}."
            )
        self.semiring = semiring
        self.value = Linear(node_width, width, rngs=rngs)
        self.edge = Linear(width, width, rngs=rngs)
        self.graph = Linear(width, width, rngs=rngs)
        self.update = Update(node_width, width, style=style, rngs=rngs)

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "n n w"],
        graph: Float[Array, " w"],
        structure: Structure,
    ) -> Float[Array, "n w"]:
        """Computes the new node field; the mask of `structure` says which pairs send."""
        dense = self.expect(structure, DenseGraph)
        coefficients = self.edge(edge) + self.graph(graph)[None, None, :]
        values = jnp.broadcast_to(self.value(node)[:, None], coefficients.shape)
        sent = self.semiring.multiply.op(values, coefficients)
        zero = jnp.asarray(self.semiring.zero, sent.dtype)
        kept = jnp.where(dense.mask[..., None], sent, zero)
        return self.update(node, self.semiring.add.reduce(kept, 0))
