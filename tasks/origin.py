"""Where the algorithm of a run came from, so that other commands find it again. Imports no JAX."""

from dataclasses import dataclass
from pathlib import Path

from catalign._errors import InputError
from catalign.training.config import TrainConfig
from catalign.training.directory import RunInfo, read_run, write_text
from tasks import user_code

FILE = "origin.txt"
"""The file in a run's folder that holds FILE.py:NAME of an algorithm of the user's own."""


@dataclass(frozen=True)
class Origin:
    """What a run was trained on.

    Attributes:
      task: What `--task` named: an algorithm of the catalogue, or FILE.py:NAME.
      config: The settings.
    """

    task: str
    config: TrainConfig


def write(run: Path, task: str) -> None:
    """Records an algorithm of the user's own in a run's folder."""
    if user_code.is_reference(task):
        write_text(run / FILE, user_code.absolute(task) + "\n")


def read(run: Path) -> Origin:
    """Reads what a run was trained on.

    Raises:
      InputError: The folder is no run, or its files are damaged.
    """
    info = _info(run)
    file = run / FILE
    task = file.read_text(encoding="utf-8").strip() if file.is_file() else info.task
    return Origin(task, info.config)


def _info(run: Path) -> RunInfo:
    if not run.is_dir():
        raise InputError(
            f"--run is {str(run)!r}, which is not a directory. Train first: "
            f"python -m tasks.train --task=bellman_ford --run={run}"
        )
    if not (run / "config.json").is_file():
        inner = sorted(found.parent for found in run.glob("*/config.json"))
        hint = f"Did you mean {inner[0]}?" if inner else "It was not written by tasks.train."
        raise InputError(f"--run is {str(run)!r}, which holds no run. {hint}")
    return read_run(run)
