"""Every version of the star equals its definition; paths are paths; bad cycles are found."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csgraph

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.instances import (
    SEMIRINGS,
    lor_land,
    max_plus,
    max_times,
    min_plus,
    plus_times,
)
from catalign.kernels.closure import floyd_warshall
from catalign.kernels.closure.api import VERSIONS, close, star
from tests.kernels.programs import check_pull, pulling


def draw(semiring, shape, seed=0, *, missing=0.6):
    """Whole numbers, so that paths tie; no cycle is better than staying."""
    rng = np.random.default_rng(seed)
    if semiring == lor_land:
        return jnp.asarray(rng.random(shape) < 0.3)
    values = rng.integers(0, 4, shape).astype(np.float32)
    if semiring == max_times:
        values = 0.5**values
    if semiring == max_plus:
        values = np.where(np.tri(shape[-1], k=-1, dtype=bool), values, -np.inf)
    values = np.where(rng.random(shape) < missing, semiring.zero, values)
    return jnp.asarray(values.astype(np.float32))


SELECTIVE = [s for s in SEMIRINGS.values() if s.add.is_selective]


# Sum and product; no infinities of both signs meet here.
IN_NUMPY = {
    "min_plus": (np.minimum, np.add),
    "max_plus": (np.maximum, np.add),
    "max_min": (np.maximum, np.minimum),
    "min_max": (np.minimum, np.maximum),
    "lor_land": (np.logical_or, np.logical_and),
    "max_times": (np.maximum, np.multiply),
}


def in_numpy(a, semiring):
    """The unit plus all powers of the matrix up to n, by `S <- I + A S`."""
    add, times = IN_NUMPY[semiring.name]
    a, n = np.asarray(a), a.shape[-1]
    unit = np.where(np.eye(n, dtype=bool), semiring.one, semiring.zero).astype(a.dtype)
    total = np.broadcast_to(unit, a.shape)
    for _ in range(n):
        total = add(unit, add.reduce(times(a[..., None], total[..., None, :, :]), axis=-2))
    return total


@pytest.mark.parametrize("semiring", SELECTIVE, ids=str)
def test_equals_the_sum_of_the_powers(semiring, monkeypatch):
    monkeypatch.setattr(floyd_warshall, "BLOCK", 4)
    # Batch and n: two blocks and a part of one, a single node, nothing, no batch.
    more = [(2, 9, 9), (1, 1, 1), (2, 0, 0), (0, 3, 3)]
    shapes = more if semiring == min_plus else [(2, 6, 6)]
    each = [draw(semiring, shape) for shape in shapes]

    @jax.jit
    def run(each):
        return {v: [star(a, semiring, implementation=v) for a in each] for v in VERSIONS}

    for found in run(each).values():
        for a, out in zip(each, found, strict=True):
            assert out.dtype == a.dtype
            np.testing.assert_array_equal(out, in_numpy(a, semiring))


@pytest.mark.parametrize("version", VERSIONS)
def test_distances_and_reachability_of_scipy(version):
    # Above one block; what has none compiles the longer, the more nodes there are.
    n = 40 if version == "floyd_warshall" else 20
    a = np.asarray(draw(min_plus, (n, n), missing=0.9))
    weights = np.ma.masked_invalid(np.asarray(a, np.float64))
    expected = csgraph.floyd_warshall(csgraph.csgraph_from_masked(weights))
    np.testing.assert_array_equal(star(a, min_plus, implementation=version), expected)
    reach = star(a < np.inf, lor_land, implementation=version)
    np.testing.assert_array_equal(reach, np.isfinite(expected))


@pytest.mark.parametrize("semiring", SELECTIVE, ids=str)
def test_predecessors_lead_back_to_the_source(semiring, monkeypatch):
    """With ties and cycles of weight one; the product along the way is the value."""
    monkeypatch.setattr(floyd_warshall, "BLOCK", 4)
    for seed in range(3):
        a = np.asarray(draw(semiring, (11, 11), seed))
        closure = close(a, semiring)
        np.testing.assert_array_equal(closure.value, in_numpy(a, semiring))
        assert int(closure.cycle) == -1
        value, before = np.asarray(closure.value), np.asarray(closure.predecessor)
        for i, j in np.ndindex(11, 11):
            if i == j or value[i, j] == semiring.zero:
                assert before[i, j] == -1
                continue
            product, at, steps = a.dtype.type(semiring.one), j, 0
            while at != i:
                product = IN_NUMPY[semiring.name][1](a[before[i, at], at], product)
                at = before[i, at]
                steps += 1
                assert steps < 11
            assert product == value[i, j]


def with_bad_cycle():
    ring = np.full((2, 5, 5), np.inf, np.float32)
    for k in range(4):
        ring[:, k, (k + 1) % 4] = 1.0
    ring[1, 3, 0] = -3.5
    return jnp.asarray(ring)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_negative_cycle_is_said(version):
    a = with_bad_cycle()
    with pytest.raises(InputError, match=r"no star in min_plus: a cycle through node 3"):
        star(a, min_plus, implementation=version)
    out = np.asarray(jax.jit(lambda a: star(a, min_plus, implementation=version))(a))
    assert np.isnan(out[1]).all()
    np.testing.assert_array_equal(out[0], in_numpy(a[:1], min_plus)[0])
    assert close(a, min_plus).cycle.tolist() == [-1, 3]
    with pytest.raises(InputError, match="no star in max_plus"):
        star(jnp.array([[1.0]]), max_plus, implementation=version)


def test_the_gradient_goes_to_the_edges_of_the_path():
    rng = np.random.default_rng(0)
    a = np.asarray(rng.permutation(36).reshape(6, 6) * 0.37 + 1, np.float32)
    before, at = np.asarray(close(a, min_plus).predecessor), 5
    expected, last = np.zeros((6, 6)), np.zeros((6, 6), np.float32)
    last[0, 5] = 1.0
    while at != 0:
        expected[before[0, at], at] = 1
        at = int(before[0, at])

    versions = {
        name: functools.partial(star, semiring=min_plus, implementation=name) for name in VERSIONS
    }
    program = pulling(versions)
    for name, found in program((a,), last).items():
        np.testing.assert_array_equal(found.slopes[0], expected)
        check_pull(program, name, (a,), last, atol=0.05, rtol=0.05, eps=1e-2)


def test_transformations_compose():
    a = draw(min_plus, (4, 5, 5))
    paths = close(a, min_plus)
    mapped = jax.jit(jax.vmap(lambda x: star(x, min_plus)))(a)
    np.testing.assert_array_equal(mapped, in_numpy(a, min_plus))
    chex.assert_trees_all_equal(jax.jit(jax.vmap(lambda x: close(x, min_plus)))(a), paths)


def test_bad_arguments_are_named():
    with pytest.raises(ShapeMismatchError, match=r"`a` has shape \(2, 3\)"):
        star(jnp.ones((2, 3)), min_plus)
    with pytest.raises(ShapeMismatchError, match="computes in bool"):
        star(jnp.ones((2, 2)), lor_land)
    with pytest.raises(UnsupportedError, match="plus_times"):
        star(jnp.ones((2, 2)), plus_times)
    with pytest.raises(InputError, match="floyd_warshall, squaring, reference"):
        star(jnp.ones((2, 2)), min_plus, implementation="dijkstra")
