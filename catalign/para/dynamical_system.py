"""Dynamical systems: machines as lenses, with an interface through which they are wired.

A dynamical system with states S and interface p is a lens `S y^S -> p`: a state shows a position,
and a direction that arrives there moves the state. A Moore machine has the interface `O y^I`, a
Mealy machine `O^I y^I`, a closed system such as an iterated algorithm `O y`. The states may be
listed (a finite table) or not (arrays, a trained network's probes); all of it runs, and what is
listed can be compared and printed as well.
"""

import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from catalign._errors import InputError, UnsupportedError
from catalign._typing import PyTree
from catalign.alignment.transducer import Transducer
from catalign.para.functor import MOORE
from catalign.para.lens import Lens
from catalign.para.poly import Poly
from catalign.para.structure import Coalgebra


@dataclass(frozen=True, repr=False)
class DynamicalSystem:
    """A machine: what each state shows, and where each direction leads.

    Maths: a lens `S y^S -> p`, that is `readout: S -> p(1)` and, at each state s,
    `update(s, -): p[readout(s)] -> S`. The same as a coalgebra `S -> p(S)`.

    Args:
      name: Its name, for messages.
      readout: The position that a state shows.
      update: The next state, from a state and a direction.
      states: S, if it is listed.
      interface: p, if it is listed.

    Raises:
      AxiomError: Both are listed, and a state shows no position of p or moves to no state.

    Example:
      >>> parity = DynamicalSystem.from_table(
      ...     "parity", states=("even", "odd"), inputs=(0, 1), outputs=(0, 1),
      ...     next_states=[[0, 1], [1, 0]])
      >>> print(parity.describe())
      parity: 2*y^2 -> 2*y^2
      state | shows | 0    | 1
      even  | 0     | even | odd
      odd   | 1     | odd  | even
      >>> parity.run("even", [1, 1, 0, 1])
      ['even', 'odd', 'even', 'even', 'odd']

    Source: Niu & Spivak, Polynomial Functors, chapter 4.
    """

    name: str
    readout: Callable[[Any], Any]
    update: Callable[[Any, Any], Any]
    states: tuple[Hashable, ...] | None = None
    interface: Poly | None = None

    def __post_init__(self) -> None:
        # A lens checks what is listed when it is built.
        _ = self.lens

    @property
    def lens(self) -> Lens:
        """The lens `S y^S -> p`."""
        source = None if self.states is None else Poly.monomial(self.states, self.states)
        return Lens(self.readout, self.update, source, self.interface)

    @classmethod
    def from_table(
        cls,
        name: str,
        *,
        states: Sequence[Hashable],
        inputs: Sequence[Hashable],
        outputs: Sequence[Hashable],
        next_states: Sequence[Sequence[int]] | np.ndarray,
    ) -> "DynamicalSystem":
        """A machine given by tables.

        Args:
          name: Its name.
          states: S, in the order of the tables' rows.
          inputs: I, in the order of the columns.
          outputs: What each state shows (Moore), or for each state a row with what it answers to
            each input (Mealy), as a tuple.
          next_states: The index of the next state, for each state and input.

        Raises:
          InputError: A table has another number of rows or columns.
        """
        table = np.asarray(next_states)
        if table.shape != (len(states), len(inputs)) or len(outputs) != len(states):
            raise InputError(
                f"{name} has {len(states)} states and {len(inputs)} inputs, but `next_states` has "
                f"shape {table.shape} and `outputs` {len(outputs)} rows. Give one row for each "
                "state and one column for each input."
            )
        if table.size and not 0 <= table.min() <= table.max() < len(states):
            raise InputError(
                f"`next_states` of {name} holds {table.min()} to {table.max()}, but its "
                f"{len(states)} states are numbered from 0."
            )
        row = {s: k for k, s in enumerate(states)}
        column = {i: k for k, i in enumerate(inputs)}
        return cls(
            name,
            lambda s: outputs[row[s]],
            lambda s, i: states[int(table[row[s], column[i]])],
            tuple(states),
            Poly.monomial(dict.fromkeys(outputs), inputs),
        )

    @classmethod
    def from_transducer(cls, name: str, transducer: Transducer) -> "DynamicalSystem":
        """The Mealy machine of a transducer, such as a network that was trained and made discrete.

        Its states are numbered; state 0 is the first. It shows what it would write for each letter.

        Example:
          >>> parity = Transducer((2,), 2, moves=((0, 1), (1, 0)), writes=((0, 1), (1, 0)))
          >>> print(DynamicalSystem.from_transducer("parity", parity).describe())
          parity: 2*y^2 -> 2*y^2
          state | shows  | (0,) | (1,)
          0     | (0, 1) | 0    | 1
          1     | (1, 0) | 1    | 0
        """
        return cls.from_table(
            name,
            states=tuple(range(transducer.states)),
            inputs=transducer.letters(),
            outputs=list(zip(*transducer.writes, strict=True)),
            next_states=np.transpose(transducer.moves),
        )

    @classmethod
    def from_coalgebra(cls, name: str, coalgebra: Coalgebra) -> "DynamicalSystem":
        """The system of a coalgebra of `O*y^I` or `O*y`, with states that are not listed.

        Raises:
          UnsupportedError: The functor is another one.
        """
        functor = coalgebra.functor
        summand = functor.summands[0]
        if len(functor.summands) > 1 or summand.label is None or summand.label_sees_input:
            raise UnsupportedError(
                f"{functor.name} = {functor} is not of the form O*y^I. List the machine with "
                "`DynamicalSystem.from_table`."
            )

        def update(state: PyTree, direction: Any) -> PyTree:
            children = coalgebra(state).children
            return children(direction) if callable(children) else children[0]

        return cls(name, lambda s: coalgebra(s).label, update)

    def to_coalgebra(self) -> Coalgebra:
        """The coalgebra of `O*y^I`, which `unfold` runs jitted where states are arrays.

        Maths: `s -> (readout(s), i -> update(s, i))`.
        """
        return Coalgebra(
            MOORE, lambda s: MOORE.element("moore", self.readout(s), lambda i: self.update(s, i))
        )

    def run(self, state: PyTree, directions: Iterable[Any]) -> list[PyTree]:
        """The states that the system goes through, the first one included."""
        return list(itertools.accumulate(directions, self.update, initial=state))

    def wire(self, wiring: Lens, *, name: str | None = None) -> "DynamicalSystem":
        """The same states behind another interface.

        Maths: for a lens `w: p -> q`, the composite `S y^S -> p -> q`.

        Args:
          wiring: Shows a position of p outside, and makes directions of p from those outside. Out
            of a parallel product it is a wiring diagram.
          name: The name of the result.

        Raises:
          AxiomError: `wiring` starts from another interface.
        """
        lens = self.lens.then(wiring)
        return DynamicalSystem(
            name or self.name, lens.forward, lens.backward, self.states, wiring.target
        )

    def __matmul__(self, other: "DynamicalSystem") -> "DynamicalSystem":
        """Two systems side by side, on pairs of states, positions and directions."""
        lens = self.lens @ other.lens
        listed = self.states is not None and other.states is not None
        return DynamicalSystem(
            f"{self.name} @ {other.name}",
            lens.forward,
            lens.backward,
            tuple(itertools.product(self.states or (), other.states or ())) if listed else None,
            lens.target,
        )

    def describe(self) -> str:
        """The type of the system and, where it is listed, what each state does."""
        if self.states is None or self.interface is None:
            states = "?" if self.states is None else len(self.states)
            return f"{self.name}: {states} states, interface {self.interface or '?'}"
        p = self.interface
        columns = list(dict.fromkeys(d for _, a in p.terms for d in a))
        rows = [["state", "shows", *map(_shown, columns)]]
        for s in self.states:
            position = self.readout(s)
            here = p.directions(position)
            after = (_shown(self.update(s, d)) if d in here else "" for d in columns)
            rows.append([_shown(s), _shown(position), *after])
        return f"{self.name}: {self.lens.source} -> {p}\n{_aligned(rows)}"

    def show(self, state: PyTree, directions: Iterable[Any]) -> str:
        """A run as a table: at each step the state, what it shows, and what arrives.

        Example:
          >>> count = DynamicalSystem("count", lambda s: s % 2 == 0, lambda s, d: s + d)
          >>> print(count.show(3, [4, 1]))
          step | state | shows | receives
          0    | 3     | False | 4
          1    | 7     | False | 1
          2    | 8     | True  |
        """
        arrivals = list(directions)
        rows = [["step", "state", "shows", "receives"]]
        for step, s in enumerate(self.run(state, arrivals)):
            given = _shown(arrivals[step]) if step < len(arrivals) else ""
            rows.append([str(step), _shown(s), _shown(self.readout(s)), given])
        return _aligned(rows)

    def __repr__(self) -> str:
        return self.describe().splitlines()[0]


