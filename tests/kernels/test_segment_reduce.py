"""Every version of the sums over edges equals their definition, with args and gradients."""

import functools
import itertools
import math
import subprocess
import sys

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.instances import SEMIRINGS, log_plus, max_plus, min_plus, plus_times
from catalign.algebra.monoid import CommutativeMonoid
from catalign.algebra.provenance import with_provenance
from catalign.kernels.segment_reduce.api import (
    VERSIONS,
    gather_reduce,
    reduce,
    reduce_with_arg,
)
from catalign.kernels.segment_reduce.csr import CsrGraph
from catalign.kernels.segment_reduce.rows import WIDEST
from tests.kernels.programs import check_pull, equations, pulling, slopes

FAST = [name for name in VERSIONS if name != "reference"]
GCD = CommutativeMonoid.from_operation("gcd", jnp.gcd, unit=0, is_idempotent=True)
NAMED = {
    **{s.multiply: f"{s.name} multiply" for s in SEMIRINGS.values()},
    **{s.add: f"{s.name} add" for s in SEMIRINGS.values()},
    log_plus(0.5).add: "soft_min",
    GCD: "gcd",
}
MONOIDS = {name: monoid for monoid, name in NAMED.items()}
SELECTIVE = {name: m for name, m in MONOIDS.items() if m.is_selective}
# One of each kind of gradient: selective, selective above zero, plain, and through the rows.
KINDS = [
    min_plus.add,
    SEMIRINGS["max_times"].add,
    plus_times.add,
    plus_times.multiply,
    log_plus(0.5).add,
]


def draw_graph(n_node, n_edge, seed=0, *, hub=False):
    """Random edges; a hub hears from most, so that its edges fill several rows."""
    rng = np.random.default_rng(seed)
    senders, receivers = rng.integers(0, max(n_node, 1), (2, n_edge))
    if hub:
        receivers = (rng.random(n_edge) < 0.85).astype(int)
    return CsrGraph.from_edges(senders, receivers, n_node)


# No edges, no nodes, one edge, some empty nodes, an odd graph, and one with hubs over three levels.
GRAPHS = {
    "no edge": draw_graph(3, 0),
    "nothing": draw_graph(0, 0),
    "one edge": draw_graph(1, 1),
    "odd": draw_graph(9, 23),
    "hub": draw_graph(4, 330, hub=True),
}


def draw(monoid, shape, seed=0, *, extremes=False):
    """Small whole numbers, so that there are ties, and extremes on demand."""
    rng = np.random.default_rng(seed)
    if monoid.name in ("or", "and"):
        return jnp.asarray(rng.random(shape) < 0.5)
    if monoid.name == "gcd":
        return jnp.asarray(rng.integers(0, 40, shape), jnp.int32)
    values = rng.integers(1, 6, shape).astype(np.float32)
    if monoid.name == "times":
        return jnp.asarray(np.where(values > 4, 2.0, 1.0) * rng.choice([1.0, 0.5], shape), "f")
    if extremes:
        special = {"max": [np.inf, -np.inf], "min": [np.inf, -np.inf], "soft_min": [np.inf]}
        zero = [np.inf] if monoid == min_plus.multiply else [-np.inf]
        choice = special.get(monoid.name, zero if monoid.unit == 0.0 else [0.0])
        choice = [0.0] if monoid == plus_times.add else choice
        values = np.where(rng.random(shape) < 0.3, rng.choice(choice, shape), values)
    return jnp.asarray(values, jnp.float32)


def assert_same(got, expected):
    assert got.dtype == expected.dtype
    assert not np.isnan(np.asarray(got, np.float32)).any()
    # Sums of terms near 1 may cancel: their rounding is absolute.
    np.testing.assert_allclose(
        np.asarray(got, np.float32), np.asarray(expected, np.float32), rtol=1e-5, atol=1e-6
    )


IN_NUMPY = {
    "min": np.minimum,
    "max": np.maximum,
    "plus": np.add,
    "times": np.multiply,
    "or": np.logical_or,
    "and": np.logical_and,
    "gcd": np.gcd,
}


def soft_min(x, t=0.5):
    with np.errstate(divide="ignore"):
        return -t * np.logaddexp.reduce(-x.astype(np.float64) / t, axis=0, initial=-np.inf)


def in_numpy(x, graph, monoid):
    """The sums, node by node; no infinity meets the one of the other sign here in a plain sum."""
    x, ends = np.asarray(x), np.asarray(graph.receivers)
    out = np.full((graph.n_node, *x.shape[1:]), monoid.unit, x.dtype)
    for v in range(graph.n_node):
        mine = x[ends == v]
        if monoid.name == "soft_min":
            out[v] = soft_min(mine)
        else:
            out[v] = IN_NUMPY[monoid.name].reduce(mine, axis=0, initial=out.dtype.type(monoid.unit))
    return out


