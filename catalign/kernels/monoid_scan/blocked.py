"""A scan in blocks: each lane of a vector steps through a block of its own.

Three loops: the totals of all blocks, step by step and side by side; the scan of these totals; and
the prefixes, each block from what came before it. The work is twice that of one loop over time, its
steps are fewer by the number of blocks, and the program has the same size for every length.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

Combine = Callable[[Array, Array], Array]
"""An associative operation on arrays `[*lead, *core, batch]`; its left argument comes first."""
Start = Callable[[Array], Array]
"""What comes before the first element, given the total of all; both `[*core, batch]`."""

LANES = 256
"""The most blocks, times the batch: few enough for the nearest cache."""
NUMBERS = 2**16
"""The most numbers that all lanes hold together, down to eight lanes."""
SHORTEST = 16
"""The least length of a block."""


def scan(
    combine: Combine,
    unit: Array,
    x: Array,
    *,
    reverse: bool,
    exclusive: bool,
    start: Start | None = None,
) -> Array:
    """All prefixes of a sequence.

    Maths: `y_i = x_0 x_1 ... x_i`, exclusive `y_i = x_0 ... x_{i-1}`; in reverse
      `y_i = x_{t-1} ... x_i`, exclusive `y_i = x_{t-1} ... x_{i+1}`.

    Args:
      combine: The operation.
      unit: Its unit, `[*core]`.
      x: The elements, `[time, *core, batch]`.
      reverse: Whether to start at the end.
      exclusive: Whether each prefix stops before its element.
      start: What comes before the first element; the unit if left out.
    """
    time, batch = x.shape[0], x.shape[-1]
    lanes = min(LANES, max(8, NUMBERS // max(unit.size, 1)))
    blocks = max(1, min(lanes // max(batch, 1), time // SHORTEST))
    parts = _cut(unit, x, blocks)
    totals = x
    if start is not None or blocks > 1:
        totals = _fold(combine, _spread(unit, parts.shape[-1]), parts, reverse=reverse)
        totals = jnp.moveaxis(totals.reshape(*totals.shape[:-1], blocks, batch), -2, 0)
    first = _spread(unit, batch)
    if start is not None:
        first = start(_fold(combine, first, totals, reverse=reverse))
    before = first
    if blocks > 1:
        before = _steps(combine, first, totals, reverse=reverse, exclusive=True)
        before = jnp.moveaxis(before, 0, -2).reshape(*totals.shape[1:-1], blocks * batch)
    y = _steps(combine, before, parts, reverse=reverse, exclusive=exclusive)
    y = jnp.moveaxis(y.reshape(*y.shape[:-1], blocks, batch), -2, 0)
    return y.reshape(blocks * parts.shape[0], *y.shape[2:])[:time]


def _cut(unit: Array, x: Array, blocks: int) -> Array:
    """`[time, *core, batch]` as `[length, *core, blocks * batch]`, with units at the end."""
    time, *core, batch = x.shape
    length = -(-time // blocks)
    units = jnp.broadcast_to(_spread(unit, batch)[None], (blocks * length - time, *core, batch))
    x = jnp.concatenate([x, units]).reshape(blocks, length, *core, batch)
    return jnp.moveaxis(x, 0, -2).reshape(length, *core, blocks * batch)


def _fold(combine: Combine, first: Array, x: Array, *, reverse: bool) -> Array:
    def step(carry: Array, element: Array) -> tuple[Array, None]:
        return combine(carry, element), None

    return jax.lax.scan(step, first, x, reverse=reverse)[0]


def _steps(combine: Combine, first: Array, x: Array, *, reverse: bool, exclusive: bool) -> Array:
    def step(carry: Array, element: Array) -> tuple[Array, Array]:
        after = combine(carry, element)
        return after, carry if exclusive else after

    return jax.lax.scan(step, first, x, reverse=reverse)[1]


def _spread(unit: Array, batch: int) -> Array:
    return jnp.broadcast_to(unit[..., None], (*unit.shape, batch))
