"""Processors at the three levels of asynchrony.

| class | sum of messages | update phi | message psi | keeps |
|---|---|---|---|---|
| `L1Sum` | + | relu of linear maps | linear | L1 |
| `L1Max` | max | relu of linear maps | linear | L1 |
| `L2Sum` | + | + | linear | all of L2 but idempotence and replay |
| `L2Max` | max | max | linear | L2 |
| `L3Max` | max | max | log semiring | L2, and L3 up to T log k |
| `L3Tropical` | max | max | max-plus | L3 |
| `L3Log` | log-sum-exp | log-sum-exp | log semiring | messages as L3, but not idempotence |
| `LearnedArgument` | max | max | max-plus | its arguments are no cocycle until trained |

Linear maps, layer norm nowhere, no triplets: what differs is the algebra, so that the levels can be
compared with max at each and with a sum at each.

Source: Dudzik et al. 2023, arXiv 2306.15632, sections 4 and 5.
"""

import abc
from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign.algebra.instances import max_plus, plus_times
from catalign.algebra.monoid import CommutativeMonoid
from catalign.integral.graph import DenseGraph
from catalign.nn.asynchrony.law import Law
from catalign.nn.asynchrony.linear import TropicalLinear
from catalign.nn.linear import Linear
from catalign.nn.processor import AbstractProcessor, Structure
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram

log_sum = CommutativeMonoid.from_operation(
    "log_sum", jnp.logaddexp, unit=float("-inf"), is_idempotent=False
)
"""Log-sum-exp: what the sum of a semiring becomes in logarithms."""

_REGROUPS = frozenset({Law.REORDERING, Law.ACTION, Law.ACTION_UNIT})
_SEMILATTICE = frozenset(Law) - {Law.MULTIMORPHISM, Law.MESSAGE_UNIT}


class AsynchronousProcessor(AbstractProcessor):
    """A processor that is given by what a node-centric model consists of.

    Maths: `s'_v = phi(s_v, sum_u psi(a_u, a_v, c_uv))`, with a constant `c_uv` of what the inputs
    and the hints say about a pair; arguments `a` are the states, where the layer does not say
    otherwise.

    The last `width` channels of the node field are the hidden state of the step before.

    Attributes:
      monoid: How messages combine, and arguments too.
      keeps: The laws that it keeps for all parameters.
    """

    diagram: ClassVar[PolynomialDiagram] = library.message_passing_dense
    monoid: ClassVar[CommutativeMonoid]
    keeps: ClassVar[frozenset[Law]]
    width: int

    def __init__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> None:
        self.width, rest = width, node_width - width
        inner = self.inner
        self.at_sender = Linear(rest, inner, use_bias=False, rngs=rngs)
        self.at_receiver = Linear(rest, inner, use_bias=False, rngs=rngs)
        self.at_edge = Linear(width, inner, use_bias=False, rngs=rngs)
        self.at_graph = Linear(width, inner, rngs=rngs)

    @classmethod
    def fresh(cls, width: int, *, seed: int = 0) -> "AsynchronousProcessor":
        """An untrained layer for node fields of twice the width, as a reasoner builds it.

        Example:
          >>> L3Tropical.fresh(8).inner
          8
        """
        return cls(2 * width, width, rngs=nnx.Rngs(seed))

    @property
    def inner(self) -> int:
        """The number of channels of a state, of an argument and of a message."""
        return self.width

    def unpack(self, hidden: Array) -> tuple[Array, Array]:
        """The states and the arguments in the hidden field."""
        return hidden, hidden

    def pack(self, states: Array, arguments: Array) -> Array:
        """The hidden field of new states and new total arguments."""
        del arguments
        return states

    @abc.abstractmethod
    def update(self, message: Array, state: Array) -> Array:
        """The next state, `phi`; `m.s` of an action where the layer keeps its laws."""

    @abc.abstractmethod
    def message(self, sender: Array, receiver: Array, constant: Array) -> Array:
        """The message psi of two arguments, channel by channel of the last axis."""

    def argument(self, message: Array, state: Array) -> Array:
        """What a node sends, `delta`: its new state where the message is not nothing."""
        return jnp.where(message == self.monoid.unit, self.monoid.unit, self.update(message, state))

    def constants(
        self, node: Float[Array, "n v"], edge: Float[Array, "n n w"], graph: Float[Array, " w"]
    ) -> Float[Array, "n n k"]:
        """What psi reads of a pair besides the arguments: linear in the inputs and the hints."""
        fixed = node[:, : node.shape[1] - self.width]
        ends = self.at_sender(fixed)[:, None] + self.at_receiver(fixed)[None, :]
        return ends + self.at_edge(edge) + self.at_graph(graph)[None, None]

    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "n n w"],
        graph: Float[Array, " w"],
        structure: Structure,
    ) -> Float[Array, "n w"]:
        """Computes the new hidden field; the mask of `structure` says which pairs send."""
        dense = self.expect(structure, DenseGraph)
        states, arguments = self.unpack(node[:, node.shape[1] - self.width :])
        constants = self.constants(node, edge, graph)
        sent = self.message(arguments[:, None], arguments[None, :], constants)
        received = self.monoid.reduce(jnp.where(dense.mask[..., None], sent, self.monoid.unit), 0)
        return self.pack(
            self.update(received, states),
            self.monoid.op(self.argument(received, states), arguments),
        )


