"""Node-centric models: nodes that move by a cocycle, joined by edges that make messages.

Message passing in rounds is one way to run such a model. Run by events, a node receives what has
arrived, in any grouping, and an edge is called again whenever more of an argument has come.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Shaped

from catalign._errors import AxiomError, ShapeMismatchError
from catalign._typing import KeyArray, PyTree
from catalign.algebra.cocycle import Cocycle
from catalign.algebra.monoid import CommutativeMonoid, Monoid
from catalign.integral.graph import SparseGraph

Split = Callable[[KeyArray, Array], tuple[Array, Array]]
"""Splits each value `m` of an array into two, `m = rest . first`."""


@functools.cache
def split_coordinates(monoid: Monoid) -> Split:
    """Puts each coordinate of a value into one of two parts; the other holds the unit there.

    Example:
      >>> from catalign.algebra.instances import max_plus
      >>> first, rest = split_coordinates(max_plus.add)(jax.random.key(0), jnp.arange(4.0))
      >>> jnp.maximum(first, rest).tolist()
      [0.0, 1.0, 2.0, 3.0]
    """

    def split(key: KeyArray, value: Array) -> tuple[Array, Array]:
        comes = jax.random.bits(key, value.shape, jnp.uint8) % 2 == 0
        unit = jnp.full_like(value, monoid.unit)
        return jnp.where(comes, value, unit), jnp.where(comes, unit, value)

    return split


def split_naturals(key: KeyArray, value: Array) -> tuple[Array, Array]:
    """Splits natural numbers into two summands, all splits alike.

    Example:
      >>> first, rest = split_naturals(jax.random.key(0), jnp.arange(5))
      >>> (first + rest).tolist()
      [0, 1, 2, 3, 4]
    """
    share = jax.random.uniform(key, value.shape)
    first = jnp.floor(share * (value.astype(share.dtype) + 1)).astype(value.dtype)
    first = jnp.minimum(first, value)
    return first, value - first


def split_minimum(key: KeyArray, value: Array) -> tuple[Array, Array]:
    """Splits a minimum into a worse value that comes first, and itself.

    Maths: `m = min(m, m + k)` for k from 0 to 7.

    Example:
      >>> first, rest = split_minimum(jax.random.key(0), jnp.arange(3.0))
      >>> jnp.minimum(first, rest).tolist()
      [0.0, 1.0, 2.0]
    """
    worse = (jax.random.bits(key, value.shape, jnp.uint8) % 8).astype(value.dtype)
    return value + worse, value


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Network:
    """A node-centric model on a graph, at the moment before anything moves.

    Attributes:
      cocycle: What a node does with a message. Nothing is checked: a network that breaks the laws
        runs too, and shows it.
      message: `message(edge, a)` is the message that an edge makes of the argument `a` of its
        sender; `message(edge, a, b)` of the arguments of its sender and its receiver, where
        `reads_receiver`. Row by row.
      graph: The edges.
      states: The state of each node.
      edge: What the edges hold, a pytree of arrays `[e, ...]`.
      messages: What each node receives from outside; the unit of the messages for nothing.
      arguments: What each node sends at the start; the unit of the arguments for nothing.
      reads_receiver: Whether messages depend on the receiver's arguments too.
      split_message: How an event may split a message; by coordinates if left out.
      split_argument: How an event may split an argument; by coordinates if left out.

    Raises:
      AxiomError: The messages do not commute: what comes over two edges has no order.
      ShapeMismatchError: States, messages and arguments are not on the nodes of the graph.

    Source: Dudzik et al. 2023, arXiv 2306.15632, section 2.
    """

    cocycle: Cocycle = field(metadata={"static": True})
    message: Callable[..., Array] = field(metadata={"static": True})
    graph: SparseGraph
    states: Shaped[Array, "n *s"]
    edge: PyTree
    messages: Shaped[Array, "n *m"]
    arguments: Shaped[Array, "n *a"]
    reads_receiver: bool = field(default=False, metadata={"static": True})
    split_message: Split | None = field(default=None, metadata={"static": True})
    split_argument: Split | None = field(default=None, metadata={"static": True})

    @classmethod
    def build(
        cls,
        cocycle: Cocycle,
        message: Callable[..., Array],
        graph: SparseGraph,
        *,
        states: Array,
        edge: PyTree = (),
        messages: Array | None = None,
        arguments: Array | None = None,
        reads_receiver: bool = False,
        split_message: Split | None = None,
        split_argument: Split | None = None,
    ) -> "Network":
        """Builds a network, with units where messages or arguments are left out."""
        if not isinstance(cocycle.action.messages, CommutativeMonoid):
            raise AxiomError(
                f"`cocycle` has messages in the monoid {cocycle.action.messages.name}, but what "
                "arrives over two edges has no order. Give a `CommutativeMonoid`."
            )
        if messages is None:
            messages = jnp.full_like(states, cocycle.action.messages.unit)
        if arguments is None:
            arguments = jnp.full_like(states, cocycle.arguments.unit)
        for name, value in (("states", states), ("messages", messages), ("arguments", arguments)):
            if value.shape[:1] != (graph.n_node,):
                raise ShapeMismatchError(
                    f"`{name}` has shape {value.shape}, but the graph has {graph.n_node} nodes. "
                    "Give one row for each node."
                )
        for leaf in jax.tree.leaves(edge):
            if leaf.shape[:1] != graph.senders.shape:
                raise ShapeMismatchError(
                    f"`edge` has an array of shape {leaf.shape}, but the graph has "
                    f"{graph.senders.shape[0]} edges. Give one row for each edge."
                )
        return cls(
            cocycle=cocycle,
            message=message,
            graph=graph,
            states=states,
            edge=edge,
            messages=messages,
            arguments=arguments,
            reads_receiver=reads_receiver,
            split_message=split_message,
            split_argument=split_argument,
        )

    @property
    def monoids(self) -> tuple[CommutativeMonoid, Monoid]:
        """The monoids of messages and of arguments."""
        messages: Any = self.cocycle.action.messages
        return messages, self.cocycle.arguments
