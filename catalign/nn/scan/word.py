"""Words as data, the type of a function on words, and ways to share parameters among letters."""

import itertools
import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jax import Array

from catalign._errors import InputError, ShapeMismatchError

Letters = TypeVar("Letters", np.ndarray, Array)

UNSUPERVISED = -1
"""The target where a word gives no output."""


@dataclass(frozen=True)
class WordType:
    """The type of a function from words to words of the same length.

    Args:
      operands: How many values each entry of a letter has: two decimal digits are (10, 10).
      outputs: How many values an output has.
      from_last: Whether words are read from their last place to the first, as numbers written from
        their lowest digit on are read from the most significant one.

    Raises:
      InputError: There is no operand, or one without values.

    Example:
      >>> WordType((10, 10), 10).letters
      100
    """

    operands: tuple[int, ...]
    outputs: int
    from_last: bool = False

    def __post_init__(self) -> None:
        if not self.operands or min(*self.operands, self.outputs) < 1:
            raise InputError(
                f"`operands` is {self.operands} and `outputs` {self.outputs}: give at least one "
                "operand, and at least 1 value to each."
            )

    @property
    def letters(self) -> int:
        """How many letters there are."""
        return math.prod(self.operands)

    def table(self) -> np.ndarray:
        """All letters, in row-major order, `[letters, operands]`."""
        return np.array(list(itertools.product(*(range(size) for size in self.operands))))


@dataclass(frozen=True, eq=False)
class Words:
    """Examples: words, and what they give at some of their places.

    Attributes:
      letters: `[words, places, operands]`.
      targets: `[words, places]`; `UNSUPERVISED` where nothing is told.

    Raises:
      ShapeMismatchError: The two do not fit.

    Example:
      >>> Words(np.zeros((2, 3, 1), int), np.zeros((2, 3), int)).check(WordType((2,), 2))
    """

    letters: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        if self.letters.ndim != 3 or self.letters.shape[:2] != self.targets.shape:
            raise ShapeMismatchError(
                f"`letters` has shape {self.letters.shape} and `targets` {self.targets.shape}: "
                "give [words, places, operands] and [words, places]."
            )

    def check(self, word_type: WordType) -> None:
        """Raises unless the words are of this type.

        Raises:
          InputError: A letter or a target is out of range, or nothing is told at all.
          ShapeMismatchError: The letters have another number of entries.
        """
        if self.letters.shape[2] != len(word_type.operands):
            raise ShapeMismatchError(
                f"`letters` has {self.letters.shape[2]} entries a letter, but the type has the "
                f"operands {word_type.operands}."
            )
        limits = np.array(word_type.operands)
        if ((self.letters < 0) | (self.letters >= limits)).any():
            raise InputError(
                f"`letters` holds {self.letters.min()} to {self.letters.max()}, but the operands "
                f"are {word_type.operands}: each entry must be at least 0 and below its own."
            )
        told = self.targets[self.targets != UNSUPERVISED]
        if not told.size or told.min() < 0 or told.max() >= word_type.outputs:
            held = f"{told.min()} to {told.max()}" if told.size else "no output"
            raise InputError(
                f"`targets` holds {held}, but there must be some, from 0 to "
                f"{word_type.outputs - 1}, and {UNSUPERVISED} where nothing is told."
            )


