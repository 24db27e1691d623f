import json

import pytest

import catalign
from catalign._errors import InputError
from catalign.nn.pretrained import dumps, load, load_program, loads, pretrained_names, program_names
from catalign.nn.scan.reasoner import ScanReasoner

MACHINES = sorted(set(pretrained_names()) - set(program_names()))


def test_the_thirty_are_programs_and_seven_are_transducers():
    assert set(program_names()) == set(catalign.algorithms.catalogue.CLRS_30)
    assert MACHINES == [
        "addition",
        "comparison",
        "digit_division",
        "digit_multiplication",
        "multi_operand_addition",
        "parity",
        "subtraction",
    ]


@pytest.mark.parametrize("name", MACHINES)
def test_transducers_are_the_same_after_writing_and_reading(name):
    reasoner = load(name)
    assert isinstance(reasoner, ScanReasoner)
    text = dumps(reasoner)
    again = loads(text)
    assert isinstance(again, ScanReasoner)
    assert again.machines == reasoner.machines
    assert (again.name, again.spec) == (name, catalign.algorithms.get(name).spec)
    assert len(text) < 15_000


@pytest.mark.parametrize("name", ["minimun", "devision"])
def test_an_unknown_name_lists_the_nearest(name):
    with pytest.raises(InputError, match=r"Did you mean (minimum|digit_division)"):
        load(name)


def test_transducers_are_no_program():
    with pytest.raises(InputError, match="`name` is 'addition', for which no program of terms"):
        load_program("addition")


def _changed(**changes):
    content = json.loads(dumps(load("addition")))
    return json.dumps(content | changes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "does not hold a program"),
        (_changed(version=0), "version 0"),
        (_changed(machines=[{}]), "does not hold transducers"),
        (_changed(written={"sum": 7}), "does not hold transducers"),
        (_changed(written=[]), r"file\.json` does not hold transducers"),
        (_changed(written={}), r"file\.json.*`machines` has none for 'carry_h'"),
        (_changed(spec=[]), "does not hold transducers"),
    ],
)
def test_other_text_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        loads(text, source="file.json")


def test_a_table_with_a_wrong_value_is_refused():
    content = json.loads(dumps(load("addition")))
    content["machines"][0]["moves"][3][0] = 2
    with pytest.raises(InputError, match=r"file\.json.*values from 0 to 2"):
        loads(json.dumps(content), source="file.json")
