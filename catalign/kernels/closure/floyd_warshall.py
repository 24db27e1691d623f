"""Floyd-Warshall: in blocks, for the values; one middle node at a time, for the paths.

Source: Floyd 1962; in blocks, Venkataraman, Sahni & Mukhopadhyaya 2003, doi 10.1145/996546.996553.
"""

import jax
import jax.numpy as jnp
from jax import Array

from catalign.algebra.semiring import Semiring
from catalign.kernels.closure.reference import identity
from catalign.kernels.semiring_matmul import xla
from catalign.kernels.semiring_matmul.arithmetic import Operation

BLOCK = 32
"""The number of middle nodes that one product takes up."""


def star(a: Array, semiring: Semiring) -> Array:
    """As the reference, with the work of one product.

    For each block of middle nodes, first the paths inside the block, then those from and to it,
    then all that pass through it, as one product.
    """
    n = a.shape[1]
    if n == 0:
        return a
    block = min(BLOCK, n)
    zero = jnp.asarray(semiring.zero, a.dtype)
    a = jnp.pad(a, ((0, 0), (0, -n % block), (0, -n % block)), constant_values=zero)

    def close(add: Operation, times: Operation) -> Array:
        def improve(old: Array, left: Array, right: Array) -> Array:
            return xla.add_product(old, left, right, add, times, zero)[0]

        def one_node(k: Array, inside: Array) -> Array:
            return add(inside, times(_cut(inside, k, 1, axis=2), _cut(inside, k, 1, axis=1)))

        def one_block(index: Array, value: Array) -> Array:
            start = index * block
            rows, columns = (_cut(value, start, block, axis=axis) for axis in (1, 2))
            inside = _cut(rows, start, block, axis=2)
            inside = jax.lax.fori_loop(jnp.int32(0), block, one_node, inside)
            return improve(value, improve(columns, columns, inside), improve(rows, inside, rows))

        value = semiring.add.op(identity(a, semiring), a)
        return jax.lax.fori_loop(jnp.int32(0), a.shape[1] // block, one_block, value)

    # A plain product that is NaN, of an overflow, is never selected: as if it were zero.
    return xla.with_plain_operations(close, semiring, a)[:, :n, :n]


def with_predecessors(a: Array, semiring: Semiring) -> tuple[Array, Array]:
    """The star of `[p, n, n]`, and for each path the node before the last; -1 where no edge is.

    A path replaces another only if it is better. So if i to j begins to pass through k, then all
    nodes on the way from k to j are reached through k as well, and the predecessors of a source
    form a tree, also where cycles of weight one tie.
    """
    n = a.shape[1]
    unit, zero = identity(a, semiring), jnp.asarray(semiring.zero, a.dtype)
    value = semiring.add.op(unit, a)
    node = jnp.arange(n, dtype=jnp.int32)[None, :, None]
    before = jnp.where((value == unit) | (value == zero), -1, node)
    before = jnp.where(jnp.eye(n, dtype=bool), -1, before)

    def one_node(k: Array, paths: tuple[Array, Array]) -> tuple[Array, Array]:
        old, before = paths
        into, out_of = _cut(old, k, 1, axis=2), _cut(old, k, 1, axis=1)
        value = semiring.add.op(old, semiring.multiply.op(into, out_of))
        return value, jnp.where(value != old, _cut(before, k, 1, axis=1), before)

    return jax.lax.fori_loop(jnp.int32(0), n, one_node, (value, before)) if n else (value, before)


def _cut(x: Array, start: Array, size: int, *, axis: int) -> Array:
    return jax.lax.dynamic_slice_in_dim(x, start, size, axis)
