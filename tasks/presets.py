"""The settings that `tasks.train` starts from, for each task. Imports no JAX."""

import dataclasses
from collections.abc import Sequence

from catalign.training.config import Schedule, TrainConfig

_FAR = (16, 64, 256, 1024)
_ALIGNED = TrainConfig(
    processor="aligned", learning_rate=0.03, schedule=Schedule.COSINE, eval_sizes=_FAR
)
"""An aligned reasoner has a dozen constants, which bear large steps."""

PRESETS: dict[str, TrainConfig] = {
    "bellman_ford": dataclasses.replace(_ALIGNED, semiring="min_plus"),
    "bfs": dataclasses.replace(_ALIGNED, semiring="lor_land"),
}


def preset(task: str) -> TrainConfig:
    """The settings of a task; those of `TrainConfig` where nothing better is known."""
    return PRESETS.get(task, TrainConfig())


def asked_task(arguments: Sequence[str]) -> str:
    """The task that a command line asks for, before its flags are parsed; empty if none.

    Example:
      >>> asked_task(["--seed=1", "--task=bfs"]), asked_task(["--task", "bfs"])
      ('bfs', 'bfs')
    """
    for place, word in enumerate(arguments):
        if word.startswith("--task="):
            return word.removeprefix("--task=")
        if word == "--task" and place + 1 < len(arguments):
            return arguments[place + 1]
    return ""
