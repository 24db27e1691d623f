"""Tests of training from the command line: results, stopping, resuming, and the user's own code."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from catalign.training.event import Progress, Started
from tasks import cli, display, evaluate, run, train
from tests.tasks.conftest import TINY


class Recorder(display.Silent):
    """Keeps events, and sends a signal to this process at a step."""

    def __init__(self, signum=None, at=0):
        self.events, self.signum, self.at = [], signum, at

    def __call__(self, event):
        self.events.append(event)
        if isinstance(event, Progress) and self.signum is not None and event.step >= self.at:
            signum, self.signum = self.signum, None
            signal.raise_signal(signum)


@pytest.fixture
def record(monkeypatch):
    """Replaces the display by a recorder."""

    def install(*args):
        recorder = Recorder(*args)
        monkeypatch.setattr(display, "choose", lambda *, quiet: recorder)
        return recorder

    return install


def metrics(run):
    """The rows of metrics, without the time they took."""
    with open(run / "metrics.csv", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_a_finished_run_shows_its_result_again(trained, capsys):
    before = sorted(p.name for p in trained.iterdir())
    assert {"config.json", "metrics.csv", "report.md"} <= set(before)
    assert train.main([*TINY, f"--run={trained}", "--json"]) == 0
    shown = capsys.readouterr().out.splitlines()
    result = json.loads(shown[-1])
    assert (result["task"], result["processor"], result["seed"]) == ("bfs", "aligned", 1)
    assert [row["size"] for row in result["evaluations"]] == [5]
    assert result["evaluations"][0]["micro_f1"] == 1.0
    text = "\n".join(shown)
    for word in (
        "micro-F1",
        "graph-exact",
        "100.00 %",
        "learned, in the semiring lor_land",
        str(trained),
    ):
        assert word in text


def test_an_exact_run_prints_scores_certificate_and_rules_and_prints_them_again(tmp_path, capsys):
    argv = ["--task=minimum", "--processor=exact", "--sizes", "4", "8", "--eval-sizes", "8"]
    shown = []
    for _ in range(2):
        assert train.main([*argv, "--eval-instances=4", f"--run={tmp_path / 'r'}"]) == 0
        out = capsys.readouterr().out
        found = re.search(r"minimum with exact, trained on.*(?=\n\n\d+ s; everything)", out, re.S)
        assert found is not None
        shown.append(found[0])
    scores, certificate, rules = shown[0].split("\n\n")
    assert scores.count("100.00 %") == 4
    assert certificate == (tmp_path / "r" / "certificate.txt").read_text().rstrip("\n")
    assert certificate.startswith("the program of minimum against minimum: proved for all sizes\n")
    assert rules.startswith("minimum, learned:\nfirst\n")
    assert re.search(r"if key\[(i'|i \+ 1)\] < key\[min_h\]", rules)
    assert shown[1] == shown[0], "a finished run shows all of it again"


def test_quiet_prints_one_line_of_json(trained, capsys):
    assert train.main([*TINY, f"--run={trained}", "--json", "--quiet"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    ("signum", "code"),
    [(signal.SIGTERM, cli.EXIT_TERMINATED), (signal.SIGINT, cli.EXIT_INTERRUPTED)],
)
def test_a_stopped_run_goes_on_bit_exactly(trained, tmp_path, record, capsys, signum, code):
    argv = [*TINY, f"--run={tmp_path / 'r'}", "--quiet"]
    record(signum, 10)
    assert train.main(argv) == code
    assert "Rerun the same command" in capsys.readouterr().err
    recorder = record()
    assert train.main(argv) == 0
    started = next(event for event in recorder.events if isinstance(event, Started))
    assert 10 <= started.resumed_from < 40
    assert metrics(tmp_path / "r") == metrics(trained)
    assert evaluations(tmp_path / "r") == evaluations(trained)


def evaluations(run):
    """The scores of the final evaluation, without the time they took."""
    rows = json.loads((run / "report.json").read_text())["evaluations"]
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def saved_steps(run):
    """The steps of the complete checkpoints."""
    return [int(p.name) for p in run.glob("checkpoints/*") if p.name.isdigit()]


def test_kill_9_leaves_a_run_that_goes_on(tmp_path, environment, record):
    folder = tmp_path / "r"
    argv = [*TINY, f"--run={folder}", "--steps=1000000", "--updates-per-dispatch=1"]
    command = [sys.executable, "-m", "tasks.train", *argv]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        limit = time.monotonic() + 300
        while not saved_steps(folder) and time.monotonic() < limit:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    recorder = record(signal.SIGTERM, 1)
    assert train.main(argv) == cli.EXIT_TERMINATED
    started = next(event for event in recorder.events if isinstance(event, Started))
    assert started.resumed_from >= 20
    assert evaluate.main([f"--run={folder}", "--quiet"]) == 0


@pytest.mark.parametrize(
    ("changed", "says"),
    [("--steps=50", "steps"), ("--task=bellman_ford", "task"), ("--processor=mpnn", "processor")],
)
def test_another_runs_directory_is_refused(trained, capsys, changed, says):
    assert train.main([*TINY, f"--run={trained}", changed]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ("--semiring=min_plsu", "min_plus"),
        ("--task=none.py:mine", "no file"),
        ("--processor=none.py:mine", "no file"),
        ("--learning-rate=nan", "learning_rate"),
        ("--eval-sizes=0", "eval_sizes"),
    ],
)
def test_bad_settings_leave_no_directory(tmp_path, capsys, changed, says):
    assert train.main([*TINY, f"--run={tmp_path / 'r'}", changed]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert says in error
    assert not (tmp_path / "r").exists()


MINE = '''
import dataclasses
import jax.numpy as jnp
from catalign.algorithms.elementary_graph import bfs
from catalign.integral.graph import DenseGraph
from catalign.nn import AbstractProcessor, Linear
from catalign.polynomial import ONE, Argument, Message, Output, PolynomialDiagram, V
from catalign.polynomial import library, project

mine = dataclasses.replace(bfs, name="my_search")

class Processor(AbstractProcessor):
    """The maximum of what the senders say, whoever hears it."""

    diagram = PolynomialDiagram(
        "hear",
        {"node": V, "edge": V * V, "graph": ONE},
        outputs={"node": V},
        summands=(
            Message(
                "pair",
                V * V,
                (Argument("sender", "node", project(V * V, 0)),),
                Output("node", project(V * V, 1)),
            ),
        ),
    )

    def __init__(self, node_width, width, *, rngs):
        self.node = Linear(node_width, width, rngs=rngs)

    def __call__(self, node, edge, graph, structure):
        mask = self.expect(structure, DenseGraph).mask[..., None]
        return jnp.where(mask, self.node(node)[:, None], -jnp.inf).max(axis=0)


class OnPairs(AbstractProcessor):
    diagram = library.triplet


class Untyped(AbstractProcessor):
    """Declares no diagram."""
'''


def test_an_algorithm_and_a_processor_of_ones_own(tmp_path, monkeypatch, capsys):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "g.csv").write_text("a,b\nb,c\nc,d\nd,e\n")
    monkeypatch.chdir(tmp_path)
    argv = ["--task=mine.py:mine", "--processor=mine.py:Processor", "--width=4", "--hints=none"]
    sizes = ["--sizes=5", "--eval-sizes=5", "--eval-instances=2", "--eval-every=0"]
    assert train.main([*argv, *sizes, "--steps=1", "--batch-size=2", "--quiet"]) == 0
    folder = tmp_path / "runs" / "my_search-Processor-seed0"
    monkeypatch.chdir(tmp_path.parent)
    code = run.main([f"--run={folder}", f"--input={tmp_path / 'g.csv'}"])
    shown = capsys.readouterr()
    assert code in (0, 1)
    assert shown.out.splitlines()[0] == "node,pi"
    assert "the algorithm my_search itself" in shown.err


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("OnPairs", ["needs a processor with outputs on V.", "has  triplet", "could     mess"]),
        ("Untyped", ["`Untyped.diagram` is missing", "library.message_passing_dense"]),
    ],
)
def test_a_processor_without_a_fitting_diagram_is_refused(tmp_path, capsys, name, says):
    (tmp_path / "mine.py").write_text(MINE)
    own = [f"--processor={tmp_path}/mine.py:{name}", f"--run={tmp_path / 'r'}"]
    assert train.main(["--task=bfs", *own, "--steps=1"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert [part for part in says if part not in error] == []
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("flag", ["--task", "--processor"])
def test_a_value_of_another_kind_is_refused(tmp_path, capsys, flag):
    (tmp_path / "mine.py").write_text("thing = 3\n")
    other = [word for word in TINY if not word.startswith(flag)]
    assert train.main([*other, f"--run={tmp_path / 'r'}", f"{flag}={tmp_path}/mine.py:thing"]) == 2
    assert f"{flag} is" in capsys.readouterr().err
