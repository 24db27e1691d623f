"""Candidates: what a rule of one field may be made of, judged at some rows.

From the catalogue to a `Problem`: terms are evaluated and merged where they agree everywhere, the
selections that cover the changed rows are searched for, and conditions are formed from all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from catalign.algorithms.spec import Kind, Location
from catalign.nn.discrete import catalogue
from catalign.nn.discrete.condition import (
    LessEqual,
)
from catalign.nn.discrete.expression import (
    Expression,
    K,
    Middle,
    Node,
    Register,
    Successor,
)
from catalign.nn.discrete.rule import Constantly, Leaf, Own, Rule, Tree, leaves
from catalign.nn.discrete.scalar import (
    Binary,
    Constant,
    Depth,
    Of,
    Scalar,
    operate,
)
from catalign.nn.discrete.selection import Best, Select
from catalign.nn.discrete.signature import Field, Signature
from catalign.training.discrete.columns import Columns, Scalars, distinct
from catalign.training.discrete.conditions import POINTS, Conditions, measured
from catalign.training.discrete.rows import TOLERANCE, Rows
from catalign.training.discrete.search import Bank, Found, Key, promising, selections, separations
from catalign.training.discrete.tree import Problem

SEARCH_ROWS = 250
"""How many rows a search for selections looks at, in each of one or two cases."""
SEARCH_ROWS_EACH = 100
"""How many in each of many cases."""
PRICE = 0.06
"""The share of the rows that a selection must cover more for each unit of its cost."""
FEW = 4
"""How many values make a scalar a class."""
PHASES = 8
"""How many cases of the rows are looked at apart."""
MANY = 60
"""How many scalars are combined with the best key of each selection that is searched for."""
FOLDS = 5
"""How many least or greatest keys are taken for one phase, at most two only for being sure."""
FOREMOST = 200
"""How many scalar terms are taken for each phase."""
COVER = 6
"""How many selections are taken to cover the rows of one phase."""
KNOWN = 16
"""How many selections conditions may read; half of them are found at the rows, if there are."""


@dataclass
class Task:
    """One field to learn.

    Attributes:
      field: The field, primed.
      own: The old value's field, if there is one.
      available: What the rule may read.
      known: Selections that other rules use.
      tier: The tier of the catalogue.
      rules: The rules before it.
    """

    field: Field
    own: Field | None
    available: Signature
    known: Sequence[Select]
    tier: int
    rules: Sequence[Rule]


def readable(selection: Select, signature: Signature, rank: int) -> bool:
    """Whether a selection reads only fields of a signature, and receivers of a rank."""
    names = {f.name for f in signature.fields}
    receivers = set(catalogue.RECEIVERS[2]) - set(catalogue.RECEIVERS[rank])
    return selection.reads <= names and not receivers & set(selection.walk())


def cell(rows: Rows, tree: Tree) -> np.ndarray:
    """The number of the leaf that each row falls into, from left to right."""
    if isinstance(tree, Leaf):
        return np.zeros(rows.count, int)
    then, otherwise = cell(rows, tree.then), cell(rows, tree.otherwise)
    behind = otherwise + len(list(leaves(tree.then)))
    return np.where(rows.values(tree.condition), then, behind)


def problem(task: Task, rows: Rows, weight: np.ndarray) -> Problem:
    """The problem of one field at some rows."""
    return _Maker(task, rows, weight).make()


class _Maker:
    def __init__(self, task: Task, rows: Rows, weight: np.ndarray) -> None:
        self.task, self.rows, self.weight = task, rows, weight
        self.signature, self.rank = task.available, task.field.rank
        self.measured = measured(rows, self.signature)
        self.y = rows.target(task.field)
        self.old = rows.target(task.own) if task.own else None
        self.drifting: np.ndarray | None = None
        base = catalogue.base_terms(self.signature, self.rank)
        self.base = distinct(rows, base)
        self.known = [s for s in task.known if readable(s, self.signature, self.rank)]
        self.found: list[Select] = []
        near = catalogue.near_terms(self.signature, base)
        if task.tier > 1:
            near += [t for t in catalogue.near_terms(self.signature, self.known[:8]) if t.parts]
        if task.tier > 2 and self.rank == 0:
            near += catalogue.far_terms(self.signature, base)
        both = distinct(rows, [*base, *near])
        self.near = [
            t
            for t in both.expressions
            if t not in set(base) and not isinstance(t, Middle | Successor)
        ]

    @property
    def changed(self) -> np.ndarray:
        if self.old is None:
            return np.ones(self.rows.count, bool)
        return self.old != self.y

    def make(self) -> Problem:
        kind = self.task.field.kind
        if kind in (Kind.MASK_ONE, Kind.POINTER):
            terms, right = self.node_terms()
        elif kind is Kind.SCALAR:
            terms, right = self.scalar_terms()
        else:
            terms, right = self.class_terms()
        if not right.any(axis=1).all():
            return Problem([], terms, np.zeros((self.rows.count, 0), bool), right, self.weight)
        conditions, holds = Conditions(
            self.rows,
            self.signature,
            self.measured,
            rank=self.rank,
            tier=self.task.tier,
            near=self.near,
            known=self.foremost_selections(),
        ).make()
        return Problem(conditions, terms, holds, right, self.weight, self.drifting)

    def foremost_selections(self) -> list[Select]:
        """The selections that conditions may read: of those found here, and of other rules'."""
        others = [s for s in self.known if s not in self.found]
        room = max(KNOWN // 2, KNOWN - len(others))
        return [*self.found[:room], *others][:KNOWN]

    # ---- terms

    def node_terms(self) -> tuple[list[Expression], np.ndarray]:
        base = catalogue.base_terms(self.signature, self.rank)
        terms: list[Node] = [*base, *catalogue.near_terms(self.signature, base), *self.near]
        terms += self.known
        if self.task.tier > 1:
            terms += catalogue.far_terms(self.signature, base)
        if self.rank == 0:
            terms += catalogue.pair_ends(self.signature)
        columns = distinct(self.rows, terms)
        found = list(columns.expressions)
        right = [value == self.y for value in columns.values]
        # A far-fetched term must not hide the rows that a selection is needed for.
        plain = [k for k, t in enumerate(found) if not isinstance(t, Middle | Successor)]
        chosen = self.search([found[k] for k in plain], np.stack([right[k] for k in plain]))
        new = [
            s for s in distinct(self.rows, chosen).expressions if not columns.holds(s, self.rows)
        ]
        new = self.by_cover(new)
        self.found = new
        self.known += new
        derived = [t for t in catalogue.near_terms(self.signature, new[:8]) if t.parts]
        extra = distinct(self.rows, [*new, *derived])
        self.near += [t for t in extra.expressions if not isinstance(t, Select)]
        found += extra.expressions
        right += [value == self.y for value in extra.values]
        return found, np.stack(right, axis=1)

    def by_cover(self, selections: Sequence[Select]) -> list[Select]:
        """Selections in an order in which each is right at the most rows where none before it is.

        Once all that can be are covered, it begins again with the rest.
        """
        changed = self.changed
        right = {s: changed & (self.rows.values(s) == self.y) for s in selections}
        order: list[Select] = []
        uncovered = changed
        while len(order) < len(right):
            gain = {s: int((right[s] & uncovered).sum()) for s in right if s not in order}
            best = max(gain, key=lambda s: gain[s])
            if gain[best] or uncovered is changed:
                order.append(best)
                uncovered = uncovered & ~right[best]
            else:
                uncovered = changed
        return order

    def search(self, simple: Sequence[Node], right: np.ndarray) -> list[Select]:
        """Selections that, with simple terms, cover the changed rows of each phase."""
        changed = np.flatnonzero(self.changed & ~(right[:1].all(axis=0)))
        groups = self.phases(changed)
        found: list[Select] = []
        rng = np.random.default_rng(0)
        share = max(SEARCH_ROWS_EACH, 2 * SEARCH_ROWS // max(1, len(groups)))
        for group in groups:
            group = self.rows.some(group, min(SEARCH_ROWS, share), rng)
            found += self.cover(group, simple, right[:, group])
        return list(dict.fromkeys(found))

    def phases(self, rows: np.ndarray) -> list[np.ndarray]:
        """Rows by the classes at the graph, old and new, and by what moved the registers.

        A register's rule is a case distinction, and others often follow the same one: each of its
        leaves is a case. Of more cases than are looked at, the rarest ones are one.
        """
        code = self.graph_class()
        for rule in self.task.rules:
            if rule.field.kind is Kind.MASK_ONE:
                code = code * len(list(leaves(rule.tree))) + cell(self.rows, rule.tree)
        known, count = np.unique(code[rows], return_counts=True)
        order = known[np.argsort(-count, kind="stable")]
        groups = [rows[code[rows] == c] for c in order[: PHASES - 1]]
        rest = rows[np.isin(code[rows], order[PHASES - 1 :])]
        return [*groups, rest] if len(rest) else groups

    def graph_class(self) -> np.ndarray:
        """Rows by the values of the masks and categories at the graph, old and new ones."""
        code = np.zeros(self.rows.count, int)
        for f in self.signature.classed(Location.GRAPH):
            code = code * (f.classes + 1) + self.rows.values(Own(f.name, 0)).astype(int)
        return code

    def cover(self, group: np.ndarray, simple: Sequence[Node], right: np.ndarray) -> list[Select]:
        rest = np.arange(len(group))
        found: list[Select] = []
        cost = np.array([t.cost_inside for t in simple])
        for _ in range(COVER):
            if not len(rest):
                break
            rows = self.rows.subset(group[rest])
            target = self.y[group[rest]]
            price = PRICE * len(rest)
            score = right[:, rest].sum(axis=1) - price * cost
            best = int(np.argmax(score))
            options = self.selections(rows, target, found)
            options.sort(key=lambda f: price * f.selection.cost_inside - f.score)
            # Right wherever it selects anything: seldom an accident, whatever else covers more.
            sure = [f.selection for f in options if f.sure]
            found += sure[:1]
            if (
                options
                and options[0].score - price * options[0].selection.cost_inside > score[best]
            ):
                top = options[0]
                near = [f for f in options[1:] if f.score >= 0.95 * top.score]
                near.sort(key=lambda f: f.selection.cost)
                plain = [f for f in options if len(f.selection.where) < 2]
                plain.sort(key=lambda f: (-f.score, f.selection.cost))
                found += [top.selection, *(f.selection for f in [*near[:2], *plain[:1]])]
                rest = rest[~top.right]
            elif right[best, rest].any():
                rest = rest[~right[best, rest]]
            else:
                break
        if found:
            # One selection that builds on these may do better: the least y, then the least x.
            rows, target = self.rows.subset(group), self.y[group]
            alone = max((rows.values(f) == target).sum() for f in found)
            better = [f for f in self.selections(rows, target, found) if f.score > alone]
            better.sort(key=lambda f: (-f.score, f.selection.cost))
            found += [f.selection for f in better[:1]]
            found += [t for f in found if (t := self.untied(f, rows, target)) is not None]
        return found

    def untied(self, selection: Select, rows: Rows, target: np.ndarray) -> Select | None:
        """The selection with ties broken by another order, where that is right more often."""
        key = selection.key
        if not isinstance(key, Of) or key.node != K:
            return None
        here, there = key, Of(key.name, selection)
        tie = LessEqual(there, here) if selection.greatest else LessEqual(here, there)
        orders: list[Scalar | None] = [None]
        orders += [Of(s.name, K) for s in self.signature.scalars if s.name != key.name]
        orders += [Depth(p.name, K) for p in self.signature.pointers]
        options = [
            Select(order, greatest, (*selection.where, tie))
            for order in orders
            for greatest in (False, True)
        ]
        right = [int((rows.values(o) == target).sum()) for o in options]
        alone = int((rows.values(selection) == target).sum())
        best = int(np.argmax(right))
        return options[best] if right[best] > alone else None

    def selections(self, rows: Rows, target: np.ndarray, found: Sequence[Select]) -> list[Found]:
        tier = self.task.tier
        base = catalogue.base_terms(self.signature, self.rank)
        anchors: list[Node] = list(base)
        if tier > 1:
            anchors += dict.fromkeys([*self.known[:8], *found[::3]])
        if tier > 2:
            registers = [t for t in base if isinstance(t, Register)]
            near = catalogue.near_terms(self.signature, registers)
            anchors += [t for t in near if t.reads and not isinstance(t, Successor)]
        bank = Bank(rows, catalogue.literals(self.signature, anchors, tier))
        # A number is the value of a key; the place of a node is none.
        keys = [] if target.dtype.kind == "f" else [Key(None, False), Key(None, True)]
        for scalar in catalogue.keys(self.measured, anchors, self.rank, tier):
            keys += [Key(scalar, False), Key(scalar, True)]
        keys = promising(bank, keys, target, PRICE)
        return list(selections(bank, keys, target, most=min(3, tier + 1), keep=6))

    def class_terms(self) -> tuple[list[Expression], np.ndarray]:
        f = self.task.field
        boolean = f.kind is Kind.MASK
        terms: list[Expression] = [Constantly(v, boolean) for v in range(f.classes)]
        if -1 in self.y:
            terms.append(Constantly(-1))
        terms += [
            Own(g.name, g.rank)
            for g in self.signature.of(f.kind, f.location)
            if g.classes == f.classes
        ]
        right = np.stack([self.rows.values(t).astype(int) == self.y for t in terms], axis=1)
        if not right.all(axis=0).any():
            self.separate(self.y)
        return terms, right

    def separate(self, classes: np.ndarray) -> None:
        """Selections whose emptiness tells the classes apart."""
        differs = np.flatnonzero(self.changed)
        same = np.flatnonzero(~self.changed)
        rng = np.random.default_rng(0)
        half = SEARCH_ROWS // 2
        chosen = [self.rows.some(x, half, rng) for x in (differs, same)]
        group = np.sort(np.concatenate(chosen))
        if not len(group):
            return
        rows = self.rows.subset(group)
        anchors: list[Node] = [*catalogue.base_terms(self.signature, self.rank), *self.known[:4]]
        bank = Bank(rows, catalogue.literals(self.signature, anchors, min(self.task.tier, 2)))
        code = self.graph_class()[group]
        for value in np.unique(code):
            at = np.flatnonzero(code == value)
            self.found += separations(bank, classes[group], at, keep=6)
        self.found = list(dict.fromkeys(self.found))
        self.known = list(dict.fromkeys([*self.known, *self.found]))

    # ---- scalars

    def scalar_terms(self) -> tuple[list[Expression], np.ndarray]:
        base = catalogue.base_terms(self.signature, self.rank)
        selected = self.known[:10]
        terms = [*base, *selected] if self.task.tier == 1 else [*base, *selected, *self.near]
        atoms = distinct(
            self.rows,
            catalogue.atoms(self.signature, self.rank, terms)
            + [Best(s) for s in selected if s.key],
        )
        found = Scalars(self.y, self.changed)
        for a, v in zip(atoms.expressions, atoms.values, strict=True):
            found.add(a, v)
        constants: list[Constant] = [Constant(0.0), Constant(1.0), *self.differences()]
        for c in constants:
            found.add(c, np.full(self.rows.count, c.value))
        for a, v in zip(atoms.expressions, atoms.values, strict=True):
            for c in constants[1:]:
                found.offer(Binary("+", a, c), v + c.value)
        if self.task.tier > 1:
            extra = catalogue.counts(self.signature)
            extra += catalogue.angles(self.signature, [*base, *selected])
            if self.rank == 0:
                extra += catalogue.shares(self.signature, base)
            if self.rank < 2:
                extra += catalogue.turns(self.signature, [*base, *self.near][:POINTS])
            for e in extra:
                found.offer(e, self.rows.values(e))
        if self.task.tier > 1:
            self.binaries(atoms, found)
        if self.task.tier > 2:
            self.sums(atoms, found)
        if self.task.tier > 1:
            for best in self.folds(np.stack(found.right, axis=1)):
                value = self.rows.values(best)
                found.offer(best, value)
                for a, v in zip(atoms.expressions[:MANY], atoms.values, strict=False):
                    for o in ("min", "max", "+"):
                        found.offer(Binary(o, a, best), operate(np, o, v, value))
        values, classes = np.unique(np.round(self.y, 9), return_inverse=True)
        stacked = np.stack(found.right, axis=1)
        if 1 < len(values) <= FEW and not stacked.all(axis=0).any():
            self.separate(classes)
        kept = self.foremost(found, stacked, len(atoms.expressions) + len(constants))
        self.drifting = np.array(found.drifting)[kept]
        return [found.expressions[t] for t in kept.tolist()], stacked[:, kept]

    def foremost(self, found: Scalars, right: np.ndarray, plain: int) -> np.ndarray:
        """The terms that are right most often in each phase, beside the first, plain ones.

        Sums of clocks agree by accident all the time, but each at a few changed rows of a phase.
        """
        cost = np.array([e.cost_inside for e in found.expressions])
        kept = np.arange(len(cost)) < plain
        for group in self.phases(np.flatnonzero(self.changed)):
            kept[np.lexsort((cost, -right[group].sum(axis=0)))[:FOREMOST]] = True
        # No row may lose what explains it, nor what explains it without a drift.
        for some in (right, right & ~np.array(found.drifting)):
            explained = some.any(axis=1)
            while len(rest := np.flatnonzero(explained & ~some[:, kept].any(axis=1))):
                kept[np.argmax(some[rest].sum(axis=0))] = True
        return np.flatnonzero(kept)

    def folds(self, right: np.ndarray) -> list[Best]:
        """The least or greatest keys of selections, for the phases that no one term explains."""
        found: list[Select] = []
        rng = np.random.default_rng(0)
        for group in self.phases(np.flatnonzero(self.changed)):
            if right[group].all(axis=0).any():
                continue
            group = self.rows.some(group, SEARCH_ROWS_EACH, rng)
            rows, target = self.rows.subset(group), self.y[group].astype(float)
            options = self.selections(rows, target, found)
            chosen = [f for f in options if f.sure][:2]
            rest = np.ones(len(group), bool)
            while rest.any() and options and len(chosen) < FOLDS:
                price = PRICE * rest.sum()
                # Of those that are right at as many of the rest, the one that is right elsewhere.
                gain = [(f.right & rest).sum() + 0.01 * f.score for f in options]
                cost = [price * f.selection.cost_inside for f in options]
                chosen.append(options.pop(int(np.argmax(np.subtract(gain, cost)))))
                rest &= ~chosen[-1].right
            found += [f.selection for f in chosen]
        new = distinct(self.rows, dict.fromkeys(found)).expressions
        self.found = list(dict.fromkeys([*self.found, *new]))
        self.known += [s for s in new if s not in self.known]
        return [Best(s) for s in new]

    def binaries(self, atoms: Columns, found: Scalars) -> None:
        few = np.flatnonzero(self.changed)[:: max(1, int(self.changed.sum()) // 300)]
        if not len(few):
            return
        pairs = list(zip(atoms.expressions, atoms.values, strict=True))
        pairs = sorted(pairs, key=lambda p: p[0].cost)[:200]
        if not pairs:
            return
        value = np.stack([v[few] for _, v in pairs]).astype(float)
        y = self.y[few]
        scale = TOLERANCE * (1 + np.abs(y))
        with np.errstate(all="ignore"):
            for operation in ("+", "-", "min", "max", "*"):
                for a, (x, _) in enumerate(pairs):
                    second = value if operation == "-" else value[a:]
                    out = operate(np, operation, value[a][None], second)
                    hits = (np.abs(out - y[None]) <= scale[None]).sum(axis=1)
                    for b in np.flatnonzero(hits > 0.02 * len(few)):
                        b = int(b) if operation == "-" else int(b) + a
                        e = Binary(operation, x, pairs[b][0])
                        found.offer(e, operate(np, operation, pairs[a][1], pairs[b][1]))

    def sums(self, atoms: Columns, found: Scalars) -> None:
        """Sums of three scalars, the last two with either sign."""
        few = np.flatnonzero(self.changed)[:: max(1, int(self.changed.sum()) // 200)]
        pairs = sorted(zip(atoms.expressions, atoms.values, strict=True), key=lambda p: p[0].cost)
        pairs = pairs[:60]
        if self.rank == 0:
            share = catalogue.shares(self.signature, [])
            pairs += [(s, self.rows.values(s)) for s in share]
        if not len(few) or not pairs:
            return
        value = np.stack([v[few] for _, v in pairs]).astype(float)
        y = self.y[few]
        scale = TOLERANCE * (1 + np.abs(y))
        count = range(len(pairs))
        for a, b in product(count, count):
            for first, second in (("+", "+"), ("-", "-"), ("+", "-")):
                if first == second == "+" and b < a:
                    continue
                rest = y - operate(np, first, value[a], value[b])
                signed = value[b:] if first == second else value
                hits = np.abs((signed if second == "+" else -signed) - rest[None]) <= scale[None]
                for c in np.flatnonzero(hits.sum(axis=1) > 0.1 * len(few)):
                    (x, u), (w, v) = pairs[a], pairs[b]
                    z, t = pairs[int(c) + (b if first == second else 0)]
                    total = operate(np, second, operate(np, first, u, v), t)
                    found.offer(Binary(second, Binary(first, x, w), z), total)

    def differences(self) -> list[Constant]:
        """Constants by which the field, or what it follows, changes often."""
        values = self.y if self.old is None else (self.y - self.old)[self.changed]
        values = np.round(values[np.isfinite(values)], 9)
        unique, count = np.unique(values, return_counts=True)
        often = unique[np.argsort(-count)][:2]
        most = np.sort(count)[::-1][:2]
        return [
            Constant(float(v))
            for v, c in zip(often, most, strict=True)
            if c >= max(10, 0.05 * len(values)) and v not in (0.0, 1.0)
        ]
