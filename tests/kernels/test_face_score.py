"""Every version of the score equals its definition, in values, gradients and memory."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError, ShapeMismatchError
from catalign.kernels.face_score.api import VERSIONS, score
from tests.kernels.programs import check_pull, largest, pulling

# Nodes and channels: single, odd, and more than are taken up at once, with and without a rest.
TRIPLES = [(1, 1, 1, 1), (2, 3, 4, 5), (3, 2, 17, 33), (2, 16, 3, 32), (0, 2, 3, 2)]


def draw(shape, *, whole=False, seed=0):
    """Faces of pairs, or of triples, and weights; small whole values tie."""
    rng = np.random.default_rng(seed)
    *nodes, h = shape
    m = len(nodes)

    def values(extent):
        return rng.integers(-2, 3, extent) if whole else rng.normal(size=extent)

    faces = [values([*np.delete(nodes, m - 1 - i), h]) for i in range(m)]
    return [np.asarray(x, np.float32) for x in (values([h]), *faces)]


def by_hand(weights, *faces):
    """The score of each tuple, one at a time."""
    m = len(faces)
    sizes = (faces[0].shape[0], *faces[-1].shape[: m - 1])
    out = np.zeros(sizes)
    for place in np.ndindex(*sizes):
        said = [np.asarray(f)[tuple(np.delete(place, m - 1 - i))] for i, f in enumerate(faces)]
        out[place] = np.sum(np.asarray(weights) * np.max(said, axis=0))
    return out


@pytest.mark.parametrize("name", VERSIONS)
def test_scores_equal_the_definition(name):
    """Over shapes, of whole values and others, in one program."""
    shapes = [*TRIPLES, (3, 5, 4), (20, 17, 2)]
    each = [draw(shape, whole=whole) for shape in shapes for whole in (False, True)]
    run = jax.jit(lambda each: [score(*given, implementation=name) for given in each])
    for given, found in zip(each, run(each), strict=True):
        np.testing.assert_allclose(found, by_hand(*given), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [*TRIPLES, (20, 17, 2)])
def test_gradients_equal_those_of_the_reference(shape):
    program = pulling({v: functools.partial(score, implementation=v) for v in VERSIONS})
    for whole in (False, True):
        given = tuple(draw(shape, whole=whole))
        cotangent = np.random.default_rng(1).normal(size=shape[:-1]).astype(np.float32)
        found = program(given, cotangent)
        for one, other in zip(found["xla"].slopes, found["reference"].slopes, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(2, 3, 2, 3), (3, 2, 4)])
def test_gradients_are_derivatives(shape):
    program, cotangent = pulling({"score": score}), np.zeros(shape[:-1], np.float32)
    check_pull(program, "score", tuple(draw(shape)), cotangent, rtol=1e-2, atol=1e-2)


def test_of_equal_faces_the_first_has_the_gradient():
    one = np.ones((1, 1), np.float32)
    to_faces = jax.jit(jax.grad(lambda a, b: score(one[0], a, b).sum(), argnums=(0, 1)))
    assert [x.item() for x in to_faces(one, one)] == [1.0, 0.0]


def test_swapped_faces_are_seen():
    weights, uv, uk, vk = draw((3, 3, 3, 2))
    assert not np.allclose(score(weights, uv, uk, vk), score(weights, uk, uv, vk))


def test_batches_by_vmap_and_one_compilation():
    batch = [np.stack(x) for x in zip(*(draw((2, 3, 4, 5), seed=s) for s in (0, 1)), strict=True)]

    def each(*given):
        return jax.vmap(score)(*given)

    traced = jax.jit(chex.assert_max_traces(each, n=1))
    for _ in range(2):
        found = traced(*batch)
    for i in range(2):
        np.testing.assert_allclose(found[i], score(*(x[i] for x in batch)), rtol=1e-6)


def test_a_nan_is_not_lost():
    weights, first, second = draw((3, 4, 2))
    first[1] = np.nan
    found = np.asarray(score(weights, first, second))
    assert np.isnan(found[1]).all()
    assert not np.isnan(found[[0, 2]]).any()


def test_nothing_of_the_size_of_all_tuples_and_channels_is_made():
    n, h = 24, 64
    given = draw((n, n, n, h))

    def both(*given):
        values, pull = jax.vjp(score, *given)
        return values, pull(values)

    def literal(*given):
        return score(*given, implementation="reference")

    assert largest(jax.make_jaxpr(both)(*given).jaxpr) == n * n * h
    assert largest(jax.make_jaxpr(literal)(*given).jaxpr) == n**3 * h


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"implementation": "cuda"}, InputError, "must be one of xla, reference"),
        ({"faces": 1}, InputError, "`faces` are 1"),
        ({"rank": 1}, ShapeMismatchError, r"`faces\[1\]` has shape .* give \[u, k, h\]"),
        ({"size": 1}, ShapeMismatchError, r"the axis u has 2 places in `faces\[1\]`.* and 3 in"),
        ({"dtype": 1}, ShapeMismatchError, r"`faces\[0\]` is int32"),
    ],
)
def test_wrong_input_is_named(change, error, says):
    weights, *faces = draw((3, 4, 5, 2))
    if "rank" in change:
        faces[1] = faces[1][0]
    if "size" in change:
        faces[1] = faces[1][:2]
    if "dtype" in change:
        faces[0] = faces[0].astype(np.int32)
    if "faces" in change:
        faces = faces[:1]
    with pytest.raises(error, match=says):
        score(weights, *faces, implementation=change.get("implementation"))


def test_a_gpu_forms_no_loop(monkeypatch):
    def primitives():
        return str(
            jax.make_jaxpr(lambda *x: score(*x))(jnp.ones(32), jnp.ones((2, 32)), jnp.ones((3, 32)))
        )

    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert "while" in primitives() or "scan" in primitives()
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert "while" not in primitives()
    assert "scan" not in primitives()
