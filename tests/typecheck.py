"""Which checks the annotations of catalign get while tests run."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jax
import jaxtyping
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


def install(package: str) -> None:
    """Checks the modules of a package that import names of shapes, when they are imported next.

    The others are pyright's alone: a checked call takes some 50 microseconds, which is most of the
    time of a search in plain Python.
    """
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    shaped = [
        ".".join(path.relative_to(root.parent).with_suffix("").parts)
        for path in root.rglob("*.py")
        if any(word in path.read_text() for word in ("from jaxtyping import", "_typing import"))
    ]
    assert shaped
    jaxtyping.install_import_hook(shaped, f"{__name__}.checked")
