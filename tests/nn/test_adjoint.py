"""Runs differentiated by the adjoint equation: values and gradients are those of a scan."""

import functools
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array, lax

from catalign.algorithms.catalogue import get
from catalign.nn import adjoint, neural
from catalign.nn.neural import NeuralReasoner
from catalign.nn.processors.triplet import TripletMPNN
from catalign.training.loss import loss

WIDTH = 3


def _run(scan, weights: dict[str, Array], start: Array, xs: dict[str, Array]):
    """A step that closes over parameters, numbers that are none, and what it makes of both."""
    limit = jnp.argmax(weights["bias"]) + 1

    def advance(state: Array, x: dict[str, Array]):
        mixed = weights["left"] @ jnp.where(jnp.eye(WIDTH, dtype=bool), weights["right"], 0.5)
        after = jnp.tanh(state @ mixed + (weights["bias"] * x["scale"])[None])
        kept = jnp.where(x["t"] <= limit, after, state)
        return kept, {"sum": kept.sum(), "twice": 2 * state}

    return scan(advance, start, xs)


@pytest.mark.parametrize(("steps", "block"), [(0, 1), (1, 1), (4, 7), (5, 2), (6, 3)])
def test_values_and_gradients_are_those_of_a_scan(steps: int, block: int) -> None:
    rng = np.random.default_rng(steps)
    weights = {
        "left": rng.normal(size=(WIDTH, WIDTH)).astype(np.float32),
        "right": rng.normal(size=(WIDTH, WIDTH)).astype(np.float32),
        "bias": rng.normal(size=WIDTH).astype(np.float32),
    }
    start = rng.normal(size=(2, WIDTH)).astype(np.float32)
    times, scales = np.arange(steps, dtype=np.int32), rng.normal(size=steps).astype(np.float32)

    @functools.partial(jax.jit, static_argnums=0)
    def pulled(scan, weights, start, scales):
        def run(weights: dict[str, Array], start: Array, scales: Array):
            return _run(scan, weights, start, {"t": times, "scale": scales})

        value, pull = jax.vjp(run, weights, start, scales)
        return value, pull(jax.tree.map(lambda x: jnp.cos(x) + 1, value))

    ours = functools.partial(adjoint.scan, block=block)
    got, want = (pulled(scan, weights, start, scales) for scan in (ours, lax.scan))
    for g, w in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        assert g.shape == w.shape
        assert np.allclose(g, w, rtol=1e-4, atol=1e-5)


def _bodies(jaxpr: Any) -> Iterator[Any]:
    for equation in jaxpr.eqns:
        if equation.primitive.name == "scan":
            yield equation.params["jaxpr"]
        for inner in equation.params.values():
            if equation.primitive.name != "scan" and hasattr(inner, "jaxpr"):
                yield from _bodies(inner.jaxpr)


def test_what_is_the_same_in_each_step_is_computed_once() -> None:
    weights = {"left": jnp.eye(WIDTH), "right": jnp.eye(WIDTH), "bias": jnp.ones(WIDTH)}
    xs = {"t": jnp.arange(4), "scale": jnp.ones(4)}

    def products(scan) -> int:
        closed = jax.make_jaxpr(lambda w: _run(scan, w, jnp.ones((2, WIDTH)), xs))(weights)
        (body,) = _bodies(closed.jaxpr)
        return str(body).count("dot_general")

    assert products(lax.scan) == 2
    assert products(lambda *args: adjoint.scan(*args, block=2)) == 1


def test_on_a_gpu_a_reasoner_has_the_same_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    bellman_ford = get("bellman_ford")
    trace = bellman_ford.sample(jax.random.key(0), 2, 4, steps=8)
    reasoner = NeuralReasoner(bellman_ford.spec, TripletMPNN, 8, rngs=nnx.Rngs(0))
    graph, state = nnx.split(reasoner)

    def total(state: nnx.State) -> Array:
        reasoner = nnx.merge(graph, state)
        raw = reasoner(trace.inputs, trace.hints, trace.lengths, steps=8)
        return loss(bellman_ford.spec, raw, trace).total

    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(neural, "_SMALL", 0)
    want = jax.jit(jax.value_and_grad(total))(state)
    taken = []
    monkeypatch.setattr(
        adjoint, "scan", lambda *a, scan=adjoint.scan, **k: taken.append(k) or scan(*a, **k)
    )
    values = 2 * 4 * 4 * 8
    monkeypatch.setattr(neural, "_SMALL", values)
    monkeypatch.setattr(neural, "_MANY", 3 * values)
    got = jax.jit(jax.value_and_grad(lambda state: total(state)))(state)
    assert taken == [{"block": 3}]
    for g, w in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        assert np.allclose(g, w, rtol=1e-4, atol=1e-5)
