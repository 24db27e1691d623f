"""Tests of scoring a run from the command line."""

import json
import shutil

import jax
import pytest

from catalign.algorithms.catalogue import get
from catalign.data import golden
from tasks import evaluate


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    """Files of traces: of the right task, of another, and a damaged one."""
    folder = tmp_path_factory.mktemp("traces")
    for name in ("bfs", "insertion_sort"):
        algorithm = get(name)
        drawn = algorithm.sample(jax.random.key(0), batch_size=8, size=5)
        golden.save(folder / f"{name}.npz", algorithm.spec, drawn)
    whole = (folder / "bfs.npz").read_bytes()
    (folder / "damaged.npz").write_bytes(whole[: len(whole) // 2])
    return folder


def result(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize("protocol", ["given_lengths", "fixed_point"])
def test_fresh_instances(trained, capsys, protocol):
    argv = [f"--run={trained}", "--instances=8", f"--protocol={protocol}", "--json"]
    assert evaluate.main(argv) == 0
    shown = capsys.readouterr().out
    assert "micro-F1" in shown
    row = json.loads(shown.splitlines()[-1])["evaluations"][0]
    assert (row["size"], row["instances"], row["protocol"]) == (5, 8, protocol)
    assert row["micro_f1"] == 1.0


def test_recorded_traces(trained, traces, capsys):
    argv = [f"--run={trained}", f"--data={traces / 'bfs.npz'}", "--json", "--quiet"]
    assert evaluate.main(argv) == 0
    assert result(capsys)["evaluations"][0]["graph_exact"] == 1.0


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--data=TRACES/insertion_sort.npz"], "does not hold a trace of this spec"),
        (["--data=TRACES/damaged.npz"], "not a readable npz file"),
        (["--data=TRACES/none.npz"], "is no file"),
        (["--data=TRACES/bfs.npz", "--sizes=5"], "leave out --sizes"),
        (["--sizes=0"], "--sizes holds 0"),
        (["--seed=-1"], "--seed is -1"),
        (["--protocol=x"], "--protocol"),
    ],
)
def test_bad_requests(trained, traces, capsys, argv, says):
    argv = [word.replace("TRACES", str(traces)) for word in argv]
    assert evaluate.main([f"--run={trained}", *argv]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert says in error


def test_a_damaged_checkpoint(own_run, capsys):
    for folder in own_run.glob("checkpoints/*"):
        for file in folder.rglob("*"):
            if file.is_file():
                file.write_bytes(b"\0" * len(file.read_bytes()))
    assert evaluate.main([f"--run={own_run}"]) == 2
    assert "heckpoint" in capsys.readouterr().err


def test_a_run_without_checkpoints(own_run, capsys):
    shutil.rmtree(own_run / "checkpoints")
    assert evaluate.main([f"--run={own_run}"]) == 2
    assert "heckpoint" in capsys.readouterr().err


def test_damaged_settings(own_run, capsys):
    (own_run / "config.json").write_text("{")
    assert evaluate.main([f"--run={own_run}"]) == 2
    assert "config.json" in capsys.readouterr().err


def test_the_benchmark_s_protocol(trained, capsys):
    argv = [f"--run={trained}", "--protocol=clrs30", "--json", "--sizes", "5", "6"]
    assert evaluate.main([*argv, "--instances=4"]) == 0
    rows = result(capsys)["rows"]
    assert [(row["size"], row["nodes"], row["instances"]) for row in rows] == [(5, 5, 4), (6, 6, 4)]
    assert rows[0]["seeds"] == [0, 1, 2, 3, 4]
    assert rows[0]["micro_f1"] == {"mean": 1.0, "std": 0.0}


def test_the_benchmark_s_protocol_draws_its_own_instances(trained, traces, capsys):
    argv = [f"--run={trained}", "--protocol=clrs30", f"--data={traces / 'bfs.npz'}"]
    assert evaluate.main(argv) == 2
    assert "leave out --data" in capsys.readouterr().err
