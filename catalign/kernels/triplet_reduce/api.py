"""Reductions over node triples in memory for node pairs, forwards and backwards."""

import functools
import math
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Shaped

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.instances import max_plus, min_plus
from catalign.algebra.semiring import Semiring
from catalign.kernels.semiring_matmul.api import default_implementation
from catalign.kernels.triplet_reduce import fused, reference, xla
from catalign.kernels.triplet_reduce import vjp as gradient
from catalign.kernels.triplet_reduce.vjp import Version

VERSIONS: MappingProxyType[str, Version] = MappingProxyType(
    {
        "xla": Version(xla.reduce, xla.attend),
        "fused": Version(fused.reduce, xla.attend, fused.send_back),
        "reference": Version(reference.reduce, reference.attend),
    }
)
"""The implementations by name."""


Values = Shaped[Array | np.ndarray, "..."]


def reduce(
    uw: Values,
    wv: Values,
    *,
    u: Values | None = None,
    v: Values | None = None,
    w: Values | None = None,
    uv: Values | None = None,
    graph: Values | None = None,
    semiring: Semiring = max_plus,
    implementation: str | None = None,
) -> Values:
    """Combines, for each node pair u, v, messages over a third node w that are sums of their roles.

    Maths: `out_uv = max_w (u_u + v_v + w_w + uv_uv + uw_uw + wv_wv + graph)`, for each of h; so, as
      plus distributes over max, h matrix products in `max_plus`.

    The messages, n^3 h of them, are never formed; the gradient of an entry goes to the first w that
    attains it, which is kept as int32. -inf as an argument means that there is no such message:
    where there is none at all the result is -inf and has no gradient. A NaN makes the entries that
    read it NaN.

    Args:
      uw: What u and w say together, `[..., u, w, h]`; CLRS's processor has `[w, u]`, so swap axes.
      wv: What w and v say together, `[..., w, v, h]`.
      u: What u says, `[..., u, h]`.
      v: What v says, `[..., v, h]`.
      w: What w says, `[..., w, h]`.
      uv: What u and v say together, `[..., u, v, h]`.
      graph: What the graph says, `[..., h]`.
      semiring: `max_plus` or `min_plus` (then for -inf read inf).
      implementation: "xla", a loop; "fused", one reduction, chosen on GPUs; or "reference", which
        forms all messages.

    Returns:
      `[..., u, v, h]`.

    Raises:
      InputError: The implementation does not exist.
      ShapeMismatchError: Shapes or dtypes do not fit.
      UnsupportedError: Another semiring.

    Example:
      >>> far = jnp.array([[0.0, 1.0], [5.0, 0.0]])[..., None]
      >>> reduce(far, far, u=jnp.array([[10.0], [20.0]]))[..., 0].tolist()
      [[16.0, 11.0], [25.0, 26.0]]

    Source: Dudzik & Velickovic 2022, diagram (9); Ibarz et al. 2022, arXiv 2209.11142.
    """
    if semiring not in (max_plus, min_plus):
        raise UnsupportedError(f"`semiring` is {semiring.name}; give max_plus or min_plus.")
    roles = {"uw": uw, "wv": wv, "u": u, "v": v, "w": w, "uv": uv, "graph": graph}
    given = {name: jnp.asarray(x) for name, x in roles.items() if x is not None}
    _check(given, {"uw": "uwh", "wv": "wvh", "u": "uh", "v": "vh", "w": "wh", "uv": "uvh",
                   "graph": "h"})  # fmt: skip
    return _reduce(given, semiring, _version(implementation))


