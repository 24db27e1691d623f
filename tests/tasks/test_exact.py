import dataclasses
import hashlib
import json

import pytest

import catalign
from catalign.alignment.certificate import Certificate, Coverage, Sampled
from catalign.nn.discrete.condition import Not
from catalign.nn.discrete.explanation import explain_step
from catalign.nn.discrete.rule import Rule, Split
from catalign.training.discrete.learn import Learning
from tasks import exact


def test_it_scores_and_certifies_shipped_programs(capsys, tmp_path):
    file = tmp_path / "rows.json"
    words = ["--tasks", "minimum", "--sizes", "5", "--instances", "4", "--certify"]
    assert exact.main([*words, "--json", str(file)]) == 0
    assert "proved for all sizes" in capsys.readouterr().out
    (row,) = json.loads(file.read_text())
    right = {
        "instances": 4,
        "micro_f1": 1.0,
        "node_exact": 1.0,
        "graph_exact": 1.0,
        "hints_exact": 1.0,
    }
    proved = {"verdict": "proved for all sizes", "unproved": []}
    assert row == {"task": "minimum", "scores": {"5": right}, **proved}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--tasks", "minimun"], "Did you mean minimum"),
        (["--sizes", "0"], "--sizes"),
        (["--instances", "0"], "--instances"),
        (["--learn", "-1"], "--learn"),
        (["--tasks", "naive_string_matcher", "--sizes", "1"], "naive_string_matcher needs"),
    ],
)
def test_wrong_flags_are_named(capsys, words, said):
    assert exact.main(words) == 2
    assert said in capsys.readouterr().err


def test_it_learns_with_seeds_and_goes_on_where_it_stopped(capsys, tmp_path, monkeypatch):
    words = ["--tasks", "minimum", "--sizes", "5", "--instances", "4", "--out", str(tmp_path)]
    asked = ["--learn", "3", "--certify", "--json", str(tmp_path / "rows.json")]
    assert exact.main([*words, *asked]) == 0
    assert "minimum, seed 3, n = 5: 100.0 %" in capsys.readouterr().err
    (row,) = json.loads((tmp_path / "rows.json").read_text())
    assert (row["learned"], row["verdict"]) == (3, "proved for all sizes")
    assert row["seconds"] > 0
    text = explain_step(catalign.load("minimum").program)
    assert row["step"] == hashlib.sha256(text.encode()).hexdigest()[:16], "as with seed 0"

    def learn(*args, **kwargs):
        raise AssertionError("it was learned already")

    monkeypatch.setattr("catalign.training.exact.learn_program", learn)
    assert exact.main([*words, *asked]) == 0, "its row is read"
    assert json.loads((tmp_path / "rows.json").read_text()) == [row]
    row_file = tmp_path / "minimum-seed3" / "exact.json"
    row_file.write_text("{")
    assert exact.main([*words, *asked]) == 2
    assert "exact.json' is damaged" in capsys.readouterr().err
    row_file.unlink()
    # Asked for something else, its program is scored again.
    assert exact.main([*words, "--learn", "3", "--seed", "1"]) == 0


def test_it_says_whether_the_step_reads_the_same_with_all_seeds(capsys, tmp_path, monkeypatch):
    program = catalign.load("minimum").program
    *others, last = program.step
    assert isinstance(last.tree, Split)
    # The same values, said the other way round.
    turned = Split(Not(last.tree.condition), last.tree.otherwise, last.tree.then)
    other = dataclasses.replace(program, step=(*others, Rule(last.field, turned)))

    def learn(algorithm, config, **_):
        found = other if config.seed == 2 else program
        return Learning(found, 1.0, Coverage(subject="", counts={}))

    def certify(*args, **kwargs):
        return Certificate(subject="stands in", sampled=(Sampled(family="f", size=5, count=1),))

    monkeypatch.setattr("catalign.training.exact.learn_program", learn)
    monkeypatch.setattr("catalign.training.exact.certify", certify)
    words = ["--tasks", "minimum", "--sizes", "5", "--instances", "4", "--out", str(tmp_path)]
    file = tmp_path / "rows.json"

    def said(*seeds):
        assert exact.main([*words, "--json", str(file), "--learn", *seeds]) == 0
        steps = [row["step"] for row in json.loads(file.read_text())]
        notes = [x for x in capsys.readouterr().err.splitlines() if "the step" in x]
        return steps, notes

    (a, b), notes = said("0", "1")
    assert (a == b, notes) == (True, ["minimum: the step reads the same in all 2 programs"])
    (a, b, c), notes = said("0", "1", "2")
    assert a == b != c
    assert notes == ["minimum: the step has 2 different texts in 3 programs"]
    assert said("2")[1] == []
