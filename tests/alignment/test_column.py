import dataclasses

import jax
import numpy as np
import pytest

import catalign
from catalign._errors import InputError
from catalign.algorithms.arithmetic_chain import ChainedAlgorithm
from catalign.algorithms.catalogue import names
from catalign.alignment.column import column_alphabets, column_transducer
from catalign.alignment.transducer import Transducer, certify_transducer, compare

CHAINED = [n for n in names() if isinstance(catalign.algorithms.get(n), ChainedAlgorithm)]


@pytest.mark.parametrize("name", CHAINED)
def test_a_column_writes_what_the_algorithm_shows_at_its_end(name):
    algorithm = catalign.algorithms.get(name)
    letters, column = algorithm.column.operands, algorithm.column
    alphabets = column_alphabets(column, letters)
    trace = jax.device_get(algorithm.sample(jax.random.key(0), 4, 7))
    rows = np.stack(
        [np.broadcast_to(np.asarray(trace.inputs[p.name]).reshape(4, -1), (4, 7)) for p in letters],
        axis=-1,
    )
    last = np.asarray(trace.lengths) - 1
    shown = {k: v[last, np.arange(4)] for k, v in trace.hints.items()} | dict(trace.outputs)
    assert set(shown) == set(column.rules)
    for probe, values in shown.items():
        machine = column_transducer(column, probe, letters, alphabets)
        for word, expected in zip(rows.tolist(), np.asarray(values).astype(int), strict=True):
            read = word[::-1] if column.from_last else word
            written = machine.run([tuple(letter) for letter in read])
            assert (written[::-1] if column.from_last else written) == expected.tolist()


def test_a_divisor_of_nothing_is_in_no_alphabet():
    column = catalign.algorithms.get("digit_division").column
    alphabets = column_alphabets(column, column.operands)
    assert [{letter[1] for letter in letters} for letters in alphabets] == [
        {d} for d in range(1, 10)
    ]


def test_a_probe_it_does_not_write_and_a_state_outside_are_named():
    column = catalign.algorithms.get("addition").column
    with pytest.raises(InputError, match="`name` is 'product'"):
        column_transducer(column, "product", column.operands)
    counting = catalign.algorithms.get("comparison").column
    endless = dataclasses.replace(counting, leaving=lambda inputs, state: state + 1)
    with pytest.raises(InputError, match=r"leaves the states \[3\], of 3"):
        column_transducer(endless, "order", endless.operands)


def test_a_rule_that_reads_more_than_its_digit_is_named():
    column = catalign.algorithms.get("addition").column
    placed = dataclasses.replace(column, leaving=lambda inputs, state: inputs["pos"] > 0.5)
    with pytest.raises(InputError, match="'carry' of `column` reads the input 'pos'"):
        column_transducer(placed, "carry", placed.operands)


def test_alphabets_keep_words_apart():
    """Two machines that differ only where a word mixes letters of two sets."""
    first = Transducer((2,), 2, moves=((0, 0), (1, 1)), writes=((0, 0), (0, 0)))
    other = dataclasses.replace(first, writes=((0, 1), (0, 0)))
    assert compare(first, other).word == ((1,), (0,))
    assert compare(first, other, [[(0,)], [(1,)]]).word is None
    assert certify_transducer(first, other, subject="x", alphabets=[[(0,)], [(1,)]]).is_proved
    assert compare(first, other, [[(1,), (0,)]]).word == ((1,), (0,))
    with pytest.raises(InputError, match="the letter"):
        compare(first, other, [[(2,)]])
