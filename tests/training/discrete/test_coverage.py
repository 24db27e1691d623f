"""How often examples meet the cells of a rule."""

import jax

import catalign
from catalign.distributions.key import SortedKeys
from catalign.nn.discrete.rule import leaves
from catalign.training.discrete.coverage import cell_counts
from catalign.training.discrete.learn import ExactConfig, learn
from catalign.training.discrete.transitions import pool

MINIMUM = catalign.algorithms.get("minimum")


def _views(size: int, count: int):
    with jax.enable_x64(True):
        p = pool(MINIMUM.spec, MINIMUM.sample(jax.random.key(1), count, size), [])
    return [p.view(p.steps)]


def test_each_receiver_of_each_state_is_counted_once():
    (view,) = _views(5, 3)
    for rule in catalign.load("minimum").program.step:
        counts = cell_counts("x", rule, [view])
        assert len(counts) == len(list(leaves(rule.tree)))
        assert sum(counts.values()) == view.m * view.n**rule.field.rank


def test_a_cell_that_no_state_meets_has_none():
    (rule,) = (r for r in catalign.load("minimum").program.step if r.field.name == "min_h'")
    with jax.enable_x64(True):
        sorted_keys = MINIMUM.sample(jax.random.key(0), 4, 6, keys=SortedKeys())
        p = pool(MINIMUM.spec, sorted_keys, [])
    counts = cell_counts("min_h", rule, [p.view(p.steps)])
    assert all(name.startswith("min_h: ") for name in counts)
    # The first of sorted keys is the least: the register never moves.
    assert sorted(counts.values()) == [0, len(p.steps)]


def test_learning_counts_what_its_rules_were_checked_on():
    found = learn(MINIMUM, ExactConfig(sizes=(4, 8), traces=20))
    assert not found.coverage.unseen
    rules = [*found.program.first, *found.program.step, *found.program.outputs]
    cells = sum(len(list(leaves(r.tree))) for r in rules)
    assert len(found.coverage.counts) == cells + len(list(leaves(found.program.halt)))
    assert "cells seen in training" in str(found.coverage)
