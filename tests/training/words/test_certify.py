import dataclasses

import jax.numpy as jnp
import pytest

import catalign
from catalign._errors import InputError
from catalign.distributions.digit import shift_up
from catalign.nn.pretrained import pretrained_names, program_names
from catalign.nn.scan.hard import HardScan
from catalign.nn.scan.reasoner import ScanReasoner
from catalign.training.words.certify import certify_words

MULTIPLICATION = catalign.algorithms.get("digit_multiplication")


def broken(reasoner: ScanReasoner, name: str, machine: HardScan) -> ScanReasoner:
    return ScanReasoner(reasoner.name, reasoner.spec, reasoner.machines | {name: machine})


def shift(machine: HardScan, table: str, row: int, state: int) -> HardScan:
    """The machine with one cell of a table moved on by one."""
    cells = [list(cells) for cells in getattr(machine, table)]
    limit = machine.states if table == "moves" else machine.word_type.outputs
    cells[row][state] = (cells[row][state] + 1) % limit
    return dataclasses.replace(machine, **{table: tuple(map(tuple, cells))})


@pytest.mark.parametrize("name", sorted(set(pretrained_names()) - set(program_names())))
def test_the_shipped_reasoners_are_proved(name: str, monkeypatch) -> None:
    """Their tables are compared with the columns; sizes and small words are run for one of them."""
    algorithm = catalign.algorithms.get(name)
    sizes = (32,) if name == "digit_division" else ()
    if not sizes:
        monkeypatch.setattr("catalign.training.words.certify._listed", lambda *_: iter(()))
    certificate = catalign.certify(catalign.load(name), algorithm, sizes=sizes, count=4)
    assert certificate.is_proved
    assert len(certificate.proved) == len(catalign.load(name).machines)
    if sizes:
        assert certificate.exhaustive[0].up_to == 3
        assert {s.size for s in certificate.sampled} == {32}


def test_wrong_cells_that_small_words_reach_are_found() -> None:
    """The planted fault: a carry chain of nines, and one product of the table."""
    addition = catalign.algorithms.get("addition")
    reasoner = catalign.load("addition")
    total = reasoner.machines["sum"]
    for table, row, state in (("moves", 9, 1), ("moves", 18, 0), ("writes", 0, 1)):
        wrong = broken(reasoner, "sum", shift(total, table, row, state))
        certificate = certify_words(wrong, addition, sizes=(), count=1)
        assert certificate.verdict == "refuted"
        assert certificate.counterexample is not None
        assert certificate.counterexample.cell.startswith("sum")


def test_a_fault_that_no_sample_shows_is_found_by_the_proof(monkeypatch) -> None:
    """Nothing is run here: the comparison with the column alone finds it, with a shortest word."""
    monkeypatch.setattr("catalign.training.words.certify._listed", lambda *_: iter(()))
    reasoner = catalign.load("digit_multiplication")
    carry = reasoner.machines["carry"]
    # The letter (9, 9) after a carry of 8.
    wrong = broken(reasoner, "carry", shift(carry, "writes", 99, 8))
    certificate = certify_words(wrong, MULTIPLICATION, sizes=())
    assert certificate.counterexample is not None
    assert certificate.counterexample.inputs == {"a": [9, 9], "m": 9}
    assert certificate.counterexample.expected == [8, 8]
    assert "carry, the output (letter (9, 9), state 8)" in certificate.counterexample.cell


def test_what_no_word_reaches_refutes_nothing() -> None:
    """By one, nothing is carried: what would follow a carry of 8 is no part of the algorithm."""
    reasoner = catalign.load("digit_multiplication")
    carry = reasoner.machines["carry"]
    same = broken(reasoner, "carry", shift(carry, "writes", 51, 8))
    assert certify_words(same, MULTIPLICATION, sizes=(), count=1).is_proved


def test_a_reasoner_of_another_spec_is_named() -> None:
    with pytest.raises(InputError, match="subtraction"):
        certify_words(catalign.load("addition"), catalign.algorithms.get("subtraction"))


def test_another_algorithm_of_the_same_spec_refutes_it() -> None:
    """A carry from eleven on: the smallest instance shows it."""
    addition = catalign.algorithms.get("addition")

    def step(inputs, carry):
        return inputs["a"] + inputs["b"] + shift_up(carry).astype(jnp.int32) >= 11

    other = dataclasses.replace(
        addition, step=step, done=lambda inputs, carry: (step(inputs, carry) == carry).all()
    )
    certificate = certify_words(catalign.load("addition"), other, sizes=(), count=1)
    assert certificate.counterexample is not None
    assert certificate.counterexample.inputs == {"a": [1], "b": [9]}


def test_functions_that_were_replaced_are_not_proved() -> None:
    """The column still says what it said; the algorithm does something else from 100 digits on."""
    addition = catalign.algorithms.get("addition")

    def outputs(inputs, carry):
        right = addition.outputs(inputs, carry)
        return right if carry.shape[0] < 100 else {k: v * 0 == 1 for k, v in right.items()}

    other = dataclasses.replace(addition, outputs=outputs)
    certificate = certify_words(catalign.load("addition"), other, sizes=(), count=1)
    assert not certificate.is_proved
    assert "functions that its column made were replaced" in certificate.unproved[0]
    resampled = dataclasses.replace(addition, sampler=lambda key, size: addition.sampler(key, size))
    assert certify_words(catalign.load("addition"), resampled, sizes=(), count=1).is_proved


def test_runs_that_do_not_end_are_no_evidence() -> None:
    addition = catalign.algorithms.get("addition")
    endless = dataclasses.replace(
        addition, done=lambda inputs, carry: jnp.bool_(False), max_steps=lambda n: 1
    )
    certificate = certify_words(catalign.load("addition"), endless, sizes=(4,), count=4)
    assert certificate.verdict == "nothing known"
    assert "runs that the algorithm does not complete were not judged" in certificate.unproved[-1]


def test_a_count_below_one_is_named() -> None:
    addition = catalign.algorithms.get("addition")
    with pytest.raises(InputError, match="`count` is 0"):
        catalign.certify(catalign.load("addition"), addition, count=0)
