"""The settings that `tasks.train` starts from, for each task. Imports no JAX."""

from collections.abc import Sequence

from catalign.training.config import Schedule, TrainConfig

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
