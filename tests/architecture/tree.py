"""The files of the checkout that the tests of its architecture read."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("catalign", "tasks", "tests", "docs", "examples", ".ci")
MADE = {"__pycache__", "_build", "generated", "jupyter_execute", ".jupyter_cache", "runs"}
"""Folders that runs and builds make."""


def files(*folders: str, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """The files below some folders with one of the suffixes, without what builds make."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in suffixes and MADE.isdisjoint(path.parts):
                yield path


def modules(package: str) -> list[str]:
    """The dotted names of a package's modules, the package itself first."""
    names = []
    for path in files(package, suffixes=(".py",)):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return sorted(names)
