"""Every version of the product equals its definition, with ties, infinities, NaN and gradients."""

import math
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.instances import SEMIRINGS, log_plus, min_plus, plus_times
from catalign.kernels.semiring_matmul.api import VERSIONS as ALL_VERSIONS
from catalign.kernels.semiring_matmul.api import (
    default_implementation,
    multiply,
    multiply_with_arg,
)
from catalign.kernels.semiring_matmul.arithmetic import ON_INTEGERS
from tests.kernels.programs import largest

# The one for GPUs has tests of its own.
VERSIONS = [name for name in ALL_VERSIONS if name != "mosaic_gpu"]
SELECTIVE = [s for s in SEMIRINGS.values() if s.add.is_selective]
FAST = [name for name in VERSIONS if name != "reference"]
# Batch, n, k, m: plain, single, empty in each place, and k above the terms of one pass; above those
# that are compared; and more products than a program without a loop has.
SHAPES = [(2, 3, 5, 4), (1, 1, 1, 1), (0, 2, 3, 2), (2, 0, 3, 2), (2, 3, 0, 2), (1, 9, 37, 5),
          (1, 2, 140, 3), (1, 40, 170, 40)]  # fmt: skip
EXTREMES = {
    "min_plus": [np.inf, -np.inf, np.nan],
    "max_plus": [np.inf, -np.inf, np.nan],
    "max_min": [np.inf, -np.inf, np.nan],
    "min_max": [np.inf, -np.inf, np.nan],
    "max_times": [0.0, np.inf],
}


def draw(semiring, shape, seed, *, extremes=False):
    """Small whole numbers, so that there are ties, and extremes on demand."""
    rng = np.random.default_rng(seed)
    if semiring.dtype_kind == "bool":
        return jnp.asarray(rng.random(shape) < 0.3)
    values = rng.integers(1, 5, shape).astype(np.float32)
    if extremes:
        # 0 times inf has no value in max_times: its extremes are kept apart.
        special = EXTREMES[semiring.name]
        special = special[:1] if semiring.name == "max_times" else special
        values = np.where(rng.random(shape) < 0.3, rng.choice(special, shape), values)
    return jnp.asarray(values.astype(np.float32))