class _LinearMessages(AsynchronousProcessor):
    """Messages that are linear in both arguments: no homomorphism of max, nor of both in +."""

    def __init__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(node_width, width, rngs=rngs)
        self.sender = Linear(width, width, use_bias=False, rngs=rngs)
        self.receiver = Linear(width, width, use_bias=False, rngs=rngs)

    def message(self, sender: Array, receiver: Array, constant: Array) -> Array:
        """A sum of linear maps and the constant."""
        return self.sender(_finite(sender)) + self.receiver(_finite(receiver)) + constant


class _ReluUpdate(_LinearMessages):
    """An update that is a relu of linear maps: no action."""

    keeps: ClassVar[frozenset[Law]] = frozenset({Law.REORDERING, Law.SILENCE})

    def __init__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(node_width, width, rngs=rngs)
        self.stay = Linear(width, width, rngs=rngs)
        self.heard = Linear(width, width, use_bias=False, rngs=rngs)

    def update(self, message: Array, state: Array) -> Array:
        """A relu of linear maps."""
        return jax.nn.relu(self.stay(state) + self.heard(_finite(message)))


class L1Sum(_ReluUpdate):
    """L1 with a sum, as published."""

    monoid: ClassVar[CommutativeMonoid] = plus_times.add


class L1Max(_ReluUpdate):
    """L1 with a maximum, which L2 and L3 differ from by their laws alone."""

    monoid: ClassVar[CommutativeMonoid] = max_plus.add


class L2Sum(_LinearMessages):
    """An update that adds: an action, but not idempotent.

    Its arguments are the messages themselves, the increments, which is a cocycle.
    """

    monoid: ClassVar[CommutativeMonoid] = plus_times.add
    keeps: ClassVar[frozenset[Law]] = _REGROUPS | {Law.COCYCLE, Law.SILENCE}

    def update(self, message: Array, state: Array) -> Array:
        """The sum."""
        return message + state

    def argument(self, message: Array, state: Array) -> Array:
        """The message, as the increment that it is."""
        del state
        return message


class _MaxUpdate(AsynchronousProcessor):
    """A state that only grows: the semilattice action, and the cocycle of what improved."""

    monoid: ClassVar[CommutativeMonoid] = max_plus.add
    keeps: ClassVar[frozenset[Law]] = _SEMILATTICE

    def update(self, message: Array, state: Array) -> Array:
        """The larger one, channel by channel."""
        return jnp.maximum(message, state)

    def argument(self, message: Array, state: Array) -> Array:
        """The message where it improves the state."""
        return jnp.where(message > state, message, -jnp.inf)


class L2Max(_MaxUpdate, _LinearMessages):
    """L2: maxima of maxima, with linear messages, as published."""


