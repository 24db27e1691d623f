"""Tests of loading values from the user's own files."""

import pytest

from catalign._errors import InputError
from tasks.user_code import absolute, load


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("class Thing:\n    pass\n\nvalue = Thing()\n")
    return path


def test_a_file_is_executed_once(mine):
    assert isinstance(load("--task", f"{mine}:value"), load("--task", f"{mine}:Thing"))


def test_absolute(mine, monkeypatch):
    monkeypatch.chdir(mine.parent)
    assert absolute("mine.py:value") == f"{mine}:value"
    assert absolute("bfs") == "bfs"


def test_faults_are_named(mine, tmp_path):
    with pytest.raises(InputError, match="has no 'values'; it has Thing, value"):
        load("--task", f"{mine}:values")
    with pytest.raises(InputError, match="no file"):
        load("--task", f"{tmp_path}/none.py:value")
    with pytest.raises(InputError, match=r"FILE\.py:NAME"):
        load("--task", str(mine))
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0\n")
    with pytest.raises(InputError, match="ZeroDivisionError"):
        load("--task", f"{broken}:value")
