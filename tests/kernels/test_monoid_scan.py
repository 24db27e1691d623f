"""Every version of the scans equals their definition, in both directions and across devices."""

import functools
import itertools
import subprocess
import sys

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.sharding import AxisType, Mesh

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.instances import SEMIRINGS, log_plus, min_plus, plus_times
from catalign.kernels.monoid_scan import function
from catalign.kernels.monoid_scan.api import VERSIONS, scan_functions, scan_matrices
from tests.kernels.programs import check_pull, equations, pulling

FAST = [name for name in VERSIONS if name != "reference"]
ALL = [*SEMIRINGS.values(), log_plus(0.5)]
GRADED = [min_plus, plus_times, SEMIRINGS["max_times"], log_plus(0.5)]
# Empty, single, below and above two blocks, no multiple of a block; batches of none, one and more.
SHAPES = [(0,), (1,), (7,), (37,), (2, 37), (0, 5), (2, 3, 70)]
WAYS = list(itertools.product([False, True], repeat=2))


def draw_functions(shape, size, seed=0, dtype=np.int32):
    rng = np.random.default_rng(seed)
    return rng.integers(0, size, (*shape, size)).astype(dtype)


def draw_matrices(semiring, shape, n, seed=0, *, extremes=False):
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 4, (*shape, n, n)).astype(np.float32)
    if semiring.dtype_kind == "bool":
        return jnp.asarray(values > 2)
    if extremes:
        special = {"plus_times": [0.0], "max_times": [0.0]}.get(
            semiring.name, [np.inf, -np.inf] if semiring.add.is_selective else [np.inf]
        )
        values = np.where(rng.random(values.shape) < 0.4, rng.choice(special, values.shape), values)
    if semiring.name in ("plus_times", "max_times"):
        values = np.minimum(values, 2.0) * 0.5  # Powers of two: products are exact.
    return jnp.asarray(values, jnp.float32)


def compose_literally(f, *, reverse=False, exclusive=False):
    """Python lists, one state at a time."""
    time, size = f.shape
    prefix, out = list(range(size)), [None] * time
    for i in reversed(range(time)) if reverse else range(time):
        longer = [int(f[i][s]) for s in prefix]
        out[i] = prefix if exclusive else longer
        prefix = longer
    return np.array(out, f.dtype).reshape(f.shape)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [1, 2, 3, 8, 9])
def test_functions_by_python_lists(version, size):
    """For packed sizes and those above, in every direction."""
    shape, ways = (2, 37), WAYS if size in (3, 9) else [(True, False)]
    f = draw_functions(shape, size)

    @jax.jit
    def run(f):
        return [
            scan_functions(f, reverse=reverse, exclusive=exclusive, implementation=version)
            for reverse, exclusive in ways
        ]

    for (reverse, exclusive), got in zip(ways, run(f), strict=True):
        for at in np.ndindex(shape[:-1]):
            want = compose_literally(f[at], reverse=reverse, exclusive=exclusive)
            np.testing.assert_array_equal(got[at], want)


@pytest.mark.parametrize("version", FAST)
@pytest.mark.parametrize("size", [3, 9])
def test_functions_equal_the_definition(version, size):
    """Over shapes and dtypes."""
    dtypes = (np.int32, np.int8, np.uint8)
    each = [draw_functions(s, size, dtype=dtypes[i % 3]) for i, s in enumerate(SHAPES)]
    run = jax.jit(lambda each: [scan_functions(f, implementation=version) for f in each])
    for f, got in zip(each, run(each), strict=True):
        assert got.dtype == f.dtype
        for at in np.ndindex(f.shape[:-2]):
            np.testing.assert_array_equal(got[at], compose_literally(f[at]))


