"""The hardened scan: a finite transducer, run at any length in logarithmic depth."""

import functools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Int

from catalign._errors import ShapeMismatchError
from catalign.alignment.certificate import Certificate, Coverage
from catalign.alignment.transducer import Rule, Transducer, certify_transducer, from_rule
from catalign.kernels.monoid_scan import scan_functions
from catalign.nn.scan.word import Tie, WordType

Table = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class HardScan:
    """A learned transducer with finite tables: exact at every length.

    Maths: each letter is a function on states; all prefixes of their composition are found by a
      scan in the monoid of these functions, and the output of each place is read from the state
      before it.

    Attributes:
      word_type: What it reads and writes.
      tie: Which letters share a row.
      moves: The next state, by class and state. State 0 is the first.
      writes: The output, by class and state; one row if the tie is rolled.
      coverage: How often training met each cell.

    Example:
      >>> parity = HardScan(WordType((2,), 2), Tie((1,), rolled=False),
      ...                   moves=((0, 1), (1, 0)), writes=((0, 1), (1, 0)))
      >>> parity(jnp.array([[1], [0], [1], [1]])).tolist()
      [1, 1, 0, 1]
    """

    word_type: WordType
    tie: Tie
    moves: Table
    writes: Table
    coverage: tuple[Coverage, ...] = field(default=(), compare=False, repr=False)

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.moves[0])

    def __call__(self, letters: Int[Array, "*b t k"]) -> Int[Array, "*b t"]:
        """The outputs of words of any length, all places at once.

        Args:
          letters: Words. A letter outside the alphabet has no meaning.

        Raises:
          ShapeMismatchError: The letters have another number of entries than the type.
        """
        if letters.shape[-1] != len(self.word_type.operands):
            raise ShapeMismatchError(
                f"`letters` has {letters.shape[-1]} entries a letter, but the type has the "
                f"operands {self.word_type.operands}."
            )
        return _run(self, letters)

    def run_on_host(self, letters: np.ndarray) -> np.ndarray:
        """What a call gives, letter by letter in NumPy: nothing is compiled.

        Example:
          >>> parity = HardScan(WordType((2,), 2), Tie((1,), rolled=False),
          ...                   moves=((0, 1), (1, 0)), writes=((0, 1), (1, 0)))
          >>> parity.run_on_host(np.array([[1], [0], [1], [1]])).tolist()
          [1, 1, 0, 1]
        """
        word_type, tie = self.word_type, self.tie
        classes = tie.sort(word_type, letters)
        moves, writes = np.array(self.moves), np.array(self.writes)
        state, written = np.zeros(classes.shape[:-1], int), np.zeros_like(classes)
        places = range(classes.shape[-1])
        for place in reversed(places) if word_type.from_last else places:
            read = classes[..., place]
            written[..., place] = writes[0 if tie.rolled else read, state]
            state = moves[read, state]
        if tie.rolled:
            return (written + classes - tie.offset(word_type)) % word_type.outputs
        return written

    @property
    def transducer(self) -> Transducer:
        """The same machine, with one row for every letter."""
        word_type = self.word_type
        classes = self.tie.sort(word_type, word_type.table())
        roll = classes - self.tie.offset(word_type)
        moves, writes = np.array(self.moves), np.array(self.writes)
        if self.tie.rolled:
            written = (writes + roll[:, None]) % word_type.outputs
        else:
            written = writes[classes]
        return Transducer(
            word_type.operands, word_type.outputs, as_table(moves[classes]), as_table(written)
        )

    def certify(
        self,
        rule: Rule | Transducer,
        *,
        subject: str,
        initial: Hashable = 0,
        preconditions: tuple[str, ...] = (),
    ) -> Certificate:
        """Compares the machine with what the algorithm does with one letter, at all lengths.

        Args:
          rule: `rule(state, letter)` gives the algorithm's next state and output, in Python.
          subject: What to call the claim.
          initial: The algorithm's first state.
          preconditions: What words must satisfy to stand for instances.

        Returns:
          Proved, or a shortest counterexample.

        Example:
          >>> parity = HardScan(WordType((2,), 2), Tie((1,), rolled=False),
          ...                   moves=((0, 1), (1, 0)), writes=((0, 1), (1, 0)))
          >>> parity.certify(lambda s, a: (s ^ a[0], s ^ a[0]), subject="parity").verdict
          'proved for all sizes'
          >>> print(parity.certify(lambda s, a: (s | a[0], s | a[0]), subject="or"))
          or: refuted: on word = [(1,), (1,)] it gives [1, 0], but the algorithm [1, 1], ...
        """
        oracle = rule
        if not isinstance(oracle, Transducer):
            oracle = from_rule(
                oracle,
                operands=self.word_type.operands,
                outputs=self.word_type.outputs,
                initial=initial,
            )
        return certify_transducer(
            self.transducer,
            oracle,
            subject=subject,
            coverage=self.coverage,
            preconditions=preconditions,
        )

    def describe(self, constant: tuple[int, ...] = ()) -> str:
        """The machine as rules, a line or two a state, with equal cells put together.

        Args:
          constant: The entries of letters that are the same at all places of a word: where letters
            share no cells, each of their values gets rules of its own, with the states it reaches.
        """
        lines = [f"{self.states} states, {self.tie.describe()}"]
        if self.tie.coefficients is not None:
            labels = [str(row - self.tie.offset(self.word_type)) for row in range(len(self.moves))]
            return "\n".join([*lines, *self._rules(labels, range(self.states), "  ")])
        table = self.word_type.table()
        varying = [k for k in range(table.shape[1]) if k not in constant]
        for values in np.unique(table[:, list(constant)], axis=0).tolist():
            rows = np.flatnonzero((table[:, list(constant)] == values).all(axis=1)).tolist()
            if constant:
                named = (f"x{k} = {value}" for k, value in zip(constant, values, strict=True))
                lines.append(f"  {', '.join(named)}")
            labels = {row: " ".join(map(str, table[row, varying])) for row in rows}
            lines += self._rules(labels, self._reached(rows), "    " if constant else "  ")
        return "\n".join(lines)

    def _reached(self, rows: Sequence[int]) -> list[int]:
        """The states that words of some letters lead to."""
        found = [0]
        for state in found:
            found += sorted({self.moves[row][state] for row in rows} - set(found))
        return found

    def _rules(
        self, labels: Sequence[str] | Mapping[int, str], states: Iterable[int], indent: str
    ) -> list[str]:
        lines = []
        for state in states:
            head = f"{indent}state {state}"
            moved = _cells(self.moves, labels, state)
            if self.tie.rolled:
                lines.append(f"{head}, g = {self.writes[0][state]}: {moved}")
                continue
            written = _cells(self.writes, labels, state)
            if moved == written:
                lines.append(f"{head} moves and writes {moved}")
            else:
                lines.append(f"{head} moves {moved}")
                lines.append(f"{' ' * len(head)} writes {written}")
        return lines