def args_in_numpy(x, graph, y, monoid):
    """The first edges whose messages are the sums y."""
    x, ends = np.asarray(x), np.asarray(graph.receivers)
    arg = np.full(y.shape, -1, np.int32)
    for v, *f in np.ndindex(y.shape):
        total = y[(v, *f)]
        if total != monoid.unit:
            mine, edges = x[(ends == v, *f)], np.flatnonzero(ends == v)
            arg[(v, *f)] = edges[(mine == total) | ((mine != mine) & (total != total))][0]
    return arg


@pytest.mark.parametrize("name", MONOIDS)
def test_equals_the_definition(name):
    """Every monoid, on the graph with hubs; with vectors and infinities."""
    # The greatest common divisor has no reduction of its own: its trees take long to compile.
    monoid, graph = MONOIDS[name], GRAPHS["hub"] if name != "gcd" else draw_graph(4, 40, hub=True)
    run = jax.jit(lambda x, g: [reduce(x, g, monoid, implementation=v) for v in VERSIONS])
    for extremes in (False, True):  # With them, all sums of min and max are infinite here.
        x = draw(monoid, (graph.n_edge, 2), extremes=extremes)
        expected = in_numpy(x, graph, monoid)
        for y in run(x, graph):
            assert_same(y, expected)


@pytest.mark.parametrize("shape", GRAPHS)
def test_an_independent_definition(shape):
    """Python numbers, node by node, for scalars, vectors, and vectors of no length."""
    graph = GRAPHS[shape]
    receivers = graph.receivers.tolist()
    tails = ((), (2,), (0,)) if shape == "odd" else ((),)
    each = [draw(min_plus.add, (graph.n_edge, *tail), extremes=True) for tail in tails]

    @jax.jit
    def run(each, graph):
        return [
            (reduce_with_arg(x, graph, min_plus.add, implementation=version),
             reduce(x, graph, min_plus.add, implementation=version))
            for version in VERSIONS
            for x in each
        ]  # fmt: skip

    found = run(each, graph)
    for at, ((y, arg), alone) in enumerate(found):
        x, tail = np.asarray(each[at % len(tails)]), tails[at % len(tails)]
        y, arg = np.asarray(y), np.asarray(arg)
        assert y.shape == arg.shape == (graph.n_node, *tail)
        assert arg.dtype == jnp.int32
        np.testing.assert_array_equal(y, alone)
        for v, *f in np.ndindex(y.shape):
            mine = {e: float(x[(e, *f)]) for e, r in enumerate(receivers) if r == v}
            least = min(mine.values(), default=math.inf)
            first = -1 if least == math.inf else next(e for e in mine if mine[e] == least)
            assert (float(y[(v, *f)]), int(arg[(v, *f)])) == (least, first)


@pytest.mark.parametrize("name", SELECTIVE)
def test_args_equal_the_definition(name):
    """With NaN too; versions in one program."""
    monoid, graph = SELECTIVE[name], GRAPHS["hub"]
    each = [np.array(draw(monoid, (graph.n_edge, 2), i, extremes=i < 2)) for i in range(3)]
    if each[1].dtype == np.float32:
        each[1][each[1] == 3.0] = np.nan

    run = jax.jit(lambda x, g: [reduce_with_arg(x, g, monoid, implementation=v) for v in VERSIONS])
    for x in each:
        expected = in_numpy(x, graph, monoid)
        for y, arg in run(x, graph):
            np.testing.assert_array_equal(y, expected)
            np.testing.assert_array_equal(arg, args_in_numpy(x, graph, expected, monoid))


@pytest.mark.parametrize("monoid", [max_plus.add, plus_times.add, log_plus(0.5).add], ids=str)
def test_gathering_is_reducing_the_gathered(monoid):
    graph = GRAPHS["hub" if monoid == max_plus.add else "odd"]
    h = draw(monoid, (graph.n_node, 3), extremes=True)
    expected = in_numpy(np.asarray(h)[np.asarray(graph.senders)], graph, monoid)
    run = jax.jit(lambda h, g: [gather_reduce(h, g, monoid, implementation=v) for v in VERSIONS])
    for y in run(h, graph):
        assert_same(y, expected)


