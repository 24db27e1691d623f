"""Runs of a learned step, differentiated by the adjoint equation: first states, then parameters."""

import functools
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.extend.core import JaxprEqn, Literal

from catalign._typing import PyTree

Step = Callable[[PyTree, PyTree], tuple[PyTree, PyTree]]
"""From a state and what is read, the next state and what is given."""

_SharedStep = Callable[..., tuple[PyTree, PyTree]]
"""A step that is given, after the state and what is read, all that it closed over."""


def scan(
    advance: Step,
    start: PyTree,
    xs: PyTree,
    *,
    block: int,
) -> tuple[PyTree, PyTree]:
    """`jax.lax.scan`, whose gradient takes the parameters of all steps at once.

    Maths: of `s_{t+1}, y_t = f(s_t, x_t; p)` and a loss L of the last state and of all y, the
    costates `c_t = dL/ds_t` obey `c_t = c_{t+1} df/ds + (dL/dy_t) dy/ds`, one step after the other,
    and `dL/dp = sum_t (c_{t+1} df/dp + (dL/dy_t) dy/dp)` with every f at s_t, x_t.

    The states alone are kept. The costates need a step's products with the parameters, not those
    that give the parameters' gradients; these are taken for `block` steps together, in few large
    products where there were many small ones. A step is computed three times in place of twice: it
    is worth it where small operations cost as much as large ones, as on a GPU, and not on a CPU.

    Law: values and gradients are those of `jax.lax.scan`, up to rounding.

    Args:
      advance: `advance(state, x)`, the next state and what to give for this step. What it closes
        over is differentiated too. States are of floats.
      start: The state before the first step.
      xs: What each step reads, stacked; it is not differentiated.
      block: How many steps are taken at once, at least 1. What they compute is in memory together.

    Returns:
      The last state, and what was given for each step, stacked.

    Example:
      >>> double = jnp.float32(2.0)
      >>> powers = lambda p: scan(lambda s, _: (s * p, s), jnp.float32(1.0), jnp.arange(3), block=2)
      >>> float(powers(double)[0]), float(jax.grad(lambda p: powers(p)[0])(double))
      (8.0, 12.0)

    Source: the adjoint of a discrete system, Pontryagin et al. 1962; in learning, Bryson & Ho 1969.
    """
    first = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), xs)
    step, shared = _hoist(advance, start, first)
    return _scan(step, block, shared, start, xs)


def _hoist(advance: Step, state: PyTree, x: PyTree) -> tuple[_SharedStep, tuple[Array, ...]]:
    """Takes out of a step what is the same in each: what it computes from neither state nor x."""
    closed, shapes = jax.make_jaxpr(advance, return_shape=True)(state, x)
    jaxpr, structure = closed.jaxpr, jax.tree.structure(shapes)
    fixed: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    # What is read off nothing stays as well, where the compiler sees through it: a full mask, say.
    each, free = [], set[Any]()
    for equation in jaxpr.eqns:
        inputs = {v for v in equation.invars if not isinstance(v, Literal)}
        if inputs <= fixed.keys():
            _evaluate(equation, fixed)
        if inputs <= free:
            free.update(equation.outvars)
        if inputs <= free or not inputs <= fixed.keys():
            each.append(equation)
    read = {v for equation in each for v in equation.invars if not isinstance(v, Literal)}
    read |= {v for v in jaxpr.outvars if not isinstance(v, Literal)}
    names = [v for v in fixed if v in read - free]

    def rest(state: PyTree, x: PyTree, *hoisted: Array) -> tuple[PyTree, PyTree]:
        values = dict(zip(names, hoisted, strict=True))
        values |= zip(jaxpr.invars, jax.tree.leaves((state, x)), strict=True)
        for equation in each:
            _evaluate(equation, values)
        return jax.tree.unflatten(structure, [_value(v, values) for v in jaxpr.outvars])

    return rest, tuple(jnp.asarray(fixed[v]) for v in names)


def _value(v: Any, values: dict[Any, Any]) -> Any:
    return v.val if isinstance(v, Literal) else values[v]


def _evaluate(equation: JaxprEqn, values: dict[Any, Any]) -> None:
    options = equation.primitive.get_bind_params(equation.params)
    found = equation.primitive.bind(*(_value(v, values) for v in equation.invars), **options)
    several = equation.primitive.multiple_results
    values.update(zip(equation.outvars, found if several else [found], strict=True))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _scan(
    step: _SharedStep, block: int, shared: tuple[Array, ...], start: PyTree, xs: PyTree
) -> tuple[PyTree, PyTree]:
    del block
    return lax.scan(lambda state, x: step(state, x, *shared), start, xs)


def _forwards(
    step: _SharedStep, block: int, shared: tuple[Array, ...], start: PyTree, xs: PyTree
) -> tuple[PyTree, PyTree]:
    del block

    def kept(state: PyTree, x: PyTree) -> tuple[PyTree, PyTree]:
        after, given = step(state, x, *shared)
        return after, (given, state)

    end, (given, states) = lax.scan(kept, start, xs)
    return (end, given), (shared, states, xs)


def _backwards(step: _SharedStep, block: int, kept: PyTree, sent: PyTree) -> PyTree:
    shared, states, xs = kept
    end, given = sent

    def back(costate: PyTree, at: PyTree) -> tuple[PyTree, PyTree]:
        state, x, given = at
        pull = jax.vjp(lambda state: step(state, x, *shared), state)[1]
        return pull((costate, given))[0], costate

    start, costates = lax.scan(back, end, (states, xs, given), reverse=True)

    smooth = [jnp.issubdtype(x.dtype, jnp.inexact) for x in shared]

    def of_shared(states: PyTree, xs: PyTree, sent: PyTree) -> list[Array]:
        def steps(*values: Array) -> PyTree:
            given = iter(values)
            every = [next(given) if s else x for s, x in zip(smooth, shared, strict=True)]
            return jax.vmap(lambda state, x: step(state, x, *every))(states, xs)

        return list(jax.vjp(steps, *itertools.compress(shared, smooth))[1](sent))

    count = jax.tree.leaves(costates)[0].shape[0]
    if count <= block:
        total = of_shared(states, xs, (costates, given))
    else:
        # The last block is filled with steps that were made, to which nothing is sent back.
        read = jax.tree.map(lambda x: _blocks(x, block, "edge"), (states, xs))
        sent = jax.tree.map(lambda x: _blocks(x, block, "constant"), (costates, given))

        def add(total: PyTree, one: PyTree) -> tuple[PyTree, None]:
            (states, xs), sent = one
            return jax.tree.map(jnp.add, total, of_shared(states, xs, sent)), None

        zeros = [jnp.zeros_like(x) for x in itertools.compress(shared, smooth)]
        total = lax.scan(add, zeros, (read, sent))[0]
    found = iter(total)
    return tuple(next(found) if s else None for s in smooth), start, None


def _blocks(x: Array, block: int, mode: str) -> Array:
    """Splits the first axis into blocks; what is left of the last one is filled."""
    pads = [(0, -x.shape[0] % block)] + [(0, 0)] * (x.ndim - 1)
    return jnp.pad(x, pads, mode=mode).reshape(-1, block, *x.shape[1:])


_scan.defvjp(_forwards, _backwards)