@dataclass(frozen=True)
class Tie:
    """Which letters share parameters, and whether the output turns with the letter.

    Letters are digits, so that sums of them are at hand: a form `c . x` with coefficients -1, 0
    and 1 sorts letters into classes. In a rolled tie the output is `c . x + g(state)` modulo the
    number of outputs, and only g is learned: an equivariant map into Z/b. A tie is a hypothesis
    that learning tries, see `ties`; none is told to it.

    Attributes:
      coefficients: The form c; None if every letter is a class of its own.
      rolled: Whether the output turns with the class.

    Example:
      >>> Tie((1, 1), rolled=True).describe()
      'moves by x0 + x1, writes x0 + x1 + g(state)'
    """

    coefficients: tuple[int, ...] | None
    rolled: bool

    def offset(self, word_type: WordType) -> int:
        """What is added to the form, so that the least class is 0."""
        sizes = zip(self.coefficients or (), word_type.operands, strict=False)
        return sum((size - 1) for c, size in sizes if c < 0)

    def classes(self, word_type: WordType) -> int:
        """How many classes there are."""
        if self.coefficients is None:
            return word_type.letters
        sizes = zip(self.coefficients, word_type.operands, strict=True)
        return 1 + sum(abs(c) * (size - 1) for c, size in sizes)

    def sort(self, word_type: WordType, letters: Letters) -> Letters:
        """The class of each letter, `[...]` from `[..., operands]`, on the host or the device."""
        if isinstance(letters, np.ndarray):
            # Of few bits, or bits, a sum would not be one.
            letters = letters.astype(int)
        if self.coefficients is None:
            weights = np.cumprod((1, *word_type.operands[:0:-1]))[::-1]
            return letters @ weights.astype(letters.dtype)
        return letters @ np.array(self.coefficients, letters.dtype) + self.offset(word_type)

    def reading_order(self, word_type: WordType, words: Words) -> tuple[np.ndarray, np.ndarray]:
        """The classes and the targets as they are read, the targets turned back if rolled."""
        classes = self.sort(word_type, words.letters)
        targets = np.asarray(words.targets)
        if self.rolled:
            turned = (targets - classes + self.offset(word_type)) % word_type.outputs
            targets = np.where(targets == UNSUPERVISED, UNSUPERVISED, turned)
        if word_type.from_last:
            classes, targets = classes[:, ::-1], targets[:, ::-1]
        return classes, targets

    def bits(self, word_type: WordType, states: int) -> float:
        """The description length of a machine with this tie: the bits of its tables."""
        cells = self.classes(word_type) * states
        written = states if self.rolled else cells
        return cells * math.log2(states) + written * math.log2(max(word_type.outputs, 2))

    def describe(self) -> str:
        """The tie, in one line."""
        if self.coefficients is None:
            return "moves and writes by the letter"
        terms = [
            ("- " if c < 0 else "+ ") + f"x{k}" for k, c in enumerate(self.coefficients) if c != 0
        ]
        form = " ".join(terms).removeprefix("+ ")
        wrote = f"writes {form} + g(state)" if self.rolled else f"writes by {form}"
        return f"moves by {form}, {wrote}"


def ties(word_type: WordType) -> list[Tie]:
    """All ties of a type, given by the type alone.

    Forms that differ by their sign sort letters alike, so that only rolled ties have both.

    Example:
      >>> [tie.describe() for tie in ties(WordType((10,), 10))][:2]
      ['moves by - x0, writes - x0 + g(state)', 'moves by x0, writes x0 + g(state)']
    """
    forms = [c for c in itertools.product((-1, 0, 1), repeat=len(word_type.operands)) if any(c)]
    first_positive = [c for c in forms if next(x for x in c if x) > 0]
    whole = [] if len(word_type.operands) == 1 else [Tie(None, rolled=False)]
    return [
        *(Tie(c, rolled=True) for c in forms),
        *(Tie(c, rolled=False) for c in first_positive),
        *whole,
    ]


def contradiction(word_type: WordType, tie: Tie, words: Words) -> tuple[int, int] | None:
    """Two words that no machine with this tie can both answer; None if there are none.

    Maths: outputs are functions of the classes read so far. Two words whose classes agree up to a
    place, but whose outputs there do not, are a contradiction.

    Example:
      >>> words = Words(np.array([[[1, 2]], [[2, 1]]]), np.array([[0], [1]]))
      >>> contradiction(WordType((3, 3), 2), Tie((1, 1), rolled=False), words)
      (0, 1)
    """
    classes = tie.sort(word_type, words.letters)
    places = range(classes.shape[1])
    seen: dict[tuple[int, ...], tuple[int, int]] = {}
    for row, (read, told) in enumerate(zip(classes, words.targets, strict=True)):
        prefix: list[int] = []
        for place in reversed(places) if word_type.from_last else places:
            prefix.append(int(read[place]))
            if told[place] == UNSUPERVISED:
                continue
            output = int(told[place])
            if tie.rolled:
                output = (output - prefix[-1]) % word_type.outputs
            other, known = seen.setdefault(tuple(prefix), (row, output))
            if known != output:
                return other, row
    return None
