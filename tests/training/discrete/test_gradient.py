import dataclasses
import functools

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

import catalign
from catalign._errors import InputError
from catalign.nn.discrete.condition import IsNone
from catalign.nn.discrete.expression import End, Register, Step
from catalign.nn.discrete.rule import Leaf, Rule, Split
from catalign.nn.discrete.signature import memories
from catalign.training.discrete import gradient
from catalign.training.discrete.gradient import (
    Clause,
    GradientConfig,
    Soft,
    as_tree,
    deciders,
    description_length,
    fit_by_gradient,
    is_right,
    is_right_everywhere,
    log_gates,
    loss,
    pad,
    prune,
    train,
)
from catalign.training.discrete.trainer import Learner
from catalign.training.discrete.transitions import pool
from catalign.training.discrete.tree import Problem, fit_tree

CONDITIONS = [IsNone(Register(f"c{k}")) for k in range(12)]
TERMS = [Register(name) for name in "abcde"]
ONCE = GradientConfig(tries=1)


def problem(holds, right):
    return Problem(
        CONDITIONS[: holds.shape[1]], TERMS[: right.shape[1]], holds, right, np.ones(len(holds))
    )


def hidden(rng, rules):
    """A random decision list over the conditions and terms."""
    clauses = []
    for _ in range(rules):
        chosen = rng.choice(len(CONDITIONS), rng.integers(1, 3), replace=False)
        literals = tuple((int(c), bool(rng.integers(2))) for c in chosen)
        clauses.append(Clause(literals, int(rng.integers(len(TERMS)))))
    return (*clauses, Clause((), int(rng.integers(len(TERMS)))))


def labels(holds, clauses):
    p = problem(holds, np.ones((len(holds), len(TERMS)), bool))
    return np.array([c.term for c in clauses])[deciders(p, clauses)]


def rows(rng, clauses, count=250, noise=0.1):
    """A problem that a list solves; other terms are right too, by chance."""
    holds = rng.integers(0, 2, (count, len(CONDITIONS))).astype(bool)
    right = labels(holds, clauses)[:, None] == np.arange(len(TERMS))[None]
    # Equal rows have equal sets of right terms.
    _, group = np.unique(holds, axis=0, return_inverse=True)
    return problem(holds, right | (rng.random((count, len(TERMS))) < noise)[group.ravel()])


@pytest.mark.parametrize("seed", range(8))
def test_a_hidden_decision_list_is_recovered(seed):
    rng = np.random.default_rng(seed)
    clauses = hidden(rng, 1 + seed % 3)
    tree = fit_by_gradient(rows(rng, clauses), seed=0)
    assert tree is not None
    fresh = rows(rng, clauses, 2000, noise=0)
    assert is_right_everywhere(fresh, tree)


@pytest.mark.parametrize("seed", [0, 4])
def test_what_the_first_initial_values_do_not_find_others_do(seed):
    rng = np.random.default_rng(seed)
    clauses = hidden(rng, 5)
    p = rows(rng, clauses)
    assert fit_by_gradient(p, seed=0, config=ONCE) is None
    tree = fit_by_gradient(p, seed=0)
    assert tree is not None
    assert is_right_everywhere(p, tree)


@given(st.integers(0, 10**6), st.integers(1, 5))
@settings(max_examples=8, deadline=None)
def test_whatever_the_rows_a_tree_is_right_at_each_of_them(seed, rules):
    rng = np.random.default_rng(seed)
    p = rows(rng, hidden(rng, rules))
    # Some rows say something else.
    odd = rng.choice(len(p.weight), rng.integers(0, 6), replace=False)
    p.right[odd] = np.roll(p.right[odd], 1, axis=1)
    tree = fit_by_gradient(p, seed=seed, config=ONCE)
    if tree is not None:
        holds = {c: p.holds[:, k] for k, c in enumerate(p.conditions)}
        for r in range(len(p.weight)):
            node = tree
            while isinstance(node, Split):
                node = node.then if holds[node.condition][r] else node.otherwise
            assert p.right[r, p.terms.index(node.term)]


def test_rows_that_contradict_each_other_give_no_tree():
    rng = np.random.default_rng(0)
    p = rows(rng, hidden(rng, 2), noise=0)
    holds = np.concatenate([p.holds, p.holds[:1]])
    right = np.concatenate([p.right, ~p.right[:1]])
    assert fit_by_gradient(p, seed=0) is not None
    assert fit_by_gradient(problem(holds, right), seed=0) is None


