import json

import pytest

from catalign._errors import InputError
from catalign.nn.discrete.store import dumps, loads
from catalign.nn.pretrained import load_program as load
from catalign.nn.pretrained import program_names


@pytest.mark.parametrize("name", program_names())
def test_a_program_is_the_same_after_writing_and_reading(name):
    program = load(name).program
    assert loads(dumps(program)) == program
    assert len(dumps(program)) < 100_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "does not hold a program"),
        ("{}", "does not hold a program"),
        ('{"version": 0}', "version 0"),
    ],
)
def test_other_text_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        loads(text, source="file.json")


def test_an_unknown_symbol_is_refused():
    content = json.loads(dumps(load("minimum").program))
    content["halt"] = ["Exec", "rm"]
    with pytest.raises(InputError, match=r"file\.json"):
        loads(json.dumps(content), source="file.json")
