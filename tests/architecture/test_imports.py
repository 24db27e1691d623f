"""Every module imports alone, every exported name exists, and `import catalign` is cheap."""

import os
import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT, files, modules

PACKAGES = sorted(
    ".".join(path.parent.relative_to(ROOT).parts)
    for path in files("catalign", suffixes=(".pyi",))
    if path.name == "__init__.pyi"
)


def run(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_every_module_imports_alone() -> None:
    program = """
import importlib, sys, traceback
failed = []
for name in sys.argv[1:]:
    for loaded in [m for m in sys.modules if m.split(".")[0] in ("catalign", "tasks")]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except Exception:
        failed.append(name)
        traceback.print_exc()
assert "tensorflow" not in sys.modules
sys.exit(f"do not import alone: {failed}" if failed else 0)
"""
    result = run(program, *modules("catalign"), *modules("tasks"))
    assert result.returncode == 0, result.stderr


def test_every_exported_name_exists() -> None:
    program = """
import importlib, sys
for package in sys.argv[1:]:
    module = importlib.import_module(package)
    for name in module.__all__:
        getattr(module, name)
"""
    result = run(program, *PACKAGES)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "import catalign",
        "import catalign; catalign.__version__; catalign.algorithms.names()",
        "import catalign; catalign.InputError",
    ],
)
def test_cheap_imports_stay_cheap(statement: str) -> None:
    program = (
        f"{statement}\nimport sys\nprint(sorted({{'jax', 'numpy', 'flax'}} & set(sys.modules)))"
    )
    result = run(program)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


def test_subpackages_export_through_a_stub() -> None:
    inits = [p.parent for p in files("catalign", suffixes=(".py",)) if p.name == "__init__.py"]
    assert [str(p) for p in inits if not (p / "__init__.pyi").exists()] == []


def test_folders_of_modules_are_packages() -> None:
    folders = {p.parent for p in files("catalign", "tasks", "tests", suffixes=(".py",))}
    assert [str(p) for p in sorted(folders) if not (p / "__init__.py").exists()] == []
