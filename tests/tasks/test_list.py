"""Tests of the list of tasks and its data file."""

import json

from catalign.algorithms.catalogue import names
from tasks import catalogue, survey
from tasks import list as tasks_list


def test_the_data_file_is_fresh():
    assert catalogue.PATH.read_text(encoding="utf-8") == catalogue.to_json(survey.collect()), (
        "tasks/catalogue.json is out of date: run `python -m tasks.list --refresh`."
    )


def test_rows():
    assert tuple(row.name for row in catalogue.read()) == names()
    row = catalogue.find("bellman_ford")
    assert row is not None
    assert (row.inputs, row.outputs) == (("pos", "s", "A", "adj"), ("pi",))
    assert (row.reads, row.processor, row.algebra) == ("graph", "aligned", "min_plus")
    assert "->" in row.diagram
    assert catalogue.find("mine.py:mine") is None


def test_the_table_shows_every_column(capsys):
    assert tasks_list.main([]) == 0
    shown = capsys.readouterr().out
    for word in ("bellman_ford", "chapter", "hints", "pi_h", "Bellman 1958", "min_plus"):
        assert word in shown


def test_json(capsys):
    assert tasks_list.main(["--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} == set(names())


def test_refresh(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(catalogue, "PATH", tmp_path / "catalogue.json")
    assert tasks_list.main(["--refresh"]) == 0
    assert len(catalogue.read()) == len(names())
