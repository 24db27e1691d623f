"""Receivers that are looked at alone, and the same ones in their states."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign.algorithms.spec import Kind, Location
from catalign.nn.discrete.condition import IsPair, Less, Not, Same
from catalign.nn.discrete.expression import I, J, K
from catalign.nn.discrete.rule import Own
from catalign.nn.discrete.scalar import Of, OfPair
from catalign.nn.discrete.signature import Field
from catalign.training.discrete.rows import Places, Rows, all_rows
from tests.nn.discrete.states import views
from tests.nn.discrete.test_expression import CONDITIONS, ENDS, NODES, SCALARS, SELECTIONS

EXPRESSIONS = [*NODES, *SCALARS, *CONDITIONS, *SELECTIONS, *ENDS]
OWN = [Own("phase", 0), Own("c", 1), Own("adj", 2)]
IN_K = [Same(K, I), IsPair("adj", 1, K, I, True), IsPair("adj", 1, J, K, True), OfPair("e", J, K)]
IN_K += [Less(Of("s", I), Of("s", K)), Not(Same(K, J))]


def _some(seed: int, rank: int) -> Rows:
    rows = all_rows([views(seed)[0], views(seed + 1, n=3)[0]], rank)
    rng = np.random.default_rng(seed)
    return rows.subset(np.sort(rng.choice(rows.count, rows.count // 3, replace=False)))


def _ranks(expression) -> range:
    """The ranks of receivers that an expression can be read at."""
    inside = set(expression.walk())
    own = expression.rank if isinstance(expression, Own) else 0
    return range(max(own, 2 if J in inside else 1 if I in inside else 0), 3)


@given(st.integers(0, 10**6))
@settings(max_examples=5, deadline=None)
def test_a_value_is_the_same_at_a_receiver_alone(seed):
    for rank in range(3):
        rows = _some(seed, rank)
        apart = rows.apart()
        with np.errstate(all="ignore"):
            for e in [*EXPRESSIONS, *OWN]:
                if rank in _ranks(e):
                    np.testing.assert_array_equal(apart.values(e), rows.values(e), str(e))
            for e in IN_K:
                if rank in _ranks(e):
                    np.testing.assert_array_equal(apart.candidates(e), rows.candidates(e), str(e))


@pytest.mark.parametrize(("rank", "name"), [(0, "phase"), (1, "mask"), (2, "adj")])
def test_targets_and_parts_are_the_same_too(rank, name):
    field = Field(name, Kind.MASK, (Location.GRAPH, Location.NODE, Location.EDGE)[rank], 2)
    rows = _some(1, rank)
    apart = rows.apart()
    chosen = np.arange(0, rows.count, 2)
    for left, right in ((apart, rows), (apart.subset(chosen), rows.subset(chosen))):
        np.testing.assert_array_equal(left.target(field), right.target(field))
        np.testing.assert_array_equal(left.values(OWN[rank]), right.values(OWN[rank]))


@pytest.mark.parametrize(
    ("kind", "location", "new", "named"),
    [
        (Kind.MASK, Location.EDGE, True, "x becomes true at nodes 1, 2 "),
        (Kind.MASK, Location.NODE, -1, "x becomes -1 at node 1 "),
        (Kind.POINTER, Location.NODE, 3, "x becomes node 3 at node 1 "),
        (Kind.MASK_ONE, Location.NODE, -1, "x becomes no node "),
        (Kind.SCALAR, Location.GRAPH, 0.25, "x becomes 0.25 "),
    ],
)
def test_a_place_is_named(kind, location, new, named):
    field = Field("x'", kind, location)
    places = Places(field, np.array([[4, 8, 7, 5]]), np.array([[1, 2]]), np.array([new]))
    assert places.name(0) == f"{named}(batch 4, run 8, time 7, of 5 nodes)"
