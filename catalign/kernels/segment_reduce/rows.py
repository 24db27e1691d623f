"""The fibres of a map, cut into rows of bounded width, so that a sum is a few dense reductions."""

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

WIDEST = 16
"""The most items of a row."""
_ROW, _REST = 4, 1000
"""What a row costs beside its items, and what having a rest costs, both counted in items."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Block:
    """Rows of at most `width` places each, as ranges.

    Attributes:
      starts: The first place of each row, `[rows]`; some place, if the row is empty.
      counts: The number of its places, `[rows]`, at most `width`.
      width: How many steps the dense reduction takes; static.
    """

    starts: Array
    counts: Array
    width: int = field(metadata={"static": True})

    def place(self, step: int) -> Array:
        """The place that each row reads at a step; its last one again, where it has no more."""
        return self.starts + jnp.clip(self.counts - 1, 0, step)


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Rest:
    """The items that did not fit into the first rows of their groups.

    Attributes:
      block: Their rows, group by group.
      owners: The group of each row.
      sums: How the sums of these rows combine, for each group that has some.
      place: For each of all groups, where `sums` holds it; -1 if it has no such rows.
    """

    block: Block
    owners: Array
    sums: "Rows"
    place: Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Rows:
    """The fibres of a map from items to groups.

    The first items of each group are one row, and all these rows one dense reduction. What is left
    of larger groups is cut into further rows, whose sums are reduced in turn.

    Attributes:
      items: The items, group by group, which the rows count by their place; None if item and place
        are the same.
      first: The first row of each group.
      rest: The other rows; None if there are none.
      position: For each place, where it stands in `[width, groups]` of the first rows, followed by
        the same of the rest.
    """

    items: Array | None
    first: Block
    rest: Rest | None
    position: Array


def build(items: np.ndarray | None, counts: np.ndarray) -> Rows:
    """Cuts fibres into rows, on the host.

    Args:
      items: All items, group by group; None if these are 0, 1, ...
      counts: The number of items of each group.
    """
    counts = counts.astype(np.int64)
    n_place, n_group = int(counts.sum()), len(counts)
    starts = np.cumsum(counts) - counts
    width = _best_width(counts)
    first = np.minimum(counts, width)
    place = np.arange(n_place) - np.repeat(starts, counts)
    group = np.repeat(np.arange(n_group), counts)
    position = place * n_group + group
    left = counts - first
    rest = None
    if left.any():
        has = np.flatnonzero(left)
        n_rows = -(-left[has] // WIDEST)
        owners = np.repeat(has, n_rows)
        nth = np.arange(len(owners)) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
        row_starts = (starts + width)[owners] + nth * WIDEST
        row_counts = np.minimum(WIDEST, left[owners] - nth * WIDEST)
        late = np.flatnonzero(place >= width)
        row = np.repeat(np.arange(len(owners)), row_counts)
        nth_item = np.arange(len(row)) - np.repeat(np.cumsum(row_counts) - row_counts, row_counts)
        position[late] = width * n_group + nth_item * len(owners) + row
        where = np.full(n_group, -1)
        where[has] = np.arange(len(has))
        rest = Rest(
            block=_block(row_starts, row_counts, int(row_counts.max()), n_place),
            owners=_index(owners),
            sums=build(None, n_rows),
            place=_index(where),
        )
    return Rows(
        items=None if items is None else _index(items),
        first=_block(starts, first, width, n_place),
        rest=rest,
        position=_index(position),
    )


def _best_width(counts: np.ndarray) -> int:
    """The width of the first rows that costs least: a wide one fills up small groups in vain."""
    widths = range(min(int(counts.max(initial=0)), WIDEST), 0, -1)

    def cost(width: int) -> int:
        left = counts - np.minimum(counts, width)
        n_rows = int((-(-left // WIDEST)).sum())
        return len(counts) * width + n_rows * (WIDEST + _ROW) + (n_rows > 0) * _REST

    return min(widths, key=cost, default=0)


def _block(starts: np.ndarray, counts: np.ndarray, width: int, n_place: int) -> Block:
    return Block(
        starts=_index(np.minimum(starts, max(n_place - 1, 0))), counts=_index(counts), width=width
    )


def _index(values: np.ndarray) -> Array:
    return jnp.asarray(values, jnp.int32)
