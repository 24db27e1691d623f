"""The learner of rules: the smallest tree of conditions that puts a right term at every row.

A row may have several right terms. Rows with equal conditions are merged, and their sets of right
terms intersected; an empty intersection means that no rule over these conditions is right, and
names two rows that contradict each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from catalign.nn.discrete.condition import Condition, IsGraph
from catalign.nn.discrete.expression import Expression
from catalign.nn.discrete.rule import Leaf, Split, Tree
from catalign.training.discrete.rows import Places

WIDTHS = (16, 6, 3, 2, 1)
"""How many conditions are tried at each depth; the last holds from there on."""


TERMS = 60
"""How many terms are looked at in one place, those right at the most rows."""


VISITS = 15
"""How many inner nodes the search may look at, for each unit of the budget."""
SEEN = 400
"""How many rows the score of a condition is estimated on."""


@dataclass(frozen=True)
class Problem:
    """What a tree is fitted to.

    Attributes:
      conditions: The conditions.
      terms: The terms.
      holds: Whether a condition holds at a row, bool `[r, conditions]`.
      right: Whether a term is right at a row, bool `[r, terms]`.
      weight: How much a row counts, `[r]`.
      drifting: Which terms keep a value only up to rounding where a step keeps it, bool `[terms]`;
        none if left out. Such a step is taken again and again: its roundings would add up, and part
        numbers that are equal and that other rules compare.
      places: Where the rows are, to name them.
    """

    conditions: Sequence[Condition]
    terms: Sequence[Expression]
    holds: np.ndarray
    right: np.ndarray
    weight: np.ndarray
    drifting: np.ndarray | None = None
    places: Places | None = None

    def steady(self) -> "Problem":
        """The problem without its drifting terms, if the others are right somewhere at each row."""
        if self.drifting is None or not self.drifting.any():
            return self
        kept = np.flatnonzero(~self.drifting).tolist()
        right = self.right[:, kept]
        if not right.any(axis=1).all():
            return self
        terms = [self.terms[t] for t in kept]
        return Problem(self.conditions, terms, self.holds, right, self.weight)

    def packed(self) -> "Problem":
        """The problem with its tables as bits, to be kept."""
        tables = {name: np.packbits(getattr(self, name), axis=1) for name in ("holds", "right")}
        return replace(self, **tables)

    def unpacked(self) -> "Problem":
        """The problem that was packed."""
        counts = {"holds": len(self.conditions), "right": len(self.terms)}
        tables = {
            name: np.unpackbits(getattr(self, name), axis=1, count=count).view(bool)
            for name, count in counts.items()
        }
        return replace(self, **tables)

    def groups(self) -> tuple[np.ndarray, np.ndarray]:
        """The first row of each group of rows with equal conditions, and the group of each row."""
        packed = np.packbits(self.holds, axis=1)
        _, first, group = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        return first, group.ravel()

    def merged(self) -> "tuple[Problem, int]":
        """Rows with equal conditions as one, and how many rows contradict others."""
        first, group = self.groups()
        order = np.argsort(group, kind="stable")
        starts = np.searchsorted(group[order], np.arange(len(first)))
        right = np.logical_and.reduceat(self.right[order], starts, axis=0)
        weight = np.add.reduceat(self.weight[order], starts)
        clash = ~right.any(axis=1)
        rows = int(np.isin(group, np.flatnonzero(clash)).sum())
        merged = Problem(self.conditions, self.terms, self.holds[first], right, weight)
        return merged, rows

    def contradiction(self) -> tuple[int, int] | None:
        """The sufficiency test: two rows that no rule over these conditions is right at.

        They are of a group of rows with equal conditions that have no right term in common, and
        have as few in common as any two of it: none, where two suffice. None without such a group.
        """
        _, group = self.groups()
        for g in range(group.max(initial=-1) + 1):
            rows = np.flatnonzero(group == g)
            right = self.right[rows]
            if right.all(axis=0).any():
                continue
            common = right.astype(np.float32) @ right.T.astype(np.float32)
            a, b = divmod(int(common.argmin()), len(rows))
            return int(rows[min(a, b)]), int(rows[max(a, b)])
        return None

    def conflict(self) -> str:
        """A contradiction in words; empty if there is none."""
        pair = self.contradiction()
        if pair is None or self.places is None:
            return ""
        a, b = (self.places.name(row) for row in pair)
        alike = "all places like these" if self.right[list(pair)].all(axis=0).any() else "both"
        return (
            f"no condition tells the place where {a} from that where {b}, and no term is right at "
            f"{alike}"
        )


class _Search:
    """Branch and bound: the first conditions by score, and only trees that cost less than known.

    The search ends after some visits. A fair one gives each condition that is tried a share of
    those that are left; else the first ones may take all.
    """

    def __init__(self, problem: Problem, visits: int, *, fair: bool = False) -> None:
        self.p, self.fair = problem, fair
        self.holds = problem.holds.astype(np.float32)
        self.wrong = _words(~problem.right)
        self.condition_cost = np.array([c.cost for c in problem.conditions])
        self.term_cost = np.array([t.cost_inside for t in problem.terms])
        self.cheapest = float(self.term_cost.min())
        self.visits = visits
        self.rng = np.random.default_rng(0)

    def fit(self, rows: np.ndarray, level: int, budget: float) -> Tree | None:
        """A tree that is right at some rows and costs at most the budget."""
        p = self.p
        pure = ~self._is_some(self.wrong, rows)
        if pure.any():
            least = int(np.argmin(np.where(pure, self.term_cost, np.inf)))
            return Leaf(p.terms[least]) if self.term_cost[least] <= budget else None
        room = budget - 2 * self.cheapest
        if room <= 0 or not len(p.conditions) or self.visits <= 0:
            return None
        self.visits -= 1
        seen = rows
        if len(rows) > SEEN:
            # Scores are estimated on some rows. What is right everywhere is decided on all.
            seen = self.rng.choice(rows, SEEN, replace=False)
        right = p.right[seen]
        weight = p.weight[seen].astype(np.float32)
        total = float(weight.sum())
        much = weight @ right.astype(np.float32)
        useful = np.flatnonzero(much)
        if len(useful) > TERMS:
            most = np.argsort(-much[useful], kind="stable")[:TERMS]
            useful = useful[np.sort(most)]
        useful = self._different(right, useful)
        term_cost = self.term_cost[useful]
        # Terms by conditions: the product of matrices in this order takes less than half the time.
        value = np.ascontiguousarray(right[:, useful].T * weight)
        covered = value.sum(axis=1)
        holds = self.holds[seen]
        share = weight @ holds
        slack = 1e-5 * total
        splits = (share > slack) & (share < total - slack) & (self.condition_cost < room)
        splits = np.flatnonzero(splits)
        share, condition_cost = share[splits], self.condition_cost[splits]
        then = value @ np.take(holds, splits, axis=1)
        otherwise = covered[:, None] - then
        cost = 1e-5 * total * term_cost[:, None].astype(np.float32)
        best_then, best_otherwise = (then - cost).argmax(0), (otherwise - cost).argmax(0)
        every = np.arange(len(share))
        won_then, won_otherwise = then[best_then, every], otherwise[best_otherwise, every]
        pure_then = won_then >= share - slack
        pure_otherwise = won_otherwise >= total - share - slack
        gain = (won_then + won_otherwise - covered.max()) / total
        # A pure side leaves less to explain; it counts by what it takes away.
        relief = np.where(pure_then, share, 0) + np.where(pure_otherwise, total - share, 0)
        score = gain + 0.3 * relief / total - 0.004 * condition_cost
        both = pure_then & pure_otherwise
        ends = term_cost[best_then] + term_cost[best_otherwise]
        score = np.where(both, 1e3 - condition_cost - ends, score)
        width = WIDTHS[min(level, len(WIDTHS) - 1)]
        order = splits[np.argsort(-score, kind="stable")[:width]]
        best: Tree | None = None
        for k, c in enumerate(order.tolist()):
            # What is not visited now may be visited later.
            share = -(-self.visits // (len(order) - k)) if self.fair else self.visits
            later, self.visits = self.visits - share, share
            found = self.split(rows, c, level, budget)
            self.visits += later
            if found is not None:
                best, budget = found, found.cost - 1e-6
        return best

    def _different(self, right: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """Of some terms that are right at the same rows, `[r, terms]`, the cheapest one each."""
        found: dict[bytes, int] = {}
        for t, row in zip(terms.tolist(), np.packbits(right[:, terms].T, axis=1), strict=True):
            key = row.tobytes()
            if self.term_cost[t] < self.term_cost[found.setdefault(key, t)]:
                found[key] = t
        return np.sort(np.fromiter(found.values(), int))

    def _is_some(self, words: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Whether some of the rows are in each set of rows, `[c]`."""
        at = np.zeros(len(self.holds), bool)
        at[rows] = True
        mask = _words(at[:, None])[:, 0]
        found = np.zeros(words.shape[1], np.uint64)
        for w in np.flatnonzero(mask).tolist():
            found |= words[w] & mask[w]
        return found != 0

    def split(self, rows: np.ndarray, c: int, level: int, budget: float) -> Tree | None:
        """A tree with one condition at the top."""
        inside = self.holds[rows, c] > 0.5
        if inside.all() or not inside.any():
            return None
        # The smaller side first: where it fails, the larger is not looked at.
        small = inside if 2 * int(inside.sum()) <= len(rows) else ~inside
        room = budget - float(self.condition_cost[c])
        first = self.fit(rows[small], level + 1, room - self.cheapest)
        if first is None:
            return None
        second = self.fit(rows[~small], level + 1, room - first.cost)
        if second is None:
            return None
        then, otherwise = (first, second) if small is inside else (second, first)
        return then if then == otherwise else Split(self.p.conditions[c], then, otherwise)


