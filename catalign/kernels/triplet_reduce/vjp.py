"""The gradients: those of a selected sum, and those of a softmax whose weights are formed anew."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.semiring import Semiring
from catalign.kernels.batching import fold_batch
from catalign.kernels.triplet_reduce import xla
from catalign.kernels.triplet_reduce.xla import MIDDLE, in_parts, scores

Pair = tuple[Array, Array]
Arguments = tuple[Array | None, ...]
"""Query, key, left, right and the two scores, which may be left out; or their gradients."""


@dataclass(frozen=True)
class Version:
    """One implementation of both reductions, with the signatures of the reference.

    Attributes:
      reduce: Combines messages.
      attend: Averages them.
      send_back: Sends the cotangents of what `reduce` gives to where it comes from.
    """

    reduce: Callable[..., Pair]
    attend: Callable[..., Pair]
    send_back: Callable[..., Pair] = xla.send_back


def _reduce(uw: Array, wv: Array, semiring: Semiring, version: Version) -> Array:
    run = fold_batch(lambda uw, wv: version.reduce(uw, wv, semiring, with_arg=False)[0])
    return run(uw, wv)


reduce = jax.custom_vjp(_reduce, nondiff_argnums=(2, 3))


def _reduce_forward(
    uw: Array, wv: Array, semiring: Semiring, version: Version
) -> tuple[Array, tuple[Array, Array]]:
    run = fold_batch(lambda uw, wv: version.reduce(uw, wv, semiring, with_arg=True))
    c, arg = run(uw, wv)
    # Both arguments have the same number of middle nodes; nothing else of them is needed.
    return c, (arg, jnp.zeros((uw.shape[2], 0), jnp.int32))


def _reduce_backward(
    semiring: Semiring, version: Version, residuals: tuple[Array, Array], cotangent: Array
) -> Pair:
    """Sends the cotangent of an entry to both arguments of the triple that it comes from."""
    del semiring
    arg, middle = residuals
    return fold_batch(lambda arg, g: version.send_back(arg, g, middle.shape[0]))(arg, cotangent)


reduce.defvjp(_reduce_forward, _reduce_backward)


def _attend(arguments: Arguments, version: Version) -> Array:
    return fold_batch(lambda *arguments: version.attend(*arguments)[0])(*arguments)


attend = jax.custom_vjp(_attend, nondiff_argnums=(1,))


def _attend_forward(
    arguments: Arguments, version: Version
) -> tuple[Array, tuple[Arguments, Array, Array]]:
    out, log_total = fold_batch(version.attend)(*arguments)
    return out, (arguments, out, log_total)


def _attend_backward(
    version: Version,
    residuals: tuple[Arguments, Array, Array],
    cotangent: Array,
) -> tuple[Arguments]:
    del version
    arguments, out, log_total = residuals
    return (fold_batch(_attention_gradients)(*arguments, out, log_total, cotangent),)


def _attention_gradients(*given: Array | None) -> Arguments:
    cotangent = jax.tree.leaves(given)[-1]
    return in_parts(_attention_part, *given, elements=math.prod(cotangent.shape[1:]))


def _attention_part(
    query: Array,
    key: Array,
    left: Array,
    right: Array,
    from_left: Array | None,
    from_right: Array | None,
    out: Array,
    log_total: Array,
    cotangent: Array,
) -> Arguments:
    """One middle node at a time: its weights again, then the gradients of what it reads.

    Maths: `d score = a (<g, left right> - <g, out>)`, `d left_uw = sum_v a g right_wv`.
    """
    scale = 1 / math.sqrt(query.shape[-1])
    exact = jax.lax.Precision.HIGHEST
    level = jnp.moveaxis(jnp.where(log_total == -jnp.inf, 0.0, log_total), 3, 1)
    mean = jnp.sum(cotangent * out, axis=-1)

    def one_node(some: Arguments) -> Arguments:
        query, key, left, right, *both = some
        assert query is not None
        assert key is not None
        assert left is not None
        assert right is not None
        from_left, from_right = (
            None if x is None else jnp.expand_dims(x, axis)
            for x, axis in zip(both, MIDDLE[4:], strict=True)
        )
        score = scores(query[:, :, None], key[:, None], from_left, from_right)
        weight = jnp.moveaxis(jnp.exp(score[:, 0] - level), 1, 3)
        pulled = weight[..., None] * cotangent
        times_right, times_left = pulled * right[:, None], pulled * left[:, :, None]
        to_score = jnp.sum(times_right * left[:, :, None], axis=-1) - weight * mean
        return (
            jnp.einsum("puvh,pvhd->puhd", to_score, key, precision=exact) * scale,
            jnp.einsum("puvh,puhd->pvhd", to_score, query, precision=exact) * scale,
            jnp.sum(times_right, axis=2),
            jnp.sum(times_left, axis=1),
            None if from_left is None else jnp.sum(to_score, axis=2),
            None if from_right is None else jnp.sum(to_score, axis=1),
        )

    reads = (query, key, left, right, from_left, from_right)
    nodes = _move(reads, MIDDLE, (0,) * 6)
    return _move(jax.lax.map(one_node, nodes), (0,) * 6, MIDDLE)


def _move(arrays: Arguments, sources: tuple[int, ...], targets: tuple[int, ...]) -> Arguments:
    moves = zip(arrays, sources, targets, strict=True)
    return tuple(None if x is None else jnp.moveaxis(x, s, t) for x, s, t in moves)


attend.defvjp(_attend_forward, _attend_backward)
