"""Finite transducers: words in, words of the same length out, letter by letter.

A transducer with letters A, states S and outputs B is a function `A x S -> S x B` with an initial
state (a Mealy machine). Two transducers give the same output on every word exactly if they agree on
every pair of states that some word leads both to: these pairs are finitely many, so that agreement
at all lengths is a finite check (a bisimulation), and its failure has a shortest word. Runs on the
host.
"""

import itertools
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from catalign._errors import InputError, ShapeMismatchError
from catalign.alignment.certificate import Certificate, Counterexample, Coverage, Proof

Letter = tuple[int, ...]
Rule = Callable[[Any, Letter], tuple[Hashable, int]]
"""`rule(state, letter)` gives the next state, which may be anything hashable, and the output."""


@dataclass(frozen=True)
class Transducer:
    """A finite machine that reads a word of letters and writes one output for each.

    Maths: `s_0 = 0`, `s_i = moves[a_i][s_{i-1}]`, `b_i = writes[a_i][s_{i-1}]`.

    A letter is a tuple with one entry for each operand; letters are numbered in row-major order.

    Args:
      operands: How many values each entry of a letter has.
      outputs: How many outputs there are.
      moves: For each letter, the next state of each state.
      writes: For each letter, the output in each state.

    Raises:
      ShapeMismatchError: A table has not one row for each letter, or rows of different lengths.
      InputError: A table names a state or an output that does not exist.

    Example:
      >>> parity = Transducer((2,), 2, moves=((0, 1), (1, 0)), writes=((0, 1), (1, 0)))
      >>> parity.run([(1,), (1,), (1,)])
      [1, 0, 1]
    """

    operands: tuple[int, ...]
    outputs: int
    moves: tuple[tuple[int, ...], ...]
    writes: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        letters = int(np.prod(self.operands, dtype=int))
        for name, table, limit in (
            ("moves", self.moves, self.states),
            ("writes", self.writes, self.outputs),
        ):
            widths = {len(row) for row in table}
            if len(table) != letters or widths != {self.states} or not self.states:
                raise ShapeMismatchError(
                    f"`{name}` has {len(table)} rows of lengths {sorted(widths)}, but there are "
                    f"{letters} letters {self.operands} and {self.states} states."
                )
            values = [value for row in table for value in row]
            if min(values) < 0 or max(values) >= limit:
                raise InputError(
                    f"`{name}` holds values from {min(values)} to {max(values)}; they must lie in "
                    f"0 to {limit - 1}."
                )

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.moves[0]) if self.moves else 0

    def letters(self) -> list[Letter]:
        """All letters, in the order of the tables' rows."""
        return list(itertools.product(*(range(size) for size in self.operands)))

    def run(self, word: Sequence[Letter]) -> list[int]:
        """The outputs for a word.

        Raises:
          InputError: A letter is not in the alphabet.
        """
        state, written = 0, []
        for letter in word:
            row = self.row(letter)
            written.append(self.writes[row][state])
            state = self.moves[row][state]
        return written

    def row(self, letter: Letter) -> int:
        """The number of a letter.

        Raises:
          InputError: It is not in the alphabet.
        """
        fits = len(letter) == len(self.operands)
        if not fits or any(
            not 0 <= x < size for x, size in zip(letter, self.operands, strict=True)
        ):
            raise InputError(f"the letter {letter} is none of {self.operands}.")
        return int(np.ravel_multi_index(letter, self.operands))

    def minimise(self) -> "Transducer":
        """The smallest transducer with the same outputs; states are numbered as words reach them.

        Two transducers have the same outputs on all words exactly if these are equal.

        Example:
          >>> twice = Transducer((2,), 2, ((0, 1, 2), (1, 2, 1)), ((0, 1, 0), (1, 0, 1)))
          >>> twice.minimise().states
          2
        """
        moves, writes = np.array(self.moves), np.array(self.writes)
        _, block = np.unique(writes.T, axis=0, return_inverse=True)
        block = block.reshape(-1)
        while True:
            signature = np.concatenate([block[None], block[moves]]).T
            _, finer = np.unique(signature, axis=0, return_inverse=True)
            finer = finer.reshape(-1)
            if finer.max() == block.max():
                break
            block = finer
        order = {int(block[0]): 0}
        member = [0]
        for state in member:
            for row in range(len(moves)):
                reached = int(moves[row, state])
                if int(block[reached]) not in order:
                    order[int(block[reached])] = len(member)
                    member.append(reached)
        return Transducer(
            self.operands,
            self.outputs,
            tuple(
                tuple(order[int(block[moves[row, s]])] for s in member) for row in range(len(moves))
            ),
            tuple(tuple(int(writes[row, s]) for s in member) for row in range(len(moves))),
        )


