"""The measurements of kernels: peers that agree, shares of the ceilings, and bad requests."""

import dataclasses
import itertools
import json

import jax.numpy as jnp
import pytest

from catalign._errors import CatalignError, InputError
from tasks import bench, bench_kernels, kernel_cases
from tasks.bench_kernels import Ceilings
from tasks.kernel_cases import OPS, Case

SLOW = Ceilings(copy_gb_s=1.0, read_gb_s=1.0, cached_read_gb_s=1.0, matmul_gops_s=1.0)


def case(**changes):
    fields = {"op": "add", "size": 4, "operations": 4.0, "bytes": 48.0}
    return Case(**fields | {"ours": lambda: jnp.ones(4), "peers": {}} | changes)


@pytest.mark.parametrize("op", [op for op in OPS if op not in ("segment_reduce", "closure")])
def test_peers_agree(op):
    smallest = next(kernel_cases.cases((op,), 10_000))
    assert smallest.peers
    bench_kernels.check_peers(smallest)


def test_peers_agree_about_all_paths():
    found = list(kernel_cases.cases(("closure",), 64 * 64))
    assert [case.op.split(",")[0] for case in found] == [
        "closure min_plus",
        "closure lor_land",
        "closure min_max",
    ]
    for case in found:
        assert case.peers
        bench_kernels.check_peers(case)
    assert 0.1 < float(jnp.mean(found[1].ours())) < 0.9


def test_peers_agree_about_edges_and_gradients():
    cases = list(itertools.islice(kernel_cases.cases(("segment_reduce",), 1_000_000), 4))
    assert [c.op for c in cases] == [
        "segment_reduce max",
        "segment_reduce max, gradient",
        "gather_reduce max",
        "gather_reduce max, gradient",
    ]
    for one in cases:
        bench_kernels.check_peers(one)


def test_a_peer_that_computes_something_else():
    wrong = case(peers={"zeros": lambda: jnp.zeros(4)})
    with pytest.raises(CatalignError, match="zeros disagrees about add of size 4"):
        bench_kernels.measure(wrong, SLOW, 1)


def test_figures_of_one_case():
    row = bench_kernels.measure(case(peers={"same": lambda: jnp.ones(4)}), SLOW, 2)
    assert row.ratio == pytest.approx(row.peers_ms["same"] / row.ms)
    assert row.gops_s == pytest.approx(4e-6 / row.ms)
    # Bytes bound this case: 48 ns at 1 GB/s, against 4 ns of operations.
    assert row.percent == pytest.approx(100 * 48e-6 / row.ms)
    assert bench_kernels.measure(case(), SLOW, 1).ratio is None


def test_ceilings_are_measured():
    found = bench_kernels.ceilings(copied=4096, rows=16, repeats=1)
    assert min(dataclasses.astuple(found)) > 0


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench_kernels, "ceilings", lambda: SLOW)
    rows, picture = tmp_path / "rows.json", tmp_path / "time.png"
    flags = ["--ops=semiring_matmul", "--largest=16384", "--repeats=1"]
    assert bench.main(["kernels", *flags, f"--json={rows}", f"--plot={picture}"]) == 0
    packed = json.loads(rows.read_text())
    assert packed["ceilings"] == dataclasses.asdict(SLOW)
    assert [row["size"] for row in packed["rows"]] == [64, 64, 128, 128]
    assert set(packed["exponents"]) == {row["op"] for row in packed["rows"]}
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "time grows as size^" in capsys.readouterr().out


def test_one_size(monkeypatch, capsys):
    monkeypatch.setattr(bench_kernels, "ceilings", lambda: SLOW)
    flags = ["--ops=triplet_reduce", "--sizes=16", "--repeats=1"]
    assert bench.main(["kernels", *flags]) == 0
    assert [line for line in capsys.readouterr().err.splitlines() if ", size " in line] != []


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--ops=sorting", "sorting"),
        ("--repeats=0", "--repeats is 0"),
        ("--plot=time.txt", "must end in .png or .svg"),
    ],
)
def test_bad_requests(flag, message):
    with pytest.raises(InputError, match=message):
        bench_kernels._measure(
            bench_kernels.cli.parse(bench_kernels.KernelFlags, [flag], prog="kernels")
        )
