"""Rows: receivers of transitions of several sizes, and the values of expressions there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalign.algorithms.spec import Kind
from catalign.nn.discrete.expression import Expression
from catalign.nn.discrete.signature import Field
from catalign.nn.discrete.view import View
from catalign.training.discrete.transitions import BATCH, RUN, TIME

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


@dataclass(frozen=True)
class Places:
    """Where the rows of a field are, and what becomes of it there, to name them to a reader.

    Attributes:
      field: The field.
      origin: Of each row its batch of traces, its run, its time and the number of nodes, `[r, 4]`.
      nodes: The nodes of the receiver, `[r, 2]`.
      new: What the field becomes, `[r]`.
    """

    field: Field
    origin: np.ndarray
    nodes: np.ndarray
    new: np.ndarray

    @staticmethod
    def of(rows: Rows, field: Field) -> "Places":
        """The places of some rows."""
        origin = [
            np.stack([*(b.view.fields[x][b.m] for x in (BATCH, RUN, TIME)), 0 * b.m + b.view.n], 1)
            for b in rows.blocks
        ]
        nodes = [np.stack([b.i, b.j], axis=1) for b in rows.blocks]
        return Places(field, np.concatenate(origin), np.concatenate(nodes), rows.target(field))

    def name(self, row: int) -> str:
        """A row in words: `reach_h becomes true at node 2 (batch 0, run 8, time 1, of 4 nodes)`."""
        field, value = self.field, self.new[row]
        nodes = ", ".join(str(x) for x in self.nodes[row, : field.rank])
        at = f" at node{'s' * (field.rank > 1)} {nodes}" if field.rank else ""
        if field.kind is Kind.MASK and value >= 0:
            becomes = str(bool(value)).lower()
        elif field.kind in (Kind.MASK_ONE, Kind.POINTER):
            becomes = f"node {value}" if value >= 0 else "no node"
        else:
            becomes = f"{value:.6g}"
        batch, run, time, size = self.origin[row]
        return (
            f"{field.name.removesuffix(chr(39))} becomes {becomes}{at} "
            f"(batch {batch}, run {run}, time {time}, of {size} nodes)"
        )


def all_rows(views: Sequence[View], rank: int) -> Rows:
    """Every receiver of every state."""
    blocks = []
    for view in views:
        shape = (view.m, *(view.n if axis < rank else 1 for axis in range(2)))
        m, i, j = (index.ravel() for index in np.indices(shape))
        blocks.append(Block(view, m, i, j))
    return Rows(blocks, rank)
