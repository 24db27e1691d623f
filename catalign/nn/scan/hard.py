"""The hardened scan: a finite transducer, run at any length in logarithmic depth."""

import functools
from collections.abc import Hashable
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

    @property
    def transducer(self) -> Transducer:
        """The same machine, with one row for every letter."""
        word_type = self.word_type
        classes = np.asarray(self.tie.sort(word_type, jnp.asarray(word_type.table())))
        roll = classes - self.tie.offset(word_type)
        moves, writes = np.array(self.moves), np.array(self.writes)
        if self.tie.rolled:
            written = (writes + roll[:, None]) % word_type.outputs
        else:
            written = writes[classes]
        return Transducer(
            word_type.operands, word_type.outputs, _rows(moves[classes]), _rows(written)
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

    def describe(self) -> str:
        """The machine as rules, one line a state, with equal moves put together."""
        lines = [f"{self.states} states, {self.tie.describe()}"]
        for state in range(self.states):
            targets: dict[int, list[int]] = {}
            for row, reached in enumerate(self.moves):
                targets.setdefault(reached[state], []).append(row - self.tie.offset(self.word_type))
            moved = "; ".join(f"{_ranges(rows)} -> {to}" for to, rows in sorted(targets.items()))
            wrote = f", g = {self.writes[0][state]}" if self.tie.rolled else ""
            lines.append(f"  state {state}{wrote}: {moved}")
        return "\n".join(lines)


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


def _rows(table: np.ndarray) -> Table:
    return tuple(tuple(int(value) for value in row) for row in table)


def _ranges(rows: list[int]) -> str:
    """Whole numbers in order, runs of them as `first..last`."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and runs[-1][-1] == row - 1:
            runs[-1] = [runs[-1][0], row]
        else:
            runs.append([row])
    return ", ".join("..".join(map(str, run)) for run in runs)
