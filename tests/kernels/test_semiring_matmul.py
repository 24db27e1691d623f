"""Every version of the product equals its definition, with ties, infinities, NaN and gradients."""

import functools
import math
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.instances import SEMIRINGS, log_plus, min_plus, plus_times
from catalign.kernels.semiring_matmul import xla
from catalign.kernels.semiring_matmul.api import VERSIONS as ALL_VERSIONS
from catalign.kernels.semiring_matmul.api import (
    default_implementation,
    multiply,
    multiply_with_arg,
)
from catalign.kernels.semiring_matmul.arithmetic import ON_INTEGERS
from tests.kernels.programs import check_pull, largest, pulling

# The one for GPUs has tests of its own.
VERSIONS = [name for name in ALL_VERSIONS if name != "mosaic_gpu"]
SELECTIVE = [s for s in SEMIRINGS.values() if s.add.is_selective]
# Batch, n, k, m: plain, several passes, k above those compared, and more products than a program
# without a loop has; single; empty in each place.
FEW_SHAPES = [(2, 3, 5, 4), (1, 9, 19, 5), (1, 2, 20, 3), (1, 40, 170, 40), (2, 3, 0, 2)]
SHAPES = [*FEW_SHAPES, (1, 1, 1, 1), (0, 2, 3, 2), (2, 0, 3, 2)]
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


# Sum, product, zero, and whether zero absorbs the infinity of the other sign and NaN.
IN_NUMPY = {
    "min_plus": (np.minimum, np.add, np.inf, True),
    "max_plus": (np.maximum, np.add, -np.inf, True),
    "max_min": (np.maximum, np.minimum, -np.inf, False),
    "min_max": (np.minimum, np.maximum, np.inf, False),
    "lor_land": (np.logical_or, np.logical_and, False, False),
    "max_times": (np.maximum, np.multiply, 0.0, False),
}


def in_numpy(a, b, semiring):
    """The sums of all products, and the first terms that attain them."""
    add, times, zero, absorbs = IN_NUMPY[semiring.name]
    a, b = np.asarray(a)[:, :, :, None], np.asarray(b)[:, None]
    with np.errstate(invalid="ignore"):
        terms = times(a, b)
    if absorbs:
        terms = np.where((a == zero) | (b == zero), np.asarray(zero, terms.dtype), terms)
    # A last term of zero, so that there is one; where it is the first, the sum is zero.
    last = np.full((*terms.shape[:2], 1, terms.shape[3]), zero, terms.dtype)
    terms = np.concatenate([terms, last], axis=2)
    c = add.reduce(terms, axis=2)
    total = c[:, :, None]
    attains = (terms == total) | ((terms != terms) & (total != total))
    return c, np.where(c == zero, -1, np.argmax(attains, axis=2)).astype(np.int32)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("semiring", SELECTIVE, ids=str)
def test_equals_the_definition(semiring, version, monkeypatch):
    """Over shapes, in one program."""
    monkeypatch.setattr(xla, "TERMS_COMPARED", 19)
    extremes = semiring.dtype_kind != "bool"
    factors = [
        [
            draw(semiring, extent, seed, extremes=extremes)
            for seed, extent in enumerate(((p, n, k), (p, k, m)))
        ]
        for p, n, k, m in (SHAPES if semiring == min_plus else FEW_SHAPES)
    ]

    @jax.jit
    def run(factors):
        return [
            (
                multiply_with_arg(a, b, semiring, implementation=version),
                multiply(a, b, semiring, implementation=version),
            )
            for a, b in factors
        ]

    for (a, b), (named, alone) in zip(factors, run(factors), strict=True):
        expected = in_numpy(a, b, semiring)
        assert_same(named, expected)
        assert_same([alone], expected[:1])


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
    a, b = (
        jnp.asarray(np.asarray(draw(min_plus, shape, seed)), dtype)
        for shape, seed in (((1, 3, 20), 4), ((1, 20, 2), 5))
    )
    assert_same(multiply_with_arg(a, b, min_plus), in_numpy(a, b, min_plus))


def distinct(shape, seed):
    rng = np.random.default_rng(seed)
    values = rng.permutation(math.prod(shape)).reshape(shape) * 0.37 + 1.0
    return values.astype(np.float32)


@pytest.mark.parametrize("semiring", [s for s in SELECTIVE if s.dtype_kind == "float"], ids=str)
def test_gradients(semiring):
    """Against differences, and against autodiff of the literal definition, where nothing ties."""
    factors = distinct((3, 4), 0), distinct((4, 2), 1) * np.float32(0.99)
    weights = distinct((3, 2), 2)

    def literal(a, b):
        return semiring.add.reduce(semiring.multiply.op(a[:, :, None], b[None]), 1)

    versions = {v: functools.partial(multiply, semiring=semiring, implementation=v)
                for v in VERSIONS}  # fmt: skip
    program = pulling(versions | {"literal": literal})
    found = program(factors, weights)
    for version in VERSIONS:
        for x, y in zip(found[version].slopes, found["literal"].slopes, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-6, err_msg=version)
        check_pull(program, version, factors, weights, atol=0.05, rtol=0.05, eps=1e-2)


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


SOFT = {
    version: functools.partial(multiply, semiring=log_plus(0.5), implementation=version)
    for version in VERSIONS
}


