"""A batch of states of one size, and the values of expressions there.

An expression has one value for each state of the batch, for each *receiver* (none at the graph, `i`
at a node, `i` and `j` at a node pair) and, inside a selection, for each *candidate* `k`. Its array
therefore has the four axes `[m, i, j, k]`, and length 1 along those that it does not depend on.
The same definitions run on NumPy arrays, where rules are searched for, and on JAX arrays under jit,
where they are run.
"""

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

import numpy as np

NONE = -1
"""The index that stands for no node. What is read there is false, NaN or no node."""


@runtime_checkable
class Evaluable(Protocol):
    """What a view can give the value of."""

    @property
    def free(self) -> frozenset[int]:
        """The axes that it may depend on."""
        ...

    def evaluate(self, view: "View") -> Any:
        """The value, `[m, i, j, k]` with 1 for the axes it does not depend on."""
        ...


class View:
    """The fields of a batch of states of one size.

    Args:
      xp: `numpy` or `jax.numpy`.
      fields: Stored values by name, `[m, *node axes]`.
      n: The number of nodes.
      constant: The fields that are the same at each step of a run: what is made from them alone,
        XLA makes once.

    Attributes:
      m: The number of states.
      dtype: The float type of the scalars.
    """

    def __init__(
        self, xp: ModuleType, fields: Mapping[str, Any], n: int, constant: Iterable[str] = ()
    ) -> None:
        self.xp = xp
        self.constant = frozenset(constant)
        self.fields = dict(fields)
        self.n = n
        self.m = next(iter(self.fields.values())).shape[0]
        kinds = [f.dtype for f in self.fields.values() if f.dtype.kind == "f"]
        self.dtype = kinds[0] if kinds else xp.zeros((), float).dtype
        self._known: dict[Any, Any] = {}
        self._states = np.arange(self.m)[:, None]

    def __call__(self, expression: Evaluable) -> Any:
        """The value of an expression, computed once."""
        value = self._known.get(expression)
        if value is None:
            value = self._known[expression] = expression.evaluate(self)
        return value

    def derived(self, key: Any, make: Any) -> Any:
        """An array computed from the fields once, by any hashable key."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def forget(self) -> None:
        """Drops all computed values."""
        self._known.clear()

    def put(self, name: str, value: Any) -> None:
        """Adds a field."""
        self.fields[name] = value

    def nodes(self, axis: int) -> Any:
        """The nodes along one axis: 1 for `i`, 2 for `j`, 3 for `k`."""
        shape = [1, 1, 1, 1]
        shape[axis] = self.n
        return self.xp.arange(self.n, dtype=self.xp.int32).reshape(shape)

    def first(self, allowed: Any, axis: int = 3, *, last: bool = False) -> Any:
        """The first (or last) index along an axis where a mask holds, kept; `NONE` if nowhere."""
        xp, size = self.xp, allowed.shape[axis]
        if xp is np:
            found = np.argmax(np.flip(allowed, axis) if last else allowed, axis, keepdims=True)
            found = size - 1 - found if last else found
            some = allowed.any(axis=axis, keepdims=True)
            return np.where(some, found, NONE).astype(np.int32)
        # XLA turns a least index into vector code, `argmax` not.
        index = xp.arange(size, dtype=xp.int32)
        index = xp.expand_dims(index, [d for d in range(allowed.ndim) if d != axis])
        if last:
            return xp.max(xp.where(allowed, index, xp.int32(NONE)), axis=axis, keepdims=True)
        found = xp.min(xp.where(allowed, index, xp.int32(size)), axis=axis, keepdims=True)
        return xp.where(found == size, xp.int32(NONE), found)

    def graph(self, name: str) -> Any:
        """A field at the graph, or a register, `[m, 1, 1, 1]`."""
        return self.fields[name].reshape(self.m, 1, 1, 1)

    def at(self, field: Any, axis: int, index: Any, fill: Any) -> Any:
        """A node field `[m, n]` at a node term, given its axis (0 if it is no variable)."""
        if axis:
            shape = [self.m, 1, 1, 1]
            shape[axis] = self.n
            return field.reshape(shape)
        index = self._batched(index)
        flat = self.xp.maximum(index, 0).reshape(self.m, -1)
        found = self._take(field, flat).reshape(index.shape)
        return self.xp.where(index < 0, self.xp.asarray(fill, found.dtype), found)

    def at_pair(self, field: Any, axes: tuple[int, int], a: Any, b: Any, fill: Any) -> Any:
        """An edge field `[m, n, n]` at two node terms, given their axes (0 if no variable)."""
        xp, m, n = self.xp, self.m, self.n
        if axes[0] and axes[1] and axes[0] != axes[1]:
            shape = [m, 1, 1, 1]
            shape[axes[0]] = shape[axes[1]] = n
            turned = field if axes[0] < axes[1] else field.transpose(0, 2, 1)
            return turned.reshape(shape)
        rows = self._rows(field, axes, a, b)
        if rows is not None:
            axis, index, values = rows
            shape = [m, 1, 1, 1]
            shape[axis] = n
            return xp.where(index < 0, xp.asarray(fill, values.dtype), values.reshape(shape))
        a, b = xp.broadcast_arrays(self._batched(a), b)
        flat = (xp.maximum(a, 0) * n + xp.maximum(b, 0)).reshape(m, -1)
        found = self._take(field.reshape(m, n * n), flat).reshape(a.shape)
        return xp.where((a < 0) | (b < 0), xp.asarray(fill, found.dtype), found)

    def _rows(self, field: Any, axes: tuple[int, int], a: Any, b: Any) -> Any:
        """A row or a column of each matrix, where one term is a variable and the other is fixed."""
        if bool(axes[0]) == bool(axes[1]):
            return None
        axis, index = (axes[1], a) if axes[1] else (axes[0], b)
        if index.shape[1:] != (1, 1, 1):
            return None
        index = self._batched(index)
        at = self.xp.maximum(index, 0).reshape(self.m, 1, 1)
        values = self.xp.take_along_axis(field, at, 1 if axes[1] else 2)
        return axis, index, values

    def _take(self, field: Any, index: Any) -> Any:
        """Entries of each row, by number."""
        if self.xp is np:
            return field[self._states, index]  # Much faster than `take_along_axis` there.
        return self.xp.take_along_axis(field, index, 1)

    def _batched(self, index: Any) -> Any:
        if index.shape[0] == self.m:
            return index
        return self.xp.broadcast_to(index, (self.m, *index.shape[1:]))
