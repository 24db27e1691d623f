"""The import contracts hold, and each of them is broken by a planted import."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

PLANTS = {
    "a lower layer imports a higher one": (
        "catalign/polynomial/sort.py",
        "from catalign.nn import reasoner",
        "Dependencies point one way",
    ),
    "two siblings know each other": (
        "catalign/algebra/monoid.py",
        "from catalign.polynomial import sort",
        "Dependencies point one way",
    ),
    "the library imports an experiment": (
        "catalign/algorithms/spec.py",
        "import tasks.train",
        "The library never imports the experiments",
    ),
    "the oracle imports what it checks": (
        "catalign/algorithms/spec.py",
        "from catalign.algebra import monoid",
        "The oracle imports nothing of what it checks",
    ),
    "the oracle imports a graph library": (
        "catalign/distributions/graph.py",
        "import networkx",
        "The oracle imports nothing of what it checks",
    ),
    "a learner imports the rules that it shall find": (
        "catalign/training/discrete/tree.py",
        "from catalign.training.discrete.typed import bfs",
        "No learner sees the rules",
    ),
    "flax appears below nn": (
        "catalign/integral/transform.py",
        "from flax import nnx",
        "flax and optax appear in nn",
    ),
    "flax appears in para beside its bridge": (
        "catalign/para/fold.py",
        "from flax import nnx",
        "flax and optax appear in nn",
    ),
    "an experiment builds its own optimiser": (
        "tasks/train.py",
        "import optax",
        "The experiments reach flax and optax through the library",
    ),
}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_hold() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS.keys())
def test_a_planted_import_breaks_its_contract(plant: tuple[str, str, str], tmp_path: Path) -> None:
    where, line, contract = plant
    for folder in ("catalign", "tasks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / where
    target.write_text(f"{target.read_text()}\n{line}\n")
    result = lint(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    broken = [row for row in result.stdout.splitlines() if " BROKEN" in row]
    assert any(row.startswith(contract) for row in broken), result.stdout
