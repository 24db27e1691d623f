"""The soft layer: the product of matrices and the moving row agree, and it keeps to its sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import InputError, ShapeMismatchError, SoftEvaluationError
from catalign.nn.scan.hard import HardScan
from catalign.nn.scan.model import MonoidScan, loss
from catalign.nn.scan.word import Tie, WordType

TYPE = WordType((3, 3), 3)


def _layer(tie: Tie, *, from_last: bool = False) -> MonoidScan:
    word_type = WordType((3, 3), 3, from_last=from_last)
    return MonoidScan(word_type, 4, tie=tie, max_places=6, rngs=nnx.Rngs(0))


@pytest.mark.parametrize("from_last", [False, True])
@pytest.mark.parametrize(
    "tie", [Tie((1, -1), rolled=True), Tie((1, 1), rolled=False), Tie(None, rolled=False)]
)
def test_the_loss_is_that_of_the_layers_probabilities(tie: Tie, from_last: bool) -> None:
    layer = _layer(tie, from_last=from_last)
    keys = jax.random.split(jax.random.key(0))
    letters = jax.random.randint(keys[0], (5, 6, 2), 0, 3, jnp.int32)
    targets = jax.random.randint(keys[1], (5, 6), -1, 3, jnp.int32)
    probabilities = layer(letters)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1.0, rtol=1e-5)
    told = targets >= 0
    chosen = jnp.take_along_axis(probabilities, jnp.maximum(targets, 0)[..., None], axis=-1)
    expected = -jnp.sum(jnp.where(told, jnp.log(chosen[..., 0]), 0.0)) / int(told.sum())
    classes = tie.sort(TYPE, letters)
    turned = (targets - classes + tie.offset(TYPE)) % 3 if tie.rolled else targets
    turned = jnp.where(told, turned, -1)
    turn = -1 if from_last else 1
    got = loss(
        {"moves": layer.moves[...], "writes": layer.writes[...]},
        jax.nn.one_hot(classes[:, ::turn].T, tie.classes(TYPE)),
        jax.nn.one_hot(turned[:, ::turn].T, 3),
        rolled=tie.rolled,
    )
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_longer_words_than_those_of_training_are_refused() -> None:
    layer = _layer(Tie((1, 1), rolled=True))
    with pytest.raises(SoftEvaluationError, match=r"7 places, but this soft layer .* on 6"):
        layer(jnp.zeros((1, 7, 2), jnp.int32))


def test_what_does_not_fit_is_refused() -> None:
    layer = _layer(Tie((1, 1), rolled=True))
    with pytest.raises(ShapeMismatchError, match="1 entries a letter"):
        layer(jnp.zeros((1, 6, 1), jnp.int32))
    with pytest.raises(ShapeMismatchError, match="moves"):
        layer.with_parameters({"moves": jnp.zeros((1, 4, 4)), "writes": layer.writes[...]})
    with pytest.raises(InputError, match="`states` is 0"):
        MonoidScan(TYPE, 0, tie=Tie((1, 1), rolled=True), max_places=1, rngs=nnx.Rngs(0))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**31 - 1), st.booleans(), st.booleans())
def test_a_hard_scan_gives_the_same_on_the_host(states, seed, rolled, from_last):
    rng = np.random.default_rng(seed)
    tie = Tie((1, -1), rolled=rolled)
    moves = tuple(map(tuple, rng.integers(0, states, (5, states)).tolist()))
    writes = tuple(map(tuple, rng.integers(0, 3, (1 if rolled else 5, states)).tolist()))
    machine = HardScan(WordType((3, 3), 3, from_last), tie, moves, writes)
    letters = rng.integers(0, 3, (4, 9, 2))
    assert (np.asarray(machine(jnp.asarray(letters))) == machine.run_on_host(letters)).all()
