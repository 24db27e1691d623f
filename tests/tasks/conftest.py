"""A run that many tests read, trained once."""

import os
import shutil

import pytest

from tasks import train

TINY = [
    "--task=bfs",
    "--processor=aligned",
    "--semiring=lor_land",
    "--sizes=5",
    "--eval-sizes=5",
    "--eval-instances=8",
    "--steps=40",
    "--batch-size=16",
    "--learning-rate=0.1",
    "--eval-every=0",
    "--save-every=20",
    "--log-every=10",
    "--seed=1",
]
"""A breadth-first search that is learned in a second."""


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The directory of a finished run. Read only."""
    run = tmp_path_factory.mktemp("runs") / "bfs"
    assert train.main([*TINY, f"--run={run}", "--quiet"]) == 0
    return run


@pytest.fixture
def own_run(trained, tmp_path):
    """A copy of the run, to be damaged."""
    return shutil.copytree(trained, tmp_path / "copy")


@pytest.fixture
def environment():
    """The environment of a subprocess that finds the checkout."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"}
