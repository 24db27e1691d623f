"""Every test that a page of the documentation links to as its evidence is there."""

import re

import pytest

from tests.architecture.tree import ROOT, files

LINK = re.compile(r"\[`(test_\w+)`\]\(\.\./([\w/]+\.py)\)")
CLAIMS = [
    (page.name, *match.groups())
    for page in files("docs", suffixes=(".md",))
    for match in LINK.finditer(page.read_text(encoding="utf-8"))
]


def is_there(test: str, path: str) -> bool:
    file = ROOT / path
    return file.exists() and f"def {test}(" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted({page for page, *_ in CLAIMS}))
def test_every_linked_test_is_there(page: str) -> None:
    links = [(test, path) for where, test, path in CLAIMS if where == page]
    assert [link for link in links if not is_there(*link)] == []


def test_a_link_to_no_test_is_found() -> None:
    assert not is_there("test_of_nothing", "tests/architecture/test_pages.py")
    assert not is_there("test_every_linked_test_is_there", "tests/nowhere.py")