def places(rows):
    """The places that the rows of each group hold, by group; and the shapes of the blocks."""
    held = [[] for _ in range(rows.first.counts.shape[0])]
    blocks = [(rows.first, np.arange(len(held)))]
    if rows.rest is not None:
        blocks.append((rows.rest.block, np.asarray(rows.rest.owners)))
    for block, owners in blocks:
        assert block.width <= WIDEST
        starts, counts = np.asarray(block.starts), np.asarray(block.counts)
        for start, count, owner in zip(starts, counts, owners, strict=True):
            assert int(count) <= block.width
            held[owner] += range(int(start), int(start) + int(count))
    return held, [(block.width, len(owners)) for block, owners in blocks]


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**31), st.sampled_from([0, 1, 7, 40]), st.booleans())
def test_rows_hold_every_item_once(seed, n_edge, hub):
    """Each in a row of its group, and in order; and say where."""
    graph = draw_graph(4, n_edge, seed, hub=hub)
    for part, ends in ((graph.into, graph.receivers), (graph.out_of, graph.senders)):
        held, shapes = places(part)
        assert list(itertools.chain(*held)) == list(range(n_edge))
        items = np.arange(n_edge) if part.items is None else np.asarray(part.items)
        np.testing.assert_array_equal(np.sort(items), np.arange(n_edge))
        for group, mine in enumerate(held):
            assert (np.asarray(ends)[items[mine]] == group).all()
        where = [np.full(width * rows, -1) for width, rows in shapes]
        blocks = [part.first, *([] if part.rest is None else [part.rest.block])]
        for block, flat in zip(blocks, where, strict=True):
            for step in range(block.width):
                alive = np.flatnonzero(np.asarray(block.counts) > step)
                flat[step * block.counts.shape[0] + alive] = np.asarray(block.place(step))[alive]
        assert np.concatenate(where)[np.asarray(part.position)].tolist() == list(range(n_edge))


def test_hubs_have_several_levels():
    assert GRAPHS["odd"].into.rest is None
    assert GRAPHS["hub"].into.rest.sums.rest is not None


def test_a_graph_sorts_its_edges():
    graph = CsrGraph.from_edges([3, 1, 2, 0], [2, 0, 2, 0], 4)
    assert graph.receivers.tolist() == [0, 0, 2, 2]
    assert graph.senders.tolist() == [1, 0, 3, 2]
    weights = jnp.array([10.0, 11.0, 12.0, 13.0])
    assert graph.sort(weights).tolist() == [11.0, 13.0, 10.0, 12.0]
    _, arg = reduce_with_arg(graph.sort(weights), graph, max_plus.add)
    assert graph.order[arg[jnp.array([0, 2])]].tolist() == [3, 2]


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.int32, jnp.int8])
def test_dtypes(dtype):
    graph = GRAPHS["odd"]
    x = np.asarray(draw(min_plus.add, (graph.n_edge,))).astype(dtype)

    @jax.jit
    def run(x, graph):
        return {v: reduce_with_arg(x, graph, min_plus.add, implementation=v) for v in VERSIONS}

    found = run(x, graph)
    for version in FAST:
        for got, want in zip(found[version], found["reference"], strict=True):
            assert got.dtype == want.dtype
            np.testing.assert_array_equal(got, want)


def test_pairs_with_provenance():
    graph, pairs = GRAPHS["odd"], with_provenance(min_plus).add
    x = (draw(min_plus.add, (graph.n_edge,)), np.arange(graph.n_edge, dtype=np.int32))
    h = (draw(min_plus.add, (graph.n_node,)), np.arange(graph.n_node, dtype=np.int32))
    sent = jax.tree.map(lambda leaf: np.asarray(leaf)[np.asarray(graph.senders)], h)

    @jax.jit
    def run(x, h, sent, graph):
        return (
            reduce_with_arg(x[0], graph, min_plus.add),
            [reduce(x, graph, pairs, implementation=version) for version in VERSIONS],
            gather_reduce(h, graph, pairs),
            reduce(sent, graph, pairs, implementation="reference"),
        )

    expected, each, gathered, literally = run(x, h, sent, graph)
    for got in each:
        jax.tree.map(np.testing.assert_array_equal, got, expected)
    jax.tree.map(np.testing.assert_array_equal, gathered, literally)


def distinct(shape, seed):
    rng = np.random.default_rng(seed)
    values = rng.permutation(math.prod(shape)).reshape(shape) / max(math.prod(shape), 1)
    return np.asarray(0.75 + 0.5 * values, np.float32)


def literal(x, graph, monoid):
    """The sum by one node at a time, for autodiff."""
    ends = np.asarray(graph.receivers)
    return jnp.stack([monoid.reduce(x[ends == v], 0) for v in range(graph.n_node)])


