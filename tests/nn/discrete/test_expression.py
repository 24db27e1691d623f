import functools

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from catalign.nn.discrete import selection
from catalign.nn.discrete.condition import (
    UNLIKE,
    Before,
    Between,
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
    unlike,
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
    Size,
    Turn,
)
from catalign.nn.discrete.selection import Best, PairEnd, Select
from catalign.nn.discrete.view import View
from tests.nn.discrete.states import M, N, fields, views

R = Register("r")
NODES = [R, I, End(False), End(True), At("p", R), At("p", I), Inverse("p", R), Step(I, True)]
NODES += [
    *(Successor("s", t, at, g) for t in ("", "x") for at in (None, R, I) for g in (False, True)),
    Step(R, False),
    Middle(R, I),
    AtPair("P", I, R),
    At("p", Inverse("p", I)),
]
SCALARS = [Of("s", I), Of("s", Inverse("p", R)), OfPair("e", I, J), OfPair("e", R, I), Size()]
SCALARS += [OfGraph("g"), Constant(0.5), Index(R), Depth("p", I), Count("mask", 1)]
SCALARS += [Binary(o, Of("s", I), Of("x", R)) for o in ("+", "-", "*", "min", "max", "/")]
SCALARS += [Angle("s", "x", R, I), Turn("s", "x", R, I, End(True))]
CONDITIONS = [Is("mask", 1, R, True), Is("c", 2, I, False), IsPair("adj", 1, I, J, True)]
CONDITIONS += [IsGraph("phase", 1, False), IsNone(Inverse("p", I)), Same(I, R), Before(R, I)]
CONDITIONS += [SameClass("c", I, R), IsPairOf(I, J, R, End(True)), Less(Of("s", I), Of("s", R))]
CONDITIONS += [LessEqual(Of("s", I), OfGraph("g")), Not(Same(I, J)), Between("x", I, R, End(True))]
WHERE = [(), (Is("mask", 1, K, True),), (IsPair("adj", 1, I, K, True), Not(Same(K, R)))]
SELECTIONS = [
    Select(key, greatest, where)
    for key in (None, Of("s", K), Binary("+", Of("s", K), OfPair("e", K, I)))
    for greatest in (False, True)
    for where in WHERE
]
INNER = Select(None, False, (IsPair("adj", 1, I, K, True), IsPair("adj", 1, K, J, True)))
LONG = Less(OfPair("e", I, K), Binary("+", OfPair("e", K, J), Of("x", INNER)))
SUM = Binary("+", OfPair("e", I, K), Binary("+", OfPair("e", Step(K, True), J), Of("x", J)))
TRIPLES = [
    INNER,
    Select(None, True, (LONG, Not(Same(K, Inverse("p", I))))),
    *(Select(SUM, g, where) for g in (False, True) for where in ((), (LONG,), INNER.where)),
    Best(Select(SUM, False, INNER.where)),
]
BOTH = (False, True)
ENDS = [
    PairEnd("e", "adj", g, after, b) for g in BOTH for after in (None, (R, End(True))) for b in BOTH
]


ALL = [*NODES, *SCALARS, *CONDITIONS, *SELECTIONS, *TRIPLES, *ENDS]