def _words(sets: np.ndarray) -> np.ndarray:
    """Sets of rows, bool `[r, c]`, as the bits of words, `[r / 64, c]`."""
    packed = np.packbits(sets, axis=0, bitorder="little")
    packed = np.pad(packed, ((0, -len(packed) % 8), (0, 0)))
    return np.ascontiguousarray(packed.T).view(np.uint64).T.copy()


def fit_tree(problem: Problem, budget: float) -> tuple[Tree | None, int]:
    """The cheapest tree found that is right at every row, and how many rows contradict others.

    Where there is none at first sight, the search is done again in shares. Then the rows are parted
    by the classes at the graph, such as the phase of an algorithm, and each part has a tree of its
    own.

    Args:
      problem: The rows.
      budget: The largest cost.
    """
    merged, clashes = problem.merged()
    if clashes:
        return None, clashes
    every = np.arange(len(merged.weight))
    tree = _Search(merged, int(VISITS * budget)).fit(every, 0, budget)
    if tree is None and budget > PARTED:
        tree = _Search(merged, int(VISITS * budget), fair=True).fit(every, 0, budget)
    if tree is None and budget > PARTED:
        tree = _parted(merged, every, budget)
    return tree, 0


PARTED = 16.0
"""The budget from which on rows are parted by phase."""


