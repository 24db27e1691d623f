"""Tables over two words: one cell learns several, is proved, and finds long answers."""

import dataclasses
import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.nn.grid import GridCell, PairExamples, learn_cell
from catalign.nn.grid.cell import CELLS, allowed, reachable, table

RULES = {
    "longest common subsequence": (
        lambda equal, corner, north, west: corner + 1 if equal else max(north, west),
        0,
    ),
    "edit distance": (
        lambda equal, corner, north, west: min(corner + (not equal), north + 1, west + 1),
        1,
    ),
    "insertions and deletions": (
        lambda equal, corner, north, west: corner if equal else min(north, west) + 1,
        1,
    ),
}


def _examples(name: str, pairs: int = 128, size: int = 5, seed: int = 0) -> PairExamples:
    rule, border = RULES[name]
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 2, (2, pairs, size))
    lengths = rng.integers(1, size + 1, pairs)
    answers = [
        table(rule, tuple(x[:n]), tuple(y), border=border)[-1][1:]
        for x, y, n in zip(first, second, lengths, strict=True)
    ]
    return PairExamples(first, lengths, second, np.array(answers), border)


@functools.cache
def _learned(name: str) -> GridCell:
    return learn_cell(_examples(name), restarts=2)


@pytest.mark.parametrize("name", RULES)
def test_each_table_is_learned_from_its_answers_and_proved(name: str) -> None:
    rule, border = RULES[name]
    certificate = _learned(name).certify(rule, border=border)
    assert certificate.is_proved, certificate
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 2, 23), rng.integers(0, 2, 31)
    expected = table(rule, tuple(first), tuple(second), border=border)[-1][1:]
    got = _learned(name).answers(jnp.asarray(first), jnp.asarray(second))
    assert got.tolist() == expected


def test_one_table_is_refuted_as_another() -> None:
    for learned, other in itertools.permutations(RULES, 2):
        rule, border = RULES[other]
        found = _learned(learned).certify(rule, border=border).counterexample
        assert found is not None
        answers = table(rule, found.inputs["first"], found.inputs["second"], border=border)
        assert answers[-1][-1] == found.expected
        assert found.actual != found.expected


@pytest.mark.parametrize("name", RULES)
def test_every_wrong_cell_that_can_occur_is_found(name: str) -> None:
    """The planted fault."""
    rule, border = RULES[name]
    cell = _learned(name)
    for number, place in enumerate(CELLS):
        if place not in reachable(rule, border):
            continue
        for rise in set(allowed(*place[1:])) - {cell.rises[number]}:
            rises = (*cell.rises[:number], rise, *cell.rises[number + 1 :])
            assert not GridCell(rises, border).certify(rule, border=border).holds


def test_batches_are_what_single_pairs_are() -> None:
    words = jax.random.randint(jax.random.key(0), (2, 3, 9), 0, 2, jnp.int32)
    cell = _learned("edit distance")
    both = jax.vmap(cell.answers)(words[0], words[1])
    assert both[1].tolist() == cell.answers(words[0, 1], words[1, 1]).tolist()


def test_answers_without_a_local_rule_are_refused() -> None:
    examples = _examples("edit distance")
    # Random answers.
    noise = np.random.default_rng(0).integers(0, 2, examples.answers.shape).cumsum(axis=1)
    shifted = PairExamples(
        examples.first, examples.lengths, examples.second, noise + examples.lengths[:, None], 1
    )
    with pytest.raises(UnsupportedError, match="none of 2 restarts"):
        learn_cell(shifted, restarts=2)


def test_what_refutes_a_cell_mends_it() -> None:
    """Active coverage: these examples never meet one cell, and the words that show it do."""
    name = "edit distance"
    rule, border = RULES[name]
    examples = _examples(name, seed=2)
    cell = learn_cell(examples, seed=2, restarts=2)
    found = cell.certify(rule, border=border).counterexample
    assert found is not None
    x, y = found.inputs["first"], found.inputs["second"]
    assert max(len(x), len(y)) > examples.first.shape[1]
    more = examples.extended(x, y, table(rule, x, y, border=border)[-1][1:])
    assert more.is_told.sum() == examples.is_told.sum() + len(y)
    assert (more.differences()[:-1, :5] == examples.differences()).all()
    mended = learn_cell(more, seed=2, restarts=2)
    assert mended.certify(rule, border=border).is_proved


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="give 18"):
        GridCell((0,), 0)
    with pytest.raises(InputError, match="neighbours differ by at most 1"):
        GridCell((2,) * 18, 0)
    with pytest.raises(InputError, match="at least 1 each"):
        _learned("edit distance").answers(jnp.zeros(0, jnp.int32), jnp.zeros(2, jnp.int32))
    with pytest.raises(InputError, match="differ by"):
        reachable(lambda equal, corner, north, west: corner + 3, 0)
    good = _examples("edit distance", pairs=2)
    with pytest.raises(InputError, match="more than 1"):
        PairExamples(good.first, good.lengths, good.second, good.answers * 5, 1)
    with pytest.raises(InputError, match="`second_lengths` holds 5 to 6"):
        dataclasses.replace(good, second_lengths=np.array([5, 6]))
    with pytest.raises(InputError, match="have 0 and 2 letters"):
        good.extended((), (0, 1), (1, 2))
    with pytest.raises(ShapeMismatchError, match="`answers` has 3 values"):
        good.extended((1,), (0, 1), (1, 1, 2))
    with pytest.raises(ShapeMismatchError, match="`second_lengths` has the shape"):
        dataclasses.replace(good, second_lengths=np.array([5]))
    with pytest.raises(ShapeMismatchError, match="twice"):
        PairExamples(good.first, good.lengths, good.second[:1], good.answers, 1)