@pytest.mark.parametrize("semiring", ALL, ids=str)
def test_matrices_equal_the_definition(semiring):
    """Over shapes, directions, and values with infinities."""
    some = SHAPES if semiring == min_plus else [(2, 37)]
    ways = [WAYS[(at + ALL.index(semiring)) % 4] for at in range(len(some))]
    each = [
        draw_matrices(semiring, shape, (2, 1, 3)[at % 3], extremes=True)
        for at, shape in enumerate(some)
    ]

    @jax.jit
    def run(each):
        return {
            name: [
                scan_matrices(m, semiring, reverse=r, exclusive=e, implementation=name)
                for m, (r, e) in zip(each, ways, strict=True)
            ]
            for name in VERSIONS
        }

    found = run(each)
    for version in FAST:
        for m, got, expected in zip(each, found[version], found["reference"], strict=True):
            assert got.dtype == m.dtype
            assert not np.isnan(np.asarray(got, np.float32)).any()
            if semiring.add.is_selective:
                np.testing.assert_array_equal(got, expected)
            else:
                np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("version", VERSIONS)
def test_matrices_by_python_loops(version):
    m = draw_matrices(min_plus, (20,), 2, extremes=True)
    got = np.asarray(scan_matrices(m, min_plus, implementation=version))
    m = np.asarray(m)
    prefix = [[0.0, np.inf], [np.inf, 0.0]]
    for i in range(20):
        terms = [
            [[(prefix[r][k], float(m[i, k, c])) for k in range(2)] for c in range(2)]
            for r in range(2)
        ]
        prefix = [
            [min(np.inf if np.inf in (a, b) else a + b for a, b in cell) for cell in row]
            for row in terms
        ]
        np.testing.assert_array_equal(got[i], np.float32(prefix))


@pytest.mark.parametrize("semiring", [plus_times, SEMIRINGS["lor_land"]], ids=str)
def test_functions_are_their_matrices(semiring):
    f = draw_functions((40,), 4)
    one_hot = np.eye(4, dtype=bool if semiring.dtype_kind == "bool" else np.float32)[f]
    run = jax.jit(lambda m: [scan_matrices(m, semiring, implementation=name) for name in FAST])
    for product in run(one_hot):
        np.testing.assert_array_equal(np.argmax(product, axis=-1), compose_literally(f))
        assert np.all(np.sum(product, axis=-1) == 1)


@functools.partial(jax.jit, static_argnums=1)
def prefixes(f, reverse):
    return [scan_functions(f, reverse=reverse, exclusive=exclusive) for exclusive in (True, False)]


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 2**31), st.sampled_from([2, 3, 9]), st.booleans())
def test_a_prefix_is_the_exclusive_one_and_its_element(seed, size, reverse):
    f = draw_functions((33,), size, seed)
    before, after = prefixes(f, reverse)
    np.testing.assert_array_equal(np.take_along_axis(f, np.asarray(before), 1), after)
    np.testing.assert_array_equal(before[-1 if reverse else 0], np.arange(size))


def test_a_swapped_order_is_seen():
    """The checks above would notice a composition the wrong way round, or a lost unit."""
    f = draw_functions((37,), 3)
    wrong = compose_literally(f[:, ::-1])
    assert (np.asarray(scan_functions(f)) != wrong).any()
    stored = function.Packed(3)

    @jax.jit
    def flipped(f):
        y = VERSIONS["blocked"](
            lambda a, b: stored.compose(b, a),
            stored.encode(jnp.arange(3)[:, None])[..., 0],
            stored.encode(f[..., None]),
            reverse=False,
            exclusive=False,
        )
        return stored.decode(y, np.dtype(np.int32))[..., 0]

    assert (np.asarray(flipped(f)) != compose_literally(f)).any()


def stochastic(shape, n, seed=0):
    rng = np.random.default_rng(seed)
    return jnp.asarray(rng.dirichlet(np.ones(n), (*shape, n)), jnp.float32)


def test_stochastic_matrices():
    m = stochastic((40,), 3)
    versions = {
        name: functools.partial(scan_matrices, semiring=plus_times, implementation=name)
        for name in VERSIONS
    }
    program, any_slope = pulling(versions), np.zeros(m.shape, np.float32)
    for name, found in program((m,), any_slope).items():
        np.testing.assert_allclose(np.sum(found.value, -1), 1.0, rtol=1e-5)
        check_pull(program, name, (m,), any_slope, atol=0.02, rtol=0.02, eps=1e-2)


