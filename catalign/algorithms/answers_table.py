"""Checks of tables of dynamic programming, by the values that the answer itself implies.

Each cell of an answer names a choice. Following the choices gives every cell a value that can be
had; if no cell could do better by another choice, with the values of the others as they are, then
by induction all are optimal. Every choice of equal value is right. Cells outside of the table are
not looked at.

Rounding is allowed for: a choice is better only by more than `n * epsilon` times the value, with
the epsilon of the inputs' type.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

from catalign.algorithms.check import HostProbes
from catalign.algorithms.dynamic_programming_lcs import DIAGONAL, LEFT, UP
from catalign.algorithms.rounding import epsilon

_Table = Float[np.ndarray, "b n n"]
_LocalCost = Callable[[int, np.ndarray, int], np.ndarray]


def _missplit(
    splits: Int[np.ndarray, "b n n"],
    diagonal: Float[np.ndarray, "b n"],
    local: _LocalCost,
    eps: float,
) -> Bool[np.ndarray, "b n n"]:
    """The cells above the diagonal whose split is out of range, or costs more than another.

    Maths: `cost_ij = min over i <= k < j of cost_ik + cost_(k+1)j + local(i, k, j)`.
    """
    batch, n = diagonal.shape
    cost, wrong = np.zeros((batch, n, n)), np.zeros((batch, n, n), bool)
    cost[:, np.arange(n), np.arange(n)] = diagonal
    for j in range(n):
        for i in reversed(range(j)):
            k = np.arange(i, j)
            options = cost[:, i, i:j] + cost[:, i + 1 : j + 1, j] + local(i, k, j)
            chosen = splits[:, i, j] - i
            inside = (chosen >= 0) & (chosen < j - i)
            best = options.min(axis=1)
            own = options[np.arange(batch), np.where(inside, chosen, 0)]
            wrong[:, i, j] = ~inside | (own > best * (1 + n * eps))
            # A split out of range implies no cost; the least one keeps the fault in its place.
            cost[:, i, j] = np.where(inside, own, best)
    return wrong


def matrix_chain_order(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether each chain of matrices is split where that costs the least."""
    p = inputs["p"].astype(np.float64)

    def product(i: int, k: np.ndarray, j: int) -> np.ndarray:
        return p[:, i - 1 : i] * p[:, k] * p[:, j : j + 1]

    # Node 0 stands for no matrix: the table begins at node 1.
    inner = _missplit(
        outputs["s"][:, 1:, 1:] - 1,
        np.zeros_like(p[:, 1:]),
        lambda i, k, j: product(i + 1, k + 1, j + 1),
        epsilon(inputs["p"]),
    )
    return {"s": np.pad(inner, ((0, 0), (1, 0), (1, 0)))}


def optimal_bst(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether each search tree has a root with which its expected cost is the least."""
    p, q = inputs["p"].astype(np.float64), inputs["q"].astype(np.float64)
    keys = np.pad(np.cumsum(p, axis=1), ((0, 0), (1, 0)))
    gaps = np.pad(np.cumsum(q, axis=1), ((0, 0), (1, 0)))

    def weight(i: int, k: np.ndarray, j: int) -> np.ndarray:
        del k
        inside = keys[:, j] - keys[:, i] + gaps[:, j + 1] - gaps[:, i]
        return inside[:, None]

    return {"root": _missplit(outputs["root"], q, weight, epsilon(inputs["p"]))}


def lcs_length(inputs: HostProbes, outputs: HostProbes) -> dict[str, np.ndarray]:
    """Whether each length comes from a place that gives the greatest.

    Both strings may lose a character only where it is equal, and that adds one to the length.
    """
    source, string, key = outputs["b"], inputs["string"], inputs["key"]
    batch, n = string.shape
    cell = ~string[:, :, None] & string[:, None, :]
    equal = key[:, :, None] == key[:, None, :]
    # One row and column more, of zeros, for empty prefixes.
    c = np.zeros((batch, n + 1, n + 1), int)
    for i in range(n):
        for j in range(n):
            up, left, both = c[:, i, j + 1], c[:, i + 1, j], c[:, i, j] + equal[:, i, j]
            own = np.choose(np.clip(source[:, i, j], DIAGONAL, LEFT), [both, up, left])
            c[:, i + 1, j + 1] = np.where(cell[:, i, j], own, 0)
    both = np.where(equal, c[:, :-1, :-1] + 1, 0)
    best = np.maximum(both, np.maximum(c[:, :-1, 1:], c[:, 1:, :-1]))
    known = (source == UP) | (source == LEFT) | ((source == DIAGONAL) & equal)
    return {"b": cell & (~known | (c[:, 1:, 1:] < best))}
