"""Learning from fewer traces: when the command stops, what it writes, and one row for real."""

import json

import pytest

from tasks import fewer, fewer_learn
from tasks.fewer import Row

EXACT = {100: 1.0, 10: 1.0, 3: 0.5, 1: 1.0}


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was learned from how many traces; at 3 a size the program is wrong."""
    counts: list[int] = []

    def learn_from(name: str, count: int, **_: int) -> Row:
        counts.append(count)
        score = None if name == "dfs" else EXACT[count]
        return Row(
            task=name, count=count, traces=9 * count, transitions=99, graph_exact=score, seconds=1.0
        )

    monkeypatch.setattr(fewer_learn, "learn_from", learn_from)
    return counts


def test_it_stops_at_the_first_wrong_program_and_goes_on_from_a_file(
    tmp_path, capsys, learned
) -> None:
    file = tmp_path / "rows.json"
    words = ["--tasks", "minimum", "dfs", "--counts", "100", "10", "3", "1", f"--json={file}"]
    assert fewer.main(words) == 0
    assert learned == [100, 10, 3, 100]
    shown = capsys.readouterr()
    assert "90" in shown.out
    assert "50.0 %" in shown.out
    assert "no program" in shown.err
    assert fewer.main(words) == 0
    assert learned == [100, 10, 3, 100]
    rows = [Row(**row) for row in json.loads(file.read_text())["rows"]]
    best = fewer.fewest(rows, "minimum")
    assert best is not None
    assert best.count == 10
    assert fewer.fewest(rows, "dfs") is None
    assert fewer.main([*words, "--size=32"]) == 2


def test_rows_may_be_learned_in_any_order(tmp_path, capsys, learned) -> None:
    words = ["--tasks", "minimum", f"--json={tmp_path / 'rows.json'}"]
    assert fewer.main([*words, "--counts", "3"]) == 0
    assert fewer.main([*words, "--counts", "10", "3"]) == 0
    assert learned == [3, 10]
    table = capsys.readouterr().out.splitlines()[-2]
    assert "90" in table
    assert "50.0 %" in table


@pytest.mark.parametrize(
    ("words", "says"), [(["--tasks=x"], "--tasks"), (["--counts=0"], "--counts")]
)
def test_bad_requests(words, says, capsys) -> None:
    assert fewer.main(words) == 2
    assert says in capsys.readouterr().err


@pytest.mark.slow
def test_a_minimum_is_learned_from_a_few_traces() -> None:
    row = fewer_learn.learn_from("minimum", 3, size=12, instances=4, seed=0)
    assert row.is_exact
    assert row.traces < 200
