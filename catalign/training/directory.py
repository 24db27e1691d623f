"""A run's folder: what belongs there, and whether a run may go on in it. Needs no JAX."""

import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

from catalign._errors import InputError
from catalign.training.config import LAW, TrainConfig

CONFIG, ENVIRONMENT, RESULT = "config.json", "env.json", "report.json"
CHECKPOINTS = "checkpoints"
LAWS = "laws"
"""Where `config.json` holds what each task has of its own."""

ALIKE: Mapping[str, TrainConfig] = MappingProxyType({})
"""No task trains on other instances than the settings of all say."""

_PACKAGES = ("catalign", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


@dataclass(frozen=True)
class RunInfo:
    """What a run's folder says about the run.

    Attributes:
      path: The folder.
      task: The algorithm's name; where there are several, all with commas between them.
      config: The settings.
      result: What `report.json` holds; None while the run is not finished.
      laws: The settings of each task that trains on other instances than `config` says.
    """

    path: Path
    task: str
    config: TrainConfig
    result: dict[str, Any] | None
    laws: Mapping[str, TrainConfig] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The name of each algorithm."""
        return tuple(self.task.split(","))

    def settings(self, task: str) -> TrainConfig:
        """The settings of one algorithm."""
        return self.laws.get(task, self.config)


def read_run(path: str | PathLike[str]) -> RunInfo:
    """Reads what a run's folder says about the run.

    Raises:
      InputError: There is no run there, or its files are damaged.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(
            f"`run_dir` {str(folder)!r} is not a folder. Train first: `train(..., run_dir=...)`."
        )
    if not (folder / CONFIG).is_file():
        raise InputError(
            f"`run_dir` {str(folder)!r} holds no {CONFIG}, so it is no run of catalign."
        )
    values = _read_json(folder / CONFIG)
    if (
        not isinstance(values, dict)
        or not isinstance(values.get("config"), dict)
        or "task" not in values
        or not _are_laws(values.get(LAWS, {}))
    ):
        raise InputError(
            f"{str(folder / CONFIG)!r} does not hold the settings of a run. "
            "Delete the folder to start over."
        )
    result = _read_json(folder / RESULT) if (folder / RESULT).is_file() else None
    laws = {
        name: TrainConfig.from_dict({**values["config"], **law})
        for name, law in values.get(LAWS, {}).items()
    }
    config = TrainConfig.from_dict(values["config"])
    return RunInfo(folder, str(values["task"]), config, result, laws)


def check_run(
    path: str | PathLike[str],
    task: str,
    config: TrainConfig,
    laws: Mapping[str, TrainConfig] = ALIKE,
) -> bool:
    """Checks that a run may begin or go on in a folder, without touching it.

    Args:
      path: The folder.
      task: The algorithm's name; where there are several, all with commas between them.
      config: The settings.
      laws: The settings of each task that trains on other instances than `config` says.

    Returns:
      Whether there is a run to go on with.

    Raises:
      InputError: The folder holds another run, or something else.
    """
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"`run_dir` {str(folder)!r} is a file. Name a folder.")
    if not (folder / CONFIG).exists():
        strangers = sorted(p.name for p in folder.iterdir())[:3] if folder.is_dir() else []
        if strangers:
            raise InputError(
                f"`run_dir` {str(folder)!r} is no run but holds {', '.join(strangers)}. "
                "Name an empty or a new folder."
            )
        return False
    found = read_run(folder)
    there, here = {"task": found.task, **found.config.to_dict()}, {"task": task, **config.to_dict()}
    for name in sorted({*found.laws, *laws}):
        there |= _law(found.settings(name), f" of {name}")
        here |= _law(laws.get(name, config), f" of {name}")
    differing = [
        f"{name} is {there[name]!r} there and {here[name]!r} here"
        for name in here
        if there[name] != here[name]
    ]
    if differing:
        raise InputError(
            f"`run_dir` {str(folder)!r} holds another run: {'; '.join(differing)}. "
            "Rerun with its settings to go on, or name another folder."
        )
    return True


def open_run(
    path: str | PathLike[str],
    task: str,
    config: TrainConfig,
    laws: Mapping[str, TrainConfig] = ALIKE,
) -> Path:
    """Makes a run's folder and writes its settings, or goes on in one that is there.

    Args:
      path: As in `check_run`, and so are the others.
      task: What is trained.
      config: The settings.
      laws: Those of tasks that train on other instances.

    Returns:
      The folder.

    Raises:
      InputError: As for `check_run`, or the folder cannot be made.
    """
    folder = Path(path)
    if not check_run(folder, task, config, laws):
        values: dict[str, Any] = {"task": task, "config": config.to_dict()}
        if laws:
            values[LAWS] = {name: _law(each) for name, each in laws.items()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / CONFIG, values)
        except OSError as error:
            raise InputError(
                f"`run_dir` {str(folder)!r} cannot be written to ({error}). Name another."
            ) from error
    return folder


def write_environment(folder: Path, device: str) -> None:
    """Records what the run runs on."""
    versions = {name: _version(name) for name in _PACKAGES}
    write_json(
        folder / ENVIRONMENT,
        {
            "device": device,
            "python": sys.version.split()[0],
            "platform": platform.platform(),
            "cpus": os.cpu_count(),
            "packages": versions,
        },
    )


def write_json(path: Path, values: Any) -> None:
    """Writes a file that is never seen half written."""
    write_text(path, json.dumps(values, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a file that is never seen half written."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _law(config: TrainConfig, ending: str = "") -> dict[str, Any]:
    """What says which instances are trained on."""
    values = config.to_dict()
    return {name + ending: values[name] for name in LAW}


def _are_laws(values: object) -> bool:
    return isinstance(values, dict) and all(isinstance(law, dict) for law in values.values())


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{str(path)!r} cannot be read ({error}). Delete the folder to start over."
        ) from error


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
