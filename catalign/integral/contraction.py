"""Products summed over an axis, such as `V*V*V -> V*V`, without forming all the messages."""

import functools
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.semiring import Semiring
from catalign.integral.execution import Field, drop_masked, edge_mask, spread, sum_to_projection
from catalign.integral.graph import Graph
from catalign.integral.layout import AxisMap, axis_maps, forgotten_axes
from catalign.kernels.semiring_matmul import api as semiring_matmul
from catalign.polynomial.message import Message

BLOCK_ELEMENTS = 1 << 20
"""About how many messages a contraction forms at a time (at least one row)."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def multiply_arguments(semiring: Semiring, arguments: list[Field]) -> Field:
    """Multiplies the roles of a message, in order.

    Maths: `(p_x g)(y) = product of g(x) over x with p(x) = y`
    """
    return functools.reduce(semiring.multiply.op, arguments)


def contract(
    message: Message,
    arguments: list[Field],
    semiring: Semiring,
    *,
    graph: Graph,
    block_elements: int = BLOCK_ELEMENTS,
) -> Field:
    """Multiplies and sums one block of rows at a time.

    The backward pass forms each row anew, so that it needs no more memory than the forward pass.

    Args:
      message: A message whose output leg is a projection.
      arguments: The pulled arguments, in the order of the roles.
      semiring: What it is computed in.
      graph: The graph.
      block_elements: About how many messages to form at a time.
    """
    shape = graph.shape(message.sort)
    maps = axis_maps(message.output.leg, graph.layout)
    forgotten = forgotten_axes(maps, len(shape))
    row_axis = maps[0].axis if maps else 0
    row_shape = tuple(1 if axis == row_axis else size for axis, size in enumerate(shape))
    mask = edge_mask(message.sort, graph)

    def cut(x: Array, k: Array) -> Array:
        shared = x.shape[row_axis] == 1
        return x if shared else jax.lax.dynamic_slice_in_dim(x, k, 1, row_axis)

    @jax.checkpoint
    def one_row(k: Array) -> Field:
        rows = [jax.tree.map(lambda leaf: cut(leaf, k), a) for a in arguments]
        product = spread(multiply_arguments(semiring, rows), row_shape)
        product = drop_masked(product, None if mask is None else cut(mask, k), semiring.add)
        return sum_to_projection(product, maps, len(shape), semiring.add)

    count = shape[row_axis]
    rows_at_once = max(1, block_elements // max(1, _row_size(row_shape, arguments)))
    stacked = jax.lax.map(
        one_row, jnp.arange(count, dtype=jnp.int32), batch_size=min(rows_at_once, max(count, 1))
    )
    if row_axis in forgotten:
        return semiring.add.reduce(stacked, 0)
    # The rows of the output are the first of its axes, of size 1 in each row.
    return jax.tree.map(lambda leaf: jnp.squeeze(leaf, 1), stacked)


def semiring_product(
    message: Message, arguments: list[Array], semiring: Semiring, *, graph: Graph
) -> Array:
    """Multiplies and sums as a product of two matrices, by the kernel for these.

    Maths: `sum over w of (a_xw b_wy c_xy) = c_xy (sum over w of a_xw b_wy)`

    The gradient of a selected sum goes to its first term.

    Args:
      message: A message of three axes, of which its output leg forgets one.
      arguments: The pulled arguments, none of which reads all three axes.
      semiring: A commutative one that `kernels.semiring_matmul` takes.
      graph: The graph.
    """
    shape = graph.shape(message.sort)
    x, y = (m.axis for m in axis_maps(message.output.leg, graph.layout))
    (w,) = forgotten_axes(axis_maps(message.output.leg, graph.layout), 3)
    features = jnp.broadcast_shapes(*(a.shape[3:] for a in arguments))

    def matrix(factors: list[Array], rows: int, columns: int) -> Array:
        """The product of the factors, with feature axes first."""
        extent = [size if axis in (rows, columns) else 1 for axis, size in enumerate(shape)]
        one = semiring.multiply.full(tuple(extent) + features, arguments[0])
        product = multiply_arguments(semiring, [one, *factors])
        (gone,) = {0, 1, 2} - {rows, columns}
        front = jnp.moveaxis(product, (rows, columns, gone), (-3, -2, -1))
        return jnp.squeeze(front, -1)

    outside = [a for a in arguments if a.shape[w] == 1]
    right = [a for a in arguments if a.shape[w] != 1 and a.shape[y] != 1]
    left = [a for a in arguments if a.shape[w] != 1 and a.shape[y] == 1]
    summed = semiring_matmul.multiply(matrix(left, x, w), matrix(right, w, y), semiring)
    if outside:
        summed = semiring.multiply.op(summed, matrix(outside, x, y))
    return jnp.moveaxis(summed, (-2, -1), (0, 1))


def matrix_product(message: Message, fields: Mapping[str, Any], *, graph: Graph) -> Array:
    """Multiplies and sums ordinary numbers, as one `einsum`.

    Args:
      message: A message whose legs are all projections.
      fields: The input fields by name, not pulled.
      graph: The graph.
    """
    operands, subscripts = [], []
    for argument in message.arguments:
        operands.append(fields[argument.reads])
        subscripts.append(_subscript(axis_maps(argument.leg, graph.layout)) + "...")
    mask = edge_mask(message.sort, graph)
    if mask is not None:
        operands.append(mask.astype(operands[0].dtype))
        subscripts.append(_LETTERS[: mask.ndim])
    out = _subscript(axis_maps(message.output.leg, graph.layout)) + "..."
    return jnp.einsum(
        f"{','.join(subscripts)}->{out}", *operands, precision=jax.lax.Precision.HIGHEST
    )


def _subscript(maps: tuple[AxisMap, ...]) -> str:
    return "".join(_LETTERS[m.axis] for m in maps)


def _row_size(row_shape: tuple[int, ...], arguments: list[Field]) -> int:
    leaves = jax.tree.leaves(arguments)
    return math.prod(row_shape) * max(math.prod(leaf.shape[len(row_shape) :]) for leaf in leaves)
