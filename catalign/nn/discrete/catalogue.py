"""The catalogue: all terms, keys and conditions that the types of some fields allow, up to a size.

It is generated from a signature alone, by the grammar of `expression`, `scalar`, `condition` and
`selection`. There is one catalogue for all algorithms. It comes in tiers of growing size, and a
larger tier is looked at only where a smaller one holds no rule.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product

from catalign.algorithms.spec import Kind, Location
from catalign.nn.discrete.condition import (
    Before,
    Between,
    Condition,
    Is,
    IsGraph,
    IsNone,
    IsPair,
    IsPairOf,
    Less,
    LessEqual,
    Not,
    Same,
    SameClass,
)
from catalign.nn.discrete.expression import (
    At,
    AtPair,
    End,
    I,
    Inverse,
    J,
    K,
    Middle,
    Node,
    Register,
    Step,
    Successor,
)
from catalign.nn.discrete.scalar import (
    Angle,
    Binary,
    Constant,
    Count,
    Depth,
    Index,
    Of,
    OfGraph,
    OfPair,
    Scalar,
    Size,
    Turn,
)
from catalign.nn.discrete.selection import PairEnd, Select
from catalign.nn.discrete.signature import Field, Signature

RECEIVERS: tuple[tuple[Node, ...], ...] = ((), (I,), (I, J))
"""The receivers of a field with 0, 1 or 2 node axes."""


def base_terms(signature: Signature, rank: int) -> list[Node]:
    """The receivers and the registers."""
    return [*RECEIVERS[rank], *(Register(f.name) for f in signature.registers)]


def near_terms(signature: Signature, base: Sequence[Node]) -> list[Node]:
    """What is one operation away from some terms."""
    terms: list[Node] = []
    for t in base:
        for p in signature.pointers:
            terms += [At(p.name, t), Inverse(p.name, t)]
        terms += [Step(t, True), Step(t, False)]
        if isinstance(t, Register):
            terms += orders(signature, t)
    terms += orders(signature, None)
    terms += [End(False), End(True), Step(End(False), True), Step(End(True), False)]
    for P in signature.of(Kind.POINTER, Location.EDGE):
        terms += [AtPair(P.name, a, b) for a, b in product(base, base) if a != b]
    return terms


def orders(signature: Signature, node: Node | None) -> list[Node]:
    """The next node after one in the order of each scalar, or of each two; or the first."""
    given = [s.name for s in signature.scalars if not s.name.endswith("'")]
    return [
        Successor(s, r, node, greatest)
        for s in given
        for r in ("", *(r for r in given if r != s))
        for greatest in (False, True)
    ]


def far_terms(signature: Signature, base: Sequence[Node]) -> list[Node]:
    """What is two operations away from some terms, and the middles."""
    pointers = signature.pointers
    terms: list[Node] = []
    for t in base:
        for p, q in product(pointers, pointers):
            terms += [At(p.name, At(q.name, t)), At(p.name, Inverse(q.name, t))]
            terms += [Inverse(p.name, At(q.name, t)), Inverse(p.name, Inverse(q.name, t))]
        for p in pointers:
            for forward in (True, False):
                terms += [At(p.name, Step(t, forward)), Step(At(p.name, t), forward)]
                terms += [Inverse(p.name, Step(t, forward)), Step(Inverse(p.name, t), forward)]
    terms += [At(p.name, End(last)) for p in pointers for last in (False, True)]
    terms += [Inverse(p.name, End(last)) for p in pointers for last in (False, True)]
    places = [*base, End(False), End(True), *(Step(t, f) for t in base for f in (True, False))]
    terms += [Middle(a, b) for a, b in combinations(places, 2)]
    return terms


def pair_ends(signature: Signature) -> list[Node]:
    """The ends of the next edge, by each edge scalar."""
    registers = [Register(f.name) for f in signature.registers if not f.name.endswith("'")]
    after: list[tuple[Node, Node] | None] = [None, *combinations(registers, 2)]
    return [
        PairEnd(E.name, mask.name, greatest, pair, second)
        for E in signature.of(Kind.SCALAR, Location.EDGE)
        for mask in signature.of(Kind.MASK, Location.EDGE)
        for greatest in (False, True)
        for pair in after
        for second in (False, True)
        if not (E.name.endswith("'") or mask.name.endswith("'"))
    ]


def literals(signature: Signature, anchors: Sequence[Node], tier: int) -> list[Condition]:
    """The conditions on a candidate k, relative to some anchors."""
    found: list[Condition] = []
    for f in signature.classed(Location.NODE):
        found += _classes(f, K)
    for p in signature.pointers:
        own = Same(At(p.name, K), K)
        found += [own, Not(own)]
        found += [IsNone(Inverse(p.name, K)), Not(IsNone(Inverse(p.name, K)))]
    for t in anchors:
        found += [Before(t, K), Before(K, t), Not(Same(K, t))]
        for p in signature.pointers:
            found += [Same(At(p.name, K), t)]
            if tier > 1:
                found += [Not(Same(At(p.name, K), t)), Same(Inverse(p.name, K), t)]
        if tier > 1:
            found += [Not(Before(t, K)), Not(Before(K, t))]
        for f in signature.classed(Location.EDGE):
            values = range(1, 2) if f.kind is Kind.MASK else range(f.classes)
            boolean = f.kind is Kind.MASK
            found += [IsPair(f.name, v, t, K, boolean) for v in values]
            found += [IsPair(f.name, v, K, t, boolean) for v in values]
            if tier > 1 and boolean:
                found += [IsPair(f.name, 0, t, K, True), IsPair(f.name, 0, K, t, True)]
        for f in signature.of(Kind.CATEGORICAL, Location.NODE):
            found += [SameClass(f.name, t, K), Not(SameClass(f.name, t, K))]
    if tier > 1:
        for f in signature.classed(Location.NODE):
            for p in signature.pointers:
                found += _classes(f, At(p.name, K))
                found += _classes(f, Inverse(p.name, K))
        for f in signature.classed(Location.EDGE):
            boolean = f.kind is Kind.MASK
            if boolean:
                # The right part of an interval that is split behind k.
                found += [IsPair(f.name, 1, Step(K, True), a, True) for a in anchors]
        for E in signature.of(Kind.SCALAR, Location.EDGE):
            for t in anchors:
                ends = (OfPair(E.name, t, K), OfPair(E.name, K, t))
                found += [Less(Constant(0.0), end) for end in ends]
        for s in signature.scalars:
            for t in anchors:
                here, there = Of(s.name, K), Of(s.name, t)
                found += [Less(here, there), Less(there, here)]
                found += [LessEqual(here, there), LessEqual(there, here)]
    if tier > 2:
        # The order of a list.
        for p, t in product(signature.pointers, anchors):
            here, there = Depth(p.name, K), Depth(p.name, t)
            found += [Less(here, there), Less(there, here)]
            found += [LessEqual(here, there), LessEqual(there, here)]
    if tier > 1:
        scalars = [s for s in signature.scalars if not s.name.endswith("'")]
        for s, r in product(scalars, scalars):
            if s != r:
                # Of two fields only at what is near, as these are many and seldom meant.
                for t in (t for t in anchors if isinstance(t, Select) or not t.parts):
                    here, there = Of(s.name, K), Of(r.name, t)
                    found += [Less(here, there), Less(there, here)]
                    found += [LessEqual(here, there), LessEqual(there, here)]
    return found


def _classes(f: Field, t: Node) -> list[Condition]:
    boolean = f.kind is Kind.MASK
    found: list[Condition] = [Is(f.name, v, t, boolean) for v in range(f.classes)]
    if f.classes > 2:
        found += [Not(c) for c in found]
    return found


def keys(signature: Signature, anchors: Sequence[Node], rank: int, tier: int) -> list[Scalar]:
    """The scalars of a candidate k that a selection may compare."""
    if tier < 2:
        return []
    scalars = [Of(s.name, K) for s in signature.scalars]
    found: list[Scalar] = list(scalars)
    edges: list[Scalar] = []
    for E in signature.of(Kind.SCALAR, Location.EDGE):
        for t in anchors:
            edges += [OfPair(E.name, t, K), OfPair(E.name, K, t)]
    found += edges
    found += [Depth(p.name, K) for p in signature.pointers]
    if tier > 2:
        near = [e for e in edges if isinstance(e, OfPair) and not _far(e)]
        found += [Binary(o, s, e) for o in ("+", "min", "max", "*") for s in scalars for e in near]
        planar = _planar(signature)
        found += [Angle(x, y, t, K) for x, y in planar for t in anchors]
    if rank == 2:
        found += list(_splits(signature))
    return found


def _far(e: OfPair) -> bool:
    """Whether a pair reads more than receivers, registers and the candidate."""
    return any(t.parts for t in (e.a, e.b))


def _splits(signature: Signature) -> Iterator[Scalar]:
    """Keys of the ways to split the interval of i and j at k: X[i, k] + X[k + 1, j] and such."""
    for E in signature.of(Kind.SCALAR, Location.EDGE):
        for right in (K, Step(K, True)):
            both = Binary("+", OfPair(E.name, I, K), OfPair(E.name, right, J))
            yield both
            for s in signature.scalars:
                # The order of the factors matters to the last bit.
                outer, k, j = Of(s.name, Step(I, False)), Of(s.name, K), Of(s.name, J)
                for x, y, z in ((outer, k, j), (outer, j, k)):
                    yield Binary("+", both, Binary("*", Binary("*", x, y), z))


def _planar(signature: Signature) -> list[tuple[str, str]]:
    """Pairs of node scalars read as the coordinates of points in the plane."""
    given = [s.name for s in signature.scalars if not s.name.endswith("'")]
    return list(combinations(given[:2], 2))


def features(
    signature: Signature, rank: int, near: Sequence[Node], tier: int
) -> Iterator[Condition]:
    """Conditions at the receivers that read one term, or the graph."""
    for f in signature.classed(Location.GRAPH):
        values = range(1, 2) if f.classes == 2 else range(f.classes)
        yield from (IsGraph(f.name, v, f.kind is Kind.MASK) for v in values)
    base = base_terms(signature, rank)
    if rank == 0:
        yield from (IsNone(end) for end in pair_ends(signature))
        for f in signature.registers:
            yield from (IsNone(t) for t in orders(signature, Register(f.name)))
    for t in [*base, *near]:
        yield IsNone(t)
        for f in signature.classed(Location.NODE):
            values = range(1, 2) if f.classes == 2 else range(f.classes)
            yield from (Is(f.name, v, t, f.kind is Kind.MASK) for v in values)
        for p in signature.pointers:
            if not (isinstance(t, At) and t.name == p.name):
                yield Same(At(p.name, t), t)
    for f in signature.classed(Location.EDGE):
        values = range(1, 2) if f.classes == 2 else range(f.classes)
        boolean = f.kind is Kind.MASK
        ends = [End(False), End(True)] if rank == 0 else []
        for a, b in product([*base, *ends], [*base, *ends]):
            if a != b or rank < 2:
                yield from (IsPair(f.name, v, a, b, boolean) for v in values)
        if tier > 1:
            for a, b in product(base, (t for t in near if isinstance(t, Select))):
                yield from (IsPair(f.name, v, a, b, boolean) for v in values)
    if tier > 1:
        for s in signature.scalars:
            for t in base:
                others = [u for u in base if u != t]
                yield from (Between(s.name, t, a, b) for a, b in combinations(others, 2))
    if rank == 2:
        for a, b in combinations(base[2:], 2):
            yield IsPairOf(I, J, a, b)


def atoms(signature: Signature, rank: int, terms: Sequence[Node]) -> list[Scalar]:
    """The scalars that are read off the fields at some terms."""
    found: list[Scalar] = [OfGraph(g.name) for g in signature.of(Kind.SCALAR, Location.GRAPH)]
    for s in signature.scalars:
        found += [Of(s.name, t) for t in terms]
    base = base_terms(signature, rank)
    for E in signature.of(Kind.SCALAR, Location.EDGE):
        places = (
            base
            if rank < 2
            else [*base, Step(I, True), Step(I, False), Step(J, True), Step(J, False)]
        )
        found += [OfPair(E.name, a, b) for a, b in product(places, places)]
        hops = [t for t in terms if isinstance(t, At) and t.node in base]
        found += [OfPair(E.name, a, b) for t in hops for a, b in ((t, t.node), (t.node, t))]
    return found


def counts(signature: Signature) -> list[Scalar]:
    """How many nodes each mask holds."""
    return [Count(f.name, v) for f in signature.of(Kind.MASK, Location.NODE) for v in range(2)]


def turns(signature: Signature, terms: Sequence[Node], *, ordered: bool = True) -> list[Scalar]:
    """The orientations of three of some terms, as points: of each three in one order, or in all."""
    triples = list(permutations(terms, 3) if ordered else combinations(terms, 3))
    return [Turn(x, y, a, b, c) for x, y in _planar(signature) for a, b, c in triples]


def angles(signature: Signature, terms: Sequence[Node]) -> list[Scalar]:
    """The directions between two of some terms, as points."""
    return [
        Angle(x, y, a, b) for x, y in _planar(signature) for a, b in product(terms, terms) if a != b
    ]


def places(terms: Sequence[Node]) -> list[Scalar]:
    """The indices of some terms, as numbers."""
    return [Index(t) for t in terms]


def shares(signature: Signature, terms: Sequence[Node]) -> list[Scalar]:
    """Places in the order of the nodes or in a list, and their differences, over n."""
    registers = [t for t in terms if isinstance(t, Register)]
    halves = [Middle(End(False), End(True)), Middle(Step(End(False), True), End(True))]
    found: list[Scalar] = [Binary("/", Constant(1.0), Size())]
    found += [Binary("/", Index(t), Size()) for t in halves]
    measures: list[list[Scalar]] = [[Index(t) for t in registers]]
    for p in signature.pointers:
        measures.append([Depth(p.name, t) for t in registers])
    for measure in measures:
        found += [Binary("/", a, Size()) for a in measure]
        found += [
            Binary("/", Binary("-", a, b), Size()) for a, b in product(measure, measure) if a != b
        ]
    return found
