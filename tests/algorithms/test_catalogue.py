"""The table of algorithms: complete, consistent with the modules, and free of JAX."""

import subprocess
import sys

import numpy as np
import pytest

from catalign._errors import InputError
from catalign.algorithms import catalogue
from catalign.algorithms.algorithm import Algorithm
from tests.algorithms.golden import golden_files


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


@pytest.mark.parametrize("path", golden_files(*catalogue.CLRS_30), ids=lambda p: p.stem)
def test_constant_hints_never_change_in_a_recorded_run_and_other_orders_do(path):
    """The benchmark's own traces; the names are those that its recipe moves to the inputs."""
    algorithm = catalogue.get(path.stem.rpartition("_n")[0])
    with np.load(path) as recorded:
        running = np.arange(recorded["lengths"].max())[:, None] < recorded["lengths"]
        for probe in (p for p in algorithm.spec.hints if p.name == "pred_h"):
            shown = recorded[f"hint/{probe.name}"]
            changes = ((shown != shown[0]).any(axis=-1) & running[: len(shown)]).any()
            assert bool(changes) is not probe.constant


def test_unknown_names_get_the_nearest():
    with pytest.raises(InputError, match=r"'belman_ford'.*Did you mean bellman_ford\?"):
        catalogue.get("belman_ford")
    with pytest.raises(InputError, match=r"Known: .*bfs"):
        catalogue.get("zzzzzzzz")
