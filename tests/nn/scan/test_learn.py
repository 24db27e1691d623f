"""Learning transducers: one code and one setting learn each variant, and say where they cannot."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError, UnsupportedError
from catalign.algorithms.arithmetic import addition_in
from catalign.distributions.digit import to_integer
from catalign.distributions.operand import AllPropagate, UniformDigits
from catalign.nn.scan import (
    HardScan,
    ScanConfig,
    ScanFit,
    Tie,
    Words,
    WordType,
    answer,
    draw_letters,
    hard,
    learn,
)
from catalign.nn.scan.word import contradiction, ties
from tests.nn.scan import rules

TASKS = {
    "addition in base 3": (WordType((3, 3), 3), rules.add(3), (0, 0), 64),
    "addition of balanced digits in base 3": (
        WordType((3, 3), 3),
        rules.add_balanced(3),
        (1, 1),
        64,
    ),
    "subtraction in base 3": (WordType((3, 3), 3), rules.subtract(3), (0, 0), 64),
    "three times, in base 5": (WordType((5,), 5), rules.times(5, 3), (0,), 96),
    "division by 3, in base 5": (WordType((5,), 5, from_last=True), rules.divide(5, 3), None, 96),
    "rest modulo 3, in base 5": (WordType((5,), 3, from_last=True), rules.modulo(5, 3), None, 96),
}


@functools.cache
def _fit(name: str) -> ScanFit:
    word_type, rule, pad, count = TASKS[name]
    # All words have six places, so that tasks of one shape share a compiled loop.
    letters = draw_letters(np.random.default_rng(0), word_type, count, 5 + (pad is None), pad=pad)
    return learn(word_type, answer(rule, word_type, letters), seed=0)


@pytest.mark.parametrize("name", TASKS)
def test_each_task_is_learned_and_proved(name: str) -> None:
    fit = _fit(name)
    certificate = fit.machine.certify(TASKS[name][1], subject=name)
    assert certificate.is_proved, certificate
    assert certificate.coverage[0].unseen == ()
    assert fit.machine.states == fit.machine.transducer.minimise().states


def test_the_tie_is_found_and_not_told() -> None:
    rolled = {name: _fit(name).machine.tie for name in list(TASKS)[:3]}
    assert rolled["addition in base 3"] == Tie((1, 1), rolled=True)
    assert rolled["subtraction in base 3"] == Tie((1, -1), rolled=True)
    assert rolled["addition of balanced digits in base 3"] == Tie((1, 1), rolled=True)


def test_a_machine_of_one_task_is_refuted_for_another() -> None:
    machine = _fit("addition in base 3").machine
    for rule in (rules.subtract(3), rules.add_balanced(3)):
        certificate = machine.certify(rule, subject="another")
        assert not certificate.holds
        word = certificate.counterexample.inputs["word"]
        assert machine.transducer.run(word) == certificate.counterexample.actual
        assert certificate.counterexample.actual != certificate.counterexample.expected


def test_every_wrong_cell_of_a_learned_machine_is_named() -> None:
    """The planted fault: each learned cell in turn."""
    machine = _fit("addition in base 3").machine
    for table, limit in (("moves", machine.states), ("writes", 3)):
        rows = getattr(machine, table)
        for row, state in np.ndindex(len(rows), machine.states):
            cells = [list(r) for r in rows]
            cells[row][state] = (cells[row][state] + 1) % limit
            broken = dataclasses.replace(machine, **{table: tuple(map(tuple, cells))})
            certificate = broken.certify(rules.add(3), subject="broken")
            assert not certificate.holds
            assert f"state {state}" in certificate.counterexample.cell


@pytest.mark.parametrize("law", [UniformDigits(), AllPropagate(), AllPropagate(carry=False)])
def test_long_numbers_are_added_exactly(law) -> None:
    machine, n = _fit("addition in base 3").machine, 400
    a, b = map(np.asarray, law.sample(jax.random.key(1), n, base=3))
    letters = np.pad(np.stack([a, b], axis=-1), ((0, 1), (0, 0)))
    total = to_integer(machine(jnp.asarray(letters)), base=3)
    assert total == to_integer(a, base=3) + to_integer(b, base=3)


def test_the_oracle_is_the_catalogues_algorithm() -> None:
    machine = _fit("addition in base 3").machine
    trace = addition_in(3).sample(jax.random.key(2), 4, 8)
    letters = np.stack([trace.inputs["a"], trace.inputs["b"]], axis=-1)
    assert np.array_equal(machine(jnp.asarray(letters)), trace.outputs["sum"])


def test_the_machine_runs_batched_as_its_transducer_does() -> None:
    for name in TASKS:
        machine, word_type = _fit(name).machine, TASKS[name][0]
        letters = draw_letters(np.random.default_rng(5), word_type, 3, 7)
        got = np.asarray(machine(jnp.asarray(letters)))
        turn = -1 if word_type.from_last else 1
        for row in range(3):
            word = [tuple(x) for x in letters[row][::turn].tolist()]
            assert got[row][::turn].tolist() == machine.transducer.run(word)


def test_one_output_for_each_word_suffices_for_a_rest() -> None:
    word_type, rule, _, count = TASKS["rest modulo 3, in base 5"]
    rng = np.random.default_rng(0)
    letters = draw_letters(rng, word_type, count, 6)
    told = rng.integers(0, 6, count)
    fit = learn(word_type, answer(rule, word_type, letters, told=told), seed=0)
    assert fit.machine.certify(rule, subject="rest").is_proved


def test_comparison_is_learned_from_its_verdicts() -> None:
    """Most significant digits first: the first that differ decide."""
    word_type = WordType((3, 3), 3, from_last=True)
    rng = np.random.default_rng(0)
    letters = draw_letters(rng, word_type, 128, 6)
    # Equal digits half of the time, so that some verdicts fall late.
    letters[..., 1] = np.where(rng.random((128, 6)) < 0.5, letters[..., 0], letters[..., 1])
    fit = learn(word_type, answer(rules.order, word_type, letters, initial=2))
    assert fit.machine.tie == Tie((1, -1), rolled=False)
    assert fit.machine.certify(rules.order, subject="comparison", initial=2).is_proved


def test_examples_that_no_machine_answers_are_refused() -> None:
    letters = np.zeros((2, 3, 1), int)
    clash = Words(letters, np.array([[0, 0, 0], [0, 1, 0]]))
    with pytest.raises(UnsupportedError, match="two equal words have different outputs"):
        learn(WordType((2,), 2), clash)
    # Palindromes of bits are no regular language: no small machine fits many of them.
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (200, 8, 1))
    bits[:100, 4:] = bits[:100, 3::-1]
    targets = np.full((200, 8), -1)
    targets[:, -1] = (bits == bits[:, ::-1]).all(axis=(1, 2))
    few = ScanConfig(states=(4,), restarts=1, updates=50)
    with pytest.raises(UnsupportedError, match="no machine of up to 4 states"):
        learn(WordType((2,), 2), Words(bits, targets), config=few)


def test_too_few_examples_are_refuted_and_the_unseen_cells_are_counted() -> None:
    word_type, rule, pad, _ = TASKS["addition in base 3"]
    letters = draw_letters(np.random.default_rng(3), word_type, 2, 3, pad=pad)
    fit = learn(word_type, answer(rule, word_type, letters))
    certificate = fit.machine.certify(rule, subject="from two examples")
    assert certificate.coverage[0].unseen or not certificate.holds


def test_a_contradiction_names_the_two_words() -> None:
    word_type, rule, pad, _ = TASKS["addition in base 3"]
    words = answer(
        rule, word_type, draw_letters(np.random.default_rng(0), word_type, 64, 5, pad=pad)
    )
    assert contradiction(word_type, Tie((1, 1), rolled=True), words) is None
    first, second = contradiction(word_type, Tie((1, -1), rolled=True), words)
    differences = words.letters[..., 0] - words.letters[..., 1]
    common = np.cumprod(differences[first] == differences[second]).sum()
    assert common >= 1
    rest = (words.targets - differences) % 3
    assert (rest[first][:common] != rest[second][:common]).any()


def test_ties_come_from_the_type_alone() -> None:
    assert len(ties(WordType((7, 7), 2))) == 8 + 4 + 1
    assert len(ties(WordType((7,), 2))) == 2 + 1


def test_settings_and_words_are_checked() -> None:
    with pytest.raises(InputError, match="`restarts` is 0"):
        ScanConfig(restarts=0)
    with pytest.raises(InputError, match="give sizes of at least 1"):
        ScanConfig(states=())
    words = Words(np.full((1, 2, 1), 5), np.zeros((1, 2), int))
    with pytest.raises(InputError, match="at least 0 and below its own"):
        learn(WordType((5,), 2), words)
    with pytest.raises(InputError, match="from 0 to 1"):
        learn(WordType((6,), 2), Words(words.letters, np.full((1, 2), 2)))


def test_one_compile_for_each_length() -> None:
    parity = HardScan(
        WordType((2,), 2), Tie((1,), rolled=False), ((0, 1), (1, 0)), ((0, 1), (1, 0))
    )
    before = hard._run._cache_size()
    for seed in range(3):
        parity(jax.random.randint(jax.random.key(seed), (11, 1), 0, 2, jnp.int32))
    assert hard._run._cache_size() == before + 1
