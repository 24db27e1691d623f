"""Every version of both reductions equals its definition, in values, gradients and memory."""

import functools
import math

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.instances import max_min, max_plus, min_plus
from catalign.kernels.batching import fold_batch
from catalign.kernels.triplet_reduce import xla
from catalign.kernels.triplet_reduce.api import VERSIONS, attend, reduce
from tests.kernels.programs import check_pull, largest, pulling

# Batch, u, w, v, h: odd, single, empty in each place, more w than are taken up at once, and more
# than the gradient compares.
SHAPES = [(2, 3, 5, 4, 2), (1, 1, 1, 1, 1), (0, 2, 3, 2, 2), (2, 0, 3, 2, 1), (2, 3, 0, 2, 1),
          (2, 2, 3, 0, 1), (1, 2, 19, 3, 2), (1, 2, 70, 2, 1)]  # fmt: skip
ROLES = {
    "uw": "puwh",
    "wv": "pwvh",
    "u": "puh",
    "v": "pvh",
    "w": "pwh",
    "uv": "puvh",
    "graph": "ph",
}
ATTENTION = {"query": "puwhd", "key": "pwvhd", "left": "puwhc", "right": "pwvhc",
             "left_score": "puwh", "right_score": "pwvh"}  # fmt: skip


def draw(roles, shape, *, whole=False, missing=0.0, seed=0):
    """Normal values, or small whole ones that tie; a share of -inf among what may be missing."""
    rng = np.random.default_rng(seed)
    size = dict(zip("puwvh", shape, strict=True)) | {"d": 3, "c": 2}
    out = {}
    for name, axes in roles.items():
        extent = [size[letter] for letter in axes]
        values = rng.integers(-2, 3, extent) if whole else rng.normal(size=extent)
        if roles is ROLES or name.endswith("score"):
            values = np.where(rng.random(extent) < missing, -np.inf, values)
        out[name] = np.asarray(values, np.float32)
    return out


def all_triples(uw, wv, u, v, w, uv, graph):
    """The messages of the benchmark's triplet layer, `[p, u, w, v, h]`, one line a role."""
    messages = uw[:, :, :, None] + wv[:, None]
    messages = messages + u[:, :, None, None] + v[:, None, None] + w[:, None, :, None]
    return messages + uv[:, :, None] + graph[:, None, None, None]


def softmax_of_triples(query, key, left, right, left_score, right_score, *, einsum, softmax):
    score = einsum("puwhd,pwvhd->puwvh", query, key) / math.sqrt(3)
    score = score + left_score[:, :, :, None] + right_score[:, None]
    return einsum("puwvh,puwhc,pwvhc->puvhc", softmax(score, axis=2), left, right)


def softmax_in_numpy(given):
    """In float64."""
    wide = {name: np.asarray(x, np.float64) for name, x in given.items()}
    return softmax_of_triples(**wide, einsum=np.einsum, softmax=softmax)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("semiring", [max_plus, min_plus], ids=str)