@pytest.mark.parametrize("semiring", GRADED, ids=str)
def test_gradients(semiring):
    """Against autodiff of the literal loop, and against differences, where nothing ties."""
    reverse = ALL.index(semiring) % 2 == 0
    rng = np.random.default_rng(3)
    m = np.asarray(rng.random((34, 2, 2)) * 0.5 + 0.5, np.float32)
    weights = np.asarray(rng.random(m.shape), np.float32)

    def loss(m, version):
        y = scan_matrices(m, semiring, reverse=reverse, implementation=version)
        return jnp.sum(weights * y)

    run = jax.jit(lambda m: {name: jax.grad(loss)(m, name) for name in VERSIONS})
    found = run(m)
    for version in FAST:
        np.testing.assert_allclose(found[version], found["reference"], rtol=2e-4, atol=1e-5)
    if semiring == min_plus:
        short = {
            name: functools.partial(scan_matrices, semiring=semiring, implementation=name)
            for name in FAST
        }
        program = pulling(short)
        for name in FAST:
            check_pull(program, name, (m[:3],), weights[:3], atol=0.02, rtol=0.02, eps=1e-3)


def test_no_path_has_no_gradient():
    wall = np.full((20, 2, 2), np.inf, np.float32)

    def slopes(m):
        return [
            jax.grad(lambda m, s=semiring: jnp.sum(scan_matrices(m, s)))(m)
            for semiring in (min_plus, log_plus(1.0))
        ]

    assert all(np.all(np.asarray(slope) == 0) for slope in jax.jit(slopes)(wall))


@pytest.mark.parametrize("version", VERSIONS)
def test_nan_spreads_to_what_reads_it(version):
    m = np.zeros((20, 2, 2), np.float32)
    m[:, 1, 0], m[5, 0, 0] = np.inf, np.nan
    y = scan_matrices(m, min_plus, implementation=version)
    expected = np.zeros((20, 2, 2), bool)
    expected[5:, 0, 0] = expected[6:, 0, 1] = True
    np.testing.assert_array_equal(np.isnan(y), expected)


def test_tied_paths_share_one_gradient():
    m = np.zeros((20, 2, 2), np.float32)
    slope = np.asarray(jax.jit(jax.grad(lambda m: scan_matrices(m, min_plus)[-1, 0, 0]))(m))
    np.testing.assert_allclose(np.sum(slope, (1, 2)), 1.0)
    assert np.all(slope >= 0)


def test_transformations_compose():
    m = draw_matrices(min_plus, (3, 20), 2)
    f = draw_functions((3, 20), 3)
    y, g = scan_matrices(m, min_plus), [compose_literally(one) for one in f]

    @jax.jit
    def run(m, f):
        mapped = jax.vmap(lambda x: scan_matrices(x, min_plus))(m), jax.vmap(scan_functions)(f)
        slopes = jax.vmap(jax.grad(lambda x: jnp.sum(scan_matrices(x, min_plus)[-1])))(m)
        return *mapped, slopes, scan_matrices((m * 0.5).astype(jnp.bfloat16), min_plus)

    matrices, functions, slopes, half = run(m, f)
    np.testing.assert_array_equal(matrices, y)
    np.testing.assert_array_equal(functions, g)
    assert slopes.shape == m.shape
    assert half.dtype == jnp.bfloat16


def test_one_compilation_a_shape():
    count = chex.assert_max_traces(lambda f: scan_functions(f), n=1)
    run = jax.jit(count)
    for seed in range(3):
        run(jnp.asarray(draw_functions((30,), 3, seed)))


@pytest.mark.parametrize("size", [3, 20])
def test_the_tree_gathers_nothing(size):
    """A gather in a tree takes minutes to compile at a million elements."""
    f = jax.ShapeDtypeStruct((64, size), jnp.int32)

    def names(version):
        run = functools.partial(scan_functions, implementation=version)
        return {e.primitive.name for e in equations(jax.make_jaxpr(run)(f).jaxpr)}

    assert "gather" not in names("tree")
    assert "gather" in names("reference")


