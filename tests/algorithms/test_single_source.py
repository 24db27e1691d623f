"""bellman_ford against the recorded benchmark and scipy."""

import pytest

from catalign.algorithms.single_source import bellman_ford
from tests.algorithms.golden import assert_golden, golden_files


@pytest.mark.parametrize("path", golden_files("bellman_ford"), ids=lambda p: p.stem)
def test_bellman_ford_equals_the_benchmark(path):
    assert_golden(bellman_ford, path)
