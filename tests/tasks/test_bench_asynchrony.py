"""The measurements of the executor: one small case, and the large ones that are claimed."""

import json

import pytest

from tasks import bench, bench_asynchrony


def test_one_small_case():
    network = bench_asynchrony.exact_networks(nodes=6, edges=12, seed=0)["bfs"]
    row = bench_asynchrony.measure("bfs", network, schedules=3, seed=0, at_once=2)
    assert row.equal == row.schedules == 3
    assert 0 < row.frontier_messages <= row.rounds_messages
    assert row.events_per_second == row.events / row.seconds > 0


def test_bad_flags_are_named(capsys):
    assert bench.main(["asynchrony", "--schedules=0"]) == 2
    assert bench.main(["asynchrony", "--networks=bsf"]) == 2
    said = capsys.readouterr().err
    assert "--schedules is 0" in said
    assert "Did you mean bfs" in said


@pytest.mark.slow
def test_all_small_cases(capsys):
    flags = ["--schedules=4", "--nodes=6", "--edges=12", "--large-nodes=20", "--json"]
    assert bench.main(["asynchrony", *flags]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    named = {(row["network"], row["kind"]): row for row in rows}
    for name in ("bellman_ford", "bfs", "kahn", "addition"):
        assert named[name, "all kinds"]["equal"] == 4
    assert named["bellman_ford", "duplicates"]["equal"] == 4
    assert named["L3Tropical", "regrouped"]["equal"] == 4
    for name in ("L1Sum", "L1Max", "L2Sum", "L2Max"):
        assert named[name, "regrouped"]["equal"] < 4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bellman_ford", "bfs", "kahn", "addition"])
def test_a_thousand_schedules_end_alike(name):
    """Over 10^6 events in the four of them: see `python -m tasks.bench asynchrony`."""
    nodes = 256 if name in ("kahn", "addition") else 128
    network = bench_asynchrony.exact_networks(nodes=nodes, edges=4 * nodes, seed=0)[name]
    row = bench_asynchrony.measure(name, network, schedules=1000, seed=1)
    assert row.equal == 1000
    assert row.events >= 250_000
