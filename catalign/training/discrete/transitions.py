"""Transitions: pairs of a state and the next one, cut from traces of several sizes, with memory.

They live on the host as NumPy arrays. A pool keeps whole traces and hands out samples, because the
inputs of an instance are shared by all of its transitions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalign.algorithms.spec import Spec
from catalign.algorithms.trace import Trace
from catalign.nn.discrete.signature import Memory, primed
from catalign.nn.discrete.view import View

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Pool:
    """Traces of one size.

    Attributes:
      n: The number of nodes.
      inputs: Stored values, `[B, ...]`.
      hints: Stored values, memory included, `[T, B, ...]`.
      outputs: Stored values, `[B, ...]`.
      lengths: The number of hint steps of each run, `[B]`.
    """

    n: int
    inputs: Arrays
    hints: Arrays
    outputs: Arrays
    lengths: np.ndarray

    @property
    def steps(self) -> np.ndarray:
        """All pairs (t, b) that a step starts from, `[S, 2]`."""
        T = next(iter(self.hints.values())).shape[0]
        t, b = np.nonzero(np.arange(T)[:, None] < self.lengths[None] - 1)
        return np.stack([t, b], axis=1)

    @property
    def states(self) -> np.ndarray:
        """All pairs (t, b) of a state, the last ones too, `[S, 2]`."""
        T = next(iter(self.hints.values())).shape[0]
        t, b = np.nonzero(np.arange(T)[:, None] < self.lengths[None])
        return np.stack([t, b], axis=1)

    def kinds(self, at: np.ndarray) -> np.ndarray:
        """For each step from (t, b), a number that says which hints it changes, `[S]`."""
        t, b = at[:, 0], at[:, 1]
        code = np.zeros(len(at), np.int64)
        for name, value in self.hints.items():
            if name.startswith("@"):
                continue  # Memory is not what a step does.
            changes = (value[:-1] != value[1:]).any(axis=tuple(range(2, value.ndim)))
            code = 2 * code + changes[t, b]
        return code

    def view(self, at: np.ndarray) -> View:
        """The states at some pairs (t, b), and their next values, primed."""
        t, b = at[:, 0], at[:, 1]
        fields = {name: value[b] for name, value in self.inputs.items()}
        fields |= {name: value[t, b] for name, value in self.hints.items()}
        last = next(iter(self.hints.values())).shape[0] - 1
        after = np.minimum(t + 1, last)
        fields |= {primed(name): value[after, b] for name, value in self.hints.items()}
        fields[HALT] = t + 1 >= self.lengths[b]
        return View(np, fields | {RUN: b, TIME: t}, self.n)

    def ends(self, b: np.ndarray) -> View:
        """The last states of some runs, and their outputs, primed."""
        fields = {name: value[b] for name, value in self.inputs.items()}
        fields |= {name: value[self.lengths[b] - 1, b] for name, value in self.hints.items()}
        fields |= {primed(name): value[b] for name, value in self.outputs.items()}
        return View(np, fields | {RUN: b, TIME: self.lengths[b] - 1}, self.n)

    def starts(self, b: np.ndarray) -> View:
        """The inputs of some runs, and the first state, primed."""
        fields = {name: value[b] for name, value in self.inputs.items()}
        fields |= {primed(name): value[0, b] for name, value in self.hints.items()}
        return View(np, fields | {RUN: b, TIME: np.zeros_like(b)}, self.n)


HALT = "@halt"
"""The field that says that a state is the last one."""
BATCH, RUN, TIME = "@batch", "@run", "@time"
"""The fields that say where a state is from; no rule reads them."""


def pool(spec: Spec, trace: Trace, memory: Sequence[Memory]) -> Pool:
    """Cuts a batch of traces, and adds memory. Runs that were cut short are left out."""
    host = lambda x: np.asarray(x)  # noqa: E731
    whole = np.flatnonzero(np.asarray(trace.complete))
    inputs = {name: host(value)[whole] for name, value in trace.inputs.items()}
    hints = {name: host(value)[:, whole] for name, value in trace.hints.items()}
    outputs = {name: host(value)[whole] for name, value in trace.outputs.items()}
    lengths = host(trace.lengths)[whole]
    longest = int(lengths.max(initial=1))
    hints = {name: value[:longest] for name, value in hints.items()}
    n = next(inputs[p.name].shape[1] for p in spec.inputs if p.rank)
    remembered: Arrays = {}
    for item in memory:
        first = {name: value[0] for name, value in hints.items()}
        value: Any = item.begin(np, first, n)
        series = [value]
        for t in range(longest - 1):
            old = {name: hint[t] for name, hint in hints.items()}
            new = {name: hint[t + 1] for name, hint in hints.items()}
            value = item.update(np, value, old, new)
            series.append(value)
        remembered[item.field.name] = np.stack(series)
    return Pool(n, inputs, hints | remembered, outputs, lengths)
