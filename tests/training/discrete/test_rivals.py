import jax
import numpy as np
import pytest

import catalign
from catalign.training.discrete.rivals import fresh_traces, rivals, telling_instances

MINIMUM = catalign.algorithms.get("minimum")
PROGRAM = catalign.load("minimum").program


@pytest.fixture(scope="module")
def fresh():
    return fresh_traces(MINIMUM, seed=3)


def test_what_few_runs_leave_open_is_listed_with_an_input_that_decides(fresh):
    # On falling keys the next node is always the minimum: so are many other terms.
    falling = {"pos": np.arange(4)[None] / 4, "key": np.array([[0.9, 0.7, 0.5, 0.1]])}
    seen = [MINIMUM.traces(jax.tree.map(jax.numpy.asarray, falling))]
    found = [r for r in rivals(PROGRAM, seen, fresh) if r.rule == "min_h"]
    # The cell that keeps the minimum was never met: everything is a rival there.
    kept = [r for r in found if r.cell == "not (key[i'] < key[min_h])"]
    assert {"i'", "i", "first"} <= {r.rival for r in kept}
    for r in found:
        if r.inputs is not None:
            assert "they differ at step" in str(r)
            assert r.inputs["key"].shape in {(5,), (6,)}


def test_the_inputs_leave_no_rival_that_they_tell_apart(fresh):
    seen = [MINIMUM.sample(jax.random.key(0), 1, 4)]
    before = [r for r in rivals(PROGRAM, seen, fresh) if r.inputs is not None]
    assert before
    batches = telling_instances(PROGRAM, seen, fresh_traces(MINIMUM, seed=3))
    more = [MINIMUM.traces(batch) for batch in batches]
    after = [r for r in rivals(PROGRAM, [*seen, *more], fresh) if r.inputs is not None]
    assert after == []


def test_terms_that_are_equal_everywhere_stay_without_an_input(fresh):
    seen = [MINIMUM.sample(jax.random.key(0), 8, 5), *fresh]
    found = rivals(PROGRAM, seen, fresh)
    assert all(r.inputs is None for r in found)
    # i + 1 is i' while there is a next node, so that no state decides between them.
    assert any((r.rule, r.term, r.rival) == ("min_h", "i'", "i + 1") for r in found)
