"""Where two pytrees of values differ: the equality with which the laws of Para are checked."""

import jax
import numpy as np

from catalign._errors import AxiomError
from catalign._typing import PyTree


def difference(left: PyTree, right: PyTree, *, tolerance: float = 0.0) -> str | None:
    """Says where two pytrees differ, or None if they agree.

    Args:
      left: A pytree of arrays or scalars.
      right: What it should be.
      tolerance: The largest allowed difference of two numbers, relative to the larger where that
        is above one.

    Returns:
      The first place where they differ, with both sides; None where there is none.

    Example:
      >>> difference({"x": 1, "y": 2}, {"x": 1, "y": 3})
      "at ['y'] the left side is 2, the right side is 3"
      >>> difference((1.0, 2.0), (1.0, 2.001), tolerance=0.01)
    """
    left_leaves, left_tree = jax.tree_util.tree_flatten_with_path(left)
    right_leaves, right_tree = jax.tree.flatten(right)
    if left_tree != right_tree:
        return f"the left side is a {left_tree}, the right side is a {right_tree}"
    for (path, a), b in zip(left_leaves, right_leaves, strict=True):
        if not _agree(np.asarray(a), np.asarray(b), tolerance):
            place = f"at {jax.tree_util.keystr(path)} " if path else ""
            return f"{place}the left side is {_shown(a)}, the right side is {_shown(b)}"
    return None


def check_agreement(left: PyTree, right: PyTree, *, law: str, tolerance: float = 0.0) -> None:
    """Raises unless two pytrees agree.

    Args:
      left: One side of a law, evaluated.
      right: The other side.
      law: The law in symbols, for the message.
      tolerance: As in `difference`.

    Raises:
      AxiomError: They differ; the message shows the law, the place and both sides.
    """
    found = difference(left, right, tolerance=tolerance)
    if found is not None:
        raise AxiomError(f"`{law}` does not hold: {found}.")


def _agree(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    if a.shape != b.shape:
        return False
    if tolerance == 0.0:
        return bool(np.all((a == b) | ((a != a) & (b != b))))
    return np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)


def _shown(value: PyTree) -> str:
    return np.array2string(np.asarray(value), separator=", ", threshold=8).replace("\n", "")
