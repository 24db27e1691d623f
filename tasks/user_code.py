"""Loads an algorithm or a processor of the user's own from a Python file."""

import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from catalign._errors import InputError


def is_reference(name: str) -> bool:
    """Whether a name is of the form `FILE.py:NAME`.

    Example:
      >>> is_reference("mine.py:my_algorithm"), is_reference("bfs")
      (True, False)
    """
    return ".py:" in name or name.endswith(".py")


def load(flag: str, reference: str) -> Any:
    """Executes a file and returns a value of it.

    Args:
      flag: The flag that gave the reference, for messages.
      reference: `FILE.py:NAME`.

    Raises:
      InputError: The file is missing, fails, or defines no such name.
    """
    file, _, name = reference.rpartition(":")
    path = Path(file).expanduser()
    if not file or not name.isidentifier():
        raise InputError(
            f"{flag} is {reference!r}. Write FILE.py:NAME, for example mine.py:my_algorithm."
        )
    if not path.is_file():
        raise InputError(f"{flag} is {reference!r}, but there is no file {str(path)!r}.")
    module = _execute(flag, path)
    if not hasattr(module, name):
        public = [x for x in vars(module) if not x.startswith("_")]
        raise InputError(
            f"{flag} is {reference!r}, but {path.name} has no {name!r}; it has {', '.join(public)}."
        )
    return getattr(module, name)


def absolute(reference: str) -> str:
    """The same reference with the file's absolute path, so that it works from another directory."""
    file, _, name = reference.rpartition(":")
    return f"{Path(file).expanduser().resolve()}:{name}" if file else reference


def _execute(flag: str, path: Path) -> Any:
    # One module for each file, however often it is named, so that its classes stay the same.
    label = (
        f"catalign_user_{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    )
    if label in sys.modules:
        return sys.modules[label]
    spec = importlib.util.spec_from_file_location(label, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{flag} names {str(path)!r}, which is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[label] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[label]
        raise InputError(f"{flag}: {path} failed with {type(error).__name__}: {error}") from error
    return module
