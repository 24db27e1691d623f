"""Several tasks with one processor from the command line: training, scoring, and wrong names."""

import json

import pytest

from catalign._errors import InputError
from catalign.training.directory import read_run
from catalign.training.preset import ibarz2022
from catalign.training.run import Run
from tasks import cli, evaluate, run, train

SMALL = [
    "--task=bfs,minimum",
    "--sizes=4",
    "--eval-sizes=4",
    "--eval-instances=4",
    "--steps=4",
    "--updates-per-dispatch=2",
    "--batch-size=4",
    "--width=8",
    "--trace-steps=3",
    "--eval-every=0",
]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The directory of a finished run on two tasks. Read only."""
    folder = tmp_path_factory.mktemp("runs") / "both"
    assert train.main([*SMALL, f"--run={folder}", "--quiet"]) == 0
    return folder


def test_a_finished_run_shows_each_task(both, capsys):
    assert train.main([*SMALL, f"--run={both}", "--json"]) == 0
    shown = capsys.readouterr().out
    result = json.loads(shown.splitlines()[-1])
    assert (result["processor"], result["steps"]) == ("mpnn", 4)
    assert {name: [row["size"] for row in rows] for name, rows in result["tasks"].items()} == {
        "bfs": [4],
        "minimum": [4],
    }
    for word in ("2 tasks with one mpnn", "bfs", "minimum", str(both)):
        assert word in shown


def test_tasks_are_scored_all_or_one(both, capsys):
    for asked, names in (([], ["bfs", "minimum"]), (["--task=minimum"], ["minimum"])):
        argv = [f"--run={both}", "--instances=4", "--json", "--quiet", *asked]
        assert evaluate.main(argv) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["task"] for line in lines] == names


def test_each_task_has_the_instances_of_the_preset_for_it(monkeypatch, tmp_path, capsys):
    def stop(run, **told):
        raise InputError("before the first update")

    monkeypatch.setattr(Run, "update", stop)
    names = ["bfs", "mst_kruskal", "minimum", "kmp_matcher"]
    argv = [f"--task={','.join(names)}", "--preset=ibarz2022", "--keep=last", "--processor=mpnn"]
    argv += ["--width=4", "--quiet", f"--run={tmp_path / 'run'}"]
    for _ in range(2):  # The same command goes on.
        assert train.main(argv) == cli.EXIT_INPUT
        assert "before the first update" in capsys.readouterr().err
    found = read_run(tmp_path / "run")
    for name in names:
        own, alone = found.settings(name), ibarz2022(name)
        assert own == own.with_law(alone)
        assert (own.width, own.eval_sizes) == (4, (16, 64))
    assert found.settings("mst_kruskal").edge_probabilities[0] == 0.05
    assert found.settings("kmp_matcher").sizes == (20,)
    # What is given goes before it, for the tasks that have it.
    assert train.main([*argv, "--edge-probabilities=0.5"]) == cli.EXIT_INPUT
    assert "edge_probabilities of mst_kruskal is [0.05, 0.1," in capsys.readouterr().err
    given = [*argv, "--edge-probabilities=0.5", "--sizes=16", f"--run={tmp_path / 'given'}"]
    assert train.main(given) == cli.EXIT_INPUT
    found = read_run(tmp_path / "given")
    assert [found.settings(name).edge_probabilities for name in names] == [(0.5,), (0.5,), (), ()]
    assert {found.settings(name).sizes for name in names} == {(16,)}


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--task=bfs,"], "holds an empty name"),
        (["--task=bfs,bfs"], "bfs more than once"),
        (["--task=bfs,minimun"], "Did you mean minimum"),
        (["--task=bfs,minimum", "--processor=aligned"], "several tasks share one"),
        (["--task=bfs,minimum", "--batch-size=5"], "batch_size is 4 there and 5 here"),
    ],
)
def test_wrong_flags_of_training(both, capsys, argv, says):
    assert train.main([*SMALL, *argv, f"--run={both}", "--quiet"]) == cli.EXIT_INPUT
    assert says in capsys.readouterr().err


def test_a_task_of_another_run_is_refused(both, capsys):
    assert evaluate.main([f"--run={both}", "--task=dfs"]) == cli.EXIT_INPUT
    assert "was trained on bfs, minimum" in capsys.readouterr().err
    assert run.main([f"--run={both}", "--input=none.csv"]) == cli.EXIT_INPUT
    assert "name one of them by --task" in capsys.readouterr().err
