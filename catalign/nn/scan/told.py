"""Learning a transducer whose states are told: each letter of each word is an example."""

import numpy as np

from catalign._errors import ShapeMismatchError
from catalign.nn.scan.hard import HardScan
from catalign.nn.scan.merging import fold, observe
from catalign.nn.scan.word import UNSUPERVISED, Tie, Words, WordType, ties


def learn_told(word_type: WordType, words: Words, states: np.ndarray) -> HardScan | None:
    """The shortest transducer that passes through told states and answers all examples.

    Maths: with the state `s_i` after place i told, the machine is two functions of the letter and
    of the state before it, `s_i = move(a_i, s_{i-1})` and `b_i = write(a_i, s_{i-1})`, so that each
    place is an example of one cell of each, and the likeliest table holds what the examples say. A
    tie, which letters share a row, is refuted by two places that meet in a cell and differ; of
    those that are left the one with the shortest description is taken. The state before the first
    place is one more, and states that no example tells apart are merged.

    Args:
      word_type: What words it reads and writes.
      words: The examples.
      states: The state after each place, `[words, places]`; `UNSUPERVISED` where no word is.

    Returns:
      The machine; None if no tie explains the examples: the outputs depend on more than the letter
      and the told state, or the states are not read in this direction.

    Raises:
      InputError: The words are not of this type.
      ShapeMismatchError: The states have another shape than the words.

    Example:
      >>> bits = np.random.default_rng(0).integers(0, 2, (32, 5, 1))
      >>> odd = bits[..., 0].cumsum(axis=1) % 2
      >>> learn_told(WordType((2,), 2), Words(bits, odd), odd).moves
      ((0, 1), (1, 0))
    """
    words.check(word_type)
    if states.shape != words.targets.shape:
        raise ShapeMismatchError(
            f"`states` has shape {states.shape}, but the words have {words.targets.shape}."
        )
    after = states[:, ::-1] if word_type.from_last else states
    # State 0 is the one before the first place; the told ones follow.
    after = np.where(after == UNSUPERVISED, UNSUPERVISED, after + 1)
    before = np.concatenate([np.zeros_like(after[:, :1]), after[:, :-1]], axis=1)
    count = int(after.max()) + 1
    for tie in sorted(ties(word_type), key=lambda tie: _length(tie, word_type, count)):
        classes, targets = tie.reading_order(word_type, words)
        rows = tie.classes(word_type)
        moves = _table(classes, before, after, rows, count)
        writes = (
            _table(np.zeros_like(classes), before, targets, 1, count)
            if tie.rolled
            else _table(classes, before, targets, rows, count)
        )
        if moves is None or writes is None:
            continue
        # What no example met is a guess: a letter moves nowhere, and writes 0.
        moves = np.where(moves == UNSUPERVISED, np.arange(count)[None], moves)
        writes = np.where(writes == UNSUPERVISED, 0, writes)
        evidence = observe(moves, writes, classes, targets)
        return fold(word_type, tie, moves, writes, evidence)
    return None


def unmet(
    word_type: WordType, tie: Tie, words: Words, states: np.ndarray, constant: tuple[int, ...] = ()
) -> list[np.ndarray]:
    """Words that meet cells of a machine which no example met: a known beginning, a letter twice.

    What the letter writes shows at its first place, and where it moves at its second.

    Args:
      word_type: What words are read.
      tie: Which letters share a cell.
      words: The examples.
      states: The state after each place, as in `learn_told`.
      constant: The entries of letters that are the same at all places of a word.

    Returns:
      A word for each such cell whose state some example reaches, `[places, operands]`: what is read
      before its last two letters is the beginning of an example.

    Example:
      >>> words = Words(np.array([[[0], [1]]]), np.array([[0, 1]]))
      >>> found = unmet(WordType((2,), 2), Tie((1,), rolled=False), words, words.targets)
      >>> [word[:, 0].tolist() for word in found]
      [[1, 1], [0, 0, 0], [0, 1, 1], [0, 1, 0, 0], [0, 1, 1, 1]]
    """
    letters = words.letters[:, ::-1] if word_type.from_last else words.letters
    after = states[:, ::-1] if word_type.from_last else states
    lengths = (after != UNSUPERVISED).sum(axis=1)
    classes = tie.sort(word_type, letters)
    begin = UNSUPERVISED
    met: set[tuple[int, int]] = set()
    leading: dict[tuple[int, tuple[int, ...]], np.ndarray] = {}
    for row, length in enumerate(lengths.tolist()):
        key = tuple(letters[row, 0, list(constant)].tolist())
        for place in range(length + 1):
            state = int(after[row, place - 1]) if place else begin
            known = leading.get((state, key))
            if known is None or place < len(known):
                leading[state, key] = letters[row, :place]
            # Where the last place moves shows nowhere.
            if place < length - 1:
                met.add((int(classes[row, place]), state))
    table = word_type.table()
    of_letter = tie.sort(word_type, table)
    found = []
    for (state, key), word in leading.items():
        fits = (table[:, list(constant)] == np.array(key, int)).all(axis=1)
        for letter in np.flatnonzero(fits):
            cell = (int(of_letter[letter]), state)
            if cell not in met:
                met.add(cell)
                found.append(np.concatenate([word, np.repeat(table[letter][None], 2, axis=0)]))
    if word_type.from_last:
        found = [word[::-1] for word in found]
    return found


def _length(tie: Tie, word_type: WordType, states: int) -> tuple[float, int]:
    """The description length of a tie; of two that are as long the one with less signs first."""
    return tie.bits(word_type, states), sum(c < 0 for c in tie.coefficients or ())


def _table(
    rows: np.ndarray, before: np.ndarray, values: np.ndarray, count: int, states: int
) -> np.ndarray | None:
    """The value of each cell, `UNSUPERVISED` where none is told; None if two places differ."""
    told = values != UNSUPERVISED
    cells, found = (rows * states + before)[told], values[told]
    table = np.full(count * states, UNSUPERVISED)
    table[cells] = found
    if (table[cells] != found).any():
        return None
    return table.reshape(count, states)