def _parted(p: Problem, rows: np.ndarray, budget: float) -> Tree | None:
    """The cheapest tree whose first conditions are the classes of one or two fields."""
    fields: dict[str, list[int]] = {}
    for c, condition in enumerate(p.conditions):
        if isinstance(condition, IsGraph) and not condition.name.startswith("@"):
            fields.setdefault(condition.name, []).append(c)
    choices = [[name] for name in fields] + [list(pair) for pair in combinations(fields, 2)]
    best: Tree | None = None
    for names in choices[:MOST_PARTS]:
        conditions = [c for name in names for c in fields[name]]
        tree = _chain(p, rows, conditions, budget)
        if tree is not None:
            best, budget = tree, tree.cost - 1e-6
    return best


MOST_PARTS = 6
"""How many ways to part the rows are tried."""


def _chain(p: Problem, rows: np.ndarray, conditions: list[int], budget: float) -> Tree | None:
    if not conditions:
        return _Search(p, int(VISITS * min(budget, 30))).fit(rows, 0, budget)
    c, *rest = conditions
    inside = p.holds[rows, c]
    if inside.all() or not inside.any():
        return _chain(p, rows, rest, budget)
    cost = p.conditions[c].cost
    then = _chain(p, rows[inside], rest, budget - cost)
    if then is None:
        return None
    otherwise = _chain(p, rows[~inside], rest, budget - cost - then.cost)
    if otherwise is None:
        return None
    return then if then == otherwise else Split(p.conditions[c], then, otherwise)
