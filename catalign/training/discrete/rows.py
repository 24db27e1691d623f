"""Rows: receivers of transitions of several sizes, and the values of expressions there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalign.nn.discrete.expression import Expression
from catalign.nn.discrete.signature import Field
from catalign.nn.discrete.view import View

CANDIDATES = 32
"""The largest number of nodes in training: candidates of a selection are bits of a word."""
TOLERANCE = 1e-9
"""How far a scalar may be from its target, relative to 1 + its size, in float64."""


class Receivers(View):
    """Some receivers of a view, each as a state of its own: `I` and `J` are one node in each.

    A few receivers of each state are looked at, but thousands of expressions of theirs.

    Args:
      view: The view.
      m: Of each receiver its state.
      i: Its first node, 0 at the graph.
      j: Its second node, 0 if it has none.
    """

    def __init__(self, view: View, m: np.ndarray, i: np.ndarray, j: np.ndarray) -> None:
        super().__init__(np, {name: value[m] for name, value in view.fields.items()}, view.n)
        self._places = [x.astype(np.int32).reshape(-1, 1, 1, 1) for x in (i, j)]

    def nodes(self, axis: int) -> Any:
        """The receivers' own nodes; those along the candidates' axis."""
        return self._places[axis - 1] if axis < 3 else super().nodes(axis)

    def at(self, field: Any, axis: int, index: Any, fill: Any) -> Any:
        """A node field at a node term, where `I` and `J` are terms like others."""
        return super().at(field, axis if axis == 3 else 0, index, fill)

    def at_pair(self, field: Any, axes: tuple[int, int], a: Any, b: Any, fill: Any) -> Any:
        """An edge field at two node terms, where `I` and `J` are terms like others."""
        first, second = (axis if axis == 3 else 0 for axis in axes)
        return super().at_pair(field, (first, second), a, b, fill)


@dataclass(frozen=True)
class Block:
    """Receivers in one view: states m, and nodes i and j where the rule has receivers there."""

    view: View
    m: np.ndarray
    i: np.ndarray
    j: np.ndarray

    def take(self, value: np.ndarray) -> np.ndarray:
        """The values at the receivers, `[r, k]`."""
        m, i, j = (
            index if size > 1 else 0
            for index, size in zip((self.m, self.i, self.j), value.shape[:3], strict=True)
        )
        taken = value[m, i, j]
        return np.broadcast_to(taken, (len(self.m), value.shape[3]))


class Rows:
    """Receivers of one field in several views."""

    def __init__(self, blocks: Sequence[Block], rank: int) -> None:
        self.blocks = [b for b in blocks if len(b.m)]
        self.rank = rank
        self.count = sum(len(b.m) for b in self.blocks)
        self._columns: dict[Expression, np.ndarray] = {}

    def values(self, expression: Expression) -> np.ndarray:
        """The values of an expression without candidates, `[r]`."""
        if expression not in self._columns:
            parts = [b.take(b.view(expression))[:, 0] for b in self.blocks]
            self._columns[expression] = np.concatenate(parts)
        return self._columns[expression]

    def target(self, field: Field) -> np.ndarray:
        """The stored values of a field of the receivers' location, `[r]`."""
        parts = []
        for b in self.blocks:
            at = (b.m, b.i, b.j)[: 1 + field.rank]
            parts.append(b.view.fields[field.name][at])
        value = np.concatenate(parts)
        return value if value.dtype.kind == "f" else value.astype(np.int32)

    def candidates(self, expression: Expression) -> np.ndarray:
        """The values of an expression for each candidate, `[r, CANDIDATES]`.

        Places past the size are false, or NaN.
        """
        parts = []
        for b in self.blocks:
            value = b.view(expression)
            value = np.broadcast_to(value, (*value.shape[:3], b.view.n))
            taken = b.take(value)
            fill = np.nan if taken.dtype.kind == "f" else False
            wide = np.full((len(taken), CANDIDATES), fill, taken.dtype)
            wide[:, : b.view.n] = taken
            parts.append(wide)
        return np.concatenate(parts)

    def some(self, of: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
        """Some of the rows, by number, ascending: as many of each block as of the others.

        Sizes are blocks of their own. So the few states of small instances, which are there because
        a sampler never draws their like, are not lost among those of large ones.
        """
        if len(of) <= most:
            return of
        ends = np.cumsum([len(b.m) for b in self.blocks])
        block = np.searchsorted(ends, of, side="right")
        shuffled = rng.permutation(len(of))
        order = shuffled[np.argsort(block[shuffled], kind="stable")]
        starts = np.searchsorted(block[order], block[order])
        place = np.arange(len(of)) - starts
        return np.sort(of[order[np.argsort(place, kind="stable")[:most]]])

    def apart(self) -> "Rows":
        """The same rows, in views that hold them alone."""
        blocks = [
            Block(Receivers(b.view, b.m, b.i, b.j), np.arange(len(b.m)), b.i, b.j)
            for b in self.blocks
        ]
        return Rows(blocks, self.rank)

    def subset(self, chosen: np.ndarray) -> "Rows":
        """Some of the rows, by number."""
        blocks, start = [], 0
        for b in self.blocks:
            mine = chosen[(chosen >= start) & (chosen < start + len(b.m))] - start
            blocks.append(Block(b.view, b.m[mine], b.i[mine], b.j[mine]))
            start += len(b.m)
        return Rows(blocks, self.rank)


def all_rows(views: Sequence[View], rank: int) -> Rows:
    """Every receiver of every state."""
    blocks = []
    for view in views:
        shape = (view.m, *(view.n if axis < rank else 1 for axis in range(2)))
        m, i, j = (index.ravel() for index in np.indices(shape))
        blocks.append(Block(view, m, i, j))
    return Rows(blocks, rank)
