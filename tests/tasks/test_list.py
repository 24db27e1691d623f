"""Tests of the list of tasks and its data file."""

import functools
import json

from catalign.algorithms.catalogue import get, names
from tasks import catalogue, survey
from tasks import list as tasks_list


def listed(algorithm, size):
    """The steps that the data file tells; to count them anew would compile every algorithm."""
    row = catalogue.find(algorithm.name)
    assert row is not None
    return row.steps[catalogue.STEP_SIZES.index(size)]


def test_the_data_file_is_fresh():
    now = catalogue.to_json(survey.collect(listed))
    assert catalogue.PATH.read_text(encoding="utf-8") == now, (
        "tasks/catalogue.json is out of date: run `python -m tasks.list --refresh`."
    )


def test_the_steps_are_those_of_drawn_instances():
    for name in ("bfs", "insertion_sort", "quickselect"):
        assert survey.typical_steps(get(name), 16) == listed(get(name), 16)
    for row in catalogue.read():
        assert all(
            1 <= steps <= most for steps, most in zip(row.steps, row.most_steps, strict=True)
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
    for word in ("bellman_ford", "chapter", "hints", "pi_h", "Bellman 1958", "min_plus", "aligned"):
        assert word in shown


def test_json(capsys):
    assert tasks_list.main(["--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} == set(names())


def test_refresh(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(catalogue, "PATH", tmp_path / "catalogue.json")
    monkeypatch.setattr(survey, "collect", functools.partial(survey.collect, lambda *_: 1))
    assert tasks_list.main(["--refresh"]) == 0
    assert len(catalogue.read()) == len(names())
