"""All prefixes of a sequence in a monoid of functions or of matrices, batched."""

import functools
import math
from collections.abc import Callable
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.sharding import AxisType, Mesh
from jaxtyping import Integer, Shaped

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.semiring import Semiring
from catalign.kernels.monoid_scan import across, blocked, reference, tree
from catalign.kernels.monoid_scan.blocked import Combine
from catalign.kernels.monoid_scan.function import Images, code

Version = Callable[..., Array]
VERSIONS: MappingProxyType[str, Version] = MappingProxyType(
    {"blocked": blocked.scan, "tree": tree.scan, "reference": reference.scan}
)
"""The implementations by name: where none is named, "blocked" on CPU and "tree" elsewhere."""

Functions = Integer[Array | np.ndarray, "..."]
Matrices = Shaped[Array | np.ndarray, "..."]


def scan_functions(
    functions: Functions,
    *,
    reverse: bool = False,
    exclusive: bool = False,
    implementation: str | None = None,
    mesh: Mesh | None = None,
    axis_name: str | None = None,
) -> Integer[Array, "..."]:
    """Composes functions on a finite set along a sequence: every prefix, each exact.

    Maths: `y_i(s) = f_i(... f_1(f_0(s)))`, exclusive without `f_i`; in reverse
      `y_i(s) = f_i(... f_{t-1}(s))`, exclusive without `f_i`. The empty composite is the identity.

    So `y_i(q)` is the state of an automaton after its i-th symbol, started in q, where `f_i` is
    what that symbol does to the states: a carry that runs through a sum is one with two states.

    Args:
      functions: `[..., time, s]`: the images of the states 0 to s - 1 at each time. Images outside
        that range are an error where the array is concrete; inside a jitted function, where no
        value can be looked at, they count as the nearest state.
      reverse: Whether to start at the end.
      exclusive: Whether each prefix stops before its element.
      implementation: "blocked", which steps through many blocks at once, "tree", of logarithmic
        depth, or "reference", one element after the other.
      mesh: Devices to lay the time across. One device if left out.
      axis_name: The axis of the mesh that time lies across. Its only axis if left out.

    Returns:
      The prefixes, in the shape and dtype of `functions`.

    Raises:
      InputError: An image is no state, or the implementation or the axis does not exist.
      ShapeMismatchError: The array is no sequence of functions of integers.
      UnsupportedError: The mesh has explicit axes.

    Example:
      >>> kill, keep, make = [0, 0], [0, 1], [1, 1]
      >>> carries = scan_functions(jnp.array([make, keep, keep, kill]))
      >>> carries[:, 0].tolist()
      [1, 1, 1, 0]
    """
    functions = jnp.asarray(functions)
    shape, dtype = functions.shape, functions.dtype
    if functions.ndim < 2 or shape[-1] == 0 or not jnp.issubdtype(dtype, jnp.integer):
        raise ShapeMismatchError(
            f"`functions` is {dtype}{list(shape)}: give integers of shape [..., time, s], the "
            "images of s >= 1 states at each time."
        )
    size = shape[-1]
    if functions.size and not isinstance(functions, Tracer):
        low, high = int(jnp.min(functions)), int(jnp.max(functions))
        if low < 0 or high >= size:
            raise InputError(
                f"`functions` has images from {low} to {high}, but its last axis has {size} states:"
                f" every image must be one of 0 to {size - 1}."
            )
    version, where = _version(implementation), _where(mesh, axis_name)
    return _scan_functions(functions, version, reverse, exclusive, where)


def scan_matrices(
    matrices: Matrices,
    semiring: Semiring,
    *,
    reverse: bool = False,
    exclusive: bool = False,
    implementation: str | None = None,
    mesh: Mesh | None = None,
    axis_name: str | None = None,
) -> Shaped[Array, "..."]:
    """Multiplies square matrices of a semiring along a sequence: every prefix.

    Maths: `y_i = m_0 m_1 ... m_i`, exclusive without `m_i`; in reverse `y_i = m_{t-1} ... m_i`,
      exclusive without `m_i`. The empty product is the identity of the semiring.

    Row-stochastic matrices in `plus_times` are distributions over functions; the entry (q, r) of a
    prefix is the probability of the state r after it, started in q.

    Differentiable, in memory of a few times the result. An entry that is an infinite zero has no
    gradient. Of several paths of equal value, the gradient goes to a convex combination, and which
    one depends on how the products are grouped, as rounding does. Infinities follow the semiring:
    zero absorbs, and no `inf - inf` is formed. A NaN makes those entries NaN that read it.

    Args:
      matrices: `[..., time, n, n]`.
      semiring: Any, such as `plus_times`, `min_plus`, `lor_land` or `log_plus(t)`.
      reverse: As in `scan_functions`.
      exclusive: As in `scan_functions`.
      implementation: As in `scan_functions`.
      mesh: As in `scan_functions`.
      axis_name: As in `scan_functions`.

    Returns:
      The prefixes, in the shape and dtype of `matrices`.

    Raises:
      InputError: The implementation or the axis does not exist.
      ShapeMismatchError: The array is no sequence of square matrices of the semiring's dtype.
      UnsupportedError: The mesh has explicit axes.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> step = jnp.array([[0.0, 3.0], [jnp.inf, 1.0]])
      >>> scan_matrices(jnp.stack([step, step]), min_plus)[1].tolist()
      [[0.0, 3.0], [inf, 2.0]]
    """
    matrices = jnp.asarray(matrices)
    if matrices.ndim < 3 or matrices.shape[-1] != matrices.shape[-2]:
        raise ShapeMismatchError(
            f"`matrices` has shape {list(matrices.shape)}: give square ones, [..., time, n, n]."
        )
    semiring.check_dtype(matrices, "matrices")
    version, where = _version(implementation), _where(mesh, axis_name)
    return _scan_matrices(matrices, semiring, version, reverse, exclusive, where)