@functools.cache
def compiled(n, expressions, most):
    """The values of some expressions in states of n nodes, compiled together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "ON_A_CPU", most)
        run = jax.jit(lambda placed: tuple(map(View(jnp, placed, n), expressions)))
        run(fields(0, n))
    return run


def agree(expression, expressions, n, seed, most=selection.ON_A_CPU):
    values = fields(seed, n)
    with np.errstate(all="ignore"):
        left = View(np, values, n)(expression)
    right = np.asarray(compiled(n, expressions, most)(values)[expressions.index(expression)])
    assert left.ndim == right.ndim == 4
    shape = np.broadcast_shapes(left.shape, right.shape)
    wide = (np.broadcast_to(x, shape).astype(float) for x in (left, right))
    np.testing.assert_allclose(*wide, rtol=1e-6)


@pytest.mark.parametrize("expression", ALL, ids=str)
def test_numpy_and_jax_agree(expression):
    for seed in range(3):
        agree(expression, tuple(ALL), N, seed)


@pytest.mark.parametrize("expression", TRIPLES, ids=str)
@pytest.mark.parametrize("width", [1, 3])
def test_blocks_of_receivers_give_what_all_at_once_give(expression, width):
    n = 6
    agree(expression, tuple(TRIPLES), n, 1, most=width * M * n**2)


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_node_terms_are_what_they_say(seed):
    values = fields(seed)
    view, _ = views(seed)
    p, r = values["p"], values["r"]
    for m in range(M):
        assert view(At("p", I))[m, :, 0, 0].tolist() == p[m].tolist()
        assert view(At("p", R))[m, 0, 0, 0] == p[m, r[m]]
        inverse = [next((j for j in range(N) if j != t and p[m, j] == t), -1) for t in range(N)]
        assert view(Inverse("p", I))[m, :, 0, 0].tolist() == inverse
        assert view(AtPair("P", I, R))[m, :, 0, 0].tolist() == values["P"][m, :, r[m]].tolist()
    assert view(Step(I, True))[0, :, 0, 0].tolist() == [1, 2, 3, 4, -1]
    assert view(Step(I, False))[0, :, 0, 0].tolist() == [-1, 0, 1, 2, 3]
    assert view(Middle(End(False), End(True))).ravel().tolist() == [2]


@given(st.integers(0, 10**6), st.sampled_from(SELECTIONS))
@settings(max_examples=60, deadline=None)
def test_selections_equal_their_definition(seed, selection):
    values = fields(seed)
    view, _ = views(seed)
    got = np.broadcast_to(view(selection), (M, N, 1, 1))
    key = np.broadcast_to(view(Best(selection)), (M, N, 1, 1))
    for m in range(M):
        for i in range(N):
            best = None
            for k in range(N):
                if len(selection.where) == 1 and not values["mask"][m, k]:
                    continue
                if len(selection.where) == 2 and not (
                    values["adj"][m, i, k] and k != values["r"][m]
                ):
                    continue
                if selection.key is None:
                    x = float(k)
                elif isinstance(selection.key, Of):
                    x = float(values["s"][m, k])
                else:
                    x = float(values["s"][m, k] + values["e"][m, k, i])
                better = best is None or (x > best[0] if selection.greatest else x < best[0])
                best = (x, k) if better else best
            assert got[m, i, 0, 0] == (-1 if best is None else best[1])
            assert best is None or key[m, i, 0, 0] == best[0]


@pytest.mark.parametrize("greatest", [False, True])
def test_pair_ends_walk_through_all_edges_in_order(greatest):
    values = fields(3, m=1)
    e, adj = values["e"][0], values["adj"][0]
    sign = -1 if greatest else 1
    pairs = [(sign * e[a, b], a, b) for a in range(N) for b in range(a + 1, N) if adj[a, b]]
    order = [(a, b) for _, a, b in sorted(pairs)]
    after, walked = None, []
    for _ in range(len(order) + 1):
        state = dict(values)
        ends = None
        if after is not None:
            state |= {"u": np.array([after[0]], np.int32), "v": np.array([after[1]], np.int32)}
            ends = (Register("u"), Register("v"))
        view = type(views(0)[0])(np, state, N)
        a, b = (int(view(PairEnd("e", "adj", greatest, ends, s)).item()) for s in (False, True))
        if a < 0:
            break
        after = (a, b)
        walked.append(after)
    assert walked == order


@pytest.mark.parametrize("second", ["", "x"])
@pytest.mark.parametrize("greatest", [False, True])
def test_successors_walk_through_all_nodes_in_order(greatest, second):
    values = fields(5, m=1)
    s = values["s"][0] * (-1 if greatest else 1)
    x = values["x"][0] if second else np.zeros(N)
    first = type(views(0)[0])(np, values, N)
    walked = [int(first(Successor("s", second, None, greatest)).item())]
    while walked[-1] >= 0:
        state = values | {"r": np.array(walked[-1:], np.int32)}
        view = type(views(0)[0])(np, state, N)
        walked.append(int(view(Successor("s", second, R, greatest)).item()))
    assert walked[:-1] == sorted(range(N), key=lambda k: (s[k], x[k], k))


def test_what_reads_no_node_is_false_or_nan():
    view, _ = views(0)
    nowhere = Step(End(True), True)
    assert not view(Is("mask", 0, nowhere, True)).any()
    assert not view(Is("mask", 1, nowhere, True)).any()
    assert np.isnan(view(Of("s", nowhere))).all()
    assert not view(Less(Of("s", nowhere), Constant(1e9))).any()
    assert (view(At("p", nowhere)) == -1).all()
    assert not view(Same(nowhere, nowhere)).any()


def test_cost_grows_with_the_expression_and_reads_names_its_fields():
    inner = Of("s", At("p", R))
    outer = Binary("+", inner, OfPair("e", R, I))
    assert outer.cost > inner.cost
    assert outer.reads == {"s", "p", "r", "e"}
    assert Register("r'").cost > Register("r").cost


def test_quantities_that_have_nothing_in_common_cost_more_to_compare():
    s, x = Of("s", I), Of("x", I)
    assert unlike(s, x) == UNLIKE
    assert unlike(s, Of("s'", Register("r"))) == 0
    assert unlike(Binary("+", s, x), x) == 0
    assert unlike(Best(Select(Of("x", K), False, (Less(Of("s", K), s),))), x) == 0
    assert unlike(Constant(0.0), x) == 0
    assert Less(s, x).cost == Less(s, s).cost + UNLIKE
