"""Which checks the annotations of catalign get while tests run."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from beartype import BeartypeConf, FrozenDict, beartype

# As for static checkers, an int passes for a float. As for JAX, a NumPy array passes for its own.
_check = beartype(
    conf=BeartypeConf(
        is_pep484_tower=True,
        hint_overrides=FrozenDict({jax.Array: jax.Array | np.ndarray | np.generic}),
    )
)


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Checks arguments and results, but not where JAX rebuilds a pytree of placeholders."""
    return function if function.__name__ == "__init__" else _check(function)
