"""Examples of functions on words: letters drawn, outputs from a rule in Python."""

from collections.abc import Hashable

import numpy as np

from catalign._errors import InputError
from catalign.alignment.transducer import Letter, Rule
from catalign.nn.scan.word import UNSUPERVISED, Words, WordType


def draw_letters(
    rng: np.random.Generator,
    word_type: WordType,
    words: int,
    places: int,
    *,
    pad: Letter | None = None,
) -> np.ndarray:
    """Words in which every sum of a letter's entries is equally frequent.

    Uniform letters starve the sums at both ends: of two decimal digits, one pair in a hundred has
    the sum 18. Here all sums come in turn, in random order, each with a uniform letter of that sum.

    Args:
      rng: The only source of chance.
      word_type: The type of the words.
      words: How many.
      places: Their length.
      pad: A letter to put after the last place of each word, such as two leading zeros; none if
        left out.

    Returns:
      `[words, places, operands]`, with one place more if padded.

    Raises:
      InputError: There would be no letter.

    Example:
      >>> drawn = draw_letters(np.random.default_rng(0), WordType((3, 3), 3), 5, 2, pad=(0, 0))
      >>> drawn.shape, np.bincount(drawn[:, :2].sum(axis=-1).ravel()).tolist()
      ((5, 3, 2), [2, 2, 2, 2, 2])
    """
    if words < 1 or places < 1:
        raise InputError(f"`words` is {words} and `places` {places}; both must be at least 1.")
    table = word_type.table()
    sums = table.sum(axis=1)
    wanted = np.resize(np.arange(sums.max() + 1), words * places)
    rng.shuffle(wanted)
    order = np.argsort(sums, kind="stable")
    first = np.searchsorted(sums[order], wanted)
    count = np.bincount(sums)[wanted]
    letters = table[order[first + rng.integers(0, count)]]
    letters = letters.reshape(words, places, -1)
    if pad is None:
        return letters
    ends = np.broadcast_to(np.array(pad), (words, 1, len(pad)))
    return np.concatenate([letters, ends], axis=1)


def answer(
    rule: Rule,
    word_type: WordType,
    letters: np.ndarray,
    *,
    initial: Hashable = 0,
    told: np.ndarray | None = None,
) -> Words:
    """Examples: the outputs of a rule on given words.

    The rule's states are used to compute the outputs, and are not in the examples.

    Args:
      rule: `rule(state, letter)` gives the next state and the output.
      word_type: The type of the words; it says from which end they are read.
      letters: `[words, places, operands]`.
      initial: The rule's first state.
      told: For each word the one place whose output is told, as if the word ended there; the
        outputs of all places if left out.

    Example:
      >>> add = lambda c, a: divmod(a[0] + a[1] + c, 10)
      >>> words = answer(add, WordType((10, 10), 10), np.array([[[7, 5], [0, 0]]]))
      >>> words.targets.tolist()
      [[2, 1]]
    """
    targets = np.full(letters.shape[:2], UNSUPERVISED)
    places = list(range(letters.shape[1]))
    if word_type.from_last:
        places.reverse()
    for row, word in enumerate(letters.tolist()):
        state = initial
        for place in places:
            state, output = rule(state, tuple(word[place]))
            if told is None or told[row] == place:
                targets[row, place] = output
    return Words(letters, targets)
