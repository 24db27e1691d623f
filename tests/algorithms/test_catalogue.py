"""The table of algorithms: complete, consistent with the modules, and free of JAX."""

import subprocess
import sys

import pytest

from catalign._errors import InputError
from catalign.algorithms import catalogue
from catalign.algorithms.algorithm import Algorithm


def test_names_answer_without_jax():
    code = (
        "import sys; import catalign.algorithms as a; n = a.names(); a.entry(n[0]); "
        "assert 'jax' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_names_are_sorted_and_unique():
    names = catalogue.names()
    assert list(names) == sorted(set(names))
    assert len(names) == len(catalogue.TABLE)


@pytest.mark.parametrize("row", catalogue.TABLE, ids=lambda row: row.name)
def test_every_row_leads_to_its_algorithm(row):
    algorithm = catalogue.get(row.name)
    assert isinstance(algorithm, Algorithm)
    assert algorithm.name == row.name
    assert algorithm.source
    assert row.chapter


def test_unknown_names_get_the_nearest():
    with pytest.raises(InputError, match=r"'belman_ford'.*Did you mean bellman_ford\?"):
        catalogue.get("belman_ford")
    with pytest.raises(InputError, match=r"Known: .*bfs"):
        catalogue.get("zzzzzzzz")
