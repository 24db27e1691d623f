"""Each file of the processors holds one processor, a final class."""

import importlib

import pytest

from catalign.nn.processor import AbstractProcessor
from tests.architecture.tree import modules

PARTS = "catalign.nn.processors.parts"
"""What processors are made of, and none itself."""
FILES = [m for m in modules("catalign") if m.startswith("catalign.nn.processors.")]


def processors(module: str) -> list[type[AbstractProcessor]]:
    """The classes of processors that a module defines."""
    return [
        value
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, type)
        and issubclass(value, AbstractProcessor)
        and value.__module__ == module
    ]


@pytest.mark.parametrize("module", FILES)
def test_a_file_holds_one_processor_and_it_is_final(module: str) -> None:
    found = processors(module)
    assert len(found) == (0 if module == PARTS else 1)
    assert [each for each in found if not vars(each).get("__final__")] == []
