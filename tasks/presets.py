"""The settings that `tasks.train` starts from, for each task. Imports no JAX."""

import dataclasses
import enum
from collections.abc import Sequence

from catalign._errors import InputError
from catalign.training.config import Schedule, TrainConfig
from catalign.training.preset import ibarz2022


class Preset(enum.Enum):
    """A recipe of training that was published, by name."""

    IBARZ2022 = "ibarz2022"
    """That of the generalist paper (see `catalign.training.ibarz2022`)."""

    def settings(self, task: str) -> TrainConfig:
        """The settings of the recipe for an algorithm."""
        return {Preset.IBARZ2022: ibarz2022}[self](task)


_FAR = (16, 64, 256, 1024)
_ALIGNED = TrainConfig(learning_rate=0.03, schedule=Schedule.COSINE, eval_sizes=_FAR)
"""An aligned reasoner has a dozen constants, which bear large steps."""

PRESETS: dict[str, TrainConfig] = {"bellman_ford": _ALIGNED, "bfs": _ALIGNED}


def preset(task: str, processor: str = "") -> TrainConfig:
    """The settings of a task; those of `TrainConfig` where nothing better is known.

    Args:
      task: What `--task` names.
      processor: What `--processor` names; empty if it is left out.
    """
    if processor == "aligned":
        return _ALIGNED
    return TrainConfig() if processor else PRESETS.get(task, TrainConfig())


def asked_preset(arguments: Sequence[str]) -> Preset | None:
    """The preset that a command line names, before it is parsed.

    Raises:
      InputError: There is no such preset.

    Example:
      >>> asked_preset(["--preset=ibarz2022"])
      <Preset.IBARZ2022: 'ibarz2022'>
    """
    name = asked("--preset", arguments)
    known = [each.value for each in Preset]
    if name and name not in known:
        raise InputError(f"--preset is {name!r}, but there is only: {', '.join(known)}.")
    return Preset(name) if name else None


def explicit(arguments: Sequence[str]) -> frozenset[str]:
    """The settings that a command line gives itself.

    Example:
      >>> sorted(explicit(["--sizes", "4", "8", "--no-harden", "--task=bfs"]))
      ['harden', 'sizes']
    """
    words = [word.partition("=")[0] for word in arguments if word.startswith("--")]
    names = {word.removeprefix("--").replace("-", "_").removeprefix("no_") for word in words}
    return frozenset(names & {field.name for field in dataclasses.fields(TrainConfig)})


def compose(preset: Preset, task: str, given: TrainConfig, names: frozenset[str]) -> TrainConfig:
    """The settings of a preset with those in the place of its own that were given explicitly.

    Args:
      preset: The preset.
      task: The algorithm.
      given: Settings that hold the explicit ones.
      names: Which these are.

    Example:
      >>> compose(Preset.IBARZ2022, "bfs", TrainConfig(width=8), frozenset({"width"})).width
      8
    """
    values = {name: getattr(given, name) for name in names}
    return dataclasses.replace(preset.settings(task), **values)


def changes(preset: Preset, task: str, config: TrainConfig) -> str:
    """One line on where settings are not those of a preset; the seed is anyone's choice.

    Example:
      >>> bfs = dataclasses.replace(Preset.IBARZ2022.settings("bfs"), width=8)
      >>> changes(Preset.IBARZ2022, "bfs", bfs)
      'preset ibarz2022, but width is 8, not 128'
    """
    own, here = preset.settings(task).to_dict(), config.to_dict()
    told = [
        f"{name} is {here[name]}, not {own[name]}"
        for name in own
        if here[name] != own[name] and name != "seed"
    ]
    return f"preset {preset.value}" + (f", but {'; '.join(told)}" if told else ", unchanged")


def asked(flag: str, arguments: Sequence[str]) -> str:
    """The value of a flag on a command line that is not parsed yet; empty if it has none.

    Example:
      >>> asked("--task", ["--seed=1", "--task=bfs"]), asked("--task", ["--task", "bfs"])
      ('bfs', 'bfs')
    """
    for place, word in enumerate(arguments):
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
        if word == flag and place + 1 < len(arguments):
            return arguments[place + 1]
    return ""