def assert_same(got, expected):
    for mine, theirs in zip(got, expected, strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("version", FAST)
@pytest.mark.parametrize("semiring", SELECTIVE, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equals_the_definition(semiring, shape, version):
    p, n, k, m = shape
    extremes = semiring.dtype_kind != "bool"
    a = draw(semiring, (p, n, k), 0, extremes=extremes)
    b = draw(semiring, (p, k, m), 1, extremes=extremes)
    expected = multiply_with_arg(a, b, semiring, implementation="reference")
    assert_same(multiply_with_arg(a, b, semiring, implementation=version), expected)
    alone = multiply(a, b, semiring, implementation=version)
    np.testing.assert_array_equal(alone, expected[0])


@pytest.mark.parametrize("version", VERSIONS)
def test_an_independent_definition(version):
    """Python numbers, one entry at a time."""
    a, b = draw(min_plus, (4, 6), 2), draw(min_plus, (6, 3), 3)
    c, arg = multiply_with_arg(a, b, min_plus, implementation=version)
    for i, j in np.ndindex(4, 3):
        terms = [float(a[i, k]) + float(b[k, j]) for k in range(6)]
        assert float(c[i, j]) == min(terms)
        assert int(arg[i, j]) == terms.index(min(terms))


@pytest.mark.parametrize("version", VERSIONS)
def test_infinities_never_meet(version):
    a = jnp.array([[jnp.inf, -jnp.inf]])
    b = jnp.array([[-jnp.inf], [jnp.inf]])
    c, arg = multiply_with_arg(a, b, min_plus, implementation=version)
    assert (c.item(), arg.item()) == (math.inf, -1)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_narrow_floats(dtype):
    a, b = draw(min_plus, (3, 20), 4).astype(dtype), draw(min_plus, (20, 2), 5).astype(dtype)
    expected = multiply_with_arg(a, b, min_plus, implementation="reference")
    assert_same(multiply_with_arg(a, b, min_plus), expected)


def distinct(shape, seed):
    rng = np.random.default_rng(seed)
    return jnp.asarray(rng.permutation(math.prod(shape)).reshape(shape) * 0.37 + 1.0, jnp.float32)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("semiring", [s for s in SELECTIVE if s.dtype_kind == "float"], ids=str)
def test_gradients(semiring, version):
    """Against differences, and against autodiff of the literal definition, where nothing ties."""
    a, b = distinct((3, 4), 0), distinct((4, 2), 1) * 0.99

    def literal(a, b):
        return semiring.add.reduce(semiring.multiply.op(a[:, :, None], b[None]), 1)

    def ours(a, b):
        return multiply(jnp.asarray(a), jnp.asarray(b), semiring, implementation=version)

    check_grads(ours, (a, b), order=1, modes=["rev"], atol=0.05, rtol=0.05, eps=1e-2)
    weights = distinct((3, 2), 2)
    mine, theirs = (
        jax.grad(lambda a, b, f=f: jnp.sum(weights * f(a, b)), argnums=(0, 1))(a, b)
        for f in (ours, literal)
    )
    for x, y in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-6)


SOFT_SHAPES = [(2, 3, 5, 4), (0, 2, 3, 2), (2, 0, 3, 2), (2, 3, 0, 2), (1, 2, 19, 3)]
# Plain; no path here and there; so far apart that exponentials vanish; NaN where no inf absorbs it.
SOFT_CASES = {"plain": (1.0, ()), "missing": (1.0, (np.inf,)), "far": (80.0, ()),
              "far and missing": (80.0, (np.inf,)), "nan": (1.0, (np.inf, np.nan))}  # fmt: skip


def draw_soft(shape, case, seed=0):
    rng = np.random.default_rng(seed)
    spread, special = SOFT_CASES[case]
    p, n, k, m = shape
    factors = []
    for extent in ((p, n, k), (p, k, m)):
        x = spread * rng.normal(size=extent)
        if special:
            x = np.where(rng.random(extent) < 0.3, rng.choice(special, extent), x)
        factors.append(jnp.asarray(x, jnp.float32))
    return factors


def soft_terms(a, b):
    """The terms in float64, inf where there is no path."""
    a, b = np.asarray(a, np.float64)[:, :, :, None], np.asarray(b, np.float64)[:, None]
    return np.where((a == np.inf) | (b == np.inf), np.inf, a + b)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", SOFT_CASES)
def test_the_soft_minimum(case, version):
    t = 0.5
    for shape in SOFT_SHAPES if case == "missing" else SOFT_SHAPES[:1]:
        a, b = draw_soft(shape, case)
        terms = soft_terms(a, b)
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = -t * np.logaddexp.reduce(-terms / t, axis=2, initial=-np.inf)
        out = multiply(a, b, log_plus(t), implementation=version)
        assert out.dtype == jnp.float32
        np.testing.assert_allclose(out, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", ["plain", "missing", "far", "far and missing"])
def test_gradients_of_the_soft_minimum(case, version):
    """Each term gets its share: against the definition in float64, and against differences."""
    t = 0.5
    a, b = draw_soft((2, 3, 5, 4), case)
    weights = distinct((2, 3, 4), 2)
    terms = soft_terms(a, b)
    least = terms.min(2, keepdims=True)
    mass = np.exp((np.where(least == np.inf, 0, least) - terms) / t)
    total = mass.sum(2, keepdims=True)
    share = mass / np.where(total == 0, 1, total)
    expected = (
        np.einsum("pikj,pij->pik", share, weights),
        np.einsum("pikj,pij->pkj", share, weights),
    )

    def ours(a, b):
        return multiply(jnp.asarray(a), jnp.asarray(b), log_plus(t), implementation=version)

    def weighted(a, b):
        out = ours(a, b)
        return jnp.sum(jnp.where(out == jnp.inf, 0.0, weights * out))

    for mine, theirs in zip(jax.grad(weighted, (0, 1))(a, b), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=1e-5)
    if case == "plain":
        check_grads(ours, (a, b), order=1, modes=["rev"], atol=0.02, rtol=0.02, eps=1e-2)


def test_the_soft_minimum_tends_to_the_minimum():
    a, b = draw_soft((2, 3, 5, 4), "missing")
    least = multiply(a, b, min_plus)
    for t in (1.0, 0.1, 1e-3):
        soft = multiply(a, b, log_plus(t))
        finite = jnp.isfinite(least)
        np.testing.assert_array_equal(jnp.isfinite(soft), finite)
        gap = jnp.where(finite, least, 0.0) - jnp.where(finite, soft, 0.0)
        assert bool(jnp.all((gap >= -1e-6) & (gap <= t * math.log(5) + 1e-6)))


@pytest.mark.parametrize("dtype", [jnp.int32, jnp.int8])
@pytest.mark.parametrize("semiring", ON_INTEGERS, ids=str)
def test_integers(semiring, dtype):
    """As the same numbers in float, where the extreme is the infinity that zero is."""
    info = jnp.iinfo(dtype)
    zero = {np.inf: info.max, -np.inf: info.min}.get(semiring.zero, semiring.zero)
    rng = np.random.default_rng(0)
    for shape in [(2, 3, 5, 4), (2, 3, 0, 2), (1, 2, 19, 3)]:
        p, n, k, m = shape
        factors = [rng.integers(0, 9, extent) for extent in ((p, n, k), (p, k, m))]
        factors = [np.where(rng.random(x.shape) < 0.3, zero, x) for x in factors]
        as_float = [np.where(x == zero, semiring.zero, x).astype(np.float32) for x in factors]
        c, arg = multiply_with_arg(
            *map(jnp.asarray, as_float), semiring, implementation="reference"
        )
        c = np.where(c == semiring.zero, zero, np.asarray(c, np.float64))
        for version in VERSIONS:
            integers = [jnp.asarray(x, dtype) for x in factors]
            out = multiply_with_arg(*integers, semiring, implementation=version)
            assert out[0].dtype == dtype
            np.testing.assert_array_equal(out[0], c)
            np.testing.assert_array_equal(out[1], arg)


ACROSS = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
from catalign.algebra.instances import log_plus, min_plus
from catalign.kernels import semiring_matmul, triplet_reduce
mesh = Mesh(np.array(jax.devices()), ("data",))
assert mesh.size == 2
rng = np.random.default_rng(0)
x, y = (jnp.asarray(rng.normal(size=(4, 3, 3, 3)), jnp.float32) for _ in range(2))
calls = {
    "min_plus": lambda x, y: semiring_matmul.multiply(x, y, min_plus),
    "log_plus": lambda x, y: semiring_matmul.multiply(x, y, log_plus(1.0)),
    "triplets": triplet_reduce.reduce,
}
for name, f in calls.items():
    def both(x, y, f=f):
        return f(x, y), *jax.grad(lambda x, y: (f(x, y) ** 2).sum(), (0, 1))(x, y)
    expected = both(x, y)
    # One program over an array that lies on both devices, and one program for each device.
    split = jax.device_put((x, y), NamedSharding(mesh, P("data")))
    halves = dict(mesh=mesh, in_specs=P("data"), out_specs=P("data"), check_vma=False)
    mapped = jax.shard_map(both, **halves)
    for out in (jax.jit(both)(*split), jax.jit(mapped)(x, y)):
        for mine, theirs in zip(out, expected, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5, err_msg=name)
print("equal")
"""


def test_sharding_composes(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    done = subprocess.run([sys.executable, "-c", ACROSS], capture_output=True, text=True)
    assert done.stdout.strip() == "equal", done.stderr


def test_of_several_terms_the_first_gets_the_gradient():
    a, b = jnp.zeros((1, 3)), jnp.zeros((3, 1))
    assert jax.grad(lambda a: multiply(a, b, min_plus).sum())(a).tolist() == [[1.0, 0.0, 0.0]]


def test_no_path_has_no_gradient():
    a = jnp.array([[jnp.inf, jnp.inf]])
    slope = jax.grad(lambda a: jnp.where(True, 0.0, multiply(a, a.T, min_plus).sum()))(a)
    assert slope.tolist() == [[0.0, 0.0]]
    assert jax.grad(lambda a: multiply(a, a.T, min_plus).sum())(a).tolist() == [[0.0, 0.0]]


def test_transformations_compose():
    a, b = draw(min_plus, (3, 2, 5), 6), draw(min_plus, (3, 5, 2), 7)
    batched = multiply(a, b, min_plus)
    np.testing.assert_array_equal(jax.vmap(lambda x, y: multiply(x, y, min_plus))(a, b), batched)
    np.testing.assert_array_equal(jax.jit(lambda x: multiply(x, b[0], min_plus))(a[0]), batched[0])
    np.testing.assert_array_equal(multiply(a[:, None], b[None], min_plus)[1, 1], batched[1])


@pytest.mark.parametrize("backward", [False, True])
def test_no_program_holds_all_products(backward):
    x = jax.ShapeDtypeStruct((128, 128), jnp.float32)

    def run(a, b, version):
        return jnp.sum(multiply(a, b, min_plus, implementation=version))

    def most(version):
        f = (
            jax.grad(lambda a, b: run(a, b, version))
            if backward
            else (lambda a, b: run(a, b, version))
        )
        return largest(jax.make_jaxpr(f)(x, x).jaxpr)

    assert most("reference") >= 128**3
    assert most("xla") <= 4 * 128**2


def test_the_device_chooses_the_implementation(monkeypatch):
    assert default_implementation() == ("fused" if jax.default_backend() == "gpu" else "xla")
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert default_implementation() == "fused"


def test_bad_arguments_are_named():
    x = jnp.ones((2, 3))
    with pytest.raises(
        ShapeMismatchError, match=r"`a` is float32\[2, 3\] and `b` is float32\[2, 3"
    ):
        multiply(x, x, min_plus)
    with pytest.raises(ShapeMismatchError, match="of one dtype"):
        multiply(x, x.T.astype(jnp.bfloat16), min_plus)
    with pytest.raises(ShapeMismatchError, match="do not broadcast"):
        multiply(jnp.ones((2, 1, 1)), jnp.ones((3, 1, 1)), min_plus)
    with pytest.raises(ShapeMismatchError, match="computes in bool"):
        multiply(x, x.T, SEMIRINGS["lor_land"])
    with pytest.raises(InputError, match="one of xla, fused, mosaic_gpu, reference"):
        multiply(x, x.T, min_plus, implementation="fast")
    with pytest.raises(UnsupportedError, match=r"plus_times, .* Use jnp.matmul"):
        multiply(x, x.T, plus_times)
    with pytest.raises(UnsupportedError, match="whose sum is none of its terms"):
        multiply_with_arg(x, x.T, log_plus(1.0))
    with pytest.raises(ShapeMismatchError, match="computes in float"):
        multiply(x.astype(jnp.uint8), x.T.astype(jnp.uint8), min_plus)
