"""One line of the frontier table, and how rows are made."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import jax
import numpy as np
from numpy.typing import ArrayLike

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one learned machine did on one family of inputs.

    Attributes:
      task: What was learned.
      family: The law of the inputs, or the name of an adversarial family.
      size: Digits, keys, nodes or letters.
      seed: The seed of the examples and of the learning; -1 where learning failed.
      regime: "soft", "hardened" or "certified": certified is hardened, and proved for all sizes.
      wrong: How many places of the answer differ from the reference.
      places: How many places there are.
      seconds: The run of this family, without compiling; for a batch its share.
      reference: What the answer was compared with.
      examples: How many examples it was learned from, of each kind.
      learned_from: The examples in words.
    """

    task: str
    family: str
    size: int
    seed: int
    regime: str
    wrong: int
    places: int
    seconds: float
    reference: str
    examples: tuple[int, ...]
    learned_from: str

    @property
    def is_exact(self) -> bool:
        """Whether every place is right."""
        return self.wrong == 0


def timed(run: Callable[[], Result]) -> tuple[Result, float]:
    """The result of a second run, fetched to the host, and the seconds that it took."""
    jax.block_until_ready(run())
    begun = time.perf_counter()
    result = jax.block_until_ready(run())
    return jax.device_get(result), time.perf_counter() - begun


def count_wrong(got: ArrayLike, expected: ArrayLike) -> int:
    """How many places differ."""
    return int((np.asarray(got) != np.asarray(expected)).sum())


def to_int(digits: ArrayLike, base: int = 10) -> int:
    """The Python integer of digits, least significant first, by halves.

    Quick enough for a million digits, which Python's own conversion from text is not.

    Example:
      >>> to_int(np.array([6, 2, 0, 2]))
      2026
    """
    values = np.asarray(digits).tolist() or [0]
    while len(values) > 1:
        values += [0] * (len(values) % 2)
        values = [low + base * high for low, high in zip(values[::2], values[1::2], strict=True)]
        base *= base
    return values[0]
