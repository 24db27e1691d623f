"""No file is too long or left open, and none names a package registry or one machine's path."""

import re

import pytest

from tests.architecture.tree import FOLDERS, ROOT, files

SOURCES = list(files(*FOLDERS, suffixes=(".py", ".pyi")))
TEXTS = [
    *files(*FOLDERS, suffixes=(".py", ".pyi", ".md", ".toml", ".txt", ".css", "")),
    *(p for p in sorted(ROOT.iterdir()) if p.suffix in {".md", ".toml", ".lock"}),
]
# In pieces, so that this file does not hold what it looks for.
REGISTRIES = ("pypi" + ".org", "python" + "hosted", "registry.npm" + "js", "/sim" + "ple/")
MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9_.])/(?:wor" + r"k|roo" + r"t|ho" + r"me)/")


def test_no_file_is_over_600_lines() -> None:
    lines = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in SOURCES}
    assert {name: n for name, n in lines.items() if n > 600} == {}


def test_nothing_is_left_open() -> None:
    mark = re.compile("TO" + "DO|FIX" + "ME|XX" + "X|NotImplementedError")
    code = files("catalign", "tasks", "examples", suffixes=(".py", ".pyi"))
    assert [str(p) for p in code if mark.search(p.read_text())] == []


@pytest.mark.parametrize("registry", REGISTRIES)
def test_no_file_names_a_registry(registry: str) -> None:
    assert [str(p) for p in TEXTS if registry in p.read_text()] == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert [str(p) for p in TEXTS if MACHINE_PATH.search(p.read_text())] == []


def test_the_lock_holds_versions_and_markers_only() -> None:
    row = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*( ; [a-z_]+ [<>=!]+ '[^']+'.*)?")
    rows = (ROOT / "requirements.lock").read_text().splitlines()
    assert [r for r in rows if not r.startswith("#") and not row.fullmatch(r)] == []