def test_a_missing_term_or_condition_gives_no_tree():
    rng = np.random.default_rng(1)
    holds = rng.integers(0, 2, (300, 4)).astype(bool)
    label = np.where(holds[:, 0] & holds[:, 1], 0, np.where(holds[:, 2], 1, 2))
    right = label[:, None] == np.arange(3)[None]
    assert fit_by_gradient(problem(holds, right), seed=0) is not None
    for term in range(3):
        planted = right.copy()
        planted[:, term] = False
        assert fit_by_gradient(problem(holds, planted), seed=0, config=ONCE) is None
    for condition in range(3):
        planted = holds.copy()
        planted[:, condition] = planted[:, 3]
        assert fit_by_gradient(problem(planted, right), seed=0, config=ONCE) is None


def test_a_wrong_tree_is_caught_by_the_recheck(monkeypatch):
    holds = np.array([[True, True], [True, False], [False, True], [False, False]])
    p = problem(holds, np.stack([holds[:, 0], ~holds[:, 0]], axis=1))
    good = Split(CONDITIONS[0], Leaf(TERMS[0]), Leaf(TERMS[1]))
    assert fit_by_gradient(p, seed=0) == good
    assert is_right_everywhere(p, good)
    wrong = [
        Split(CONDITIONS[0], Leaf(TERMS[1]), Leaf(TERMS[0])),
        Split(CONDITIONS[1], Leaf(TERMS[0]), Leaf(TERMS[1])),
        Leaf(TERMS[0]),
    ]
    for tree in wrong:
        assert not is_right_everywhere(p, tree)
        monkeypatch.setattr(gradient, "as_tree", lambda *_, tree=tree: tree)
        assert fit_by_gradient(p, seed=0, config=ONCE) is None


def test_the_prior_prefers_the_cheaper_of_two_equal_conditions():
    rng = np.random.default_rng(2)
    holds = rng.integers(0, 2, (300, 4)).astype(bool)
    holds[:, 1] = holds[:, 0]
    right = np.stack([holds[:, 0], ~holds[:, 0]], axis=1)
    cheap, long = CONDITIONS[0], IsNone(Step(Step(Step(End(True), True), True), True))
    others = CONDITIONS[2:4]
    one = dataclasses.replace(problem(holds, right), conditions=[cheap, long, *others])
    two = dataclasses.replace(one, conditions=[long, cheap, *others])
    for p in (one, two):
        tree = fit_by_gradient(p, seed=3)
        assert isinstance(tree, Split)
        assert tree.condition == cheap

    def preference(p, config):
        """How much stronger the first condition is than the second in the trained gates."""
        soft = next(train(p, key=jax.random.key(3), config=config))
        both = jax.nn.sigmoid(jnp.asarray(soft.literals)).reshape(
            -1, 2, soft.literals.shape[1] // 2
        )
        return float((both[:, :, 0] - both[:, :, 1]).sum())

    usual, flat = GradientConfig(), GradientConfig(priors=(0.0, 0.0, 0.0))
    assert preference(one, usual) > 0.5
    assert preference(two, usual) < -0.5
    # Without the prior the costs play no part.
    assert preference(one, flat) == preference(two, flat)


def soft_lists(seed, rules=3, conditions=32, terms=32):
    rng = np.random.default_rng(seed)
    normal = lambda *shape: jnp.asarray(rng.normal(size=shape), jnp.float32)  # noqa: E731
    return Soft(normal(rules, 2 * conditions), normal(rules), normal(rules + 1, terms))


