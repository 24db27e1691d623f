"""Tests of the written forms of answers."""

import json

import pytest

from catalign._errors import InputError
from tasks.answer import Answer, Verdict, output_format, render, write

ANSWER = Answer(("node", "predecessor", "distance"), [("a", None, float("inf"))], {"source": "a"})


def test_json_is_strict_and_holds_the_verdict():
    document = json.loads(render(ANSWER, Verdict(True, "scipy", "fine"), "json"))
    assert document["answer"] == [{"node": "a", "predecessor": None, "distance": None}]
    assert (document["source"], document["correct"], document["reference"]) == ("a", True, "scipy")


def test_csv():
    assert render(ANSWER, Verdict(True, "", ""), "csv") == "node,predecessor,distance\na,,inf\n"


def test_format_by_suffix(tmp_path):
    assert output_format(None, None) == "csv"
    assert output_format(tmp_path / "x.JSON", None) == "json"
    assert output_format(tmp_path / "x.txt", "csv") == "csv"
    with pytest.raises(InputError, match=r"x\.txt"):
        output_format(tmp_path / "x.txt", None)


def test_write_makes_folders_and_leaves_no_draft(tmp_path):
    write("text", tmp_path / "new" / "x.csv")
    assert (tmp_path / "new" / "x.csv").read_text() == "text"
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["x.csv"]


def test_write_to_a_place_that_is_a_folder(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write("text", tmp_path)
    assert not list(tmp_path.iterdir())


def test_verdict_reads_as_a_line():
    assert str(Verdict(False, "scipy", "3 differ.")) == "WRONG: 3 differ."
