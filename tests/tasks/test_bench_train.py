"""Rates of training, measured small; the peer where it is installed."""

import json

import pytest

from tasks import bench, bench_train, rates

TINY = ["--batch=2", "--size=4", "--steps=3", "--updates=1", "--turns=2", "--widths=4"]


def test_rows(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(rates, "peer_sampler", lambda: None)
    file = tmp_path / "rows.json"
    assert bench.main(["train", "--tasks=bfs", *TINY, f"--json={file}"]) == 0
    (row,) = json.loads(file.read_text())["rows"]
    assert row["case"]["side"] == "catalign"
    assert row["milliseconds"] > 0
    assert row["peak_mib"] > 50
    assert 0 < row["loss"] < 100
    assert "bfs" in capsys.readouterr().out


@pytest.mark.slow
def test_beside_the_peer() -> None:
    pytest.importorskip("clrs")
    values = {"task": "bfs", "processor": "mpnn", "width": 4, "batch": 2, "size": 4, "steps": 3}
    cases = [bench_train.Case(side=s, updates=1, **values) for s in ("catalign", "dm-clrs")]
    ours, theirs = bench_train.measure(cases, 1)
    assert theirs is not None
    assert "times as fast" in bench_train.describe(ours, theirs)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--steps=1"], "--steps"),
        (["--widths=0"], "--widths"),
        (["--processors=x"], "--processors"),
    ],
)
def test_bad_requests(words, says, capsys) -> None:
    assert bench.main(["train", *words]) == 2
    assert says in capsys.readouterr().err
