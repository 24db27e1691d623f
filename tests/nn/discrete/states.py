"""Random states for tests of expressions, and views of them in NumPy and in JAX."""

import jax.numpy as jnp
import numpy as np

from catalign.nn.discrete.view import View

N, M = 5, 7


def fields(seed: int, n: int = N, m: int = M) -> dict[str, np.ndarray]:
    """A register r, a pointer p, a mask, a category, scalars s and e, an edge mask and pointer."""
    rng = np.random.default_rng(seed)
    return {
        "r": rng.integers(0, n, m).astype(np.int32),
        "p": rng.integers(0, n, (m, n)).astype(np.int32),
        "mask": rng.integers(0, 2, (m, n)).astype(bool),
        "c": rng.integers(0, 3, (m, n)).astype(np.int32),
        "s": rng.integers(0, 4, (m, n)).astype(np.float32),
        "x": rng.normal(size=(m, n)).astype(np.float32),
        "e": rng.integers(0, 4, (m, n, n)).astype(np.float32),
        "adj": rng.integers(0, 2, (m, n, n)).astype(bool),
        "P": rng.integers(0, n, (m, n, n)).astype(np.int32),
        "g": rng.normal(size=m).astype(np.float32),
        "phase": rng.integers(0, 3, m).astype(np.int32),
    }


def views(seed: int, n: int = N, m: int = M) -> tuple[View, View]:
    """The same states in NumPy and in JAX."""
    values = fields(seed, n, m)
    placed = {name: jnp.asarray(value) for name, value in values.items()}
    return View(np, values, n), View(jnp, placed, n)
