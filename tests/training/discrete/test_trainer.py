"""Which states and receivers a rule is fitted to."""

import jax
import numpy as np
import pytest

from catalign.algorithms import catalogue
from catalign.nn.discrete.rule import Constantly, Leaf, Own, Rule
from catalign.nn.discrete.signature import memories
from catalign.training.discrete.trainer import (
    RARE,
    Attempt,
    Learned,
    Learner,
    Source,
    failures,
    rare,
)
from catalign.training.discrete.transitions import Pool, pool

STEPS = Source("steps", {}, {})


@pytest.fixture(scope="module")
def learner():
    algorithm = catalogue.get("dfs")
    kept = memories(algorithm.spec)
    pools = []
    for size in (4, 6):
        trace = algorithm.sample(jax.random.key(size), 300, size, steps=24)
        pools.append(pool(algorithm.spec, trace, kept))
    return Learner(algorithm.spec, pools, seed=0, log=lambda _: None, on_rule=lambda _: None)


def test_steps_of_one_kind_change_the_same_hints(learner):
    p = learner.pools[1]
    at = p.steps
    kinds = p.kinds(at)
    names = [name for name in p.hints if not name.startswith("@")]
    for kind in np.unique(kinds):
        sets = {
            tuple(n for n in names if not np.array_equal(p.hints[n][t, b], p.hints[n][t + 1, b]))
            for t, b in at[kinds == kind][:20]
        }
        assert len(sets) == 1
    assert len(np.unique(kinds)) > 2


def test_a_sample_of_states_holds_some_of_every_kind(learner):
    kinds = np.array([0] * 900 + [1] * 95 + [2] * 5)
    mixed = np.random.default_rng(0).permutation(1000)
    chosen, rest = np.setdiff1d(mixed[:100], np.arange(995, 1000)), np.arange(995, 1000)
    assert sorted(rare(kinds, chosen, rest, 100)) == [995, 996, 997, 998, 999]
    assert not len(rare(kinds, chosen, np.flatnonzero(kinds == 0), 100))

    source = learner.source("steps", lambda p: p.steps, lambda p, at: p.view(at), Pool.kinds)
    for p, view in zip(learner.pools, source.fitted[0], strict=True):
        every, count = np.unique(p.kinds(p.steps), return_counts=True)
        assert view.m >= min(300, len(p.steps))
        assert count.min() < 300 // RARE, "the test needs a rare kind"
        changes = np.zeros(view.m, np.int64)
        for name in p.hints:
            if not name.startswith("@"):
                differs = view.fields[name] != view.fields[name + "'"]
                changes = 2 * changes + differs.reshape(view.m, -1).any(axis=1)
        found = dict(zip(*np.unique(changes, return_counts=True), strict=True))
        for kind, there in zip(every, count, strict=True):
            assert found[kind] >= min(there, 300 // RARE)


def test_receivers_where_a_rule_failed_are_looked_at_again(learner):
    source = learner.source("steps", lambda p: p.steps, lambda p, at: p.view(at), Pool.kinds)
    own = next(f for f in learner.hints if f.name == "color")
    views = source.checked[1]
    stays = Rule(own.next, Leaf(Own("color", 1)))
    for view in views:
        wrong = failures(view, stays)
        np.testing.assert_array_equal(wrong, view.fields["color"] != view.fields["color'"])
    never = Rule(own.next, Leaf(Constantly(2)))
    most = sum(int(failures(v, never).sum()) for v in views)
    rows, changed = learner.rows(views, own.next, own, [never])
    inside = (rows.target(own.next) != 2).sum()
    plain, _ = learner.rows(views, own.next, own)
    assert rows.count == len(changed) > plain.count
    assert inside >= min(most, 1500)


@pytest.mark.parametrize("clashes", [0, 3])
def test_what_is_too_long_is_looked_for_at_other_rows_before_memory(learner, monkeypatch, clashes):
    missing = [f.next for f in learner.hints[:1]]
    attempt = Attempt(None, "too long", clashes, "no rule of a cost up to 72 was found")
    none = Learned([], missing, {f.name: attempt for f in missing})
    kept, remembered = [], []

    def fit_all(*_):
        kept.append(len(learner.problems))
        return none if len(kept) < 3 else Learned([], [])

    monkeypatch.setattr(learner, "memory", memories(learner.spec)[:1])
    monkeypatch.setattr(learner, "problems", {"some rows": None})
    monkeypatch.setattr(learner, "fit_all", fit_all)
    monkeypatch.setattr(learner, "best_memory", lambda *_: remembered.append(len(kept)))
    assert learner.learn_step(STEPS)[1].missing == []
    assert kept == ([1, 1, 1] if clashes else [1, 1, 0])
    # Where rows contradict each other, other rows would not help.
    assert remembered == ([2] if clashes else [])
    assert none.lacks("step") == [f"step: {missing[0].name} (no rule of a cost up to 72 was found)"]


def test_a_memory_that_no_rule_reads_is_not_kept(learner):
    """A rule that is found beside a memory, but does not read it, is no reason for the memory."""
    tree = Leaf(Own("color", 1))
    asked = []

    def fit(source, target, own, fields, tier, limit):
        asked.append(fields)
        return Attempt(tree, "cost 1.0")

    learned = Learned([], [f.next for f in learner.hints if f.name == "color"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner, "fit", fit)
        assert learner.best_memory(STEPS, learned, [], [], True) is None
        assert len(asked) == len(memories(learner.spec))
        first = memories(learner.spec)[0].field
        tree = Leaf(Own(first.name, first.rank))
        found = learner.best_memory(STEPS, learned, [], [], True)
        assert found is not None
        assert found.field == first