@pytest.mark.parametrize("monoid", KINDS, ids=str)
def test_gradients(monoid):
    """Against autodiff of the definition, where nothing ties; of messages and of nodes."""
    # Several levels of rows where the gradient goes through them.
    graph = draw_graph(4, 25, hub=True) if monoid == log_plus(0.5).add else draw_graph(4, 12, 1)
    x, h = distinct((graph.n_edge, 2), 0), distinct((graph.n_node, 2), 1)
    weights = distinct((graph.n_node, 2), 2)

    def finite(f, graph, **how):
        def values(x):
            y = f(x, graph, monoid, **how)
            return jnp.where(jnp.isinf(y), 0.0, y)

        return values

    versions = {version: finite(reduce, graph, implementation=version) for version in FAST}
    found = slopes(versions | {"literal": finite(literal, graph)})((x,), weights)
    for version in FAST:
        np.testing.assert_allclose(
            *(found[name][0] for name in (version, "literal")), rtol=1e-5, atol=1e-6
        )
    if monoid.is_selective:
        simple = draw_graph(4, 9, 3)  # A sender heard twice by one node would tie with itself.
        pairs = np.unique(np.stack([simple.receivers, simple.senders]), axis=1)
        graph = CsrGraph.from_edges(pairs[1], pairs[0], 4)

    def literally(h, graph, monoid):
        return literal(h[graph.senders], graph, monoid)

    both = {"ours": finite(gather_reduce, graph), "literal": finite(literally, graph)}
    found = slopes(both)((h,), weights)
    np.testing.assert_allclose(*(found[name][0] for name in both), rtol=1e-5, atol=1e-6)


def test_gradients_by_differences():
    graph = GRAPHS["odd"]
    x, h = distinct((graph.n_edge,), 0), distinct((graph.n_node,), 1)
    monoid = log_plus(0.5).add
    has_any = np.bincount(graph.receivers, minlength=graph.n_node) > 0
    for f, values in ((reduce, x), (gather_reduce, h)):
        program = pulling({"ours": lambda x, f=f: jnp.where(has_any, f(x, graph, monoid), 0.0)})
        some = np.zeros(graph.n_node, np.float32)
        check_pull(program, "ours", (values,), some, atol=0.02, rtol=0.02, eps=1e-2)


def test_the_first_edge_gets_the_gradient():
    graph = CsrGraph.from_edges([0, 1, 2, 2], [0, 0, 0, 1], 3)

    def loss(x, version):
        y = reduce(x, graph, max_plus.add, implementation=version)
        return jnp.sum(jnp.where(jnp.isinf(y), 0.0, y))

    run = jax.jit(lambda x: [jax.grad(loss)(x, version) for version in VERSIONS])
    for slope in run(jnp.array([1.0, 2.0, 2.0, -jnp.inf])):
        assert slope.tolist() == [0.0, 1.0, 0.0, 0.0]


def test_the_value_of_the_arg_has_a_gradient():
    graph = GRAPHS["odd"]

    def plain(x):
        return jnp.sum(jnp.exp(-reduce(x, graph, min_plus.add)))

    def paired(x):
        return jnp.sum(jnp.exp(-reduce_with_arg(x, graph, min_plus.add)[0]))

    both = jax.jit(lambda x: (jax.grad(plain)(x), jax.grad(paired)(x)))
    np.testing.assert_array_equal(*both(distinct((graph.n_edge,), 0)))


def test_no_scatter_and_nothing_for_each_edge():
    """Gathering reduces without a scatter and without an array of the messages, both ways."""
    graph = draw_graph(40, 600)
    h = jax.ShapeDtypeStruct((40, 8), jnp.float32)
    for monoid in (plus_times.add, max_plus.add):
        run = functools.partial(gather_reduce, monoid=monoid)
        for f in (run, lambda h, g, run=run: jax.vjp(lambda h: run(h, g), h)[1](run(h, g))):
            found = list(equations(jax.make_jaxpr(f)(h, graph).jaxpr))
            slow = [e for e in found if e.primitive.name.startswith("scatter")]
            # The one place is the arg among NaNs, which a float32 array of messages never enters.
            assert all(e.outvars[0].aval.dtype == jnp.int32 for e in slow)
            assert monoid != plus_times.add or not slow
    everything = functools.partial(gather_reduce, monoid=max_plus.add, implementation="reference")
    sizes = [
        math.prod(v.aval.shape)
        for e in equations(jax.make_jaxpr(everything)(h, graph).jaxpr)
        for v in e.outvars
    ]
    assert max(sizes) >= 600 * 8


