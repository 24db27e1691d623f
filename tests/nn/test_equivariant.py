import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from catalign._errors import InputError, ShapeMismatchError
from catalign.nn.equivariant import EquivariantLinear, equivariant_linear
from catalign.para.homomorphism_space import homomorphisms
from catalign.para.linear_action import list_shift, permutations, translations

_apply = nnx.jit(lambda layer, x: layer(x))

CASES = {
    "convolution": (translations(6), translations(6), 6),
    "deep sets": (permutations(5), permutations(5), 2),
    "invariant": (permutations(5), permutations(5).trivial(3), 3),
    "graph": (permutations(4, order=2), permutations(4, order=2), 15),
    "causal": (list_shift(4), list_shift(4), 4),
}


@pytest.mark.parametrize(
    ("name", "channels"),
    [*((name, None) for name in CASES), ("graph", (2, 3)), ("invariant", (2, 3))],
)
def test_a_layer_is_equivariant_with_exactly_the_free_parameters(name, channels):
    reads, writes, count = CASES[name]
    layer = equivariant_linear(reads, writes, channels=channels, use_bias=True, rngs=nnx.Rngs(0))
    assert layer.theta.shape == (count, *(channels or ()))
    layer.beta[...] = jnp.ones_like(layer.beta[...])
    shape = (2, reads.size, *(channels or ())[:1])
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    y, axis = np.asarray(_apply(layer, x)), 1
    for g, a in reads.generators.items():
        moved = np.moveaxis(np.tensordot(a.astype(np.float32), x, (1, axis)), 0, axis)
        after = writes.generators[g].astype(np.float32)
        expected = np.moveaxis(np.tensordot(after, y, (1, axis)), 0, axis)
        np.testing.assert_allclose(_apply(layer, moved), expected, atol=1e-4)


def test_a_layer_whose_weights_are_not_tied_is_not_equivariant():
    reads = CASES["convolution"][0]
    free = nnx.Linear(6, 6, use_bias=False, rngs=nnx.Rngs(0))
    t, x = reads.generators["t"].astype(np.float32), np.arange(6, dtype=np.float32)
    assert not np.allclose(_apply(free, t @ x), t @ np.asarray(_apply(free, x)), atol=0.1)


def test_both_ways_to_mix_channels_agree():
    """Few channels go through the matrix, many through the basis."""
    space = homomorphisms(*CASES["graph"][:2])
    x = np.random.default_rng(1).normal(size=(16, 4)).astype(np.float32)
    wide = EquivariantLinear(space, channels=(4, 5), rngs=nnx.Rngs(0))
    assert wide.theta[0].size > space.dimension
    matrix = jax.jit(space.matrix)(wide.theta[...])
    through_matrix = np.einsum("oicd,ic->od", matrix, x)
    np.testing.assert_allclose(_apply(wide, x), through_matrix, rtol=1e-4, atol=1e-4)
    narrow = EquivariantLinear(space, channels=(3, 2), rngs=nnx.Rngs(0))
    assert narrow.theta[0].size <= space.dimension
    through_basis = np.einsum(
        "koi,ic,kcd->od", space.basis.astype("f"), x[:, :3], narrow.theta[...]
    )
    np.testing.assert_allclose(_apply(narrow, x[:, :3]), through_basis, rtol=1e-4, atol=1e-4)


def test_a_graph_layer_trains_on_four_nodes_and_is_exact_on_seven():
    """It learns `A -> A^T + row sums`, which is linear and equivariant; 15 weights say it all."""

    def target(a):
        return a.swapaxes(-1, -2) + a.sum(-1, keepdims=True)

    small = permutations(4, order=2)
    layer = equivariant_linear(small, small, rngs=nnx.Rngs(0))
    graph, params, rest = nnx.split(layer, nnx.Param, ...)
    a = np.random.default_rng(0).normal(size=(64, 4, 4)).astype(np.float32)

    def loss(params):
        y = nnx.merge(graph, params, rest)(jnp.asarray(a.reshape(64, 16)))
        return jnp.mean(jnp.square(y - target(a).reshape(64, 16)))

    @jax.jit
    @chex.assert_max_traces(n=1)
    def train(params):
        def step(p, _):
            return jax.tree.map(lambda w, g: w - 0.15 * g, p, jax.grad(loss)(p)), None

        return jax.lax.scan(step, params, None, length=600)[0]

    measure = jax.jit(loss)
    before = float(measure(params))
    trained = train(params)
    train(trained)
    assert float(measure(trained)) < 1e-6 < before
    learned = nnx.merge(graph, trained, rest)
    large = permutations(7, order=2)
    b = np.random.default_rng(1).normal(size=(3, 7, 7)).astype(np.float32)
    answer = _apply(learned.on(homomorphisms(large, large)), b.reshape(3, 49))
    np.testing.assert_allclose(np.asarray(answer).reshape(3, 7, 7), target(b), atol=1e-2)


def test_layers_of_one_space_share_a_compilation():
    layers = [equivariant_linear(*CASES["deep sets"][:2], rngs=nnx.Rngs(k)) for k in (0, 1)]
    graphs = [nnx.split(layer)[0] for layer in layers]
    assert graphs[0] == graphs[1]
    assert hash(graphs[0]) == hash(graphs[1])


def test_wrong_sizes_are_refused():
    layer = equivariant_linear(*CASES["deep sets"][:2], rngs=nnx.Rngs(0))
    with pytest.raises(ShapeMismatchError, match=r"`x` has shape \(6,\), but .* reads \(5,\)"):
        layer(jnp.zeros(6))
    with pytest.raises(InputError, match=r"have dimensions \[6, None\], but .* have \[2"):
        layer.on(homomorphisms(translations(6), translations(6)))