def test_the_program_does_not_grow_with_the_length():
    def length(time):
        f = jax.ShapeDtypeStruct((time, 3), jnp.int32)
        run = functools.partial(scan_functions, implementation="blocked")
        return len(list(equations(jax.make_jaxpr(run)(f).jaxpr)))

    assert length(10**6) <= length(10**4) + 8


def test_images_out_of_range():
    f = jnp.array([[0, 1], [2, 0]])
    with pytest.raises(InputError, match="images from 0 to 2, but its last axis has 2 states"):
        scan_functions(f)
    clipped = [[0, 1], [1, 0]]
    for version in VERSIONS:
        run = jax.jit(functools.partial(scan_functions, implementation=version))
        assert run(f).tolist() == run(jnp.array(clipped)).tolist()


def test_bad_arguments_are_named():
    f, m = jnp.zeros((3, 2), jnp.int32), jnp.zeros((3, 2, 2))
    for bad in (f[0], f[:, :0]):
        with pytest.raises(ShapeMismatchError, match=r"`functions` is .*give integers of shape"):
            scan_functions(bad)
    with pytest.raises(ShapeMismatchError, match=r"\[3, 2, 1\]: give square ones"):
        scan_matrices(m[..., :1], min_plus)
    with pytest.raises(ShapeMismatchError, match="computes in bool"):
        scan_matrices(m, SEMIRINGS["lor_land"])
    with pytest.raises(InputError, match="one of blocked, tree, reference"):
        scan_functions(f, implementation="fast")
    mesh = Mesh(np.array(jax.devices()[:1]).reshape(1, 1), ("data", "model"))
    with pytest.raises(InputError, match=r"is None, but `mesh` has the axes \['data', 'model'\]"):
        scan_functions(f, mesh=mesh)
    explicit = Mesh(mesh.devices[0], ("data",), axis_types=(AxisType.Explicit,))
    with pytest.raises(UnsupportedError, match="explicit axes"):
        scan_functions(f, mesh=explicit)
    with pytest.raises(InputError, match=r"is 'time', but `mesh` has the axes \[\]"):
        scan_matrices(m, min_plus, axis_name="time")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_mesh_of_one_device(version):
    mesh = Mesh(np.array(jax.devices()[:1]), ("data",))
    f = draw_functions((2, 37), 3)
    got = scan_functions(f, reverse=True, exclusive=True, implementation=version, mesh=mesh)
    for mine, one in zip(got, f, strict=True):
        np.testing.assert_array_equal(mine, compose_literally(one, reverse=True, exclusive=True))


ACROSS = """
import jax, jax.numpy as jnp, numpy as np
from catalign.algebra.instances import min_plus, plus_times
from catalign.kernels.monoid_scan.api import VERSIONS, scan_functions, scan_matrices

mesh = jax.sharding.Mesh(np.array(jax.devices()), ("data",))
rng = np.random.default_rng(0)
for at, time in enumerate((0, 3, 70, 130)):
    f = jnp.asarray(rng.integers(0, 3, (time, 3)))
    m = jnp.asarray(rng.integers(1, 9, (time, 2, 2)), jnp.float32)
    version = list(VERSIONS)[at % 2]
    how = dict(reverse=at < 2, exclusive=at % 2 == 0, implementation=version)
    np.testing.assert_array_equal(scan_functions(f, **how), scan_functions(f, **how, mesh=mesh))
    here, there = (scan_matrices(m, min_plus, **how, **w) for w in ({}, {"mesh": mesh}))
    np.testing.assert_array_equal(here, there)
weights = jnp.asarray(rng.random(m.shape), jnp.float32)
slope = jax.jit(jax.grad(lambda m, mesh: jnp.sum(
    weights * scan_matrices(m / 20, plus_times, mesh=mesh))), static_argnums=1)
np.testing.assert_allclose(slope(m, mesh), slope(m, None), rtol=1e-4, atol=1e-6)
print(len(jax.devices()))
"""


def test_across_four_devices(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=4")
    done = subprocess.run([sys.executable, "-c", ACROSS], capture_output=True, text=True)
    assert done.stdout.strip() == "4", done.stderr
