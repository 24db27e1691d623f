"""A run's folder, and the rows of metrics in it."""

import json
from pathlib import Path

import pytest

from catalign._errors import InputError
from catalign.training.config import TrainConfig
from catalign.training.directory import check_run, open_run, read_run, write_environment, write_text
from catalign.training.history import History

CONFIG = TrainConfig(steps=10)


def test_a_folder_is_made_and_then_recognised(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "run"
    assert not check_run(folder, "bfs", CONFIG)
    assert not folder.exists()
    assert open_run(folder, "bfs", CONFIG) == folder
    assert check_run(folder, "bfs", CONFIG)
    info = read_run(str(folder))
    assert (info.task, info.config, info.result) == ("bfs", CONFIG, None)
    assert "laws" not in json.loads((folder / "config.json").read_text())
    write_environment(folder, "cpu")
    assert json.loads((folder / "env.json").read_text())["packages"]["numpy"]


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(InputError, match="is a file"):
        check_run(file, "bfs", CONFIG)
    with pytest.raises(InputError, match="is not a folder"):
        read_run(tmp_path / "absent")
    with pytest.raises(InputError, match=r"holds no config\.json"):
        read_run(tmp_path)
    with pytest.raises(InputError, match="cannot be written to"):
        open_run("/proc/no/run", "bfs", CONFIG)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "does not hold the settings"),
        ('{"task": "bfs", "config": {"steps": 0}}', "`steps` is 0"),
        ('{"task": "bfs", "config": {}, "laws": [1]}', "does not hold the settings"),
        ('{"task": "bfs", "config": {}, "laws": {"bfs": {"sizes": [0]}}}', "`sizes` is 0"),
        ('{"task": "bfs", "config": {"stride": 1}}', "stride, which this version does not know"),
    ],
)
def test_damaged_settings_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=message):
        check_run(tmp_path, "bfs", CONFIG)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_text(path, "one")
    write_text(path, "two")
    assert path.read_text() == "two"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def _columns() -> list[str]:
    return ["step", "loss", "score"]


def test_rows_are_on_disk_at_once_and_not_twice(tmp_path: Path) -> None:
    history = History(tmp_path, _columns(), 0)
    for step in (5, 10, 15):
        history.append({"step": step, "loss": 0.1 * step} | ({"score": 1.0} if step == 10 else {}))
    assert (tmp_path / "metrics.csv").read_text().splitlines()[:3] == [
        "step,loss,score",
        "5,0.5,",
        "10,1.0,1.0",
    ]
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2')
    again = History(tmp_path, _columns(), 10)
    assert [row["step"] for row in again.rows] == [5, 10]
    again.append({"step": 15, "loss": 3.0})
    assert [
        json.loads(x)["step"] for x in (tmp_path / "metrics.jsonl").read_text().splitlines()
    ] == [5, 10, 15]
    assert len((tmp_path / "metrics.csv").read_text().splitlines()) == 4


def test_a_run_from_the_start_has_no_old_rows(tmp_path: Path) -> None:
    History(tmp_path, _columns(), 0).append({"step": 5, "loss": 1.0})
    assert History(tmp_path, _columns(), 0).rows == []
    assert (tmp_path / "metrics.jsonl").read_text() == ""
