"""The product's values and gradients are those of a matrix product, and so is its precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from catalign._errors import InputError
from catalign.nn.linear import Linear, product


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("width", [0, 2, 6])
def test_values_and_gradients_are_those_of_matmul(mapped: bool, width: int) -> None:
    """Over shapes of the rows, in one program."""
    kernel = normal(1, 4, width)
    each = [
        (normal(0, 5, *rows, 4), normal(2, 5, *rows, width))
        for rows in [(), (0,), (3,), (2, 3), (2, 1, 3)]
    ]

    @jax.jit
    def run(each, kernel):
        def pulled(x, sent):
            over = jax.vmap(product, (0, None)) if mapped else product
            value, pull = jax.vjp(over, x, kernel)
            return value, *pull(sent)

        return [pulled(*given) for given in each]

    for (x, sent), found in zip(each, run(each, kernel), strict=True):
        over_rows = tuple(range(x.ndim - 1))
        to_kernel = np.tensordot(x, sent, (over_rows, over_rows))
        for got, want in zip(found, (x @ kernel, sent @ kernel.T, to_kernel), strict=True):
            assert got.shape == want.shape
            assert np.allclose(got, want, atol=1e-5)


def test_kernels_may_be_mapped_too() -> None:
    x, kernels = np.ones((5, 3, 4), np.float32), normal(0, 5, 4, 6)
    got = jax.jit(jax.grad(lambda k: jax.vmap(product)(x, k).sum()))(kernels)
    assert np.allclose(got, np.full((5, 4, 6), 3.0))


def test_the_gradient_has_the_precision_of_the_context_that_the_value_was_taken_in() -> None:
    def loss(x: jax.Array, kernel: jax.Array) -> jax.Array:
        with jax.default_matmul_precision("BF16_BF16_F32"):
            return product(x, kernel).sum()

    jaxpr = str(jax.make_jaxpr(jax.grad(loss, (0, 1)))(jnp.ones((3, 4)), jnp.ones((4, 6))))
    assert jaxpr.count("precision=BF16_BF16_F32") == 3


def test_widths_that_differ_are_named() -> None:
    with pytest.raises(InputError, match=r"\(3, 4\) and `kernel` \(7, 6\)"):
        product(jnp.ones((3, 4)), jnp.ones((7, 6)))


@pytest.mark.parametrize("check_vma", [False, True])
def test_the_gradient_on_a_mesh_is_that_of_matmul(check_vma: bool) -> None:
    mesh = jax.sharding.Mesh(jax.devices()[:1], ("a",))
    x, kernel = normal(0, 5, 3, 4), normal(1, 4, 6)

    def pulled(multiply):
        def part(x, kernel):
            total = jnp.sin(jax.vmap(multiply, (0, None))(x, kernel)).sum()
            return jax.lax.psum(total, "a")

        spec = (jax.P("a"), jax.P())
        whole = jax.shard_map(
            part, mesh=mesh, in_specs=spec, out_specs=jax.P(), check_vma=check_vma
        )
        return jax.jit(jax.grad(whole, (0, 1)))(x, kernel)

    for got, want in zip(pulled(product), pulled(jnp.matmul), strict=True):
        assert np.allclose(got, want, atol=1e-5)


def test_a_type_that_is_asked_for_is_given() -> None:
    half, full = jnp.bfloat16, jnp.float32
    layer = Linear(4, 5, use_bias=False, dtype=half, preferred_element_type=full, rngs=nnx.Rngs(0))
    assert layer(np.ones((3, 4), np.float32)).dtype == jnp.float32


def test_the_layer_is_that_of_flax() -> None:
    x = normal(0, 2, 3, 4)
    ours, theirs = (kind(4, 5, rngs=nnx.Rngs(0)) for kind in (Linear, nnx.Linear))
    assert np.allclose(ours(x), theirs(x), atol=1e-6)
    assert jax.tree.structure(nnx.state(ours)) == jax.tree.structure(nnx.state(theirs))
    assert Linear(4, 5, use_bias=False, rngs=nnx.Rngs(0)).bias is None


def test_forward_derivatives_are_those_of_matmul() -> None:
    x, kernel = normal(0, 5, 3, 4), normal(1, 4, 6)

    @jax.jit
    def pushed(x, kernel):
        over = jax.vmap(product, (0, None))
        return jax.jvp(over, (x, kernel), (x + 1.0, kernel - 1.0))

    want = x @ kernel, (x + 1) @ kernel + x @ (kernel - 1)
    for got, one in zip(pushed(x, kernel), want, strict=True):
        assert np.allclose(got, one, atol=1e-5)


def test_gradients_of_each_instance() -> None:
    x, kernel = normal(0, 5, 3, 4), normal(1, 4, 6)

    pulled = jax.jit(jax.vmap(jax.grad(lambda k, x: (product(x, k) ** 2).sum()), (None, 0)))
    assert np.allclose(pulled(kernel, x), 2 * np.swapaxes(x, 1, 2) @ (x @ kernel), atol=1e-4)


def test_mapped_rows_and_their_gradient_are_products_of_two_matrices() -> None:
    def total(kernel: jax.Array, x: jax.Array) -> jax.Array:
        return jnp.sin(jax.vmap(product, (0, None))(x, kernel)).sum()

    text = jax.jit(jax.grad(total)).lower(jnp.ones((4, 6)), jnp.ones((5, 3, 2, 4))).as_text()
    sides = [line.split(" : ")[1] for line in text.splitlines() if "dot_general" in line]
    assert sides == [
        "(tensor<30x4xf32>, tensor<4x6xf32>) -> tensor<30x6xf32>",
        "(tensor<4x30xf32>, tensor<30x6xf32>) -> tensor<4x6xf32>",
    ]