@given(st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_the_gates_are_a_distribution_and_the_loss_is_as_defined(seed):
    rng = np.random.default_rng(seed)
    p = rows(rng, hidden(rng, 2), 20)
    soft = soft_lists(seed)
    padded = pad(p)
    gates = np.exp(log_gates(soft, padded.false))[:20]
    np.testing.assert_allclose(gates.sum(axis=1), 1, rtol=1e-4)
    literals, exists, terms = (np.asarray(x, float) for x in soft)
    s, g = 1 / (1 + np.exp(-literals)), 1 / (1 + np.exp(-exists))
    shares = np.exp(terms[:, : len(TERMS)])
    shares /= shares.sum(axis=1, keepdims=True)
    total = 0.0
    for r in range(20):
        left, probability = 1.0, 0.0
        for k in range(len(g)):
            gate = g[k]
            for c, holds in enumerate(p.holds[r]):
                gate *= 1 - s[k, 32 + c if holds else c]
            probability += left * gate * shares[k] @ p.right[r]
            left *= 1 - gate
        total -= np.log(probability + left * shares[-1] @ p.right[r]) / 20
    np.testing.assert_allclose(loss(soft, padded, jnp.float32(0)), total, rtol=1e-3)


def test_the_description_length_of_a_hard_list_is_its_cost():
    p = problem(np.eye(4, dtype=bool), np.ones((4, 3), bool))
    literals = np.full((2, 64), -50.0)
    literals[0, [0, 33]] = literals[1, 2] = 50  # c0 and not c1, then c2.
    terms = np.full((3, 32), -50.0)
    terms[[0, 1, 2], [1, 0, 2]] = 50
    price = p.conditions[0].cost
    for exists, count in ((50.0, 3), (-50.0, 2)):
        soft = Soft(
            *(jnp.asarray(x, jnp.float32) for x in (literals, np.array([50, exists]), terms))
        )
        want = price * count + sum(t.cost_inside for t in TERMS[: (3 if exists > 0 else 2)])
        np.testing.assert_allclose(description_length(soft, pad(p)), want, rtol=1e-5)


@given(st.integers(0, 10**6), st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_pruning_keeps_a_list_right_and_a_tree_decides_as_its_list(seed, rules):
    rng = np.random.default_rng(seed)
    clauses = hidden(rng, rules)
    p = rows(rng, clauses, 100)
    pruned = prune(p, clauses)
    assert is_right(p, pruned)
    assert sum(len(c.literals) for c in pruned) <= sum(len(c.literals) for c in clauses)
    exact = problem(p.holds, labels(p.holds, clauses)[:, None] == np.arange(len(TERMS))[None])
    assert is_right_everywhere(exact, as_tree(exact, clauses))


def test_problems_of_similar_size_share_one_compilation():
    rng = np.random.default_rng(3)
    clauses = hidden(rng, 2)
    fit_by_gradient(rows(rng, clauses, 250), seed=0)
    before = gradient._descend._cache_size()
    fit_by_gradient(rows(rng, clauses, 240), seed=1)
    fit_by_gradient(rows(rng, hidden(rng, 3), 200), seed=2)
    assert gradient._descend._cache_size() == before


@pytest.mark.parametrize("bad", [{"rules": 0}, {"updates": 0}, {"priors": ()}, {"priors": (-1.0,)}])
def test_bad_settings_are_refused(bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        GradientConfig(**bad)


@functools.cache
def learner(name, seed, size):
    """A learner with traces of one size, and their transitions."""
    algorithm = catalign.algorithms.get(name)
    inputs = algorithm.sample_inputs(jax.random.key(seed), 48, size)
    with jax.enable_x64(True):
        trace = algorithm.traces(inputs, steps=int(algorithm.count_steps(inputs).max()))
        pools = [pool(algorithm.spec, trace, memories(algorithm.spec))]
    made = Learner(algorithm.spec, pools, seed=0, log=lambda _: None, on_rule=lambda _: None)
    return made, made.source("steps", lambda p: p.steps, lambda p, at: p.view(at))


@pytest.mark.parametrize(
    ("name", "target"), [("minimum", "min_h"), ("bfs", "reach_h"), ("bfs", "pi_h")]
)
def test_on_traces_both_learners_find_the_same_rule(name, target):
    made, source = learner(name, 0, 8)
    field = next(f for f in made.hints if f.name == target)
    before = [f.next for f in made.hints if f.name < target]
    p = made.make(source, field.next, field, [*made.inputs, *made.hints, *before], 1, [])
    tree, _ = fit_tree(p, 36.0)
    soft = fit_by_gradient(p, seed=0)
    assert tree is not None
    assert soft is not None
    assert is_right_everywhere(p, soft)
    _, fresh = learner(name, 1, 8)
    for view in fresh.checked[field.rank]:
        got, want = (Rule(field.next, t).evaluate(view) for t in (soft, tree))
        np.testing.assert_array_equal(got, want)
        np.testing.assert_array_equal(got, view.fields[field.next.name])
