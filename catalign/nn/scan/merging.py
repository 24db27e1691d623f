"""From a soft machine to a small finite one: what training met, with equal states merged."""

from dataclasses import dataclass, field

import numpy as np

from catalign.alignment.certificate import Coverage
from catalign.nn.scan.hard import HardScan, as_table
from catalign.nn.scan.word import UNSUPERVISED, Tie, WordType

Cells = dict[tuple[int, int], int]
"""Values by class and state; by 0 and state for the outputs of a rolled tie."""


@dataclass(frozen=True)
class Evidence:
    """The cells of a machine that examples met, with what they hold and how often they were met.

    Attributes:
      moves: The next state by class and state, where some later output depends on it.
      writes: The output by class and state; by 0 and state if rolled.
      counts: How often the examples met each move and each write.
      wrong: How many told outputs the machine gets wrong.
    """

    moves: Cells = field(default_factory=dict)
    writes: Cells = field(default_factory=dict)
    counts: dict[tuple[str, int, int], int] = field(default_factory=dict)
    wrong: int = 0


def observe(
    moves: np.ndarray, writes: np.ndarray, classes: np.ndarray, targets: np.ndarray
) -> Evidence:
    """Runs a machine on the examples, and notes the cells that the told outputs depend on.

    Args:
      moves: The next states, `[classes, states]`.
      writes: The outputs, `[classes, states]`, or `[1, states]` of a rolled tie.
      classes: In reading order, `[words, places]`.
      targets: Likewise, turned back if rolled; `UNSUPERVISED` where nothing is told.
    """
    evidence, wrong = Evidence(), 0
    rolled = writes.shape[0] == 1
    for read, told in zip(classes.tolist(), targets.tolist(), strict=True):
        depended = [place for place, output in enumerate(told) if output != UNSUPERVISED]
        state = 0
        for place in range(depended[-1] + 1 if depended else 0):
            row = 0 if rolled else read[place]
            if told[place] != UNSUPERVISED:
                output = int(writes[row, state])
                wrong += output != told[place]
                evidence.writes[row, state] = output
                _count(evidence, "write", row, state)
            if place < depended[-1]:
                reached = int(moves[read[place], state])
                evidence.moves[read[place], state] = reached
                _count(evidence, "move", read[place], state)
                state = reached
    return Evidence(evidence.moves, evidence.writes, evidence.counts, wrong)


def merge(evidence: Evidence, states: int) -> list[int]:
    """Groups the states of a machine so that the cells the examples met stay consistent.

    Greedily: of all pairs that can be one state, the one with the most cells in common first.
    Cells that no example met object to nothing. So the examples still get the same outputs, from
    as few states as this finds; it is the merging of states of grammatical inference.

    Args:
      evidence: The cells that the examples met.
      states: How many states the machine has.

    Returns:
      For each state the least state of its group; -1 for states that no example met.

    Source: Lang, Pearlmutter & Price, Results of the Abbadingo One DFA learning competition, 1998.
    """
    met = {0, *(s for _, s in (*evidence.moves, *evidence.writes)), *evidence.moves.values()}
    group = {s: s for s in met}
    while True:
        heads = sorted(set(group.values()))
        best: tuple[int, dict[int, int]] | None = None
        for i, p in enumerate(heads):
            for q in heads[i + 1 :]:
                merged = _unify(evidence, group, p, q)
                if merged is not None and (best is None or merged[0] > best[0]):
                    best = merged
        if best is None:
            return [group.get(s, -1) for s in range(states)]
        group = best[1]


def _unify(
    evidence: Evidence, group: dict[int, int], p: int, q: int
) -> tuple[int, dict[int, int]] | None:
    """The groups after p and q become one, with the cells in common; None if they cannot."""
    group = dict(group)
    pairs, shared = [(p, q)], 0
    while pairs:
        p, q = sorted(group[s] for s in pairs.pop())
        if p == q:
            continue
        group = {s: p if head == q else head for s, head in group.items()}
        for cells, is_moves in ((evidence.writes, False), (evidence.moves, True)):
            held: dict[int, int] = {}
            for (row, state), value in cells.items():
                if group[state] != p:
                    continue
                if row not in held:
                    held[row] = value
                elif is_moves:
                    pairs.append((held[row], value))
                elif held[row] != value:
                    return None
                else:
                    shared += 1
    return shared, group


def _count(evidence: Evidence, kind: str, row: int, state: int) -> None:
    key = (kind, row, state)
    evidence.counts[key] = evidence.counts.get(key, 0) + 1


def fold(
    word_type: WordType, tie: Tie, moves: np.ndarray, writes: np.ndarray, evidence: Evidence
) -> HardScan:
    """The machine whose states are groups of a machine's states that no example tells apart.

    A cell holds what the examples met of any state of the group; else what the group's least state
    would do.

    Args:
      word_type: What the machine reads and writes.
      tie: Which letters share a row.
      moves: The next states, `[classes, states]`.
      writes: The outputs, `[classes, states]`, or `[1, states]` of a rolled tie.
      evidence: What the examples met of these tables.
    """
    group = merge(evidence, moves.shape[1])
    heads = sorted(set(group) - {-1})
    number = {head: k for k, head in enumerate(heads)}

    def merged(cells: Cells, table: np.ndarray) -> np.ndarray:
        folded = table[:, heads].copy()
        for (row, state), value in cells.items():
            folded[row, number[group[state]]] = value
        return folded

    counts = {
        (kind, row, k): 0
        for kind, table in (("move", moves), ("write", writes))
        for row in range(len(table))
        for k in range(len(heads))
    }
    for (kind, row, state), count in evidence.counts.items():
        counts[kind, row, number[group[state]]] += count
    moved = merged(evidence.moves, moves)
    # A guessed move may lead to a state that no example met: it stays where it is.
    to = np.array([number[group[s]] if group[s] >= 0 else -1 for s in range(len(group))])
    moved = np.where(to[moved] >= 0, to[moved], np.arange(len(heads))[None])
    offset = tie.offset(word_type)
    table = {
        f"{kind} ({'any' if kind == 'write' and tie.rolled else row - offset}, state {k})": count
        for (kind, row, k), count in counts.items()
    }
    return HardScan(
        word_type,
        tie,
        as_table(moved),
        as_table(merged(evidence.writes, writes)),
        (Coverage(subject=tie.describe(), counts=table),),
    )
