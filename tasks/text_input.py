"""Reads text, a list of numbers, or two integers from a file."""

import json
import math
import re
from pathlib import Path
from typing import Any

from catalign._errors import InputError

_SEPARATORS = re.compile(r"[\s,;]+")


def read_text(path: Path) -> str:
    """The text of a file, without a byte order mark.

    Raises:
      InputError: The file is missing, a directory, unreadable or no UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"--input is {str(path)!r}, which does not exist.") from None
    except UnicodeDecodeError:
        raise InputError(f"--input is {str(path)!r}, which is not UTF-8 text.") from None
    except OSError as error:
        raise InputError(
            f"--input is {str(path)!r}, which cannot be read: {error.strerror}."
        ) from error


def read_numbers(path: Path) -> list[float]:
    """Reads a list of numbers: a JSON list, or text.

    Text has commas, semicolons, spaces or line breaks between numbers. A first word without digits
    is taken as a header.

    Raises:
      InputError: There is no number, or a value is not a finite number.
    """
    items = _json_list(path) if path.suffix.lower() == ".json" else _words(path)
    if len(items) > 1 and isinstance(items[0], str) and not re.search(r"\d", items[0]):
        items = items[1:]
    if not items:
        raise InputError(f"{path} holds no numbers. Write them with commas or line breaks between.")
    numbers = []
    for place, item in enumerate(items):
        number = _finite(item)
        if number is None:
            raise InputError(
                f"{path}: value {place + 1} is {item!r}, which is not a finite number."
            )
        numbers.append(number)
    return numbers


def read_two_integers(path: Path) -> tuple[str, str]:
    """Reads two natural numbers of any length, as decimal digits without leading zeros.

    Raises:
      InputError: The file does not hold exactly two, or one is negative or no whole number.
    """
    items = (
        _json_list(path)
        if path.suffix.lower() == ".json"
        else [x for x in _words(path) if x != "+"]
    )
    if len(items) != 2:
        raise InputError(
            f"{path} holds {len(items)} values, but addition takes two. Write, for example: 123 456"
        )
    for item in items:
        if not isinstance(item, str) or re.fullmatch(r"\+?[0-9]+", item) is None:
            raise InputError(
                f"{path}: {item!r} is not a natural number. Write digits only, for example: 123 456"
            )
    first, second = (str(item).lstrip("+").lstrip("0") or "0" for item in items)
    return first, second


def _words(path: Path) -> list[str]:
    lines = [line.partition("#")[0] for line in read_text(path).splitlines()]
    return [word for word in _SEPARATORS.split("\n".join(lines)) if word]


def _json_list(path: Path) -> list[Any]:
    try:
        # Numbers stay text: Python refuses to convert integers of more than 4,300 digits.
        data = json.loads(read_text(path), parse_int=str, parse_float=str)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}.") from error
    if not isinstance(data, list):
        raise InputError(
            f"{path} holds a JSON {type(data).__name__}, but a list is needed, such as [3, 1, 2]."
        )
    return data


def _finite(item: Any) -> float | None:
    if not isinstance(item, str):
        return None
    try:
        number = float(item)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