def test_transformations_compose():
    graph = GRAPHS["odd"]
    x = draw(min_plus.add, (3, graph.n_edge, 2))
    expected = [in_numpy(one, graph, min_plus.add) for one in np.asarray(x)]

    @jax.jit
    def run(x, graph):
        def mapped(version):
            f = functools.partial(reduce, implementation=version)
            return jax.vmap(lambda x, g: f(x, g, min_plus.add), (0, None))(x, graph)

        to_x = jax.vmap(jax.grad(lambda x: jnp.sum(reduce(x, graph, plus_times.add))))(x)
        return [mapped(version) for version in VERSIONS], to_x

    each, to_x = run(x, graph)
    for many in each:
        np.testing.assert_array_equal(many, expected)
    assert np.all(np.asarray(to_x) == 1)


def test_one_compilation_a_graph():
    graph = GRAPHS["odd"]
    run = jax.jit(chex.assert_max_traces(lambda x, g: reduce(x, g, min_plus.add), n=1))
    for seed in range(3):
        run(draw(min_plus.add, (graph.n_edge,), seed), graph)


ACROSS = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from catalign.algebra.instances import min_plus, plus_times
from catalign.kernels.segment_reduce import CsrGraph, gather_reduce, reduce

rng = np.random.default_rng(0)
graph = CsrGraph.from_edges(*rng.integers(0, 7, (2, 40)), 7)
mesh = Mesh(np.array(jax.devices()), ("data",))
for f, rows in ((reduce, 40), (gather_reduce, 7)):
    x = jnp.asarray(rng.integers(0, 9, (rows, 8)), jnp.float32)
    y = jax.device_put(x, NamedSharding(mesh, PartitionSpec(None, "data")))
    for monoid in (min_plus.add, plus_times.add):
        g = jax.jit(jax.value_and_grad(lambda x: jnp.sum(jnp.exp(-f(x, graph, monoid)))))
        for here, there in zip(g(x), g(y)):
            np.testing.assert_allclose(here, there, rtol=1e-5)
print(len(jax.devices()))
"""


def test_features_across_four_devices(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=4")
    done = subprocess.run([sys.executable, "-c", ACROSS], capture_output=True, text=True)
    assert done.stdout.strip() == "4", done.stderr


def test_bad_arguments_are_named():
    graph = GRAPHS["odd"]
    x = jnp.ones((graph.n_edge,))
    with pytest.raises(ShapeMismatchError, match=r"`messages` has shape \[22\].* 23 edges"):
        reduce(x[1:], graph, min_plus.add)
    with pytest.raises(ShapeMismatchError, match=r"`nodes` has shape \[23\].* 9 nodes"):
        gather_reduce(x, graph, min_plus.add)
    with pytest.raises(InputError, match="one of rows, scatter, reference"):
        reduce(x, graph, min_plus.add, implementation="fast")
    with pytest.raises(UnsupportedError, match="whose sum is none of its terms"):
        reduce_with_arg(x, graph, plus_times.add)
    with pytest.raises(InputError, match="`receivers` names nodes 0 to 3, but `n_node` is 3"):
        CsrGraph.from_edges([0, 0], [0, 3], 3)
    with pytest.raises(InputError, match="`senders` names nodes -1 to 0"):
        CsrGraph.from_edges([0, -1], [0, 0], 3)
    with pytest.raises(ShapeMismatchError, match=r"`receivers` is int64\[1\], and `senders`"):
        CsrGraph.from_edges([0, 0], [0], 3)
    with pytest.raises(ShapeMismatchError, match=r"`senders` is float64\[1\]"):
        CsrGraph.from_edges(np.array([0.5]), [0], 3)


def test_a_planted_fault_is_seen():
    """Swapped ends, or the last edge in place of the first, would fail the checks above."""
    graph = GRAPHS["odd"]
    swapped = CsrGraph.from_edges(graph.receivers, graph.senders, graph.n_node)
    h = distinct((graph.n_node,), 0)
    right = in_numpy(h[np.asarray(graph.senders)], graph, min_plus.add)
    assert (np.asarray(gather_reduce(h, swapped, min_plus.add)) != right).any()
    ties = jnp.zeros(graph.n_edge)
    arg = np.asarray(reduce_with_arg(ties, graph, min_plus.add)[1])
    ends = np.asarray(graph.receivers)
    assert [int(arg[v]) for v in set(ends.tolist())] == [
        int(np.flatnonzero(ends == v)[0]) for v in set(ends.tolist())
    ]
