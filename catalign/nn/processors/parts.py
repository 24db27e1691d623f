"""What processors are put together from: messages, their combination, and the node update."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Bool, Float, Int

from catalign._errors import InputError
from catalign.algebra.instances import plus_times
from catalign.algebra.monoid import CommutativeMonoid
from catalign.nn.linear import Linear
from catalign.nn.option import UpdateStyle
from catalign.nn.pair import PairValues, through

_SHUT = -3.0
"""The first bias of a gate: it lets 5 % through."""


@dataclass(frozen=True)
class Mean:
    """Combines messages by their mean; zero where there is none.

    Maths: the sum in the commutative monoid of pairs (value, count), then its quotient. The mean
    alone is no monoid, for it is not associative.
    """

    def __str__(self) -> str:
        return "mean"


Aggregation = CommutativeMonoid | Mean


def combine(
    messages: Float[Array, "n n w"], mask: Bool[Array, "n n"], aggregation: Aggregation
) -> Float[Array, "n w"]:
    """Combines, at each node v, the messages of the pairs (u, v) that the mask holds."""
    if isinstance(aggregation, Mean):
        kept = jnp.where(mask[..., None], messages, 0.0)
        count = jnp.sum(mask, axis=0, dtype=messages.dtype)
        return jnp.sum(kept, axis=0) / jnp.maximum(count, 1.0)[:, None]
    return aggregation.reduce(jnp.where(mask[..., None], messages, aggregation.unit), 0)


def combine_segments(
    messages: Float[Array, "e w"], receivers: Int[Array, " e"], n: int, aggregation: Aggregation
) -> Float[Array, "n w"]:
    """Combines messages by receiver; a receiver outside of the graph is padding."""
    if isinstance(aggregation, Mean):
        add = plus_times.add
        count = add.segment(jnp.ones(receivers.shape, messages.dtype), receivers, n)
        return add.segment(messages, receivers, n) / jnp.maximum(count, 1.0)[:, None]
    return aggregation.segment(messages, receivers, n)


class Message(nnx.Module):
    """The argument pushforward of a message: a perceptron of its roles.

    Maths: `psi = W2 relu(W1 relu(W_s h_u + W_r h_v + W_e e_uv + W_g g))`.
    """

    def __init__(
        self, node_width: int, width: int, *, use_bias: bool = True, rngs: nnx.Rngs
    ) -> None:
        def linear(fan_in: int) -> Linear:
            return Linear(fan_in, width, use_bias=use_bias, rngs=rngs)

        self.sender, self.receiver = linear(node_width), linear(node_width)
        self.edge, self.graph = linear(width), linear(width)
        self.hidden, self.out = linear(width), linear(width)

    def __call__(self, sender: Array, receiver: Array, edge: Array, graph: Array) -> Array:
        """Combines roles that went through their linear map before they were pulled back."""
        added = sender + receiver + edge + graph.reshape((1,) * (edge.ndim - 1) + graph.shape)
        return self.out(jax.nn.relu(self.hidden(jax.nn.relu(added))))

    def of_pairs(
        self, node: Float[Array, "n v"], edge: PairValues, graph: Float[Array, " w"]
    ) -> Float[Array, "n n w"]:
        """The message of every ordered node pair, the sender first."""
        sender, receiver = self.sender(node)[:, None], self.receiver(node)[None, :]
        return self(sender, receiver, through(self.edge, edge), self.graph(graph))


class Update(nnx.Module):
    """The node update: a perceptron of the old node and what it received.

    Maths: `h' = norm(relu(W h_v + U m_v))`, and with a gate
    `g = sigmoid(W'' relu(W' h_v + U' m_v))` the mixture `g h' + (1 - g) hidden_v`.
    """

    def __init__(self, node_width: int, width: int, *, style: UpdateStyle, rngs: nnx.Rngs) -> None:
        self.width = width
        self.node = Linear(node_width, width, rngs=rngs)
        self.received = Linear(width, width, rngs=rngs)
        self.norm = nnx.LayerNorm(width, rngs=rngs) if style.layer_norm else None
        self.gate = _Gate(node_width, width, rngs=rngs) if style.gated else None

    def __call__(self, node: Float[Array, "n v"], received: Float[Array, "n w"]) -> Array:
        """Updates each node."""
        # A node that no message reached holds the monoid's unit, which may be infinite: it received
        # nothing.
        finite = jnp.where(jnp.isfinite(received), received, 0.0)
        new = jax.nn.relu(self.node(node) + self.received(finite))
        if self.norm is not None:
            new = self.norm(new)
        if self.gate is None:
            return new
        opened = self.gate(node, finite)
        return opened * new + (1.0 - opened) * node[:, -self.width :]


class _Gate(nnx.Module):
    def __init__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> None:
        self.node = Linear(node_width, width, rngs=rngs)
        self.received = Linear(width, width, rngs=rngs)
        shut = nnx.initializers.constant(_SHUT)
        self.out = Linear(width, width, bias_init=shut, rngs=rngs)

    def __call__(self, node: Array, received: Array) -> Array:
        return jax.nn.sigmoid(self.out(jax.nn.relu(self.node(node) + self.received(received))))


def head_width(width: int, heads: int) -> int:
    """The width of each attention head.

    Raises:
      InputError: The heads do not divide the width.

    Example:
      >>> head_width(32, 8)
      4
    """
    if heads < 1 or width % heads:
        raise InputError(
            f"`heads` is {heads}, which does not divide the `width` {width}. Give a divisor of it."
        )
    return width // heads


def attend(
    scores: Float[Array, "n n h"], values: Float[Array, "n h c"], mask: Bool[Array, "n n"]
) -> Float[Array, "n hc"]:
    """Sums the values of the senders of each node, with weights from a softmax over the senders.

    Maths: `out_v = sum_u exp(s_uv) x_u / sum_u exp(s_uv)` over the pairs that the mask holds; zero
    where there is none.
    """
    summed = jnp.einsum("uvh,uhc->vhc", attention(scores, mask), values)
    return summed.reshape(summed.shape[0], -1)


def attention(scores: Float[Array, "n n h"], mask: Bool[Array, "n n"]) -> Float[Array, "n n h"]:
    """The weights of each node's senders, a softmax over those that the mask holds.

    Law: they are not negative, and their sum at a node is 1, or 0 where no sender is held.
    """
    kept = mask[..., None]
    weights = jax.nn.softmax(jnp.where(kept, scores, jnp.finfo(scores.dtype).min), axis=0)
    return jnp.where(kept, weights, 0.0)
