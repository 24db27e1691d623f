"""The product's values and gradients are those of a matrix product, and so is its precision."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from catalign._errors import InputError
from catalign.nn.linear import Linear, product


@pytest.mark.parametrize("rows", [(), (0,), (3,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("width", [0, 2, 6])
def test_values_and_gradients_are_those_of_matmul(
    rows: tuple[int, ...], mapped: bool, width: int
) -> None:
    keys = jax.random.split(jax.random.key(0), 3)
    x = jax.random.normal(keys[0], (5, *rows, 4))
    kernel = jax.random.normal(keys[1], (4, width))
    sent = jax.random.normal(keys[2], (5, *rows, width))

    def pulled(multiply):
        over = jax.vmap(multiply, (0, None)) if mapped else multiply
        value, pull = jax.vjp(over, x, kernel)
        return value, *pull(sent)

    for got, want in zip(pulled(product), pulled(jnp.matmul), strict=True):
        assert got.shape == want.shape
        assert jnp.allclose(got, want, atol=1e-5)


def test_kernels_may_be_mapped_too() -> None:
    x, kernels = jnp.ones((5, 3, 4)), jax.random.normal(jax.random.key(0), (5, 4, 6))
    got = jax.grad(lambda k: jax.vmap(product)(x, k).sum())(kernels)
    assert jnp.allclose(got, jnp.full((5, 4, 6), 3.0))


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
    x = jax.random.normal(jax.random.key(0), (5, 3, 4))
    kernel = jax.random.normal(jax.random.key(1), (4, 6))

    def pulled(multiply):
        def part(x, kernel):
            total = jnp.sin(jax.vmap(multiply, (0, None))(x, kernel)).sum()
            return jax.lax.psum(total, "a")

        spec = (jax.P("a"), jax.P())
        whole = jax.shard_map(
            part, mesh=mesh, in_specs=spec, out_specs=jax.P(), check_vma=check_vma
        )
        return jax.grad(whole, (0, 1))(x, kernel)

    for got, want in zip(pulled(product), pulled(jnp.matmul), strict=True):
        assert jnp.allclose(got, want, atol=1e-5)


def test_a_type_that_is_asked_for_is_given() -> None:
    half, full = jnp.bfloat16, jnp.float32
    layer = Linear(4, 5, use_bias=False, dtype=half, preferred_element_type=full, rngs=nnx.Rngs(0))
    assert layer(jnp.ones((3, 4))).dtype == jnp.float32


def test_the_layer_is_that_of_flax() -> None:
    x = jax.random.normal(jax.random.key(0), (2, 3, 4))
    ours, theirs = (kind(4, 5, rngs=nnx.Rngs(0)) for kind in (Linear, nnx.Linear))
    assert jnp.allclose(ours(x), theirs(x), atol=1e-6)
    assert jax.tree.structure(nnx.state(ours)) == jax.tree.structure(nnx.state(theirs))
    assert Linear(4, 5, use_bias=False, rngs=nnx.Rngs(0)).bias is None


def test_forward_derivatives_are_those_of_matmul() -> None:
    x = jax.random.normal(jax.random.key(0), (5, 3, 4))
    kernel = jax.random.normal(jax.random.key(1), (4, 6))

    def pushed(multiply):
        over = jax.vmap(multiply, (0, None))
        return jax.jvp(over, (x, kernel), (x + 1.0, kernel - 1.0))

    for got, want in zip(pushed(product), pushed(jnp.matmul), strict=True):
        assert jnp.allclose(got, want, atol=1e-5)


def test_gradients_of_each_instance() -> None:
    x = jax.random.normal(jax.random.key(0), (5, 3, 4))
    kernel = jax.random.normal(jax.random.key(1), (4, 6))

    def pulled(multiply):
        return jax.vmap(jax.grad(lambda k, x: (multiply(x, k) ** 2).sum()), (None, 0))(kernel, x)

    assert jnp.allclose(pulled(product), pulled(jnp.matmul), atol=1e-4)


def test_mapped_rows_and_their_gradient_are_products_of_two_matrices() -> None:
    def total(kernel: jax.Array, x: jax.Array) -> jax.Array:
        return jnp.sin(jax.vmap(product, (0, None))(x, kernel)).sum()

    text = jax.jit(jax.grad(total)).lower(jnp.ones((4, 6)), jnp.ones((5, 3, 2, 4))).as_text()
    sides = [line.split(" : ")[1] for line in text.splitlines() if "dot_general" in line]
    assert sides == [
        "(tensor<30x4xf32>, tensor<4x6xf32>) -> tensor<30x6xf32>",
        "(tensor<4x30xf32>, tensor<30x6xf32>) -> tensor<4x6xf32>",
    ]
