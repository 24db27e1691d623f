"""Rates of shipped programs, measured small."""

import json

import pytest

from tasks import bench, program_rates


def test_rows(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(program_rates, "peer_sampler", lambda: None)
    file = tmp_path / "rows.json"
    words = [
        "--tasks",
        "minimum",
        "parity",
        "--size=5",
        "--batch=3",
        "--repeats=1",
        f"--json={file}",
    ]
    assert bench.main(["programs", *words]) == 0
    row, words_row = json.loads(file.read_text())["rows"]
    assert (words_row["task"], words_row["right"], words_row["steps"]) == ("parity", 1.0, 1.0)
    assert row["right"] == 1.0
    assert row["program"] > 0
    assert row["algorithm"] > 0
    assert row["peer"] is None
    assert "minimum" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "says"), [(["--tasks=x"], "--tasks"), (["--size=0"], "--size")])
def test_bad_requests(words, says, capsys) -> None:
    assert bench.main(["programs", *words]) == 2
    assert says in capsys.readouterr().err
