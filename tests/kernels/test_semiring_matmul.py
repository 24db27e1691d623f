"""Every version of the product equals its definition, with ties, infinities, NaN and gradients."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.instances import SEMIRINGS, log_plus, min_plus, plus_times
from catalign.kernels.semiring_matmul.api import VERSIONS, multiply, multiply_with_arg
from tests.kernels.programs import largest

SELECTIVE = [s for s in SEMIRINGS.values() if s.add.is_selective]
FAST = [name for name in VERSIONS if name != "reference"]
# Batch, n, k, m: plain, single, empty in each place, and k above the terms of one pass.
SHAPES = [(2, 3, 5, 4), (1, 1, 1, 1), (0, 2, 3, 2), (2, 0, 3, 2), (2, 3, 0, 2), (1, 9, 37, 5)]
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
    assert all(most(name) <= 4 * 128**2 for name in FAST)


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
    with pytest.raises(InputError, match="one of xla, reference"):
        multiply(x, x.T, min_plus, implementation="fast")
    for semiring in (plus_times, log_plus(1.0)):
        with pytest.raises(UnsupportedError, match="whose sum is none of its terms"):
            multiply(x, x.T, semiring)
