"""Where the algorithm of a run came from, so that other commands find it again. Imports no JAX."""

from dataclasses import dataclass
from pathlib import Path

from catalign._errors import InputError
from catalign.training.config import TrainConfig
from catalign.training.directory import RunInfo, read_run, write_text
from tasks import user_code

FILE = "origin.txt"
"""The file in a run's folder that holds FILE.py:NAME of an algorithm of the user's own."""


def split(task: str) -> tuple[str, ...]:
    """The tasks that `--task` names, with commas between them.

    Raises:
      InputError: One is empty or named twice.

    Example:
      >>> split("bfs,minimum")
      ('bfs', 'minimum')
    """
    names = tuple(task.split(","))
    wrong = next((name for name in names if not name or names.count(name) > 1), None)
    if wrong is not None:
        what = f"{wrong} more than once" if wrong else "an empty name"
        raise InputError(f"--task is {task!r}, which holds {what}: give each task once.")
    return names


@dataclass(frozen=True)
class Origin:
    """What a run was trained on.

    Attributes:
      task: What `--task` named: an algorithm of the catalogue, or FILE.py:NAME; or several, with
        commas between them.
      config: The settings.
    """

    task: str
    config: TrainConfig

    @property
    def tasks(self) -> tuple[str, ...]:
        """What was named, one by one."""
        return tuple(self.task.split(","))

    def choose(self, run: Path, task: str | None) -> tuple[str, ...]:
        """The tasks of a run that are asked for: all, unless one is named.

        Raises:
          InputError: The run was not trained on it.
        """
        if task is None:
            return self.tasks
        found = [name for name in self.tasks if task in (name, name.rpartition(":")[2])]
        if not found:
            raise InputError(
                f"--task is {task!r}, but {str(run)!r} was trained on {', '.join(self.tasks)}."
            )
        return (found[0],)

    def one(self, run: Path, task: str | None) -> str:
        """The task of a run that is asked for.

        Raises:
          InputError: The run was not trained on it, or on several and none is named.
        """
        chosen = self.choose(run, task)
        if len(chosen) > 1:
            raise InputError(
                f"{str(run)!r} was trained on {', '.join(chosen)}: name one of them by --task."
            )
        return next(iter(chosen))


def write(run: Path, task: str) -> None:
    """Records algorithms of the user's own in a run's folder."""
    names = split(task)
    if any(map(user_code.is_reference, names)):
        known = [user_code.absolute(x) if user_code.is_reference(x) else x for x in names]
        write_text(run / FILE, ",".join(known) + "\n")


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
