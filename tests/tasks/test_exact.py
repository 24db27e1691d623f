import json

import pytest

from tasks import exact


def test_it_scores_and_certifies_shipped_programs(capsys, tmp_path):
    file = tmp_path / "rows.json"
    words = ["--tasks", "minimum", "--sizes", "5", "--instances", "4", "--certify"]
    assert exact.main([*words, "--json", str(file)]) == 0
    assert "proved for all sizes" in capsys.readouterr().out
    (row,) = json.loads(file.read_text())
    right = {"micro_f1": 1.0, "node_exact": 1.0, "graph_exact": 1.0, "hints_exact": 1.0}
    proved = {"verdict": "proved for all sizes", "unproved": []}
    assert row == {"task": "minimum", "scores": {"5": right}, **proved}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--tasks", "minimun"], "Did you mean minimum"),
        (["--sizes", "0"], "--sizes"),
        (["--instances", "0"], "--instances"),
    ],
)
def test_wrong_flags_are_named(capsys, words, said):
    assert exact.main(words) == 2
    assert said in capsys.readouterr().err