def from_rule(
    rule: Rule,
    *,
    operands: tuple[int, ...],
    outputs: int,
    initial: Hashable = 0,
    max_states: int = 4096,
) -> Transducer:
    """The transducer of a rule in Python: what an algorithm does with one letter.

    Args:
      rule: `rule(state, letter)` gives the next state and the output. States may be anything
        hashable.
      operands: How many values each entry of a letter has.
      outputs: How many outputs there are.
      initial: The state at the beginning.
      max_states: The most states that words may lead to.

    Raises:
      InputError: There are more states, or an output is not in range.

    Example:
      >>> halve = from_rule(lambda r, a: ((10 * r + a[0]) % 2, (10 * r + a[0]) // 2),
      ...                   operands=(10,), outputs=10)
      >>> halve.run([(7,), (3,)]), halve.states
      ([3, 6], 2)
    """
    letters = list(itertools.product(*(range(size) for size in operands)))
    number = {initial: 0}
    found = [initial]
    columns: list[list[tuple[int, int]]] = []
    for state in found:
        column = []
        for letter in letters:
            reached, output = rule(state, letter)
            if reached not in number:
                number[reached] = len(found)
                found.append(reached)
            column.append((number[reached], int(output)))
        columns.append(column)
        if len(found) > max_states:
            raise InputError(
                f"`rule` reaches over {max_states} states: no finite transducer, or one too large. "
                "Raise `max_states` if it is finite."
            )
    rows = range(len(letters))
    return Transducer(
        operands,
        outputs,
        tuple(tuple(column[row][0] for column in columns) for row in rows),
        tuple(tuple(column[row][1] for column in columns) for row in rows),
    )


class Comparison(NamedTuple):
    """What a comparison of two transducers found.

    Attributes:
      cells: How many pairs of a letter and two states were compared.
      word: A shortest word on which the last outputs differ; None if there is none.
    """

    cells: int
    word: tuple[Letter, ...] | None


def compare(
    first: Transducer, second: Transducer, alphabets: Sequence[Sequence[Letter]] | None = None
) -> Comparison:
    """Compares two transducers on all words, by running through the pairs of states they reach.

    Args:
      first: A transducer.
      second: Another that reads the same letters.
      alphabets: Sets of letters; a word has all its letters from one of them. Words of any letters
        are compared if left out.

    Raises:
      ShapeMismatchError: They read other letters.
      InputError: A letter of an alphabet is none of theirs.

    Example:
      >>> add = from_rule(lambda c, a: divmod(a[0] + a[1] + c, 2), operands=(2, 2), outputs=2)
      >>> xor = from_rule(lambda c, a: (0, a[0] ^ a[1]), operands=(2, 2), outputs=2)
      >>> compare(add, add).word is None
      True
      >>> compare(add, xor).word
      ((1, 1), (0, 0))
    """
    if first.operands != second.operands:
        raise ShapeMismatchError(
            f"`first` reads letters {first.operands} and `second` {second.operands}; "
            "only machines with the same letters compare."
        )
    cells = 0
    for letters in [first.letters()] if alphabets is None else alphabets:
        found = _compare(first, second, list(letters))
        cells += found.cells
        if found.word is not None:
            return Comparison(cells, found.word)
    return Comparison(cells, None)


def _compare(first: Transducer, second: Transducer, letters: list[Letter]) -> Comparison:
    rows = [first.row(letter) for letter in letters]
    before: dict[tuple[int, int], tuple[tuple[int, int], int] | None] = {(0, 0): None}
    queue, cells = deque(before), 0
    while queue:
        pair = queue.popleft()
        p, q = pair
        for number, row in enumerate(rows):
            cells += 1
            if first.writes[row][p] != second.writes[row][q]:
                return Comparison(cells, _word(before, pair, number, letters))
            reached = (first.moves[row][p], second.moves[row][q])
            if reached not in before:
                before[reached] = (pair, number)
                queue.append(reached)
    return Comparison(cells, None)


def certify_transducer(
    learned: Transducer,
    oracle: Transducer,
    *,
    subject: str,
    coverage: tuple[Coverage, ...] = (),
    preconditions: tuple[str, ...] = (),
    alphabets: Sequence[Sequence[Letter]] | None = None,
) -> Certificate:
    """Proves that a transducer equals the oracle's on words of every length, or refutes it.

    Args:
      learned: What was learned.
      oracle: What the algorithm does with one letter, see `from_rule`.
      subject: What to call it.
      coverage: How often training met the cells of the learned tables.
      preconditions: What words must satisfy to stand for instances.
      alphabets: As in `compare`.

    Returns:
      A certificate that is proved, or whose counterexample is a shortest word.

    Raises:
      ShapeMismatchError: They read other letters.
    """
    cells, word = compare(learned, oracle, alphabets)
    if word is None:
        proof = Proof(
            statement=f"equal outputs on words of every length, with {oracle.minimise().states} "
            "states once minimised",
            method="bisimulation of all pairs of states that words reach",
            cases=cells,
        )
        return Certificate(
            subject=subject, proved=(proof,), preconditions=preconditions, coverage=coverage
        )
    wrong = _wrong_cell(learned, oracle, word)
    return Certificate(
        subject=subject,
        preconditions=preconditions,
        coverage=coverage,
        counterexample=Counterexample(
            inputs={"word": list(word)},
            expected=oracle.run(word),
            actual=learned.run(word),
            cell=wrong,
        ),
    )


def _word(
    before: dict[tuple[int, int], tuple[tuple[int, int], int] | None],
    pair: tuple[int, int],
    row: int,
    letters: list[Letter],
) -> tuple[Letter, ...]:
    word = [letters[row]]
    step = before[pair]
    while step is not None:
        pair, row = step
        word.append(letters[row])
        step = before[pair]
    return tuple(reversed(word))


def _wrong_cell(learned: Transducer, oracle: Transducer, word: Sequence[Letter]) -> str:
    """The output cell where the word goes wrong, and the move before it, which may be to blame."""
    state, moved = 0, ""
    for letter in word[:-1]:
        reached = learned.moves[learned.row(letter)][state]
        moved = f" after the move (letter {letter}, state {state}) -> {reached}"
        state = reached
    return f"the output (letter {word[-1]}, state {state}){moved}"
