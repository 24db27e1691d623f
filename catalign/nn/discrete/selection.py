"""Selections: the first, least or greatest candidate under a conjunction of conditions."""

import functools
from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np

from catalign.nn.discrete.condition import Condition
from catalign.nn.discrete.expression import Expression, K, Node, Value
from catalign.nn.discrete.scalar import Binary, Scalar, Turn
from catalign.nn.discrete.view import NONE, Evaluable, View


@dataclass(frozen=True)
class Select(Node):
    """The candidate k with the least (or greatest) key among those where all conditions hold.

    Maths: the push-forward along `V x R -> R` (R the receivers) in the provenance semiring of the
    key: `sum over k of [conditions] . (key[k], k)`, where + keeps the better key, the first k among
    equal ones. Without a key, the key is the place of k in order.

    Attributes:
      key: What is compared, an expression in `k`; None for the order of the nodes.
      greatest: Whether the greatest (or last) is taken.
      where: The conditions, in `k`.
    """

    key: Scalar | None
    greatest: bool
    where: tuple[Condition, ...]
    own_cost: ClassVar[float] = 1.0

    @functools.cached_property
    def cost_inside(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Less than its own cost: a rule that uses it several times defines it once.

        It is more than that of any selection within, so that none is wrapped up for nothing.
        """
        within = [e.cost_inside for e in self.walk() if isinstance(e, Select) and e is not self]
        return max(1.5 + 0.3 * self.cost, 1.0 + max(within, default=0.0))

    @property
    def free(self) -> frozenset[int]:
        """Those of the receivers: the candidate is bound here."""
        return super().free - {K.axis}

    def evaluate(self, view: View) -> Value:
        """The node selected; none if no candidate fulfils the conditions."""
        return best(view, self)[0]

    def __str__(self) -> str:
        conditions = " and ".join(str(c) for c in self.where) or "any"
        if self.key is None:
            return f"({'last' if self.greatest else 'first'} K: {conditions})"
        return f"(arg{'max' if self.greatest else 'min'} {self.key} over K: {conditions})"


@dataclass(frozen=True)
class Best(Scalar):
    """The key of a selected candidate: the value of the push-forward; NaN if there is none."""

    selection: Select
    own_cost: ClassVar[float] = 0.5

    @functools.cached_property
    def measures(self) -> frozenset[str]:
        """What the key measures."""
        return self.selection.key.measures if self.selection.key else frozenset()

    def evaluate(self, view: View) -> Value:
        """The best key."""
        return best(view, self.selection)[1]

    def __str__(self) -> str:
        return str(self.selection).replace("arg", "", 1)


def best(view: View, selection: Select) -> tuple[Value, Value]:
    """The selected node and its key."""
    return view.derived(("best", selection), lambda: _best(view, selection))


def _best(view: View, selection: Select) -> tuple[Value, Value]:
    if view.xp is np or len(selection.free) < 2 or any(map(_multiplies, selection.walk())):
        return _search(view, selection)
    most = ON_A_CPU if jax.default_backend() == "cpu" else ELSEWHERE
    width = max(1, most // (view.m * view.n**2))
    width = next(b for b in range(min(width, view.n), 0, -1) if view.n % b == 0)
    if width == view.n:
        return _search(view, selection)
    # XLA would write down each condition and key for each (i, j, k). A few receivers i at a time,
    # they stay in the cache, and their memory is bounded. Not so with products: XLA may round one
    # together with a sum, and does so here where it does not in an algorithm. A last bit decides
    # between two candidates.
    for part in selection.parts:
        _prepare(view, part)
    starts = view.xp.arange(0, view.n, width, dtype=view.xp.int32)
    blocks = jax.lax.map(lambda i: _search(Block(view, i, width), selection), starts)
    at, key = (_joined(found) for found in blocks)
    return at, key


ON_A_CPU, ELSEWHERE = 2**17, 2**27
"""How many candidates of triples are looked at at once."""


def _multiplies(expression: Expression) -> bool:
    """Whether it is a product or a sum of products."""
    return isinstance(expression, Turn) or (
        isinstance(expression, Binary) and expression.operation == "*"
    )


def _joined(blocks: Value) -> Value:
    """Blocks `[n / width, m, width, j, 1]` as one array `[m, n, j, 1]`."""
    count, m, width, *rest = blocks.shape
    return blocks.swapaxes(0, 1).reshape(m, count * width, *rest)


def _prepare(view: View, expression: Expression) -> None:
    """Computes what is inside that does not run over all of (i, j, k)."""
    if len(expression.free) < 3:
        view(expression)
    else:
        for part in expression.parts:
            _prepare(view, part)


class Block(View):
    """A view for some receivers i, where all that does not run over (i, j, k) is known."""

    def __init__(self, whole: View, start: Value, width: int) -> None:
        super().__init__(whole.xp, whole.fields, whole.n, whole.constant)
        self._whole, self._start, self._width = whole, start, width

    def __call__(self, expression: Evaluable) -> Value:
        """The value at these i, `[m, width, j, k]`."""
        if len(expression.free) == 3:
            return super().__call__(expression)
        value = self._whole(expression)
        if value.shape[1] == 1:
            return value
        return jax.lax.dynamic_slice_in_dim(value, self._start, self._width, axis=1)


def _search(view: View, selection: Select) -> tuple[Value, Value]:
    """Looks at all candidates."""
    xp = view.xp
    allowed = xp.ones((1, 1, 1, view.n), bool)
    for condition in selection.where:
        allowed = allowed & view(condition)
    if selection.key is None:
        at = view.first(allowed, last=selection.greatest)
        return at, at.astype(view.dtype)
    allowed, key = xp.broadcast_arrays(allowed, view(selection.key))
    allowed = allowed & ~xp.isnan(key)
    worst = xp.asarray(-xp.inf if selection.greatest else xp.inf, key.dtype)
    shown = xp.where(allowed, key, worst)
    # Only allowed candidates count, so that an infinite key is a key like any other.
    value = (xp.max if selection.greatest else xp.min)(shown, axis=3, keepdims=True)
    at = view.first(allowed & (shown == value))
    return at, xp.where(at == NONE, xp.asarray(xp.nan, key.dtype), value)


@dataclass(frozen=True)
class PairEnd(Node):
    """One end of the pair (a, b), a before b, with the next edge scalar after that of a pair.

    Maths: `argmin over a < b of E[a, b]` among the pairs where a mask holds and that come after
    (u, v), in the order of E and then of rows; `greatest` turns the order of E around. Without the
    pair (u, v), the least of all.

    Attributes:
      name: The edge scalar E.
      mask: The edge mask.
      greatest: Whether edges come in decreasing order.
      after: The pair (u, v), or two times None.
      second: Whether this is b.
    """

    name: str
    mask: str
    greatest: bool
    after: tuple[Node, Node] | None
    second: bool
    names: ClassVar[tuple[str, ...]] = ("name", "mask")
    own_cost: ClassVar[float] = 2.0

    def evaluate(self, view: View) -> Value:
        """The end's node, `[m, 1, 1, 1]`; none if no pair is left."""
        key = ("pair", self.name, self.mask, self.greatest, self.after)
        return view.derived(key, lambda: self._pair(view))[int(self.second)]

    def _pair(self, view: View) -> tuple[Value, Value]:
        xp, n = view.xp, view.n
        E = view.fields[self.name]
        sign = -1 if self.greatest else 1
        nodes = xp.arange(n, dtype=xp.int32)
        mask = view.fields[self.mask].astype(xp.int32) == 1
        allowed = mask & (nodes[:, None] < nodes[None, :])[None]
        if self.after is not None:
            u, v = (view(end).reshape(-1, 1, 1) for end in self.after)
            axes = (self.after[0].axis, self.after[1].axis)
            last = view.at_pair(E, axes, view(self.after[0]), view(self.after[1]), float("nan"))
            last = last.reshape(last.shape[0], 1, 1)
            row, column = nodes[None, :, None], nodes[None, None, :]
            behind = (row > u) | ((row == u) & (column > v))
            later = (sign * E > sign * last) | ((last == E) & behind)
            allowed = allowed & xp.where(xp.isnan(last), True, later)
        flat = xp.where(allowed, sign * E, xp.inf).reshape(view.m, -1)
        least = allowed.reshape(view.m, -1) & (flat == flat.min(axis=1, keepdims=True))
        at = view.first(least, 1).reshape(view.m, 1, 1, 1)
        ends = (xp.where(at == NONE, xp.int32(NONE), end) for end in (at // n, at % n))
        a, b = (end.astype(xp.int32) for end in ends)
        return a, b

    def __str__(self) -> str:
        what = "next greatest" if self.greatest else "next least"
        after = f" after ({self.after[0]}, {self.after[1]})" if self.after else ""
        return f"{'second' if self.second else 'first'} end of the {what} {self.name}{after}"
