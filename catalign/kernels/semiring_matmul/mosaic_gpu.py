"""The product on a GPU of compute capability 9.0, in Pallas's Mosaic GPU dialect.

One warpgroup makes one tile of the result. Tiles of the operands come to shared memory by TMA, two
in flight; the tile of sums stays in registers, and takes up each k as the outer product of a column
and a row.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jax.experimental import pallas as pl
from jax.experimental.pallas import mosaic_gpu as plgpu

from catalign.algebra.instances import max_plus, min_plus
from catalign.algebra.semiring import Semiring
from catalign.kernels.semiring_matmul.arithmetic import Operation, is_plain
from catalign.kernels.semiring_matmul.xla import first_term

ROWS, COLUMNS, TERMS = 64, 128, 32
"""The tile of one warpgroup, and the number of k of one step of the pipeline."""


def multiply(a: Array, b: Array, semiring: Semiring, *, with_arg: bool) -> tuple[Array, Array]:
    """As the reference, in float32; without `with_arg` the second result means nothing."""
    times = semiring.multiply.op
    if semiring not in (min_plus, max_plus):
        return _multiply(a, b, semiring, times, with_arg=with_arg)
    return jax.lax.cond(
        is_plain(a, semiring) & is_plain(b, semiring),
        lambda: _multiply(a, b, semiring, jnp.add, with_arg=with_arg),
        lambda: _multiply(a, b, semiring, times, with_arg=with_arg),
    )


def _multiply(
    a: Array, b: Array, semiring: Semiring, times: Operation, *, with_arg: bool
) -> tuple[Array, Array]:
    p, n, k = a.shape
    m = b.shape[2]
    if 0 in (p, n, m, k):
        c = jnp.full((p, n, m), semiring.zero, a.dtype)
        return c, jnp.full(c.shape, -1, jnp.int32)
    zero = jnp.asarray(semiring.zero, a.dtype)
    a = jnp.pad(a, ((0, 0), (0, -n % ROWS), (0, -k % TERMS)), constant_values=zero)
    b = jnp.pad(b, ((0, 0), (0, -k % TERMS), (0, -m % COLUMNS)), constant_values=zero)
    c, last = _tiles(jnp.swapaxes(a, 1, 2), b, semiring, times)
    c, last = c[:, :n, :m], last[:, :n, :m]
    if not with_arg:
        return c, last
    return c, first_term(a[:, :n], b[:, :, :m], c, last, TERMS, times)


def _tiles(
    columns: Array, rows: Array, semiring: Semiring, times: Operation
) -> tuple[Array, Array]:
    """Sums of `[p, k, n]` and `[p, k, m]`, in whole tiles, and the last step that changed each."""
    p, k, n = columns.shape
    m = rows.shape[2]
    tile = (ROWS, COLUMNS)
    by_row, by_column = plgpu.Layout.WGMMA.reduce(1), plgpu.Layout.WGMMA.reduce(0)

    def one_tile(columns, rows, sums, lasts, sum_tile, last_tile):
        at, i, j = (jax.lax.axis_index(name) for name in ("p", "i", "j"))

        def one_step(indices, some_columns, some_rows, carry):
            (step,) = indices
            before, last = carry

            def one_term(t: Array, acc: Array) -> Array:
                column = plgpu.layout_cast(some_columns[t], by_row)
                row = plgpu.layout_cast(some_rows[t], by_column)
                return semiring.add.op(
                    acc,
                    times(
                        jax.lax.broadcast_in_dim(column, tile, (0,)),
                        jax.lax.broadcast_in_dim(row, tile, (1,)),
                    ),
                )

            acc = jax.lax.fori_loop(0, TERMS, one_term, before)
            changed = (acc != before) & (before == before)
            return acc, jnp.where(changed, jnp.full(tile, 1, jnp.int32) * step, last)

        start = (
            plgpu.layout_cast(jnp.full(tile, semiring.zero, columns.dtype), plgpu.Layout.WGMMA),
            plgpu.layout_cast(jnp.full(tile, -1, jnp.int32), plgpu.Layout.WGMMA),
        )
        acc, last = plgpu.emit_pipeline(
            one_step,
            grid=(k // TERMS,),
            in_specs=[
                plgpu.BlockSpec((TERMS, ROWS), lambda step: (step, i)),
                plgpu.BlockSpec((TERMS, COLUMNS), lambda step: (step, j)),
            ],
            max_concurrent_steps=2,
            init_carry=start,
        )(columns.at[at], rows.at[at])
        sum_tile[...] = acc
        last_tile[...] = last
        plgpu.commit_smem()
        place = (at, pl.ds(i * ROWS, ROWS), pl.ds(j * COLUMNS, COLUMNS))
        plgpu.copy_smem_to_gmem(sum_tile, sums.at[place])
        plgpu.copy_smem_to_gmem(last_tile, lasts.at[place])
        plgpu.wait_smem_to_gmem(0)

    run = plgpu.kernel(
        one_tile,
        out_type=(
            jax.ShapeDtypeStruct((p, n, m), columns.dtype),
            jax.ShapeDtypeStruct((p, n, m), jnp.int32),
        ),
        scratch_types=(plgpu.SMEM(tile, columns.dtype), plgpu.SMEM(tile, jnp.int32)),
        grid=(p, n // ROWS, m // COLUMNS),
        grid_names=("p", "i", "j"),
    )
    return run(columns, rows)
