"""Laws of reuse: which instances come again, and which never do."""

import jax
import jax.numpy as jnp
import pytest

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.distributions.reuse import Budget, Fresh, TwoSet

BATCH = 64


def _seen(law, seeds: range) -> list[tuple[int, ...]]:
    """The keys of some batches, as numbers."""
    keys = [jax.random.key_data(law.keys(jax.random.key(s), BATCH)) for s in seeds]
    return [tuple(row) for row in jnp.concatenate(keys).tolist()]


def test_fresh_instances_never_come_again() -> None:
    assert len(set(_seen(Fresh(), range(3)))) == 3 * BATCH


def test_a_budget_is_used_up_and_never_exceeded() -> None:
    assert len(set(_seen(Budget(5), range(3)))) == 5
    assert set(_seen(Budget(5), range(3))) == set(_seen(Budget(5), range(7, 10)))
    assert set(_seen(Budget(5), range(3))).isdisjoint(_seen(Budget(5, seed=1), range(3)))


@pytest.mark.parametrize(("p", "again"), [(0.0, 0), (1.0, 3 * BATCH)])
def test_two_sets_are_one_at_the_ends(p: float, again: int) -> None:
    small = set(_seen(Budget(4), range(3)))
    seen = _seen(TwoSet(4, p), range(3))
    assert sum(key in small for key in seen) == again


def test_two_sets_mix_in_the_given_share() -> None:
    small = set(_seen(Budget(4), range(3)))
    seen = _seen(TwoSet(4, 0.25), range(20))
    share = sum(key in small for key in seen) / len(seen)
    assert share == pytest.approx(0.25, abs=0.05)
    others = [key for key in seen if key not in small]
    assert len(set(others)) == len(others)


def test_every_sampler_takes_one() -> None:
    minimum = get("minimum")
    draw = [minimum.sample_inputs(jax.random.key(s), 16, 4, reuse=Budget(2)) for s in (0, 1)]
    keys = jnp.concatenate([inputs["key"] for inputs in draw])
    assert len({tuple(row) for row in keys.tolist()}) == 2
    fresh = minimum.sample_inputs(jax.random.key(0), 16, 4)["key"]
    assert len({tuple(row) for row in fresh.tolist()}) == 16


def test_bad_laws_are_named() -> None:
    with pytest.raises(InputError, match="`instances` is 0"):
        Budget(0)
    with pytest.raises(InputError, match="`instances` is 0"):
        TwoSet(0, 0.5)
    with pytest.raises(InputError, match=r"`p` is 1\.5"):
        TwoSet(3, 1.5)
