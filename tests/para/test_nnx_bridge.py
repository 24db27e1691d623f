import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from catalign._errors import UnsupportedError
from catalign.para.nnx_bridge import from_module, to_module
from catalign.para.parametric import ParametricMap
from catalign.para.two_cell import tie

x = jnp.array([[0.5, -1.0]])


def loss(y):
    return jnp.sum(y**3)


def test_a_module_and_its_map_have_equal_values_and_gradients():
    layer = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    linear, params = from_module(layer)
    value, gradient = jax.jit(jax.value_and_grad(lambda p: loss(linear(p, x))))(params)
    expected, grads = nnx.jit(nnx.value_and_grad(lambda m: loss(m(x))))(layer)
    assert value == expected
    for mine, theirs in zip(jax.tree.leaves(gradient), jax.tree.leaves(grads), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_map_and_its_module_have_equal_values_and_gradients():
    params = {"w": jnp.eye(2), "b": [jnp.ones(2), jnp.zeros(2)]}
    affine = ParametricMap(lambda p, x: x @ p["w"] + (p["b"][0] + p["b"][1])[None, :])
    module = to_module(affine, params)
    value, gradient = jax.value_and_grad(lambda p: loss(affine(p, x)))(params)
    expected, grads = nnx.value_and_grad(lambda m: loss(m(x)))(module)
    assert value == expected
    np.testing.assert_array_equal(gradient["w"], grads["params"]["w"][...])
    np.testing.assert_array_equal(gradient["b"][1], grads["params"]["b_1"][...])
    back, state = from_module(module)
    assert jnp.array_equal(back(state, x), affine(params, x))


def test_tied_modules_sum_their_gradients():
    layer = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    linear, params = from_module(layer)
    two = linear.then(linear)
    tied = jax.grad(lambda p: loss(tie(two).target(p, x)))(params)
    first, second = jax.grad(lambda p: loss(two(p, x)))((params, params))
    total = jax.tree.map(jnp.add, first, second)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), tied, total)
    assert not jnp.array_equal(jax.tree.leaves(first)[0], jax.tree.leaves(tied)[0])


def test_names_that_would_be_equal_are_numbered():
    params = {"a_0": jnp.ones(()), "a": [jnp.zeros(())]}
    module = to_module(ParametricMap(lambda p, x: p["a_0"] * x + p["a"][0]), params)
    assert float(module(2.0)) == 2.0


def test_a_module_that_writes_state_is_refused():
    with pytest.raises(UnsupportedError, match=r"BatchNorm holds Variables of type .*BatchStat"):
        from_module(nnx.BatchNorm(2, rngs=nnx.Rngs(0)))
