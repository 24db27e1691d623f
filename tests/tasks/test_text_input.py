"""Tests of the readers of numbers."""

import pytest

from catalign._errors import InputError
from tasks.text_input import read_numbers, read_two_integers


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("n.csv", "3,1.5,-2\n"),
        ("n.csv", "3\n1.5\n-2"),
        ("n.txt", "3 1.5; -2e0 # comment"),
        ("n.csv", "value\n3\n1.5\n-2\n"),
        ("n.json", "[3, 1.5, -2]"),
    ],
)
def test_numbers(tmp_path, name, text):
    assert read_numbers(write(tmp_path, name, text)) == [3.0, 1.5, -2.0]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("n.csv", "", "holds no numbers"),
        ("n.csv", "1,x,3", "value 2 is 'x'"),
        ("n.csv", "1,nan", "value 2 is 'nan'"),
        ("n.json", "[1, NaN]", "not a finite"),
        ("n.json", "[1, null]", "not a finite"),
        ("n.json", "[]", "holds no numbers"),
        ("n.json", '{"a": 1}', "JSON dict"),
        ("n.json", "[1", "is not JSON"),
    ],
)
def test_bad_numbers(tmp_path, name, text, message):
    with pytest.raises(InputError, match=message):
        read_numbers(write(tmp_path, name, text))


@pytest.mark.parametrize("text", ["12 0034", "12,34", "12\n34\n", "12 + 34"])
def test_two_integers(tmp_path, text):
    assert read_two_integers(write(tmp_path, "n.txt", text)) == ("12", "34")


def test_two_integers_of_any_length(tmp_path):
    digits = "9" * 5000
    assert read_two_integers(write(tmp_path, "n.json", f"[{digits}, 0]")) == (digits, "0")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1", "holds 1 values"),
        ("1 2 3", "holds 3 values"),
        ("1 -2", "'-2'"),
        ("1 2.5", "'2.5'"),
        ("", "holds 0"),
    ],
)
def test_bad_integers(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_two_integers(write(tmp_path, "n.txt", text))
