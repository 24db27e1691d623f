"""The search for selections: which conjunction of conditions picks the right candidate.

At each row a condition in `k` is a set of candidates, held as the bits of one word, and a
conjunction is the bitwise and of its words. It is right at a row iff each word has the target's
bit, and no bit of a candidate before the target, in the order of the key, is in all of them: a test
of a whole conjunction costs two word operations a row, and all pairs and the promising triples are
tried.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalign.nn.discrete.condition import Condition, Same
from catalign.nn.discrete.expression import K
from catalign.nn.discrete.scalar import Scalar
from catalign.nn.discrete.selection import Select
from catalign.training.discrete.rows import CANDIDATES, TOLERANCE, Rows

Words = np.ndarray
_EXISTS = Same(K, K)


@dataclass(frozen=True)
class Found:
    """A selection.

    Attributes:
      selection: The selection.
      right: The rows where it is right, bool `[r]`.
      sure: Whether it is right at all rows where it selects anything.
    """

    selection: Select
    right: np.ndarray
    sure: bool

    @property
    def score(self) -> float:
        """How many rows it covers."""
        return float(self.right.sum())


@dataclass(frozen=True)
class Key:
    """An order of the candidates: by a scalar in k, or by place."""

    scalar: Scalar | None
    greatest: bool

    @property
    def cost(self) -> float:
        """The cost of the key in a selection."""
        return (self.scalar.cost if self.scalar else 0.0) + 0.1 * self.greatest


class Bank:
    """The conditions in k at some rows, as words: bit k of a word is condition at candidate k."""

    def __init__(self, rows: Rows, literals: Sequence[Condition]) -> None:
        self.rows = rows
        words, kept, known = [], [], set()
        exists = rows.candidates(_EXISTS)
        for literal in literals:
            word = _pack(rows.candidates(literal) & exists)
            packed = word.tobytes()
            if packed in known or not word.any():
                continue
            known.add(packed)
            words.append(word)
            kept.append(literal)
        self.literals = kept
        self.costs = np.array([c.cost for c in kept])
        self.words = np.stack(words) if words else np.zeros((0, rows.count), np.uint32)
        self.exists = exists

    def at(self, chosen: np.ndarray, most: int) -> "Bank":
        """The cheapest conditions at some of the rows."""
        bank = copy.copy(self)
        kept = np.sort(np.argsort(self.costs, kind="stable")[:most])
        bank.literals, bank.costs = [self.literals[c] for c in kept], self.costs[kept]
        bank.rows = self.rows.subset(chosen)
        bank.words, bank.exists = self.words[kept][:, chosen], self.exists[chosen]
        return bank

    def ranked(self, key: Key, target: np.ndarray) -> tuple[Words, Words, Words]:
        """The candidates with a key, those that are the target, and those before it, words `[r]`.

        The target is a node, or a number that the key shall have.
        """
        place = np.arange(CANDIDATES)
        value = None if key.scalar is None else self.rows.candidates(key.scalar)
        allowed = self.exists if value is None else self.exists & ~np.isnan(value)
        if target.dtype.kind == "f":
            if value is None:
                value = np.broadcast_to(place.astype(float), allowed.shape)
            near = TOLERANCE * (1 + np.abs(target))[:, None]
            gap = (value - target[:, None]) * (1 if key.greatest else -1)
            return (
                _pack(allowed),
                _pack(allowed & (np.abs(gap) <= near)),
                _pack(allowed & (gap > near)),
            )
        at = np.maximum(target, 0)[:, None]
        if value is None:
            ahead = place > at if key.greatest else place < at
        else:
            here = np.take_along_axis(value, at, axis=1)
            better = value > here if key.greatest else value < here
            ahead = better | ((value == here) & (place < at))
        none = (target < 0)[:, None]
        return (
            _pack(allowed),
            _pack(allowed & ~none & (place == at)),
            _pack(allowed & (ahead | none)),
        )


def _pack(sets: np.ndarray) -> Words:
    packed = np.packbits(sets, axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view(np.uint32)[..., 0]


PROMISING = 10
"""How many scalar keys are looked at closely, by what they cover and cost."""
SURE = 4
"""How many are looked at closely whatever they cost."""
FIRST = 6
"""How many conditions a key is judged with, each with any second one."""
CHEAP = 400
"""How many conditions, the cheapest ones, keys are judged with."""
GLANCE = 96
"""How many rows decide which keys these are."""


def promising(bank: Bank, keys: Sequence[Key], target: np.ndarray, price: float) -> list[Key]:
    """The keys that do best with at most two conditions, on some rows; and the order by place.

    The first condition is one of the few that leave the target nearest to the front.
    """
    scalar = [key for key in keys if key.scalar is not None]
    plain = [key for key in keys if key.scalar is None]
    if len(scalar) <= PROMISING:
        return [*plain, *scalar]
    at = np.unique(np.linspace(0, len(target) - 1, min(GLANCE, len(target))).astype(int))
    glance = bank.at(at, CHEAP)
    scored = []
    for key in scalar:
        free, sets = _judged(glance, key, target[at])
        hope = _hope(sets)
        best = float(free.mean())
        for c in np.argsort(-hope, kind="stable")[:FIRST]:
            best = max(best, float(_count((sets[c] & sets).right).max()) / len(at))
        scored.append((best, best - price * key.cost))
    best, worth = np.array(scored).T
    costs = np.array([key.cost for key in scalar])
    # Some by what they cover alone: the right key of a table is long, and covers everything.
    order = [*np.argsort(-worth, kind="stable")[:PROMISING], *np.lexsort((costs, -best))[:SURE]]
    return [*plain, *(scalar[k] for k in dict.fromkeys(order))]


@dataclass(frozen=True)
class _Sets:
    """Conjunctions at some rows, `[c, r]`.

    Attributes:
      has: Whether each allows the target, if there is one.
      below: The candidates that it allows before the target; all that it allows if there is none.
      some: The candidates that it allows.
    """

    has: np.ndarray
    below: Words
    some: Words

    def __getitem__(self, at: Any) -> "_Sets":
        return _Sets(self.has[at], self.below[at], self.some[at])

    def __and__(self, other: "_Sets") -> "_Sets":
        return _Sets(self.has & other.has, self.below & other.below, self.some & other.some)

    @property
    def right(self) -> np.ndarray:
        """Whether each selects the target, or nothing if there is none."""
        return self.has & (self.below == 0)


def _judged(bank: Bank, key: Key, target: np.ndarray) -> tuple[np.ndarray, _Sets]:
    """Where no condition is needed, and what each condition makes of the candidates."""
    allowed, hit, ahead = bank.ranked(key, target)
    none = np.zeros(len(target), bool) if target.dtype.kind == "f" else target < 0
    has = ((bank.words & hit) != 0) | none
    return (ahead == 0) & (hit != 0), _Sets(has, bank.words & ahead, bank.words & allowed)


def _count(right: np.ndarray) -> np.ndarray:
    """How many rows are right, `[c, r]` to float `[c]`."""
    return np.add.reduce(right.view(np.uint8), axis=1, dtype=np.uint32).astype(float)


def _hope(sets: _Sets) -> np.ndarray:
    """How near the target is to the front, `[c]`: a row halves with each candidate before it."""
    near = np.right_shift(sets.has.view(np.uint8) << np.uint8(6), np.bitwise_count(sets.below))
    return np.add.reduce(near, axis=1, dtype=np.uint32) / 64.0


def selections(
    bank: Bank, keys: Sequence[Key], target: np.ndarray, *, most: int, keep: int
) -> Iterator[Found]:
    """The selections with the best coverage of a target, for each key.

    Args:
      bank: The conditions at the rows.
      keys: The orders to try.
      target: The right node at each row, -1 for none; or the number that the best key shall be.
      most: The largest number of conditions.
      keep: How many to give for each key and number of conditions.
    """
    for key in keys:
        alone, sets = _judged(bank, key, target)
        if alone.any():
            yield Found(Select(key.scalar, key.greatest, ()), alone, bool(alone.all()))
        yield from _grow(bank, key, sets, most, keep)


def _grow(bank: Bank, key: Key, sets: _Sets, most: int, keep: int) -> Iterator[Found]:
    """Conjunctions of one, two, ... conditions; only promising ones are extended."""
    count = len(bank.literals)
    firsts = np.arange(count)
    if count > WIDE:
        hope = _hope(sets)
        firsts = np.sort(np.argsort(-hope, kind="stable")[:WIDE])
    beam = [((c,), sets[c]) for c in firsts.tolist()]
    right = sets.right
    yield from _best_of(bank, key, [(c,) for c in range(count)], right, _sure(sets, right), keep)
    for size in range(2, most + 1):
        names: list[tuple[int, ...]] = []
        rights, sures, hopes = [], [], []
        for chosen, here in beam:
            if size > 2 or count > WIDE:
                others = np.delete(np.arange(count), chosen)
            else:
                others = np.arange(chosen[0] + 1, count)
            if not len(others):
                continue
            both = here & sets[others]
            done = both.right
            score = _count(done)
            rank = -score + 1e-3 * bank.costs[others]
            best = np.argsort(rank)[: keep * 4]
            sure = np.flatnonzero(_sure(both, done) & (score > 0))
            best = np.union1d(best[score[best] > 0], sure[np.argsort(rank[sure])[:2]])
            names += [(*chosen, int(others[b])) for b in best]
            rights.append(done[best])
            sures.append(np.isin(best, sure))
            if size < most:
                hope = _hope(both)
                top = np.argsort(-hope, kind="stable")[:4]
                hopes += [(float(hope[b]), (*chosen, int(others[b])), both[b]) for b in top]
        if rights:
            right, sure = np.concatenate(rights), np.concatenate(sures)
            yield from _best_of(bank, key, names, right, sure, keep)
        hopes.sort(key=lambda item: -item[0])
        seen: set[frozenset[int]] = set()
        beam = []
        for _, chosen, both in hopes:
            if frozenset(chosen) not in seen and len(beam) < BEAM:
                seen.add(frozenset(chosen))
                beam.append((chosen, both))


def _sure(sets: _Sets, right: np.ndarray) -> np.ndarray:
    """Which conjunctions are right at all rows where they allow a candidate, `[c]`."""
    return ((sets.some == 0) | right).all(axis=1)


WIDE = 256
"""How many conditions are the first of a pair: those that leave the target nearest to the front."""
BEAM = 12
"""How many conjunctions are extended by a further condition."""


def _best_of(
    bank: Bank,
    key: Key,
    names: Sequence[tuple[int, ...]],
    right: np.ndarray,
    sure: np.ndarray,
    keep: int,
) -> Iterator[Found]:
    """Those that are right most often, and of the sure ones as many again."""
    score = _count(right)
    cost = np.array([bank.costs[list(chosen)].sum() for chosen in names])
    order = np.lexsort((cost, -score))
    chosen = dict.fromkeys([*order[:keep].tolist(), *order[sure[order]][:keep].tolist()])
    for b in chosen:
        if score[b]:
            where = tuple(bank.literals[c] for c in sorted(names[b]))
            yield Found(Select(key.scalar, key.greatest, where), right[b], bool(sure[b]))


def separations(bank: Bank, classes: np.ndarray, rows: np.ndarray, *, keep: int) -> list[Select]:
    """Selections whose emptiness says most about a class, as the first candidate that they allow.

    Args:
      bank: The conditions.
      classes: The class at each row.
      rows: The rows to look at, by number.
      keep: How many to give.
    """
    words = bank.words[:, rows]
    values = np.unique(classes[rows])
    if len(values) < 2 or not len(words):
        return []
    member = np.stack([classes[rows] == v for v in values], axis=1).astype(np.float32)
    member /= np.maximum(member.sum(axis=0), 1)[None]

    def gaps(sets: Words, cost: np.ndarray) -> np.ndarray:
        rate = (sets != 0).astype(np.float32) @ member
        return rate.max(axis=1) - rate.min(axis=1) - 0.01 * cost

    scored: list[tuple[float, tuple[int, ...]]] = []
    for a in range(len(words)):
        gap = gaps(words[a][None] & words[a:], bank.costs[a] + bank.costs[a:])
        for b in np.argsort(-gap)[:keep]:
            scored.append((float(gap[b]), (a,) if b == 0 else (a, a + int(b))))
    scored.sort(key=lambda item: -item[0])
    for _, chosen in scored[: 2 * keep]:
        if len(chosen) == 2:
            both = words[chosen[0]] & words[chosen[1]]
            gap = gaps(both[None] & words, bank.costs[list(chosen)].sum() + bank.costs)
            scored += [
                (float(gap[c]), (*chosen, int(c))) for c in np.argsort(-gap)[:2] if c not in chosen
            ]
    scored.sort(key=lambda item: -item[0])
    return [
        Select(None, False, tuple(bank.literals[c] for c in chosen))
        for gap, chosen in scored[:keep]
        if gap > 0.05
    ]
