"""The exact reasoners that catalign ships, by the name of their algorithm, and their files."""

import difflib
import json
from importlib import resources

from catalign._errors import InputError
from catalign.nn.discrete import store as programs
from catalign.nn.discrete.reasoner import DiscreteReasoner
from catalign.nn.scan import store as machines
from catalign.nn.scan.reasoner import ScanReasoner

ExactReasoner = DiscreteReasoner | ScanReasoner

_PACKAGE = resources.files("catalign.nn")


def pretrained_names() -> tuple[str, ...]:
    """The algorithms with a shipped reasoner, sorted.

    Example:
      >>> {"minimum", "addition"} <= set(pretrained_names())
      True
    """
    return tuple(sorted((*program_names(), *_names("machines"))))


def program_names() -> tuple[str, ...]:
    """Those of them whose reasoner is a program of terms, sorted.

    Example:
      >>> "minimum" in program_names(), "addition" in program_names()
      (True, False)
    """
    return _names("programs")


def load(name: str) -> ExactReasoner:
    """A trained exact reasoner, learned from instances of at most 16 nodes.

    Args:
      name: The algorithm.

    Returns:
      A program of terms; for the arithmetic of digits, where a carry runs along them, transducers.

    Raises:
      InputError: None is shipped for it; the message lists the nearest ones.

    Example:
      >>> load("minimum").spec.outputs[0].name
      'min'
    """
    known = pretrained_names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(known)}."
        raise InputError(
            f"`name` is {name!r}, for which nothing exact is shipped. {hint} To learn one: "
            f"python -m tasks.train --task={name} --processor=exact"
        )
    folder = _PACKAGE / ("programs" if name in program_names() else "machines")
    return loads((folder / f"{name}.json").read_text(encoding="utf-8"), source=f"{name}.json")


def load_program(name: str) -> DiscreteReasoner:
    """The shipped reasoner of an algorithm, where it is a program of terms.

    Raises:
      InputError: No program is shipped for it.

    Example:
      >>> load_program("minimum").program.name
      'minimum'
    """
    if name not in program_names():
        raise InputError(
            f"`name` is {name!r}, for which no program of terms is shipped; there are "
            f"{', '.join(program_names())}."
        )
    reasoner = load(name)
    assert isinstance(reasoner, DiscreteReasoner)
    return reasoner


def dumps(reasoner: ExactReasoner) -> str:
    """An exact reasoner as JSON text.

    Example:
      >>> minimum = load_program("minimum")
      >>> loads(dumps(minimum)).program == minimum.program
      True
    """
    if isinstance(reasoner, ScanReasoner):
        return machines.dumps(reasoner)
    return programs.dumps(reasoner.program)


def loads(text: str, source: str = "text") -> ExactReasoner:
    """The exact reasoner that `dumps` wrote.

    Raises:
      InputError: The text holds none of this version.
    """
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if isinstance(content, dict) and "machines" in content:
        return machines.loads(text, source)
    return DiscreteReasoner(programs.loads(text, source))


def _names(folder: str) -> tuple[str, ...]:
    files = (entry.name for entry in (_PACKAGE / folder).iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in files if name.endswith(".json")))