def feedback(receive: Callable[[Any, Any], Any]) -> Lens:
    """The wiring in which a system receives what is computed from what it shows.

    Maths: the lens `p -> p(1) y^A` with `(i, a) -> receive(i, a)` backwards.

    Args:
      receive: From a position and what comes from outside (A) to a direction. For the nodes of a
        graph it is the message passing: from what all nodes show, and the weights, to what each
        node receives.

    Example:
      >>> ahead = DynamicalSystem("ahead", lambda s: s, lambda s, d: s + d)
      >>> ahead.wire(feedback(lambda shown, extra: shown + extra)).run(1, [0, 0, 1])
      [1, 2, 4, 9]
    """
    return Lens(lambda i: i, receive)


def copies(system: DynamicalSystem, *, name: str | None = None) -> DynamicalSystem:
    """Any number of copies of a system on arrays, side by side along a leading axis.

    Maths: `p @ ... @ p`, with the states, positions and directions stacked.

    Args:
      system: Its readout and update are jittable.
      name: The name of the result.
    """
    return DynamicalSystem(
        name or f"copies of {system.name}", jax.vmap(system.readout), jax.vmap(system.update)
    )


def distinguishing_word(
    left: DynamicalSystem, right: DynamicalSystem, start: tuple[Hashable, Hashable]
) -> tuple[Hashable, ...] | None:
    """The shortest word of directions after which two listed systems show different positions.

    Maths: the pairs of states that are reached together are a bisimulation exactly if no pair shows
    different positions; then no experiment tells the two systems apart.

    Args:
      left: A system.
      right: A system with the same interface.
      start: A state of each.

    Returns:
      The word, or None where the systems behave equally for ever.

    Raises:
      UnsupportedError: An interface is not listed.
      InputError: The interfaces differ in positions or directions that are met.

    Example:
      >>> flip = DynamicalSystem.from_table(
      ...     "flip", states=(0, 1), inputs="t", outputs=(0, 1), next_states=[[1], [0]])
      >>> turn = DynamicalSystem.from_table(
      ...     "turn", states=(0, 1, 2, 3), inputs="t", outputs=(0, 1, 0, 1),
      ...     next_states=[[1], [2], [3], [0]])
      >>> [distinguishing_word(flip, turn, start) for start in [(0, 2), (0, 1)]]
      [None, ()]
    """
    if left.interface is None or right.interface is None:
        raise UnsupportedError(
            f"{left.name} and {right.name} can be compared only where both interfaces are listed. "
            "Pass `interface`."
        )
    words: dict[tuple[Hashable, Hashable], tuple[Hashable, ...]] = {start: ()}
    queue = [start]
    for pair in queue:
        s, t = pair
        shown, other = left.readout(s), right.readout(t)
        if shown != other:
            return words[pair]
        here, there = left.interface.directions(shown), right.interface.directions(other)
        if set(here) != set(there):
            raise InputError(
                f"at position {shown!r}, {left.name} has directions {list(here)} and {right.name} "
                f"{list(there)}. Compare systems with one interface."
            )
        for d in here:
            after = left.update(s, d), right.update(t, d)
            if after not in words:
                words[after] = (*words[pair], d)
                queue.append(after)
    return None


def _shown(value: PyTree) -> str:
    """One line for a state: arrays in brackets, probes with their names."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return " ".join(f"{k}={_shown(v)}" for k, v in value.items())
    if hasattr(value, "shape"):
        text = np.array2string(np.asarray(value), separator=" ", max_line_width=10**6, threshold=64)
        return text.replace("\n", "")
    return str(value)


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
