"""Rules by search and by gradient: what the command prints and writes, and one row for real."""

import json

import pytest

from tasks import routes, routes_learn
from tasks.routes import Row


def test_a_table_and_a_file(tmp_path, capsys, monkeypatch) -> None:
    asked: list[str] = []

    def both(name: str, *, seed: int) -> Row:
        asked.append(name)
        return Row(
            task=name,
            rules=8,
            found=7,
            holding=6,
            open=("steps: u",),
            search_seconds=10.0,
            gradient_seconds=20.0 + seed,
        )

    monkeypatch.setattr(routes_learn, "both", both)
    file = tmp_path / "rows.json"
    assert routes.main(["--tasks", "minimum", "dfs", "--seed=3", f"--json={file}"]) == 0
    assert asked == ["minimum", "dfs"]
    shown = capsys.readouterr()
    assert "none for steps: u" in shown.err
    assert "23" in shown.out
    assert [row["task"] for row in json.loads(file.read_text())] == asked


def test_an_unknown_algorithm_is_named(capsys) -> None:
    assert routes.main(["--tasks=minimun"]) == 2
    assert "minimum" in capsys.readouterr().err


@pytest.mark.slow
def test_gradient_descent_finds_what_the_search_found() -> None:
    row = routes_learn.both("minimum", seed=0)
    assert row.found == row.holding == row.rules == 8
    assert row.open == ()
