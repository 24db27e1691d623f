"""Several tasks with one processor from the command line: training, scoring, and wrong names."""

import json

import pytest

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
