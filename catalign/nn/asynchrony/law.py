"""The laws of a node-centric layer, by name, and the levels of asynchrony that they make."""

import enum


class Law(enum.Enum):
    """A law that a layer may keep; each is tested apart."""

    REORDERING = "m + n = n + m"
    ACTION = "(n + m).s = n.(m.s)"
    ACTION_UNIT = "0.s = s"
    IDEMPOTENCE = "m.(m.s) = m.s"
    COCYCLE = "delta_(n + m)(s) = delta_n(m.s) + delta_m(s)"
    SILENCE = "delta_0(s) = 0"
    REPLAY = "delta_m(m.s) + delta_m(s) = delta_m(s)"
    MULTIMORPHISM = "psi(a + b, c) = psi(a, c) + psi(b, c), and so in c"
    MESSAGE_UNIT = "psi(0, c) = 0 = psi(a, 0)"


class Level(enum.IntEnum):
    """How much of a layer may run out of order.

    Source: Dudzik et al. 2023, arXiv 2306.15632, section 4 and footnote 5.
    """

    L0 = 0
    """Nothing."""
    L1 = 1
    """Messages may arrive in any order."""
    L2 = 2
    """And the update and the arguments may be computed after each of them, repeatedly."""
    L3 = 3
    """And messages may be made of parts of the arguments."""


NEEDS = {
    Level.L1: frozenset({Law.REORDERING}),
    Level.L2: frozenset(Law) - {Law.MULTIMORPHISM, Law.MESSAGE_UNIT},
    Level.L3: frozenset(Law),
}
"""The laws that each level needs, those of the levels below among them."""


def level_of(laws: frozenset[Law]) -> Level:
    """The highest level whose laws are all kept.

    Example:
      >>> level_of(frozenset(Law) - {Law.MESSAGE_UNIT})
      <Level.L2: 2>
    """
    return max((level for level, needs in NEEDS.items() if needs <= laws), default=Level.L0)


class Invariance(enum.Enum):
    """The losses that teach a layer the laws (see `invariance.LOSSES`), by name."""

    ACTION = "action"
    COCYCLE = "cocycle"
    MULTIMORPHISM = "multimorphism"
    UNIT = "unit"
    IDEMPOTENCE = "idempotence"
    REPLAY = "replay"