class _TropicalMessages(AsynchronousProcessor):
    """Messages that are the max-plus product of a linear image of each argument."""

    temperature: ClassVar[float]

    def __init__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(node_width, width, rngs=rngs)
        inner, heat = self.inner, self.temperature
        self.sender = TropicalLinear(inner, inner, temperature=heat, rngs=rngs)
        self.receiver = TropicalLinear(inner, inner, temperature=heat, rngs=rngs)

    def message(self, sender: Array, receiver: Array, constant: Array) -> Array:
        """The max-plus product of both images and the constant."""
        return self.sender(sender) + self.receiver(receiver) + constant


class L3Max(_MaxUpdate, _TropicalMessages):
    """L3 as published: maxima of maxima, with messages in the log semiring of temperature 1.

    Of its laws the multimorphism holds up to log k for k parts alone.
    """

    temperature: ClassVar[float] = 1.0
    keeps: ClassVar[frozenset[Law]] = _SEMILATTICE | {Law.MESSAGE_UNIT}


class L3Tropical(_MaxUpdate, _TropicalMessages):
    """L3 without a defect: maxima of maxima, with messages in max-plus."""

    temperature: ClassVar[float] = 0.0
    keeps: ClassVar[frozenset[Law]] = frozenset(Law)


class L3Log(_TropicalMessages):
    """L3 with a sum, in logarithms: messages regroup, up to rounding, but do not replay."""

    monoid: ClassVar[CommutativeMonoid] = log_sum
    temperature: ClassVar[float] = 1.0
    keeps: ClassVar[frozenset[Law]] = frozenset(Law) - {Law.IDEMPOTENCE, Law.REPLAY}

    def update(self, message: Array, state: Array) -> Array:
        """The sum, in logarithms."""
        return jnp.logaddexp(message, state)

    def argument(self, message: Array, state: Array) -> Array:
        """The message, as the increment that it is."""
        del state
        return message


class LearnedArgument(_MaxUpdate, _TropicalMessages):
    """A node that sends something else than its state: delta is a network beside phi.

    Half of the hidden channels are the state, half the total argument, which alone the messages
    read. delta is a cocycle only as far as the invariance losses made it one.

    Source: footnote 5 of Dudzik et al. 2023; Monteagudo-Lago et al. 2024, PMLR 251.
    """

    temperature: ClassVar[float] = 0.0
    keeps: ClassVar[frozenset[Law]] = frozenset(
        {
            Law.REORDERING,
            Law.ACTION,
            Law.ACTION_UNIT,
            Law.IDEMPOTENCE,
            Law.SILENCE,
            Law.MULTIMORPHISM,
            Law.MESSAGE_UNIT,
        }
    )

    def __init__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(node_width, width, rngs=rngs)
        self.stay = Linear(self.inner, self.inner, rngs=rngs)
        self.heard = Linear(self.inner, self.inner, use_bias=False, rngs=rngs)

    @property
    def inner(self) -> int:
        """Half of the hidden channels."""
        return self.width // 2

    def unpack(self, hidden: Array) -> tuple[Array, Array]:
        """The two halves."""
        states, arguments = jnp.split(hidden, [self.inner], axis=-1)
        return states, arguments[..., : self.inner]

    def pack(self, states: Array, arguments: Array) -> Array:
        """The two halves, and a repeated channel where the width is odd."""
        odd = states[..., : self.width - 2 * self.inner]
        return jnp.concatenate([states, arguments, odd], axis=-1)

    def argument(self, message: Array, state: Array) -> Array:
        """A relu of linear maps; nothing where the message is nothing."""
        sent = jax.nn.relu(self.stay(state) + self.heard(_finite(message)))
        nothing = jnp.all(message == self.monoid.unit, axis=-1, keepdims=True)
        return jnp.where(nothing, self.monoid.unit, sent)


LEVELS = (L1Sum, L1Max, L2Sum, L2Max, L3Max, L3Tropical, L3Log, LearnedArgument)
"""The processors above."""


def _finite(value: Array) -> Array:
    """The value, where it is nothing a zero: a linear map has no use for an infinity."""
    return jnp.where(jnp.isfinite(value), value, 0.0)
