"""Sample values of each semiring: both units, a repeat, and every infinity it allows.

All are multiples of 1/4 of small size, so that sums and products in float32 are exact and laws hold
with equality.
"""

import numpy as np
from hypothesis import strategies as st

from catalign.algebra.instances import SEMIRINGS
from catalign.algebra.semiring import Semiring

INF = np.inf
NAMES = tuple(SEMIRINGS)
_VALUES = {
    "min_plus": [INF, 0.0, 1.5, -2.0, 1.5, -INF],
    "max_plus": [-INF, 0.0, 1.5, -2.0, 1.5, INF],
    "max_min": [-INF, INF, 0.0, 1.5, -2.0, 1.5],
    "min_max": [-INF, INF, 0.0, 1.5, -2.0, 1.5],
    "lor_land": [False, True],
    "plus_times": [0.0, 1.0, -2.0, 1.5, 3.0, 1.5],
    "max_times": [0.0, 1.0, 0.5, 2.0, 0.25, 0.5],
}


def sample_values(semiring: Semiring) -> np.ndarray:
    """Sample values of a semiring of the table."""
    values = np.asarray(_VALUES[semiring.name])
    return values if values.dtype == bool else values.astype(np.float32)


def fields(semiring: Semiring, shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    """Arrays of sample values."""
    values = sample_values(semiring)
    count = int(np.prod(shape))
    picks = st.lists(st.integers(0, len(values) - 1), min_size=count, max_size=count)
    return picks.map(lambda pick: values[np.asarray(pick, int)].reshape(shape))