def attend(
    query: Values,
    key: Values,
    left: Values,
    right: Values,
    *,
    left_score: Values | None = None,
    right_score: Values | None = None,
    implementation: str | None = None,
) -> Values:
    """Lets each node pair u, v attend over a third node w, with h heads.

    Maths: `out_uv = sum_w a_uvw (left_uw * right_wv)`, where `a_uv = softmax over w of
      (query_uw . key_wv / sqrt(d) + left_score_uw + right_score_wv)`.

    Neither scores nor weights are kept, n^3 h of them: a softmax runs along w, and the gradient
    forms the weights again. A score of -inf leaves its messages out; where none is left the result
    is 0 and has no gradient. A NaN makes the entries that read it NaN.

    Args:
      query: What u asks of w, `[..., u, w, h, d]`.
      key: What w offers to v, `[..., w, v, h, d]`.
      left: The first factor of the values, `[..., u, w, h, c]`.
      right: The second one, `[..., w, v, h, c]`.
      left_score: Added to the scores, `[..., u, w, h]`; -inf where there is no edge from u to w.
      right_score: Added to the scores, `[..., w, v, h]`; -inf where there is no edge from w to v.
      implementation: "xla" or "fused", which are the same here; or "reference", which forms all
        messages.

    Returns:
      `[..., u, v, h, c]`.

    Raises:
      InputError: The implementation does not exist.
      ShapeMismatchError: Shapes or dtypes do not fit.

    Example:
      >>> ask, say = jnp.zeros((1, 2, 1, 1)), jnp.array([[3.0, 5.0]]).reshape(1, 2, 1, 1)
      >>> one = jnp.ones((2, 1, 1, 1))
      >>> attend(ask, one, say, one).item()
      4.0

    Source: Bergen, O'Donnell & Bahdanau 2021, arXiv 2112.00578.
    """
    roles = {"query": query, "key": key, "left": left, "right": right}
    roles |= {"left_score": left_score, "right_score": right_score}
    given = {name: jnp.asarray(x) for name, x in roles.items() if x is not None}
    _check(given, {"query": "uwhd", "key": "wvhd", "left": "uwhc", "right": "wvhc",
                   "left_score": "uwh", "right_score": "wvh"})  # fmt: skip
    return _attend(given, _version(implementation))


def _version(implementation: str | None) -> Version:
    name = default_implementation() if implementation is None else implementation
    if name not in VERSIONS:
        raise InputError(
            f"`implementation` is {implementation!r}; it must be one of {', '.join(VERSIONS)}."
        )
    return VERSIONS[name]


def _check(given: dict[str, Array], axes: dict[str, str]) -> None:
    """Raises unless axes of one letter have one size, and batch axes and dtypes agree."""
    first = next(iter(given))
    sizes: dict[str, tuple[int, str]] = {}
    for name, x in given.items():
        letters = axes[name]
        if x.ndim < len(letters):
            raise ShapeMismatchError(
                f"`{name}` has shape {x.shape}; give [..., {', '.join(letters)}]."
            )
        if not jnp.issubdtype(x.dtype, jnp.floating) or x.dtype != given[first].dtype:
            raise ShapeMismatchError(
                f"`{name}` is {x.dtype} and `{first}` is {given[first].dtype}: give floats of one "
                "dtype."
            )
        batch = x.shape[: x.ndim - len(letters)]
        first_batch = given[first].shape[: given[first].ndim - len(axes[first])]
        if batch != first_batch:
            raise ShapeMismatchError(
                f"`{name}` has the leading axes {batch} and `{first}` {first_batch}; give the same."
            )
        for letter, size in zip(letters, x.shape[len(batch) :], strict=True):
            other, where = sizes.setdefault(letter, (size, name))
            if size != other:
                raise ShapeMismatchError(
                    f"the axis {letter} has {size} places in `{name}` {x.shape} and {other} in "
                    f"`{where}` {given[where].shape}."
                )


@functools.partial(jax.jit, static_argnums=(1, 2))
def _reduce(given: dict[str, Array], semiring: Semiring, version: Version) -> Array:
    times = semiring.multiply.op
    uw, wv = given["uw"], given["wv"]
    if "w" in given:
        wv = times(*jnp.broadcast_arrays(wv, given["w"][..., :, None, :]))
    batch = uw.shape[:-3]
    count = math.prod(batch)
    flat = (x.reshape(count, *x.shape[-3:]) for x in (uw, wv))
    out = gradient.reduce(*flat, semiring, version)
    out = out.reshape(*batch, *out.shape[1:])
    outside = {"u": (-2,), "v": (-3,), "uv": (), "graph": (-2, -3)}
    for name, axes in outside.items():
        if name in given:
            out = times(*jnp.broadcast_arrays(out, jnp.expand_dims(given[name], axes)))
    return out


@functools.partial(jax.jit, static_argnums=(1,))
def _attend(given: dict[str, Array], version: Version) -> Array:
    """Computes in float32 what is narrower."""
    names = ("query", "key", "left", "right", "left_score", "right_score")
    axes = (4, 4, 4, 4, 3, 3)
    dtype = given["query"].dtype
    wide = jnp.dtype(jnp.float32) if dtype.itemsize < 4 else dtype
    batch = given["query"].shape[:-4]
    # A score that is left out stays so: zeros for it would take as much memory as an argument.
    flat = tuple(
        given[name].astype(wide).reshape(math.prod(batch), *given[name].shape[-rank:])
        if name in given
        else None
        for name, rank in zip(names, axes, strict=True)
    )
    out = gradient.attend(flat, version).astype(dtype)
    return out.reshape(*batch, *out.shape[1:])
