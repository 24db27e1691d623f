"""The programs that catalign ships, by the name of their algorithm."""

import difflib
from importlib import resources

from catalign._errors import InputError
from catalign.nn.discrete.reasoner import DiscreteReasoner
from catalign.nn.discrete.store import loads

_FOLDER = resources.files("catalign.nn.discrete") / "programs"


def pretrained_names() -> tuple[str, ...]:
    """The algorithms with a shipped program, sorted.

    Example:
      >>> "minimum" in pretrained_names()
      True
    """
    files = (entry.name for entry in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in files if name.endswith(".json")))


def load(name: str) -> DiscreteReasoner:
    """A trained exact reasoner, learned from traces of at most 16 nodes.

    Args:
      name: The algorithm.

    Raises:
      InputError: No program is shipped for it; the message lists the nearest ones.

    Example:
      >>> load("minimum").spec.outputs[0].name
      'min'
    """
    known = pretrained_names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(known)}."
        raise InputError(
            f"`name` is {name!r}, for which no program is shipped. {hint} To learn one: "
            f"python -m tasks.train --task={name} --processor=exact"
        )
    text = (_FOLDER / f"{name}.json").read_text(encoding="utf-8")
    return DiscreteReasoner(loads(text, source=f"{name}.json"))
