"""bfs against the recorded benchmark and networkx."""

import pytest

from catalign.algorithms.elementary_graph import bfs
from tests.algorithms.golden import assert_golden, golden_files


@pytest.mark.parametrize("path", golden_files("bfs"), ids=lambda p: p.stem)
def test_bfs_equals_the_benchmark(path):
    assert_golden(bfs, path)