def test_reduce_equals_the_sum_over_all_triples(semiring, version):
    """Over shapes, in one program."""
    sign = 1.0 if semiring == max_plus else -1.0
    each = [
        {k: np.float32(sign) * x for k, x in draw(ROLES, s, whole=True, missing=0.1).items()}
        for s in SHAPES
    ]
    run = functools.partial(reduce, semiring=semiring, implementation=version)
    for given, out in zip(each, jax.jit(lambda e: [run(**x) for x in e])(each), strict=True):
        # -inf + inf does not occur here, and small whole numbers add exactly.
        terms = all_triples(**given)
        expected = sign * (sign * terms).max(2, initial=-np.inf)
        assert out.dtype == jnp.float32
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("version", VERSIONS)
def test_reduce_rounds_no_more_than_sums_in_float32_do(version):
    """Normal values, against float64."""
    given = draw(ROLES, (1, 16, 16, 16, 2))
    out = reduce(**given, implementation=version)
    expected = all_triples(**{k: np.float64(x) for k, x in given.items()}).max(2)
    np.testing.assert_allclose(out, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("version", VERSIONS)
def test_attend_equals_the_softmax_over_all_triples(version):
    """Over shapes, in one program."""
    each = [draw(ATTENTION, shape) for shape in SHAPES if shape[2]]
    run = functools.partial(attend, implementation=version)
    for given, out in zip(each, jax.jit(lambda e: [run(**x) for x in e])(each), strict=True):
        np.testing.assert_allclose(out, softmax_in_numpy(given), atol=2e-6)


@pytest.mark.parametrize("version", VERSIONS)
def test_attend_over_nothing_is_zero(version):
    given = draw(ATTENTION, (1, 2, 3, 2, 1))
    given["left_score"][0, 0] = -np.inf

    @jax.jit
    def run(nothing, given):
        def total(given):
            return attend(**given, implementation=version).sum()

        both = (attend(**x, implementation=version) for x in (nothing, given))
        return *both, jax.grad(total)(given)

    none, out, slopes = run(draw(ATTENTION, (2, 3, 0, 2, 1)), given)
    assert none.shape == (2, 3, 2, 1, 2)
    assert not np.any(none)
    assert not np.any(out[0, 0])
    assert np.all(out[0, 1])
    assert all(np.isfinite(slope).all() for slope in slopes.values())
    assert not np.any(slopes["left"][0, 0])


@pytest.mark.parametrize("version", VERSIONS)
def test_scores_far_apart_do_not_overflow(version):
    given = draw(ATTENTION, (1, 2, 20, 2, 1)) | {"query": np.full((1, 2, 20, 1, 3), 300.0, "f")}
    out = attend(**given, implementation=version)
    np.testing.assert_allclose(out, softmax_in_numpy(given), atol=2e-6)


def gradients(f, given, weights):
    return jax.grad(lambda given: jnp.sum(weights * f(**given)))(given)


def softmax_literally(**given):
    einsum = functools.partial(jnp.einsum, precision="highest")
    return softmax_of_triples(**given, einsum=einsum, softmax=jax.nn.softmax)


CASES = {
    "reduce": (reduce, ROLES, lambda **given: all_triples(**given).max(2), "puvh"),
    "attend": (attend, ATTENTION, softmax_literally, "puvhc"),
}


@pytest.mark.parametrize("case", CASES)
def test_gradients(case):
    """Against differences, and against autodiff of the literal definition; nothing ties."""
    f, roles, literal, axes = CASES[case]
    shape = (2, 3, 9, 2, 2)
    given = (draw(roles, shape),)
    weights = draw({"out": axes}, shape, seed=1)["out"]

    def of(f, **how):
        return lambda given: f(**given, **how)

    versions = {version: of(f, implementation=version) for version in VERSIONS}
    program = pulling(versions | {"literal": of(literal)})
    found = program(given, weights)
    (theirs,) = found["literal"].slopes
    for version in VERSIONS:
        (mine,) = found[version].slopes
        for name in theirs:
            np.testing.assert_allclose(mine[name], theirs[name], atol=5e-6, err_msg=name)
        check_pull(program, version, given, weights, atol=0.02, rtol=0.02)


def test_of_several_triples_the_first_gets_the_gradient():
    uw, wv = np.zeros((1, 3, 1), np.float32), np.zeros((3, 1, 1), np.float32)
    slope = jax.jit(jax.grad(lambda uw: reduce(uw, wv).sum()))
    assert np.asarray(slope(uw))[0, :, 0].tolist() == [1.0, 0.0, 0.0]
    assert not np.any(slope(np.full_like(uw, -np.inf)))


@pytest.mark.parametrize("case", CASES)
def test_nan_reaches_what_reads_it_and_nothing_else(case):
    f, roles, _, _ = CASES[case]
    given = draw(roles, (1, 2, 3, 2, 1))
    name = "uw" if case == "reduce" else "query"
    given[name][0, 0, 1] = np.nan
    out = np.asarray(f(**given))
    assert np.isnan(out[0, 0]).all()
    assert np.isfinite(out[0, 1]).all()


@pytest.mark.parametrize("case", CASES)
def test_narrow_floats(case):
    f, roles, _, _ = CASES[case]
    dtype = jnp.bfloat16
    given = {k: x.astype(dtype) for k, x in draw(roles, (1, 3, 9, 2, 2), whole=True).items()}

    @jax.jit
    def run(given):
        slopes = jax.grad(lambda given: f(**given).astype(jnp.float32).sum())(given)
        return f(**given), f(**given, implementation="reference"), slopes

    out, expected, grads = run(given)
    assert out.dtype == dtype
    np.testing.assert_allclose(*(np.asarray(x, np.float32) for x in (out, expected)), atol=0.05)
    assert {g.dtype for g in grads.values()} == {jnp.dtype(dtype)}


@pytest.mark.parametrize("case", CASES)
def test_a_batch_in_parts_gives_the_same(case, monkeypatch):
    """With an instance at a time, and a last middle node that is left over."""
    monkeypatch.setattr(xla, "PART_ELEMENTS", 1)
    f, roles, _, axes = CASES[case]
    shape = (3, 2, 9, 2, 1)
    given, weights = draw(roles, shape), draw({"out": axes}, shape, seed=1)["out"]

    @jax.jit
    def both(given, weights):
        every = (f, functools.partial(f, implementation="reference"))
        return [(fixed(**given), gradients(fixed, given, weights)) for fixed in every]

    mine, theirs = both(given, weights)
    chex.assert_trees_all_close(mine, theirs, atol=5e-6)


@pytest.mark.parametrize(("batch", "parts"), [(6, [6]), (8, [4]), (7, [1]), (0, [0])])
def test_parts_are_equal_and_not_too_large(batch, parts, monkeypatch):
    monkeypatch.setattr(xla, "PART_ELEMENTS", 60)
    seen = []
    x = jnp.arange(batch)
    out = xla.in_parts(lambda x: seen.append(x.shape[0]) or x + 1, x, elements=10)
    np.testing.assert_array_equal(out, x + 1)
    assert seen == parts


@pytest.mark.parametrize("case", CASES)
def test_transformations_compose(case):
    f, roles, _, axes = CASES[case]
    shape = (4, 3, 5, 4, 2)
    given, weights = draw(roles, shape), draw({"out": axes}, shape, seed=1)["out"]

    @jax.jit
    def both(given, weights):
        return f(**given), gradients(f, given, weights)

    expected = both(given, weights)
    split = jax.tree.map(lambda x: x.reshape(2, 2, *x.shape[1:]), (given, weights))
    mapped = jax.jit(jax.vmap(jax.vmap(both)))(*split)
    mapped = jax.tree.map(lambda x, y: x.reshape(y.shape), mapped, expected)
    chex.assert_trees_all_close(mapped, expected, atol=1e-6)


def test_an_argument_that_vmap_does_not_batch():
    given = draw(ROLES, (1, 3, 5, 4, 2), whole=True)
    uw = np.stack([given["uw"], given["uw"] + 1])
    out = np.asarray(jax.vmap(reduce, in_axes=(0, None))(uw, given["wv"]))
    np.testing.assert_array_equal(out[1], reduce(uw[1], given["wv"]))


def test_vmap_makes_one_larger_batch():
    seen = []
    jax.vmap(fold_batch(lambda x: seen.append(x.shape) or x))(jnp.ones((3, 2, 4)))
    assert seen[-1] == (6, 4)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_no_program_holds_all_triples(case, backward):
    """Neither the messages nor, in `attend`, the scores: n^3 h each."""
    f, roles, _, _ = CASES[case]
    n, h, c = 128, 2, 4
    size = {"p": 1, "u": n, "w": n, "v": n, "h": h, "d": c, "c": c}
    shapes = {k: jax.ShapeDtypeStruct([size[a] for a in axes], jnp.float32)
              for k, axes in roles.items()}  # fmt: skip

    def most(version):
        def total(given):
            return jnp.sum(f(**given, implementation=version))

        return largest(jax.make_jaxpr(jax.grad(total) if backward else total)(shapes).jaxpr)

    assert most("reference") >= n**3 * h
    limit = n * n * h * (1 if case == "reduce" else max(c, xla.NODES_AT_ONCE))
    assert most("xla") <= limit


LARGE = jax.ShapeDtypeStruct((32, 256, 256, 8), jnp.float32)
LARGE_HEADS = jax.ShapeDtypeStruct((32, 256, 256, 8, 1), jnp.float32)


def megabytes(f, *arguments):
    """What a compiled program makes on the way, and that with its arguments and results."""
    used = jax.jit(f).lower(*arguments).compile().memory_analysis()
    lasting = used.argument_size_in_bytes + used.output_size_in_bytes
    return used.temp_size_in_bytes / 1e6, (used.temp_size_in_bytes + lasting) / 1e6


def pulled(f):
    """The gradients alone, given the arguments and then the cotangent."""
    return lambda *given: jax.vjp(f, *given[:-1])[1](given[-1])


def test_reducing_a_batch_of_large_graphs_takes_less_than_300_megabytes():
    """With arguments and result, of which 201 MB; compiled, not run. The definition takes 17 GB."""
    literal = functools.partial(reduce, implementation="reference")
    assert megabytes(literal, LARGE, LARGE)[0] > 17_000
    assert megabytes(reduce, LARGE, LARGE)[1] < 300


def test_its_gradients_make_less_than_100_megabytes_on_the_way():
    """Beside arguments, cotangent and gradients, 336 MB, for which 300 cannot be enough."""
    assert megabytes(pulled(reduce), LARGE, LARGE, LARGE)[0] < 100


def test_attention_makes_less_than_300_megabytes_on_the_way():
    """Beside its arguments and its result, 336 MB; and so do its gradients, beside 604 MB."""
    arguments = [LARGE_HEADS] * 4
    assert megabytes(attend, *arguments)[0] < 100
    assert megabytes(pulled(attend), *arguments, LARGE_HEADS)[0] < 250


def test_one_compilation_for_one_shape():
    given = draw(ROLES, (2, 3, 5, 4, 2))

    @jax.jit
    @chex.assert_max_traces(n=1)
    def layer(given):
        return reduce(**given)

    layer(given)
    layer(draw(ROLES, (2, 3, 5, 4, 2), seed=3))


def test_bad_arguments_are_named():
    pair = jnp.ones((2, 3, 4))
    with pytest.raises(ShapeMismatchError, match="the axis w has 2 places in `wv`"):
        reduce(pair, pair)
    with pytest.raises(ShapeMismatchError, match="`wv` is bfloat16 and `uw` is float32"):
        reduce(pair, jnp.ones((3, 2, 4), jnp.bfloat16))
    with pytest.raises(ShapeMismatchError, match="leading axes"):
        reduce(pair, jnp.ones((1, 3, 2, 4)))
    with pytest.raises(UnsupportedError, match="max_min"):
        reduce(pair, jnp.ones((3, 2, 4)), semiring=max_min)
    with pytest.raises(InputError, match="one of xla, fused, reference"):
        reduce(pair, jnp.ones((3, 2, 4)), implementation="fast")
    heads = jnp.ones((2, 3, 4, 5))
    with pytest.raises(ShapeMismatchError, match="the axis d has 6 places in `key`"):
        attend(heads, jnp.ones((3, 2, 4, 6)), heads, jnp.ones((3, 2, 4, 5)))