@functools.partial(jax.jit, static_argnums=0)
def _run(machine: HardScan, letters: Array) -> Array:
    word_type, tie = machine.word_type, machine.tie
    classes = tie.sort(word_type, letters.astype(jnp.int32))
    moves = jnp.asarray(np.array(machine.moves, np.int32))
    writes = jnp.asarray(np.array(machine.writes, np.int32))
    state = scan_functions(moves[classes], reverse=word_type.from_last, exclusive=True)[..., 0]
    if tie.rolled:
        return (writes[0][state] + classes - tie.offset(word_type)) % word_type.outputs
    return writes[classes, state]


def as_table(table: np.ndarray) -> Table:
    """A table as a hard scan holds it.

    Example:
      >>> as_table(np.eye(2))
      ((1, 0), (0, 1))
    """
    return tuple(tuple(int(value) for value in row) for row in table)


def _cells(table: Table, labels: Sequence[str] | Mapping[int, str], state: int) -> str:
    """One column of a table: which letters give which value."""
    named = labels.items() if isinstance(labels, Mapping) else enumerate(labels)
    rows: dict[int, list[list[str]]] = {}
    before: int | None = None
    for row, label in named:
        value = table[row][state]
        if value == before:
            rows[value][-1].append(label)
        else:
            rows.setdefault(value, []).append([label])
        before = value
    return "; ".join(
        f"{', '.join(map(_range, runs))} -> {value}" for value, runs in sorted(rows.items())
    )


def _range(run: list[str]) -> str:
    """Letters one after the other: the first and the last."""
    return run[0] if len(run) == 1 else f"{run[0]}..{run[-1]}"
