"""How far rounding can move the sums that an algorithm compares."""

import jax.numpy as jnp
import numpy as np


def epsilon(values: np.ndarray) -> float:
    """The distance from 1 to the next number of the array's type; 0 for whole numbers.

    A sum of n terms comes out within `n * epsilon` times the sum of their absolute values, in any
    order. So do the lengths that an algorithm compared when it chose: checks allow twice that.

    Example:
      >>> epsilon(np.zeros(1, np.float32)) == 2**-23
      True
      >>> epsilon(np.zeros(1, int))
      0.0
    """
    if not jnp.issubdtype(values.dtype, jnp.floating):
        return 0.0
    return float(jnp.finfo(values.dtype).eps)
