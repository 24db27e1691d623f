"""Small random sequences, as batches of a few, and what plain Python makes of them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.inputs import positions
from catalign.algorithms.strings import string_inputs
from catalign.algorithms.trace import Trace

SIZE, BATCH = 6, 3

few = settings(max_examples=20, deadline=None)
"""Tiny instances, all of one shape, so that each algorithm compiles once."""


def rows(low: int, high: int, size: int = SIZE) -> st.SearchStrategy[np.ndarray]:
    """A batch of rows of small whole numbers, so that ties are common; exact in float32."""
    row = st.lists(st.integers(low, high), min_size=size, max_size=size)
    return st.lists(row, min_size=BATCH, max_size=BATCH).map(lambda x: np.array(x, np.float32))


def instance(**values):
    """Inputs of a batch, with `pos` for the nodes of the first one."""
    arrays = {name: jnp.asarray(value) for name, value in values.items()}
    shape = next(iter(arrays.values())).shape
    return {"pos": jnp.broadcast_to(positions(shape[1]), shape), **arrays}


def strings(*pairs: tuple[str, str]):
    """Inputs of a batch of two strings each, over the characters 0 to 3."""
    made = []
    for first, second in pairs:
        string = jnp.array([False] * len(first) + [True] * len(second))
        made.append(string_inputs(string, jnp.array([int(c) for c in first + second], jnp.int32)))
    return jax.tree.map(lambda *x: jnp.stack(x), *made)


def run(algorithm: Algorithm, inputs) -> Trace:
    """The complete trace of a batch, on the host."""
    trace = jax.device_get(algorithm.traces(inputs))
    assert trace.complete.all(), "max_steps(n) is too small"
    return trace


def draw(algorithm: Algorithm, batch: int = 4, size: int = SIZE, **laws):
    """Sampled inputs, by one compiled function."""
    sample = functools.partial(algorithm.sample_inputs, batch_size=batch, size=size, **laws)
    return jax.device_get(jax.jit(sample)(jax.random.key(0)))


def sorted_by(pred: jax.Array | np.ndarray, key: np.ndarray) -> list[float]:
    """The keys in the order that predecessors give."""
    after = {int(p): i for i, p in enumerate(pred) if p != i}
    (node,) = [i for i, p in enumerate(pred) if p == i]
    order = [node]
    while order[-1] in after:
        order.append(after[order[-1]])
    return [float(key[i]) for i in order]