def _version(implementation: str | None) -> Version:
    if implementation is None:
        implementation = "blocked" if jax.default_backend() == "cpu" else "tree"
    if implementation not in VERSIONS:
        raise InputError(
            f"`implementation` is {implementation!r}; it must be one of {', '.join(VERSIONS)}."
        )
    return VERSIONS[implementation]


def _where(mesh: Mesh | None, axis_name: str | None) -> tuple[Mesh, str] | None:
    names = () if mesh is None else mesh.axis_names
    if mesh is None and axis_name is None:
        return None
    if axis_name is None and len(names) == 1:
        axis_name = names[0]
    if mesh is None or axis_name is None or axis_name not in names:
        raise InputError(
            f"`axis_name` is {axis_name!r}, but `mesh` has the axes {list(names)}: name one."
        )
    if AxisType.Explicit in mesh.axis_types:
        raise UnsupportedError(
            "`mesh` has explicit axes, whose arrays carry their layout in their type. Make it with "
            "`axis_types=(jax.sharding.AxisType.Auto,)`, one for each axis."
        )
    return mesh, axis_name


def _scan(
    combine: Combine,
    unit: Array,
    x: Array,
    version: Version,
    reverse: bool,
    exclusive: bool,
    where: tuple[Mesh, str] | None,
) -> Array:
    version = functools.partial(version, exclusive=exclusive)
    if where is None:
        return version(combine, unit, x, reverse=reverse)
    mesh, axis_name = where
    return across.scan(version, combine, unit, x, reverse=reverse, mesh=mesh, axis_name=axis_name)


def _to_front(x: Array, core: int) -> Array:
    """`[*batch, time, *core]` as `[time, *core, batch]`."""
    time_and_core = x.shape[x.ndim - 1 - core :]
    flat = x.reshape(math.prod(x.shape[: x.ndim - 1 - core]), *time_and_core)
    return jnp.moveaxis(flat, 0, -1)


@functools.partial(jax.jit, static_argnums=(1, 2, 3, 4))
def _scan_functions(
    functions: Array,
    version: Version,
    reverse: bool,
    exclusive: bool,
    where: tuple[Mesh, str] | None,
) -> Array:
    size, dtype = functions.shape[-1], functions.dtype
    images = jnp.clip(_to_front(functions, 1), 0, size - 1)
    stored = Images(size) if version is reference.scan else code(size, in_tree=version is tree.scan)
    unit = stored.encode(jnp.arange(size, dtype=dtype)[:, None])[..., 0]
    y = _scan(stored.compose, unit, stored.encode(images), version, reverse, exclusive, where)
    return jnp.moveaxis(stored.decode(y, dtype), -1, 0).reshape(functions.shape)


@functools.partial(jax.jit, static_argnums=(1, 2, 3, 4, 5))
def _scan_matrices(
    matrices: Array,
    semiring: Semiring,
    version: Version,
    reverse: bool,
    exclusive: bool,
    where: tuple[Mesh, str] | None,
) -> Array:
    n, dtype = matrices.shape[-1], matrices.dtype
    one, zero = jnp.asarray(semiring.one, dtype), jnp.asarray(semiring.zero, dtype)
    unit = jnp.where(jnp.eye(n, dtype=bool), one, zero)

    # What a product needs for its gradient is formed again there, not kept: it is n times larger.
    @functools.partial(jax.checkpoint, prevent_cse=False)
    def multiply(a: Array, b: Array) -> Array:
        terms = semiring.multiply.op(a[..., :, :, None, :], b[..., None, :, :, :])
        product = semiring.add.reduce(terms, terms.ndim - 3)
        # Where there is no path, nothing has a gradient.
        return jnp.where(product == zero, zero, product) if math.isinf(semiring.zero) else product

    y = _scan(multiply, unit, _to_front(matrices, 2), version, reverse, exclusive, where)
    return jnp.moveaxis(y, -1, 0).reshape(matrices.shape)
