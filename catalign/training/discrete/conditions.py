"""Conditions: what a rule of one field may tell its rows apart by.

Features of one term, relations of two, and comparisons of scalars, judged at some rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catalign.algorithms.spec import Kind, Location
from catalign.nn.discrete import catalogue
from catalign.nn.discrete.condition import (
    ABSENT,
    Before,
    Condition,
    Is,
    Less,
    LessEqual,
    Same,
    SameClass,
    unlike,
)
from catalign.nn.discrete.expression import At, Node
from catalign.nn.discrete.scalar import Binary, Constant, Of, OfGraph, OfPair, Scalar
from catalign.nn.discrete.selection import Best, Select
from catalign.nn.discrete.signature import Signature
from catalign.training.discrete.columns import Booleans
from catalign.training.discrete.rows import Rows

CONDITIONS = (1000, 1500, 3000)
"""How many conditions of each group a tree may choose from in each tier, the cheapest ones."""
POINTS = 14
"""How many terms are looked at as points, three at a time."""


def measured(rows: Rows, signature: Signature) -> Signature:
    """A signature without its edge scalars of two values, which are bits and measure nothing.

    Ticks of a clock are below the length 1 of all edges as long as an instance is small. The values
    are those in the states of the rows.
    """
    edges = {f.name for f in signature.of(Kind.SCALAR, Location.EDGE)}
    values: dict[str, set[float]] = {name: set() for name in edges}
    for block in rows.blocks:
        for name, found in values.items():
            found |= set(np.unique(block.view.fields[name])[:3].tolist())
    bits = {name for name, found in values.items() if len(found) < 3}
    return Signature(tuple(f for f in signature.fields if f.name not in bits))


@dataclass(frozen=True)
class Conditions:
    """The conditions of one field at some rows.

    Attributes:
      rows: The rows.
      signature: The fields that conditions read.
      measured: Those of them that are compared with others (see `measured`).
      rank: The rank of the field.
      tier: The tier of the catalogue.
      near: Terms an operation away from the receivers and registers.
      known: Selections.
    """

    rows: Rows
    signature: Signature
    measured: Signature
    rank: int
    tier: int
    near: Sequence[Node]
    known: Sequence[Select]

    def make(self) -> tuple[list[Condition], np.ndarray]:
        """The cheapest ones, and where each holds, `[r, c]`."""
        tier, rows = self.tier, self.rows
        base = catalogue.base_terms(self.signature, self.rank)
        columns = Booleans(CONDITIONS[tier - 1])
        near = [*self.near, *self.known]
        for c in catalogue.features(self.signature, self.rank, near, tier):
            columns.add(c, rows.values(c))
        self.classes(columns, [*base, *near])
        self.pairs(columns, Same, [*base, *near], np.equal, [*base, *near])
        order = [*base, *near] if tier > 1 else base
        self.pairs(columns, Before, order, np.less, order)
        self.orders(columns, [*base, *self.known], near)
        return columns.cheapest(rows.count)

    def classes(self, columns: Booleans, terms: Sequence[Node]) -> None:
        """Whether a category is the same at two of some terms."""
        for f in self.signature.of(Kind.CATEGORICAL, Location.NODE):
            known = np.full((len(terms), self.rows.count), ABSENT)
            for k, t in enumerate(terms):
                for v in range(-1, f.classes):
                    known[k, self.rows.values(Is(f.name, v, t, False))] = v
            for k, t in enumerate(terms[:-1]):
                rest = terms[k + 1 :]
                values = (known[k] == known[k + 1 :]) & (known[k] != ABSENT)
                costs = [SameClass(f.name, t, u).cost for u in rest]
                columns.add_many(
                    values, costs, lambda c, f=f, t=t, rest=rest: SameClass(f.name, t, rest[c])
                )

    def pairs(
        self,
        columns: Booleans,
        kind: type,
        first: Sequence[Node],
        compare: np.ufunc,
        second: Sequence[Node],
    ) -> None:
        """A relation of each of some terms with each of others."""
        if not second:
            return
        right = np.stack([self.rows.values(t) for t in second])
        own = kind.own_cost
        for t in first:
            costs = [own + t.cost + u.cost if u != t else np.inf for u in second]
            at = columns.affordable(costs)
            if not at:
                continue
            left, others = self.rows.values(t), right[at]
            values = compare(left[None], others) & (left >= 0)[None] & (others >= 0)
            some = [second[c] for c in at]
            columns.add_many(
                values, [costs[c] for c in at], lambda c, t=t, some=some: kind(t, some[c])
            )

    def compare(self, columns: Booleans, first: Sequence[Scalar], second: Sequence[Scalar]) -> None:
        """The order of each of some scalars with each of others, both ways."""
        if not first or not second:
            return
        right = np.stack([np.asarray(self.rows.values(e), float) for e in second])
        partial = [bool(np.isnan(row).any()) for row in right]
        for e in first:
            left = np.asarray(self.rows.values(e), float)[None]
            costs = [0.5 + e.cost + u.cost + unlike(e, u) if u != e else np.inf for u in second]
            # Where both are numbers everywhere, `a <= b` is the contrary of `b < a`.
            both = not np.isnan(left).any()
            weak = [
                c + 0.1 if p or not both else np.inf for c, p in zip(costs, partial, strict=True)
            ]
            for kind, less, prices in ((Less, np.less, costs), (LessEqual, np.less_equal, weak)):
                at = columns.affordable(prices)
                if not at:
                    continue
                some, others, kept = [second[c] for c in at], right[at], [prices[c] for c in at]
                with np.errstate(invalid="ignore"):
                    columns.add_many(
                        less(left, others), kept, lambda c, e=e, k=kind, s=some: k(e, s[c])
                    )
                    columns.add_many(
                        less(others, left), kept, lambda c, e=e, k=kind, s=some: k(s[c], e)
                    )

    def orders(self, columns: Booleans, terms: Sequence[Node], near: Sequence[Node]) -> None:
        """Comparisons of scalars."""
        tier = self.tier
        places = list(terms) if tier < 2 else [*terms, *near]
        for s in self.signature.scalars:
            here = [Of(s.name, t) for t in places]
            columns.group = f"orders of {s.name}"
            self.compare(columns, here, here)
        columns.group = "orders"
        graph = [OfGraph(g.name) for g in self.signature.of(Kind.SCALAR, Location.GRAPH)]
        self.compare(columns, graph, graph)
        if tier < 2:
            return
        node = [Of(s.name, t) for s in self.signature.scalars for t in terms]
        best = [Best(s) for s in self.known[:8] if s.key is not None]
        mixed = [*graph, *node, *best]
        pairs = catalogue.atoms(self.signature, self.rank, [])
        edges = [e for e in pairs if isinstance(e, OfPair)]
        names = {f.name for f in self.measured.fields}
        weights = [e for e in edges if e.name in names]
        bits = [e for e in edges if e.name not in names]
        receivers = catalogue.RECEIVERS[self.rank]
        if self.rank == 2:
            mixed += [e for e in weights if e.parts == receivers]
            self.compare(columns, [Constant(0.0)], [e for e in bits if e.parts == receivers])
        self.compare(columns, [*graph, *best, Constant(0.0)], mixed)
        hops = [t for t in near if isinstance(t, At)]
        base = catalogue.base_terms(self.signature, self.rank)
        points = list(dict.fromkeys([*base, *hops, *terms]))[:POINTS]
        turns = catalogue.turns(self.signature, points, ordered=False)
        columns.group = "turns"
        self.compare(columns, [Constant(0.0)], turns)
        if tier < 3:
            return
        columns.group = "products"
        for g in self.signature.scalars:
            here = [Of(g.name, t) for t in places[:40]]
            products = [Binary("*", a, b) for k, a in enumerate(here) for b in here[k + 1 :]]
            self.compare(columns, [Constant(0.0)], products)
        columns.group = "mixed"
        self.compare(columns, node, node)
        sums = [(a, b) for a in weights for b in weights if a.b == b.a and a.name == b.name]
        sums += [(a, b) for a in node for b in weights if a.node in (b.a, b.b)]
        paths = [Binary("+", a, b) for a, b in sums]
        goal = [e for e in [*node, *weights] if not self.rank or e.parts == receivers]
        columns.group = "paths"
        self.compare(columns, goal, [*weights, *paths])
        self.compare(columns, bits, bits)
        columns.group = "counts"
        counts = catalogue.counts(self.signature)
        here = catalogue.places(base)
        # What is left of a list after a place, beside what is left of another.
        rest: list[Scalar] = [Binary("+", place, count) for place in here for count in counts]
        self.compare(columns, counts, [*catalogue.places(places), *rest])
