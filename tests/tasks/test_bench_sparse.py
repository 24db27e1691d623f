"""The measurements of sparse algorithms: one small case, and bad requests."""

import json

import pytest

from catalign._errors import InputError
from tasks import bench, bench_sparse


def test_one_small_case(capsys):
    assert bench.main(["sparse", "--task=bfs", "--family=delaunay", "--nodes=6", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["task"] == "sparse_bfs"
    assert (row["family"], row["nodes"]) == ("delaunay", 6)
    assert row["edges"] % 2 == 0
    assert 10 <= row["edges"] <= 24
    assert row["peak_mb"] >= row["idle_mb"] > 0
    assert min(row["run_s"], row["trace_s"], row["steps"]) > 0


def test_a_family_that_does_not_exist():
    with pytest.raises(InputError, match="'small_world'; known: erdos_renyi"):
        bench_sparse.measure_sparse("bfs", "small_world")
