"""The command that measures."""

import json
import math

import pytest

from tasks import bench, rates
from tasks.cli import EXIT_INPUT


class Peer:
    """A package that takes a millisecond a trajectory, by a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[int] = []

    def build(self, name: str, count: int, length: int) -> None:
        self.asked.append(count)
        self.now += count / 1000


def test_the_peer_is_asked_for_about_a_second_of_work(monkeypatch) -> None:
    peer = Peer()
    monkeypatch.setattr(rates.time, "perf_counter", lambda: peer.now)
    seconds, count = rates._peer_seconds(peer.build, "bfs", 4, 4)
    assert peer.asked == [4, 16, 64, 256]
    assert (seconds, count) == (0.256, 256)


def test_the_geometric_mean_is_that_of_logarithms() -> None:
    assert rates.geometric_mean([1.0, 100.0]) == pytest.approx(10.0)
    assert rates.geometric_mean([3.0]) == pytest.approx(3.0)


def test_a_row_has_no_ratio_without_a_peer() -> None:
    row = rates.SamplerRate(
        algorithm="bfs",
        size=4,
        batch=2,
        steps=3,
        complete=1.0,
        catalign=50.0,
        compile_seconds=1.0,
        peer=None,
    )
    assert row.ratio is None
    assert rates.describe(row) == "bfs n = 4: 50 traces/s"


def test_samplers_are_timed_and_written(tmp_path, capsys, monkeypatch) -> None:
    peer = Peer()
    monkeypatch.setattr(rates, "peer_sampler", lambda: peer.build)
    path = tmp_path / "rates.json"
    flags = ["--tasks=minimum", "--sizes=4", "--batch=4", "--repeats=1", f"--json={path}"]
    assert bench.main(["samplers", *flags]) == 0
    (row,) = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert (row["algorithm"], row["size"], row["batch"], row["steps"]) == ("minimum", 4, 4, 4)
    assert row["complete"] == 1.0
    assert math.isfinite(row["catalign"])
    assert "times dm-clrs in the geometric mean of 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["sampler"], "'sampler' is nothing to measure"),
        (["samplers", "--tasks=bfss"], "Did you mean bfs"),
        (["samplers", "--batch=0"], "--batch is 0"),
        (["samplers", "--sizes=0"], "--sizes is"),
    ],
)
def test_a_bad_request_is_one_line(words: list[str], problem: str, capsys) -> None:
    assert bench.main(words) == EXIT_INPUT
    assert problem in capsys.readouterr().err


def test_help_names_what_can_be_measured(capsys) -> None:
    assert bench.main([]) == 0
    assert "samplers" in capsys.readouterr().out


def test_huge_pages_are_asked_for_unless_the_user_has_chosen(monkeypatch) -> None:
    monkeypatch.setattr(bench.platform, "libc_ver", lambda: ("glibc", "2.36"))
    asked = bench.with_huge_pages({"HOME": "/"})
    assert asked == {"HOME": "/", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    assert bench.with_huge_pages(asked) is None
    assert bench.with_huge_pages({"GLIBC_TUNABLES": ""}) is None
    monkeypatch.setattr(bench.platform, "libc_ver", lambda: ("", ""))
    assert bench.with_huge_pages({}) is None
