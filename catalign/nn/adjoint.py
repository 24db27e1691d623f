"""Runs of a learned step, differentiated by the adjoint equation: first states, then parameters."""

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.core import eval_jaxpr
from jax.extend.core import Jaxpr, JaxprEqn, Literal

from catalign._typing import PyTree

Step = Callable[[PyTree, PyTree], tuple[PyTree, PyTree]]
"""From a state and what is read, the next state and what is shown."""

_SharedStep = Callable[[PyTree, PyTree, list[Array]], tuple[PyTree, PyTree]]
"""A step that is also given the arrays that it closed over."""


def scan(advance: Step, start: PyTree, xs: PyTree, *, block: int) -> tuple[PyTree, PyTree]:
    """`jax.lax.scan`, whose gradient takes the parameters of many steps at once.

    Maths: of `s_{t+1}, y_t = f(s_t, x_t; p)` and a loss L of the last state and of all y, the
    costates `c_t = dL/ds_t` obey `c_t = c_{t+1} df/ds + (dL/dy_t) dy/ds`, one step after the other,
    and `dL/dp = sum_t (c_{t+1} df/dp + (dL/dy_t) dy/dp)` with every f at s_t, x_t.

    Of the steps, states and costates are kept. The costates need a step's products with the
    parameters and not those that give the parameters' gradients: these are taken for `block` steps
    together, few large products in place of many small ones. What steps compute from parameters
    alone is computed once. In return, a step is computed three times in place of twice, and takes
    memory for `block` steps in place of one.

    Law: values and gradients are those of `jax.lax.scan`, up to rounding, where all derivatives are
    finite.

    Args:
      advance: `advance(state, x)`, the next state and what to show of this step. What it closes
        over is differentiated too.
      start: The state before the first step, arrays of floats.
      xs: What each step reads, stacked.
      block: How many steps are taken at once, at least 1.

    Returns:
      The last state, and what was shown of each step, stacked.

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


def _hoist(advance: Step, state: PyTree, x: PyTree) -> tuple[_SharedStep, list[Array]]:
    """Takes out of a step what it computes from neither state nor x.

    What it computes from nothing at all stays in it too: there the compiler sees through it, a mask
    that holds everywhere, say. A function that the step calls is taken out whole or not at all.
    """
    closed, shapes = jax.make_jaxpr(advance, return_shape=True)(state, x)
    jaxpr, structure = closed.jaxpr, jax.tree.structure(shapes)
    fixed, free = set[Any](jaxpr.constvars), set[Any]()
    once: list[JaxprEqn] = []
    each: list[JaxprEqn] = []
    for equation in jaxpr.eqns:
        read = _variables(equation.invars)
        is_fixed = read <= fixed and not equation.effects
        if is_fixed:
            once.append(equation)
            fixed.update(equation.outvars)
        if is_fixed and read <= free:
            free.update(equation.outvars)
        if not is_fixed or read <= free:
            each.append(equation)
    needed = _variables(v for e in each for v in e.invars) | _variables(jaxpr.outvars)
    made = [*jaxpr.constvars, *(v for e in once for v in e.outvars)]
    hoisted = [v for v in made if v in needed and v not in free]
    shared = _evaluate(jaxpr, once, jaxpr.constvars, hoisted, closed.consts)

    def step(state: PyTree, x: PyTree, shared: list[Array]) -> tuple[PyTree, PyTree]:
        values = [*shared, *jax.tree.leaves((state, x))]
        found = _evaluate(jaxpr, each, [*hoisted, *jaxpr.invars], jaxpr.outvars, values)
        return jax.tree.unflatten(structure, found)

    return step, shared


def _variables(atoms: Iterable[Any]) -> set[Any]:
    return {v for v in atoms if not isinstance(v, Literal)}


def _evaluate(
    jaxpr: Jaxpr,
    equations: list[JaxprEqn],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    values: Sequence[Array],
) -> list[Array]:
    """The values of some variables of a program, from those of others by some of its equations."""
    names = jaxpr.debug_info.with_unknown_names()
    part = jaxpr.replace(
        constvars=[], invars=list(inputs), outvars=list(outputs), eqns=equations, debug_info=names
    )
    return eval_jaxpr(part, (), *values)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _scan(
    step: _SharedStep, block: int, shared: list[Array], start: PyTree, xs: PyTree
) -> tuple[PyTree, PyTree]:
    del block
    return lax.scan(lambda state, x: step(state, x, shared), start, xs)


def _forwards(
    step: _SharedStep, block: int, shared: list[Array], start: PyTree, xs: PyTree
) -> tuple[PyTree, PyTree]:
    del block

    def kept(state: PyTree, x: PyTree) -> tuple[PyTree, PyTree]:
        after, shown = step(state, x, shared)
        return after, (shown, state)

    end, (shown, states) = lax.scan(kept, start, xs)
    return (end, shown), (shared, states, xs)


def _backwards(step: _SharedStep, block: int, kept: PyTree, cotangents: PyTree) -> PyTree:
    shared, states, xs = kept
    end, shown = cotangents

    def back(costate: PyTree, at: PyTree) -> tuple[PyTree, PyTree]:
        state, x, shown = at
        pull = jax.vjp(lambda state: step(state, x, shared), state)[1]
        return pull((costate, shown))[0], costate

    start, costates = lax.scan(back, end, (states, xs, shown), reverse=True)
    steps = jax.vmap(step, (0, 0, None))

    def gradient(states: PyTree, xs: PyTree, sent: PyTree) -> tuple[list[Array | None], PyTree]:
        """That of some steps, for what they share and for what each of them reads."""
        pull = jax.vjp(lambda shared, xs: steps(states, xs, shared), shared, xs)[1]
        return jax.tree.map(_real, pull(sent))

    count = jax.tree.leaves(costates)[0].shape[0]
    if count <= block:
        of_shared, of_xs = gradient(states, xs, (costates, shown))
        return of_shared, start, of_xs
    # The last block is filled with steps that were made, to which nothing is sent back.
    blocks = -(-count // block)
    split = functools.partial(_blocks, shape=(blocks, block))
    made = jax.tree.map(lambda x: split(x, mode="edge"), (states, xs))
    sent = jax.tree.map(lambda x: split(x, mode="constant"), (costates, shown))

    def add(total: list[Array | None], one: PyTree) -> tuple[list[Array | None], PyTree]:
        (states, xs), sent = one
        of_shared, of_xs = gradient(states, xs, sent)
        return jax.tree.map(jnp.add, total, of_shared), of_xs

    none = [jnp.zeros_like(x) if jnp.issubdtype(x.dtype, jnp.inexact) else None for x in shared]
    of_shared, of_xs = lax.scan(add, none, (made, sent))
    of_xs = jax.tree.map(lambda x: x.reshape(blocks * block, *x.shape[2:])[:count], of_xs)
    return of_shared, start, of_xs


def _real(cotangent: Array) -> Array | None:
    """What is sent back to numbers; to integers and the like nothing is."""
    return None if cotangent.dtype == jax.dtypes.float0 else cotangent


def _blocks(x: Array, *, shape: tuple[int, int], mode: str) -> Array:
    """Splits the first axis into blocks; what is left of the last one is filled."""
    pads = [(0, math.prod(shape) - x.shape[0])] + [(0, 0)] * (x.ndim - 1)
    return jnp.pad(x, pads, mode=mode).reshape(*shape, *x.shape[1:])


_scan.defvjp(_forwards, _backwards)
