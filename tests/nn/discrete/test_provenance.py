"""Selections are integral transforms in the provenance semiring of their key."""

import functools

import hypothesis.strategies as st
import jax
import numpy as np
import pytest
from hypothesis import given, settings

from catalign.algebra.instances import max_plus, min_plus
from catalign.algebra.provenance import with_provenance
from catalign.algorithms.spec import Kind, Location
from catalign.integral.graph import DenseGraph
from catalign.integral.transform import integral_transform
from catalign.nn.discrete.condition import Before, Is, IsPair, Less, Not, Same
from catalign.nn.discrete.diagram import rule_diagram
from catalign.nn.discrete.expression import At, I, K, Register
from catalign.nn.discrete.rule import Leaf, Rule
from catalign.nn.discrete.scalar import Binary, Index, Of, OfPair
from catalign.nn.discrete.selection import Best, Select
from catalign.nn.discrete.signature import Field
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import identity, project
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import V
from tests.nn.discrete.states import M, N, views

SUM = Binary("+", Of("s", K), OfPair("e", K, I))
MASKS = [(Is("mask", 1, K, True),), (IsPair("adj", 1, I, K, True), Is("mask", 1, K, True))]
GUARDS = [
    (),
    *MASKS,
    (IsPair("adj", 1, K, I, True), Not(Same(K, Register("r")))),
    (Less(Of("s", I), Of("s", K)), Before(K, At("p", I))),
]
CLASSES = {"p": Kind.POINTER, "s": Kind.SCALAR, "e": Kind.SCALAR, "mask": Kind.MASK}
FIELDS = {
    name: Field(name, kind, Location.EDGE if name == "e" else Location.NODE)
    for name, kind in CLASSES.items()
} | {"adj": Field("adj", Kind.MASK, Location.EDGE)}
CANDIDATES = PolynomialDiagram(
    "candidates",
    {"key": V * V, "guard": V * V},
    outputs={"best": V},
    summands=[
        Message(
            "candidate",
            V * V,
            (Argument("key", "key", identity(V * V)), Argument("guard", "guard", identity(V * V))),
            Output("best", project(V * V, 0)),
        )
    ],
)


def _semiring(selection):
    return with_provenance(max_plus if selection.greatest else min_plus)


@functools.cache
def _transform(diagram, semiring):
    graph = DenseGraph.complete(N)
    return jax.jit(jax.vmap(lambda fields: integral_transform(diagram, semiring, fields, graph)))


def _assert_equal(selection, view, transformed):
    value, winner = (np.asarray(x) for x in transformed)
    node = np.broadcast_to(view(selection), (M, N, 1, 1))[..., 0, 0]
    best = np.broadcast_to(view(Best(selection)), (M, N, 1, 1))[..., 0, 0]
    assert np.array_equal(winner, node)
    if selection.key is not None:
        assert np.array_equal(value[node >= 0], best[node >= 0])
    assert (value[node < 0] == (-np.inf if selection.greatest else np.inf)).all()


@given(
    st.integers(0, 10**6),
    st.sampled_from([None, Of("s", K), SUM]),
    st.booleans(),
    st.sampled_from(GUARDS),
)
@settings(max_examples=60, deadline=None)
def test_a_selection_is_the_push_forward_of_its_keys_under_its_guard(seed, key, greatest, where):
    """Keys are among few whole numbers, so that ties are the rule."""
    selection = Select(key, greatest, where)
    view, _ = views(seed)
    semiring = _semiring(selection)
    holds = np.ones((1, 1, 1, 1), bool)
    for condition in where:
        holds = holds & view(condition)
    keys, holds = (
        np.broadcast_to(x, (M, N, 1, N))[:, :, 0]
        for x in (view(key or Index(K)).astype(np.float32), holds)
    )
    candidate = np.broadcast_to(np.arange(N, dtype=np.int32), keys.shape)
    zero, one = semiring.zero[0], semiring.one[0]
    guard = np.where(holds, one, zero).astype(np.float32)
    fields = {"key": (keys, candidate), "guard": (guard, np.full_like(candidate, -1))}
    _assert_equal(selection, view, _transform(CANDIDATES, semiring)(fields))


@pytest.mark.parametrize("greatest", [False, True])
@pytest.mark.parametrize("key", [Of("s", K), OfPair("e", K, I), SUM], ids=str)
@pytest.mark.parametrize("where", [(), *MASKS], ids=len)
def test_the_diagram_of_a_rule_computes_its_selection(key, greatest, where):
    """A mask is one or zero, a sum of scalars the product, and what is read at K says so."""
    selection = Select(key, greatest, where)
    diagram = rule_diagram(Rule(FIELDS["p"], Leaf(selection)), FIELDS)
    (message,) = diagram.summands
    semiring = _semiring(selection)
    for seed in range(3):
        view, _ = views(seed)
        fields = {}
        for argument in message.arguments:
            values = view.fields[argument.reads]
            if values.dtype == bool:
                values = np.where(values, semiring.one[0], semiring.zero[0])
            candidate = np.indices(values.shape)[1 + argument.leg.positions.index(1)]
            fields[argument.reads] = (values.astype(np.float32), candidate.astype(np.int32))
        _assert_equal(selection, view, _transform(diagram, semiring)(fields))
