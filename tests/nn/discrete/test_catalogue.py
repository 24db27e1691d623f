"""Every term of the generated catalogue is a polynomial diagram of its type."""

import pytest

from catalign.algorithms.catalogue import CLRS_30, get
from catalign.algorithms.spec import Kind, Location
from catalign.nn.discrete import catalogue
from catalign.nn.discrete.condition import Condition
from catalign.nn.discrete.diagram import rule_diagram
from catalign.nn.discrete.expression import Node
from catalign.nn.discrete.rule import Leaf, Rule, Split
from catalign.nn.discrete.scalar import Constant
from catalign.nn.discrete.selection import Best, Select
from catalign.nn.discrete.signature import Field, Signature, field_of, memories
from catalign.polynomial.sort import SortSum, V

TIER = 3
LONG = {
    *("articulation_points", "bridges", "dag_shortest_paths", "dfs", "graham_scan", "heapsort"),
    *("jarvis_march", "kmp_matcher", "mst_kruskal", "quickselect", "quicksort"),
    *("segments_intersect", "strongly_connected_components", "topological_sort"),
}
"""Those of more than 12,000 terms, up to 79,000."""


def _fields(spec):
    """What a rule may read: inputs, hints and their next values, and memory."""
    given = [field_of(p) for p in (*spec.inputs, *spec.hints)]
    new = [field_of(p).next for p in spec.hints if not p.constant]
    return [*given, *new, *(m.field for m in memories(spec))]


def _terms(signature, rank):
    """The catalogue at receivers of a rank: what is about a candidate, within a selection.

    The terms that it is made from are those that no search has to find, and one selection.
    """
    base = catalogue.base_terms(signature, rank)
    near = catalogue.near_terms(signature, base)
    yield from (*base, *near, *catalogue.far_terms(signature, base))
    yield from catalogue.pair_ends(signature) if rank == 0 else ()
    yield from catalogue.features(signature, rank, near, TIER)
    yield from catalogue.atoms(signature, rank, [*base, *near])
    yield from catalogue.counts(signature)
    yield from catalogue.angles(signature, base)
    yield from catalogue.turns(signature, base[:4])
    yield from catalogue.shares(signature, base)
    yield from catalogue.places(base)
    anchors = [*base, Select(None, False, ())]
    for literal in catalogue.literals(signature, anchors, TIER):
        yield Select(None, False, (literal,))
    for key in catalogue.keys(signature, anchors, rank, TIER):
        yield Best(Select(key, True, ()))


def _rule(term, location):
    """A rule of a new field, whose value the term is or decides."""
    if isinstance(term, Node):
        kind = Kind.POINTER if location.rank else Kind.MASK_ONE
        place = location if location.rank else Location.NODE
        return Rule(Field("new", kind, place), Leaf(term))
    field = Field("new", Kind.SCALAR, location)
    if isinstance(term, Condition):
        return Rule(field, Split(term, Leaf(Constant(0.0)), Leaf(Constant(1.0))))
    return Rule(field, Leaf(term))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in CLRS_30]
)
def test_every_term_is_a_diagram_that_reads_its_fields(name):
    read = _fields(get(name).spec)
    signature = Signature(tuple(read))
    fields = {f.name: f for f in read if not f.name.endswith("'")}
    for location in Location:
        receivers = V**location.rank
        for term in _terms(signature, location.rank):
            diagram = rule_diagram(_rule(term, location), fields)
            assert diagram.codomain == SortSum((receivers,)), term
            assert {port.name for port in diagram.inputs} == term.reads, term
            for port in diagram.inputs:
                f = fields[port.name.removesuffix("'")]
                assert port.sort == (V if f.kind is Kind.MASK_ONE else V**f.rank), term
            wide = [m.sort for m in diagram.summands if m.name.startswith("selection")]
            selections = {e for e in term.walk() if isinstance(e, Select)}
            assert wide == [receivers * V] * len(selections), term
