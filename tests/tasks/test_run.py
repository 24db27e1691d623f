"""Tests of running a trained reasoner on one's own instance."""

import json

import pytest

import tasks
from catalign.algorithms.catalogue import get
from tasks import run
from tests.tasks.oracle import Oracle


@pytest.fixture
def graph(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text("a,b,1\nb,c,1\na,d,5\nd,e,1\ne,e,1\n")
    return path


def test_csv_to_stdout(trained, graph, capsys):
    assert run.main([f"--run={trained}", f"--input={graph}"]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "node,predecessor,distance",
        "a,,0.0",
        "b,a,1.0",
        "c,b,2.0",
        "d,a,1.0",
        "e,d,2.0",
    ]
    assert "correct: all 5 distances equal those of scipy" in shown.err
    assert "1 self-loops were left out" in shown.err


def test_json_to_a_file(trained, graph, tmp_path, capsys):
    output = tmp_path / "answer.json"
    argv = [f"--run={trained}", f"--input={graph}", f"--output={output}", "--undirected", "--quiet"]
    assert run.main([*argv, "--source=e"]) == 0
    assert capsys.readouterr() == ("", "")
    found = json.loads(output.read_text())
    assert (found["source"], found["correct"], found["directed"]) == ("e", True, False)
    assert {row["node"]: row["distance"] for row in found["answer"]}["c"] == 4.0


def test_a_wrong_answer_exits_with_1(trained, tmp_path, monkeypatch, capsys):
    sort = get("insertion_sort")
    wrong = Oracle(sort, lambda name, value: value[:, ::-1] * 0)
    monkeypatch.setattr(tasks.catalogue, "find", lambda name: None)
    monkeypatch.setattr(tasks.library, "algorithm_of", lambda name: sort)
    monkeypatch.setattr(tasks.library, "load", lambda run, task: (sort, wrong))
    path = tmp_path / "n.csv"
    path.write_text("3,1,2\n")
    assert run.main([f"--run={trained}", f"--input={path}"]) == 1
    assert "WRONG" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--source=z"], "--source is 'z'"),
        (["--weight=km"], "--weight is 'km'"),
        (["--output=x.txt"], ".csv or .json"),
        (["--directed", "--undirected"], "exclude each other"),
        (["--format=xml"], "--format"),
    ],
)
def test_bad_requests(trained, graph, capsys, argv, says):
    assert run.main([f"--run={trained}", f"--input={graph}", *argv]) == 2
    assert says in capsys.readouterr().err
