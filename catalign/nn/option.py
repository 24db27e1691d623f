"""Options of encode-process-decode, as typed values. Imports no JAX."""

import enum
from dataclasses import dataclass


class HintMode(enum.Enum):
    """How a reasoner uses the hints of its algorithm."""

    ENCODED_DECODED = "encoded_decoded"
    """Reads the hints of each step and predicts those of the next."""
    DECODED = "decoded"
    """Predicts the hints of each step and reads none: they only shape what is learned."""
    NONE = "none"
    """Sees inputs and outputs alone."""

    @property
    def encodes(self) -> bool:
        """Whether hints are read."""
        return self is HintMode.ENCODED_DECODED

    @property
    def decodes(self) -> bool:
        """Whether hints are predicted."""
        return self is not HintMode.NONE


class Feedback(enum.Enum):
    """In which form a predicted hint is read by the next step."""

    SOFT = "soft"
    """As the value expected under the predicted distribution, so that gradients flow in time."""
    HARD = "hard"
    """As the most likely value, without a gradient."""
    HARD_ON_RUN = "hard_on_run"
    """Soft while it trains, hard when it runs."""


class ConstantHints(enum.Enum):
    """What a hint is that never changes in a run (see `Probe.constant`)."""

    HINTS = "hints"
    """Read and predicted at every step, as any other hint."""
    INPUTS = "inputs"
    """Read once, at step 0, beside the inputs, and not predicted. Also where no hint is used."""


class ScalarStart(enum.Enum):
    """How the weights that encode scalar hints are drawn, which have one input each."""

    LECUN = "lecun"
    """With a variance of 1, as those of every other encoder with one input."""
    XAVIER = "xavier"
    """With a variance of 1 over the width, so that a large scalar does not drown the rest."""


class EdgePointers(enum.Enum):
    """What the pointer of a node pair u, v to a node k is read off."""

    TRIPLES = "triples"
    """The three pairs of u, v and k by messages on `V*V*V`, which the processor must have too."""
    ENDS = "ends"
    """The pair u, v and the node k, as in the benchmark; any processor on node pairs will do."""


class PointerReading(enum.Enum):
    """Where an encoded pointer of the nodes, from v to j, is read, among inputs and hints."""

    FORWARD = "forward"
    """At the pair v, j."""
    REVERSED = "reversed"
    """At the pair (j, v), so that messages flow against the pointer, from the parent of a tree to
    its children."""
    BOTH = "both"
    """At both, by a linear map for each."""


class Precision(enum.Enum):
    """How matrix products are computed."""

    FULL = "float32"
    HALF = "bfloat16"
    """With factors rounded to bfloat16 and sums in float32, on devices that have such products; a
    CPU computes them in float32. Parameters stay as they are."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a reasoner that encodes, processes and decodes is put together.

    Attributes:
      hints: How hints are used.
      feedback: In which form predicted hints are read.
      constant_hints: What hints that never change are.
      scalar_start: How the weights that encode scalar hints are drawn.
      edge_pointers: What the pointers of node pairs are read off.
      pointers: Where encoded pointers of the nodes are read.
      precision: How matrix products are computed.
    """

    hints: HintMode = HintMode.ENCODED_DECODED
    feedback: Feedback = Feedback.SOFT
    constant_hints: ConstantHints = ConstantHints.HINTS
    scalar_start: ScalarStart = ScalarStart.LECUN
    edge_pointers: EdgePointers = EdgePointers.TRIPLES
    pointers: PointerReading = PointerReading.FORWARD
    precision: Precision = Precision.FULL


DEFAULT = Options()
"""The options where none are given."""


@dataclass(frozen=True, kw_only=True)
class UpdateStyle:
    """How a processor finishes the new field of its nodes.

    Attributes:
      layer_norm: Whether it is normalised.
      gated: Whether a learned gate, shut at first, mixes it with the hidden state of before.
    """

    layer_norm: bool = True
    gated: bool = False


PLAIN = UpdateStyle()
"""Normalised and without a gate."""
