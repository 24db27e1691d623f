"""An answer as a table, a verdict on it, and their written forms."""

import csv
import io
import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalign._errors import InputError

FORMATS = ("csv", "json")


@dataclass(frozen=True)
class Answer:
    """What a reasoner answered.

    Attributes:
      columns: The names of the columns.
      rows: The table.
      facts: What holds of the whole answer, by name; JSON only.
    """

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """Whether an answer equals a reference.

    Attributes:
      correct: Whether it does; None where nothing was compared.
      reference: What computed the reference.
      text: What was compared and found, in one line.
    """

    correct: bool | None
    reference: str
    text: str

    def __str__(self) -> str:
        word = {True: "correct", False: "WRONG", None: "not checked"}[self.correct]
        return f"{word}: {self.text}"


def output_format(output: Path | None, asked: str | None) -> str:
    """The format to write: the one asked for, else that of the file's suffix, else CSV.

    Raises:
      InputError: The suffix is neither `.csv` nor `.json`.
    """
    if asked is not None or output is None:
        return asked or "csv"
    suffix = output.suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        raise InputError(f"--output is {str(output)!r}. End it in .csv or .json, or give --format.")
    return suffix


def render(answer: Answer, verdict: Verdict, form: str) -> str:
    """An answer as the text of a file.

    Example:
      >>> answer = Answer(("node", "distance"), [("a", 0.0)])
      >>> print(render(answer, Verdict(None, "", ""), "csv"), end="")
      node,distance
      a,0.0
    """
    if form == "json":
        document = {
            **answer.facts,
            "answer": [
                dict(zip(answer.columns, map(_plain, row), strict=True)) for row in answer.rows
            ],
            "correct": verdict.correct,
            "reference": verdict.reference,
            "verdict": verdict.text,
        }
        return json.dumps(document, indent=1, allow_nan=False) + "\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(["" if value is None else value for value in row] for row in answer.rows)
    return text.getvalue()


def write(text: str, output: Path | None) -> None:
    """Writes to a file, or to stdout if none is given.

    A file appears in one move, so that a killed run leaves no half of it.

    Raises:
      InputError: The file cannot be written.
    """
    if output is None:
        sys.stdout.write(text)
        return
    draft = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(output)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InputError(
            f"--output is {str(output)!r}, which cannot be written: {error.strerror}."
        ) from error


def _plain(value: Any) -> Any:
    """JSON has no infinity: an unreachable distance is null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
