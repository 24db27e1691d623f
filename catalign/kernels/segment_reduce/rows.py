"""The fibres of a map, cut into rows of equal width, so that each width is one dense reduction."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

WIDEST = 16
"""The most items of a row. A larger fibre has several rows, which are reduced in turn."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Rows:
    """The fibres of a map from items to groups.

    Every item stands in one row of the first level, and each row holds items of one group. Where a
    group has several rows, these are the items of the next level, and so on. Rows of one width are
    together, as `[width, rows]`; nothing is padded.

    Attributes:
      levels: For each level and width, the items of each row: numbers of items in the first level,
        numbers of rows of the level before in the others.
      owners: For each width of the first level, the group of each row, `[rows]`.
      place: For each group, its last row, counted over all levels; their number if it is empty.
      position: For each item, its place in the first level, read width by width, item by item.
    """

    levels: tuple[tuple[Array, ...], ...]
    owners: tuple[Array, ...]
    place: Array
    position: Array


def build(items: np.ndarray, counts: np.ndarray) -> Rows:
    """Cuts fibres into rows, on the host.

    Args:
      items: All items, group by group.
      counts: The number of items of each group.
    """
    n_item = len(items)
    place = np.full(len(counts), -1)
    levels, owners, base = [], [], 0
    while len(items):
        groups, starts, widths = _cut(counts)
        level, number = [], np.empty(len(groups), np.int64)
        for width in np.unique(widths):
            chosen = np.flatnonzero(widths == width)
            level.append(items[starts[chosen] + np.arange(width)[:, None]])
            number[chosen] = sum(block.shape[1] for block in level[:-1]) + np.arange(len(chosen))
            if not levels:
                owners.append(groups[chosen])
        levels.append(level)
        n_rows = np.bincount(groups, minlength=len(counts))
        alone = n_rows[groups] == 1
        place[groups[alone]] = base + number[alone]
        items, counts = number[~alone], np.where(n_rows > 1, n_rows, 0)
        base += len(groups)
    place[place < 0] = base
    position = np.empty(n_item, np.int64)
    if levels:
        position[np.concatenate([block.ravel() for block in levels[0]])] = np.arange(n_item)
    return Rows(
        levels=tuple(tuple(map(_index, level)) for level in levels),
        owners=tuple(map(_index, owners)),
        place=_index(place),
        position=_index(position),
    )


def _cut(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The group, the first item and the width of each row, group by group."""
    n_rows = -(-counts // WIDEST)
    groups = np.repeat(np.arange(len(counts)), n_rows)
    nth = np.arange(len(groups)) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
    starts = (np.cumsum(counts) - counts)[groups] + nth * WIDEST
    return groups, starts, np.minimum(WIDEST, counts[groups] - nth * WIDEST)


def _index(values: np.ndarray) -> Array:
    return jnp.asarray(values, jnp.int32)
