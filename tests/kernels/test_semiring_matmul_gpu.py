"""The kernel for GPUs: its logic, interpreted on a CPU; its lowering for CUDA; its refusals."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import UnsupportedError
from catalign.algebra.instances import SEMIRINGS, log_plus, max_plus, min_plus
from catalign.kernels.semiring_matmul import gpu, reference
from catalign.kernels.semiring_matmul.api import multiply

needs_new_jax = pytest.mark.skipif(
    jax.__version_info__ < (0, 11), reason="the kernel needs jax 0.11, which needs Python 3.12"
)
FLOATS = [s for s in SEMIRINGS.values() if s.add.is_selective and s.dtype_kind == "float"]


def draw(shape, seed, special=()):
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 5, shape).astype(np.float32)
    if special:
        values = np.where(rng.random(shape) < 0.3, rng.choice(special, shape), values)
    return jnp.asarray(values.astype(np.float32))


def interpreted(a, b, semiring):
    from jax.experimental.pallas import mosaic_gpu as plgpu  # noqa: PLC0415

    with plgpu.force_gpu_interpret_mode():
        return gpu.multiply(a, b, semiring, with_arg=True)


# Batch, n, k, m: parts of a tile in each place; several tiles and steps; nothing.
@needs_new_jax
@pytest.mark.parametrize("shape", [(1, 3, 5, 4), (2, 65, 33, 129), (1, 2, 0, 3)], ids=str)
def test_equals_the_definition(shape):
    p, n, k, m = shape
    a, b = draw((p, n, k), 0), draw((p, k, m), 1)
    for mine, theirs in zip(
        interpreted(a, b, min_plus), reference.multiply(a, b, min_plus, with_arg=True), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


@needs_new_jax
@pytest.mark.parametrize("semiring", FLOATS, ids=str)
def test_infinities_and_nan(semiring):
    special = (0.0,) if semiring.name == "max_times" else (np.inf, -np.inf, np.nan)
    a, b = draw((1, 5, 9), 0, special), draw((1, 9, 6), 1, special)
    for mine, theirs in zip(
        interpreted(a, b, semiring), reference.multiply(a, b, semiring, with_arg=True), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


@needs_new_jax
@pytest.mark.parametrize("semiring", FLOATS, ids=str)
def test_lowers_for_cuda_without_a_gpu(semiring):
    run = jax.jit(functools.partial(gpu.multiply, semiring=semiring, with_arg=True))
    a, b = (jax.ShapeDtypeStruct(s, jnp.float32) for s in ((2, 100, 70), (2, 70, 130)))
    assert "mosaic_gpu" in run.trace(a, b).lower(lowering_platforms=("cuda",)).as_text()


@pytest.mark.gpu
def test_runs_on_a_gpu():
    a, b = draw((2, 300, 200), 0), draw((2, 200, 500), 1)
    if gpu.why_not(min_plus, a.dtype) is not None:
        pytest.skip("needs compute capability 9.0")
    out = multiply(a, b, min_plus, implementation="mosaic_gpu")
    np.testing.assert_array_equal(out, multiply(a, b, min_plus, implementation="xla"))


def test_says_why_it_cannot_run():
    x = jnp.ones((2, 2))

    def reason(x, semiring):
        with pytest.raises(UnsupportedError, match="cannot run here") as caught:
            multiply(x, x, semiring, implementation="mosaic_gpu")
        return str(caught.value)

    assert "float32, and the matrices are bfloat16" in reason(x.astype(jnp.bfloat16), max_plus)
    assert "no soft minimum" in reason(x, log_plus(1.0))
    if jax.__version_info__ < (0, 11):
        assert "needs jax 0.11 or later" in reason(x, min_plus)
    elif jax.default_backend() == "cpu":
        assert 'the device is "cpu"' in reason(x, min_plus)
