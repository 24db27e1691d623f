"""What the commands share: flags, exit codes and one-line errors. Imports neither JAX nor NumPy."""

import contextlib
import difflib
import io
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias, TypeVar

import tyro

from catalign._errors import CatalignError, InputError
from tasks import user_code

Flags = TypeVar("Flags")
Switch: TypeAlias = Annotated[bool, tyro.conf.FlagCreatePairsOff]
"""A flag that is off unless it is given."""

EXIT_WRONG = 1
EXIT_INPUT = 2
EXIT_TERMINATED = 75
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 128 + 13

_PARSING = (tyro.conf.EnumChoicesFromValues, tyro.conf.OmitSubcommandPrefixes)
_BOX = "─╭╮╰╯│"
_ASSIGNMENT = re.compile(r"(--[\w-]+)=([^-].*)", re.DOTALL)
_NUMBERS = re.compile(r"\d+(,\d+)+")


class Terminated(BaseException):
    """The process got SIGTERM. Not an `Exception`, so that nothing on the way swallows it."""


def parse(
    flags: type[Flags], argv: Sequence[str] | None, *, prog: str, default: Flags | None = None
) -> Flags:
    """Reads typed flags.

    Lists may be written `--sizes 16 64` or `--sizes=16,64`.

    Args:
      flags: A frozen dataclass whose fields, with their docstrings, are the flags.
      argv: The arguments after the command; those of the process if left out.
      prog: The command as the user wrote it, for help texts.
      default: The values of flags that are not given; those of the class if left out.

    Raises:
      InputError: A flag is unknown, missing or holds a value of another type.
      SystemExit: After `--help`.
    """
    arguments = [
        word for argument in (sys.argv[1:] if argv is None else argv) for word in _words(argument)
    ]
    said = io.StringIO()
    start = tyro.MISSING_NONPROP if default is None else default
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(flags, args=arguments, prog=prog, default=start, config=_PARSING)
    except SystemExit as end:
        if end.code in (0, None):
            raise
        raise InputError(_one_line(said.getvalue())) from None


def command(body: Callable[[], int]) -> int:
    """Runs a command and turns how it ends into an exit code.

    Args:
      body: The command; it returns its exit code.

    Returns:
      The code of `body`; 2 after an error that catalign raises on purpose (printed on stderr), 130
      after Ctrl-C, 75 after SIGTERM, 141 where the reader of stdout has gone.
    """
    try:
        code = body()
        sys.stdout.flush()
    except CatalignError as error:
        print_error(str(error))
        return EXIT_INPUT
    except KeyboardInterrupt:
        print_error("interrupted by Ctrl-C.")
        return EXIT_INTERRUPTED
    except Terminated:
        print_error("ended by SIGTERM.")
        return EXIT_TERMINATED
    except BrokenPipeError:
        # Python flushes stdout at exit, which would fail once more: let it flush into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
        return EXIT_BROKEN_PIPE
    except OSError as error:
        print_error(f"{error.strerror or error}: {error.filename or 'a file of the run'}.")
        return EXIT_INPUT
    return code


@contextlib.contextmanager
def terminable():
    """Makes SIGTERM raise `Terminated` inside the block, until training takes the signal over."""

    def end(number: int, frame: object) -> None:
        raise Terminated

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread, which alone may set handlers
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def print_error(message: str) -> None:
    """Prints an error on stderr."""
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"error: {message}\n")
        sys.stderr.flush()


def print_note(message: str) -> None:
    """Prints a remark on stderr, so that stdout stays parsable."""
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()


def check_name(flag: str, name: str, known: Sequence[str]) -> None:
    """Raises unless a name is known.

    Args:
      flag: The flag that gave the name, for example `--task`.
      name: What the user wrote. `FILE.py:NAME` is checked by its loader instead.
      known: The names that exist.

    Raises:
      InputError: The name is unknown; the message lists the nearest ones.
    """
    if name in known or user_code.is_reference(name):
        return
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    raise InputError(
        f"{flag} is {name!r}, which is unknown. {hint} One of your own: {flag} FILE.py:NAME."
    )


def _words(argument: str) -> list[str]:
    """`--name=value` as two words, by which tyro finds the flag that was meant; lists as more."""
    match = _ASSIGNMENT.fullmatch(argument)
    if match is None:
        return [argument]
    return [match[1], *(match[2].split(",") if _NUMBERS.fullmatch(match[2]) else [match[2]])]


def _one_line(box: str) -> str:
    """The text of one of tyro's framed messages, part by part."""
    parts = [[]]
    for line in box.splitlines()[1:]:
        text = line.strip(_BOX + " ")
        if text:
            parts[-1].append(text)
        elif parts[-1]:
            parts.append([])
    joined = [" ".join(part).rstrip(".") for part in parts if part]
    return ". ".join(joined) + "."
