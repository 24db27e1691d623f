import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import ShapeMismatchError
from catalign.alignment.transducer import Transducer, compare
from catalign.nn.scan import UNSUPERVISED, Words, WordType
from catalign.nn.scan.told import learn_told, unmet


@st.composite
def told(draw):
    """A random machine that writes its next state, with words that meet every cell."""
    states, letters = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    cell = st.integers(0, states - 1)
    moves = draw(
        st.lists(st.lists(cell, min_size=states, max_size=states), min_size=letters, max_size=3)
    )
    return moves[:letters], states, draw(st.booleans()), draw(st.integers(0, 2**31 - 1))


def run(moves, letters, *, from_last):
    """The states after each place, from state 0 on."""
    read = letters[:, ::-1] if from_last else letters
    states = np.zeros_like(read)
    state = np.zeros(len(read), int)
    for place in range(read.shape[1]):
        state = np.asarray(moves)[read[:, place], state]
        states[:, place] = state
    return states[:, ::-1] if from_last else states


@settings(max_examples=30, deadline=None)
@given(told())
def test_a_machine_that_shows_its_states_is_learned_whatever_it_is(case):
    moves, states, from_last, seed = case
    letters = np.random.default_rng(seed).integers(0, len(moves), (400, 6))
    after = run(moves, letters, from_last=from_last)
    word_type = WordType((len(moves),), states, from_last)
    words = Words(letters[..., None], after)
    machine = learn_told(word_type, words, after)
    assert machine is not None
    true = Transducer((len(moves),), states, tuple(map(tuple, moves)), tuple(map(tuple, moves)))
    assert compare(machine.transducer, true).word is None


def test_what_the_told_state_does_not_explain_is_refused():
    letters = np.random.default_rng(0).integers(0, 2, (64, 5, 1))
    odd = letters[..., 0].cumsum(axis=1) % 2
    assert learn_told(WordType((2,), 2), Words(letters, odd), np.zeros_like(odd)) is None
    # Read from the other end, the state is no function of what was read.
    assert learn_told(WordType((2,), 2, True), Words(letters, odd), odd) is None


def test_states_of_another_shape_are_named():
    words = Words(np.zeros((2, 3, 1), int), np.zeros((2, 3), int))
    with pytest.raises(ShapeMismatchError, match="`states` has shape"):
        learn_told(WordType((2,), 2), words, np.zeros((2, 2), int))


@pytest.mark.parametrize("from_last", [False, True])
def test_asking_for_what_was_not_met_ends_with_every_reachable_cell(from_last):
    """A counter modulo three, from one word: each round asks on, until nothing is left."""
    moves, word_type = [[0, 1, 2], [1, 2, 0]], WordType((2,), 3, from_last)
    words = [np.array([[0], [1]])]
    for _ in range(9):
        length = max(map(len, words))
        pads = [(length - len(w), 0) if from_last else (0, length - len(w)) for w in words]
        letters = np.stack([np.pad(w, (p, (0, 0))) for w, p in zip(words, pads, strict=True)])
        states = np.stack(
            [
                np.pad(run(moves, w[None, :, 0], from_last=from_last)[0], p, constant_values=-1)
                for w, p in zip(words, pads, strict=True)
            ]
        )
        machine = learn_told(word_type, Words(letters, states), states)
        assert machine is not None
        more = unmet(word_type, machine.tie, Words(letters, states), states)
        if not more:
            break
        words += more
    else:
        raise AssertionError("it asked for ever")
    assert not machine.coverage[0].unseen
    true = Transducer((2,), 3, tuple(map(tuple, moves)), tuple(map(tuple, moves)))
    assert compare(machine.transducer, true).word is None


def test_constant_entries_stay_constant():
    letters = np.array([[[0, 1], [1, 1]], [[1, 0], [1, 0]]])
    states = np.zeros((2, 2), int)
    word_type = WordType((2, 2), 1)
    machine = learn_told(word_type, Words(letters, states), states)
    assert machine is not None
    for word in unmet(word_type, machine.tie, Words(letters, states), states, constant=(1,)):
        assert len(set(word[:, 1].tolist())) == 1


def test_padding_tells_nothing():
    letters = np.array([[[1], [0]], [[1], [1]]])
    states = np.array([[1, UNSUPERVISED], [1, 0]])
    machine = learn_told(WordType((2,), 2), Words(letters, states), states)
    assert machine is not None
    assert machine(jnp.asarray(letters))[1].tolist() == [1, 0]
