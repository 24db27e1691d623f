"""Gradients of sums over edges, without a scatter.

| sum | a message gets |
|---|---|
| `plus` | the cotangent of its receiver |
| selective | the cotangent of its receiver if it is the first that attains the sum, else zero |
| other | what the derivative of its row says, put back in the order of edges by a gather |

A node that sends gets the plain sum of what its messages get: the same reduction, over the edges
that leave it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.instances import plus_times
from catalign.algebra.monoid import CommutativeMonoid, Values
from catalign.kernels.segment_reduce import dense
from catalign.kernels.segment_reduce.arrays import column, take, units
from catalign.kernels.segment_reduce.csr import CsrGraph

_plus = plus_times.add


Reduce = Callable[[Values, CsrGraph, CommutativeMonoid], Values]


@dataclass(frozen=True)
class Version:
    """An implementation.

    Attributes:
      reduce: `reduce(messages, graph, monoid)`, the sums.
      first_edge: `first_edge(messages, graph, total, monoid)`, the edges that attain them.
      gather_reduce: `gather_reduce(nodes, graph, monoid)`, the sums of the senders' values.
    """

    reduce: Reduce
    first_edge: Callable[[Array, CsrGraph, Array, CommutativeMonoid], Array]
    gather_reduce: Reduce


Residuals = tuple[Array, Array | None, CsrGraph]


def _reduce(messages: Array, graph: CsrGraph, monoid: CommutativeMonoid, version: Version) -> Array:
    return version.reduce(messages, graph, monoid)


def _reduce_with_arg(
    messages: Array, graph: CsrGraph, monoid: CommutativeMonoid, version: Version
) -> tuple[Array, Array]:
    total = version.reduce(messages, graph, monoid)
    return total, version.first_edge(messages, graph, total, monoid)


def _gather_reduce(
    nodes: Array, graph: CsrGraph, monoid: CommutativeMonoid, version: Version
) -> Array:
    return version.gather_reduce(nodes, graph, monoid)


reduce = jax.custom_vjp(_reduce, nondiff_argnums=(2, 3))
reduce_with_arg = jax.custom_vjp(_reduce_with_arg, nondiff_argnums=(2, 3))
gather_reduce = jax.custom_vjp(_gather_reduce, nondiff_argnums=(2, 3))


def _forward(
    messages: Array, graph: CsrGraph, monoid: CommutativeMonoid, version: Version
) -> tuple[Array, Residuals]:
    total = version.reduce(messages, graph, monoid)
    arg = version.first_edge(messages, graph, total, monoid) if monoid.is_selective else None
    return total, (messages, arg, graph)


def _backward(
    monoid: CommutativeMonoid, version: Version, residuals: Residuals, cotangent: Array
) -> tuple[Array, None]:
    del version
    messages, arg, graph = residuals
    if monoid == _plus:
        return take(cotangent, graph.receivers), None
    if arg is None:
        return _pull_through_rows(messages, graph, monoid, cotangent), None
    edges = column(jnp.arange(graph.n_edge, dtype=jnp.int32), messages.ndim)
    return _selected(arg, cotangent, edges, graph.receivers), None


def _forward_with_arg(
    messages: Array, graph: CsrGraph, monoid: CommutativeMonoid, version: Version
) -> tuple[tuple[Array, Array], Residuals]:
    total, arg = _reduce_with_arg(messages, graph, monoid, version)
    return (total, arg), (messages, arg, graph)


def _backward_with_arg(
    monoid: CommutativeMonoid,
    version: Version,
    residuals: Residuals,
    cotangents: tuple[Array, Array],
) -> tuple[Array, None]:
    return _backward(monoid, version, residuals, cotangents[0])


def _forward_gather(
    nodes: Array, graph: CsrGraph, monoid: CommutativeMonoid, version: Version
) -> tuple[Array, Residuals]:
    total = version.gather_reduce(nodes, graph, monoid)
    arg = None
    if monoid.is_selective:
        arg = dense.first_attaining(
            lambda e: take(nodes, take(graph.senders, e)), graph, total, monoid
        )
    return total, (nodes, arg, graph)


def _backward_gather(
    monoid: CommutativeMonoid, version: Version, residuals: Residuals, cotangent: Array
) -> tuple[Array, None]:
    del version
    nodes, arg, graph = residuals

    def term(e: Array) -> Array:
        receivers = take(graph.receivers, e)
        if monoid == _plus:
            return take(cotangent, receivers)
        if arg is not None:
            return _selected(arg, cotangent, column(e, nodes.ndim), receivers)
        return take(slopes, e)

    if monoid != _plus and arg is None:
        messages = take(nodes, graph.senders)
        slopes = _pull_through_rows(messages, graph, monoid, cotangent)
    none = jnp.zeros((1, *nodes.shape[1:]), nodes.dtype)
    return dense.reduce_rows(term, graph.out_of, _plus, none), None


def _selected(arg: Array, cotangent: Array, edges: Array, receivers: Array) -> Array:
    """What each edge gets from its receiver: the cotangent where that chose it."""
    values = take(cotangent, receivers)
    return jnp.where(take(arg, receivers) == edges, values, jnp.zeros_like(values))


def _pull_through_rows(
    messages: Array, graph: CsrGraph, monoid: CommutativeMonoid, cotangent: Array
) -> Array:
    """Differentiates the reduction of the rows; every message stands in one of them."""
    if graph.n_edge == 0:
        return jnp.zeros_like(messages)
    rows, unit = graph.into, units(monoid, messages)
    blocks = [rows.first] if rows.rest is None else [rows.first, rows.rest.block]
    placed = [
        jnp.stack([take(messages, block.place(k)) for k in range(block.width)]) for block in blocks
    ]

    def total(placed: list[Array]) -> Array:
        return dense.reduce_placed(placed[0], placed[-1], rows, monoid, unit)

    (slopes,) = jax.vjp(total, placed)[1](cotangent)
    flat = [slope.reshape(-1, *messages.shape[1:]) for slope in slopes]
    return take(jnp.concatenate(flat), rows.position)


reduce.defvjp(_forward, _backward)
reduce_with_arg.defvjp(_forward_with_arg, _backward_with_arg)
gather_reduce.defvjp(_forward_gather, _backward_gather)