@jax.jit
def soft_minima(factors):
    return {version: [f(a, b) for a, b in factors] for version, f in SOFT.items()}


@pytest.mark.parametrize("case", SOFT_CASES)
def test_the_soft_minimum(case):
    t = 0.5
    factors = [draw_soft(x, case) for x in (SOFT_SHAPES if case == "missing" else SOFT_SHAPES[:1])]
    for version, found in soft_minima(factors).items():
        for (a, b), out in zip(factors, found, strict=True):
            terms = soft_terms(a, b)
            with np.errstate(divide="ignore", invalid="ignore"):
                expected = -t * np.logaddexp.reduce(-terms / t, axis=2, initial=-np.inf)
            assert out.dtype == jnp.float32
            np.testing.assert_allclose(out, expected, rtol=2e-6, atol=2e-6, err_msg=version)


def finite_part(f):
    def values(a, b):
        out = f(a, b)
        return jnp.where(out == jnp.inf, 0.0, out)

    return values


soft_slopes = pulling({version: finite_part(f) for version, f in SOFT.items()})


@pytest.mark.parametrize("case", ["plain", "missing", "far", "far and missing"])
def test_gradients_of_the_soft_minimum(case):
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

    found = soft_slopes((a, b), weights)
    for version in VERSIONS:
        for mine, theirs in zip(found[version].slopes, expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=1e-5, err_msg=version)
        if case == "plain":
            check_pull(soft_slopes, version, (a, b), weights, atol=0.02, rtol=0.02, eps=1e-2)


def test_the_soft_minimum_tends_to_the_minimum():
    a, b = draw_soft((2, 3, 5, 4), "missing")
    soft = {t: log_plus(t) for t in (1.0, 0.1, 1e-3)}
    least, found = jax.jit(
        lambda a, b: (multiply(a, b, min_plus), {t: multiply(a, b, s) for t, s in soft.items()})
    )(a, b)
    finite = np.isfinite(least)
    for t, out in found.items():
        np.testing.assert_array_equal(np.isfinite(out), finite)
        gap = np.asarray(least)[finite] - np.asarray(out)[finite]
        assert np.all((gap >= -1e-6) & (gap <= t * math.log(5) + 1e-6))


@pytest.mark.parametrize("dtype", [jnp.int32, jnp.int8])
@pytest.mark.parametrize("semiring", ON_INTEGERS, ids=str)
def test_integers(semiring, dtype):
    """As the same numbers in float, where the extreme is the infinity that zero is."""
    info = jnp.iinfo(dtype)
    zero = {np.inf: info.max, -np.inf: info.min}.get(semiring.zero, semiring.zero)
    rng = np.random.default_rng(0)
    integers, expected = [], []
    # Several passes for one of the dtypes: they do not depend on it.
    shapes = [(2, 3, 5, 4), (2, 3, 0, 2), (1, 2, 19, 3)][: 3 if dtype == jnp.int8 else 2]
    for p, n, k, m in shapes:
        factors = [rng.integers(0, 9, extent) for extent in ((p, n, k), (p, k, m))]
        factors = [np.where(rng.random(x.shape) < 0.3, zero, x) for x in factors]
        as_float = [np.where(x == zero, semiring.zero, x).astype(np.float32) for x in factors]
        c, arg = in_numpy(*as_float, semiring)
        expected.append((np.where(c == semiring.zero, zero, np.asarray(c, np.float64)), arg))
        integers.append([jnp.asarray(x, dtype) for x in factors])

    @jax.jit
    def run(integers):
        return {
            v: [multiply_with_arg(a, b, semiring, implementation=v) for a, b in integers]
            for v in VERSIONS
        }

    for version, found in run(integers).items():
        for out, (c, arg) in zip(found, expected, strict=True):
            assert out[0].dtype == dtype
            np.testing.assert_array_equal(out[0], c, err_msg=version)
            np.testing.assert_array_equal(out[1], arg, err_msg=version)


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
    a, b = np.zeros((1, 3), "f"), np.zeros((3, 1), "f")
    slope = jax.jit(jax.grad(lambda a: multiply(a, jnp.asarray(b), min_plus).sum()))
    assert slope(a).tolist() == [[1.0, 0.0, 0.0]]


def test_no_path_has_no_gradient():
    def slopes(a):
        hidden = jax.grad(lambda a: jnp.where(True, 0.0, multiply(a, a.T, min_plus).sum()))
        return hidden(a), jax.grad(lambda a: multiply(a, a.T, min_plus).sum())(a)

    for slope in jax.jit(slopes)(jnp.array([[jnp.inf, jnp.inf]])):
        assert slope.tolist() == [[0.0, 0.0]]


def test_transformations_compose():
    a, b = draw(min_plus, (3, 2, 5), 6), draw(min_plus, (3, 5, 2), 7)
    batched = np.asarray(multiply(a, b, min_plus))
    mapped, one, spread = jax.jit(
        lambda a, b: (
            jax.vmap(lambda x, y: multiply(x, y, min_plus))(a, b),
            multiply(a[0], b[0], min_plus),
            multiply(a[:, None], b[None], min_plus)[1, 1],
        )
    )(a, b)
    np.testing.assert_array_equal(mapped, batched)
    np.testing.assert_array_equal(one, batched[0])
    np.testing.assert_array_equal(spread, batched[1])


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
