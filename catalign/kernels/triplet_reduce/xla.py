"""The reductions in memory for node pairs alone, on every device.

A part of the batch at a time, so that what is transposed or summed on the way is small.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from catalign._typing import PyTree
from catalign.algebra.semiring import Semiring
from catalign.kernels.along import fold_along
from catalign.kernels.semiring_matmul import xla as product

PART_ELEMENTS = 1 << 19
"""About how many elements of a result one part of the batch makes (at least one instance)."""
NODES_AT_ONCE = 8
"""The number of middle nodes whose scores exist at a time."""
MIDDLE_COMPARED = 64
"""Up to how many middle nodes the gradient compares every one with where an entry comes from: on a
CPU, adding an entry to its place takes as long as some hundred comparisons."""
MIDDLE = (2, 1, 2, 1, 2, 1)
"""The axis of the middle node in query, key, left, right, left score and right score."""


def in_parts(f: Callable[..., PyTree], *arguments: Array | None, elements: int) -> PyTree:
    """Applies a batched function to a part of the batch at a time.

    Args:
      f: The function; every argument and result has the batch as first axis.
      arguments: What it is applied to.
      elements: The elements of a result for one instance.
    """
    batch = jax.tree.leaves(arguments)[0].shape[0]
    most = max(1, PART_ELEMENTS // max(elements, 1))
    if most >= batch:
        return f(*arguments)
    size = next(size for size in range(most, 0, -1) if batch % size == 0)

    def one_part(start: Array) -> PyTree:
        return f(*jax.tree.map(lambda x: jax.lax.dynamic_slice_in_dim(x, start, size), arguments))

    # Slices of the arguments, and no array of parts, of which XLA would make copies.
    done = jax.lax.map(one_part, jnp.arange(0, batch, size, dtype=jnp.int32))
    return jax.tree.map(lambda x: x.reshape(batch, *x.shape[2:]), done)


def reduce(uw: Array, wv: Array, semiring: Semiring, *, with_arg: bool) -> tuple[Array, Array]:
    """As the reference: for each h one matrix product; without `with_arg` the sums alone matter."""
    _, u, w, h = uw.shape
    v = wv.shape[2]

    def one_part(uw: Array, wv: Array) -> tuple[Array, ...]:
        p = uw.shape[0]
        left = jnp.moveaxis(uw, 3, 1).reshape(p * h, u, w)
        right = jnp.moveaxis(wv, 3, 1).reshape(p * h, w, v)
        both = product.multiply(left, right, semiring, with_arg=with_arg)
        wanted = both if with_arg else both[:1]
        return tuple(jnp.moveaxis(x.reshape(p, h, u, v), 1, 3) for x in wanted)

    # Without the terms, nothing of their size is made.
    out = in_parts(one_part, uw, wv, elements=u * v * h)
    return out[0], out[-1]


def send_back(arg: Array, cotangent: Array, n_middle: int) -> tuple[Array, Array]:
    """Adds the cotangent of each entry to both arguments of the triple that it comes from."""
    _, u, v, h = arg.shape
    send = _compare_back if n_middle <= MIDDLE_COMPARED else _add_back
    return in_parts(
        lambda arg, g: send(arg, g, n_middle), arg, cotangent, elements=max(u, v) * n_middle * h
    )


def _compare_back(arg: Array, cotangent: Array, n_middle: int) -> tuple[Array, Array]:
    """Every place of an argument takes up the entries that come from it."""
    p, u, v, h = arg.shape
    middle = jnp.arange(n_middle, dtype=arg.dtype)

    def take_up(total: Array, arg: Array, g: Array, axis: int) -> Array:
        shape = [1, 1, 1, 1]
        shape[axis] = n_middle
        mine = jnp.expand_dims(arg, axis) == middle.reshape(shape)
        return total + jnp.where(mine, jnp.expand_dims(g, axis), jnp.zeros((), g.dtype))

    def add_up(shape: tuple[int, ...], axis: int, along: int) -> Array:
        take = functools.partial(take_up, axis=axis)
        return fold_along(
            take, jnp.zeros(shape, cotangent.dtype), [(arg, along), (cotangent, along)]
        )

    return add_up((p, u, n_middle, h), 2, 2), add_up((p, n_middle, v, h), 1, 1)


def _add_back(arg: Array, cotangent: Array, n_middle: int) -> tuple[Array, Array]:
    """Every entry is added to where it comes from."""
    p, u, v, h = arg.shape
    b, i, j, k = jnp.ogrid[:p, :u, :v, :h]
    to_left = ((b * u + i) * n_middle + arg) * h + k
    to_right = ((b * n_middle + arg) * v + j) * h + k

    def add_up(shape: tuple[int, ...], place: Array) -> Array:
        total = jnp.zeros(math.prod(shape), cotangent.dtype)
        place = jnp.where(arg < 0, total.size, place).reshape(-1)
        return total.at[place].add(cotangent.reshape(-1), mode="drop").reshape(shape)

    return add_up((p, u, n_middle, h), to_left), add_up((p, n_middle, v, h), to_right)


def attend(
    query: Array,
    key: Array,
    left: Array,
    right: Array,
    from_left: Array | None,
    from_right: Array | None,
) -> tuple[Array, Array]:
    """As the reference, with a running softmax: sums are rescaled when a larger score arrives.

    Source: Dao et al. 2022, arXiv 2205.14135, for node triples.
    """
    _, u, w, h, c = left.shape
    v = right.shape[2]

    def one_part(*arguments: Array | None) -> tuple[Array, Array]:
        count = min(NODES_AT_ONCE, max(w, 1))
        p = jax.tree.leaves(arguments)[0].shape[0]
        top = jnp.full((p, h, u, v), -jnp.inf, query.dtype)
        state: tuple[Array, ...] = (
            top,
            jnp.zeros_like(top),
            jnp.zeros((p, h, u, v, c), left.dtype),
        )

        def visit(state: tuple[Array, ...], start: Array, count: int) -> tuple[Array, ...]:
            some: list[Any] = [
                None if x is None else jax.lax.dynamic_slice_in_dim(x, start, count, axis)
                for x, axis in zip(arguments, MIDDLE, strict=True)
            ]
            return _take_up(state, *some)

        whole = w // count
        if whole:
            state = jax.lax.fori_loop(
                jnp.int32(0), whole, lambda t, s: visit(s, t * count, count), state
            )
        if w % count:
            state = visit(state, jnp.int32(whole * count), w % count)
        top, total, summed = state
        out = summed / jnp.where(total == 0, 1.0, total)[..., None]
        return jnp.moveaxis(out, 1, 3), jnp.moveaxis(top + jnp.log(total), 1, 3)

    return in_parts(
        one_part, query, key, left, right, from_left, from_right, elements=u * v * h * c
    )


def scores(query: Array, key: Array, from_left: Array | None, from_right: Array | None) -> Array:
    """The scores of some middle nodes, `[p, w, h, u, v]`."""
    score = jnp.einsum(
        "puwhd,pwvhd->pwhuv", query, key, precision=jax.lax.Precision.HIGHEST
    ) / math.sqrt(query.shape[-1])
    if from_left is not None:
        score += jnp.transpose(from_left, (0, 2, 3, 1))[..., None]
    if from_right is not None:
        score += jnp.transpose(from_right, (0, 1, 3, 2))[..., None, :]
    return score


def _take_up(
    state: tuple[Array, ...],
    query: Array,
    key: Array,
    left: Array,
    right: Array,
    from_left: Array | None,
    from_right: Array | None,
) -> tuple[Array, ...]:
    """Adds some middle nodes to the running sums."""
    top, total, summed = state
    score = scores(query, key, from_left, from_right)
    higher = jnp.maximum(top, jnp.max(score, axis=1))
    level = jnp.where(higher == -jnp.inf, 0.0, higher)
    shrink = jnp.exp(top - level)
    weight = jnp.exp(score - level[:, None])
    left = jnp.transpose(left, (2, 0, 3, 1, 4))[:, :, :, :, None]
    right = jnp.transpose(right, (1, 0, 3, 2, 4))[:, :, :, None]
    summed = shrink[..., None] * summed
    for k in range(left.shape[0]):
        summed += weight[:, k, ..., None] * left[k] * right[k]
    return higher, shrink * total + jnp.sum(weight, axis=1), summed
