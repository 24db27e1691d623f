"""The second learner of rules: a soft decision list, trained by gradient, then hardened.

It solves the `Problem` of `tree.py` by other means, and so checks the combinatorial learner. A
decision list is a few rules "if these literals hold, this term" and a last term for the rest.

Maths: with literals l (a condition or its negation), strengths s and existences g in (0, 1), a gate
is the soft conjunction `p_k = g_k * prod over l false at the row of (1 - s_kl)`. Gates are combined
by stick-breaking, `P(k) = p_k * prod over j < k of (1 - p_j)`, and each rule takes a term by
softmax. The loss is `-log(sum over k of P(k) * sum over right terms of softmax_k)`, averaged over
the rows, plus a prior: its weight times the expected description length of conditions and terms.
"""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from catalign._errors import InputError
from catalign._typing import KeyArray
from catalign.nn.descent import descend
from catalign.nn.discrete.rule import Leaf, Split, Tree
from catalign.training.discrete.tree import Problem

STRENGTHS = (0.5, 0.25, 0.1)
"""How strong a literal must be to be taken; a lower bound takes more, and pruning drops them."""
SMALL = (256, 32, 32)
"""The least numbers of rows, conditions and terms that are padded to."""
LEAST = 1e-7
"""The least probability that a rule takes a right term, so that its logarithm is finite."""


@dataclass(frozen=True, kw_only=True)
class GradientConfig:
    """How soft decision lists are trained.

    Attributes:
      rules: The most rules before the last term; twice as many from the second try on.
      restarts: How many initial values are trained side by side.
      tries: How many times others are drawn, as long as no list is right.
      priors: The weights of the prior, one tier of training after the other, in nats a symbol.
      updates: The updates of Adam in each tier, each on all rows.
      learning_rate: Its first rate in each tier; a cosine takes it to a tenth.

    Raises:
      InputError: A number is below 1, there is no prior or a negative one, or the rate is not
        positive.
    """

    rules: int = 5
    restarts: int = 4
    tries: int = 4
    priors: tuple[float, ...] = (1e-4, 1e-3, 4e-3)
    updates: int = 150
    learning_rate: float = 0.2

    def __post_init__(self) -> None:
        for name in ("rules", "restarts", "tries", "updates"):
            if getattr(self, name) < 1:
                raise InputError(f"`{name}` is {getattr(self, name)}, but it must be at least 1.")
        if not self.priors or min(self.priors) < 0 or not self.learning_rate > 0:
            raise InputError(
                f"`priors` is {self.priors} and `learning_rate` {self.learning_rate}: give at "
                "least one prior, none of them negative, and a positive rate."
            )


class Soft(NamedTuple):
    """The logits of a soft decision list.

    Attributes:
      literals: Of each literal in each rule.
      exists: Of the existence of each rule.
      terms: Of each term in each rule and, as the last choice, where no rule applies.
    """

    literals: Float[Array | np.ndarray, "*n rules literals"]
    exists: Float[Array | np.ndarray, "*n rules"]
    terms: Float[Array | np.ndarray, "*n choices terms"]


class Padded(NamedTuple):
    """A problem as padded arrays.

    Attributes:
      false: 1 where a literal is false at a row: the conditions, then their negations.
      right: 1 where a term is right at a row.
      weight: How much a row counts; the sum is 1, and padding counts nothing.
      literal_cost: The cost of a literal's condition.
      term_cost: The cost of a term.
      barred: Added to the logits of terms: very negative for padding.
    """

    false: Float[Array, "r literals"]
    right: Float[Array, "r terms"]
    weight: Float[Array, "r"]
    literal_cost: Float[Array, "literals"]
    term_cost: Float[Array, "terms"]
    barred: Float[Array, "terms"]


@dataclass(frozen=True)
class Clause:
    """One rule of a hard list: if some conditions have some values, a term.

    Attributes:
      literals: Pairs of the number of a condition and the value it must have.
      term: The number of the term.
    """

    literals: tuple[tuple[int, bool], ...]
    term: int


def fit_by_gradient(
    problem: Problem, *, seed: int, config: GradientConfig = GradientConfig()
) -> Tree | None:
    """The cheapest tree that gradient descent finds and that is right at every row, or none.

    Soft decision lists are trained from several initial values, under a prior that grows in tiers.
    After each tier every list is hardened, pruned of what no row needs, and written as a tree.
    Where none is right, others are tried. A tree is returned only if it is right at every row of
    the problem as it was given. None does not mean that there is no rule.

    Args:
      problem: The rows.
      seed: The only source of chance.
      config: The settings.

    Example:
      >>> from catalign.nn.discrete.condition import IsNone
      >>> from catalign.nn.discrete.expression import Register
      >>> a, b = Register("a"), Register("b")
      >>> holds = np.array([[True, True], [True, False], [False, True], [False, False]])
      >>> conditions = [IsNone(a), IsNone(b)]
      >>> right = np.stack([holds[:, 1], ~holds[:, 1]], axis=1)
      >>> tree = fit_by_gradient(Problem(conditions, [a, b], holds, right, np.ones(4)), seed=0)
      >>> tree == Split(IsNone(b), Leaf(a), Leaf(b))
      True
    """
    merged, clashes = problem.merged()
    if clashes:
        return None
    longer = dataclasses.replace(config, rules=2 * config.rules)
    for k, key in enumerate(jax.random.split(jax.random.key(seed), config.tries)):
        found: dict[tuple[Clause, ...], Tree] = {}
        for soft in train(merged, key=key, config=longer if k else config):
            for strength in STRENGTHS:
                hard = harden(merged, soft, strength)
                if not is_right(merged, hard):
                    continue
                pruned = prune(merged, hard)
                if pruned not in found:
                    tree = as_tree(merged, pruned)
                    if is_right_everywhere(problem, tree):
                        found[pruned] = tree
                break
        if found:
            return min(found.values(), key=lambda tree: tree.cost)
    return None


def train(problem: Problem, *, key: KeyArray, config: GradientConfig) -> Iterator[Soft]:
    """The soft lists of all initial values after each tier, the last tier first."""
    rows = pad(problem)
    conditions = max(1, len(problem.conditions))
    trained = _descend(
        rows,
        key,
        jnp.float32(-np.log(conditions)),
        jnp.asarray(config.priors, jnp.float32),
        rules=config.rules,
        restarts=config.restarts,
        updates=config.updates,
        learning_rate=config.learning_rate,
    )
    host = Soft(*(np.asarray(x) for x in trained))
    for tier in reversed(range(len(config.priors))):
        for k in range(config.restarts):
            yield Soft(*(x[tier, k] for x in host))


def pad(problem: Problem) -> Padded:
    """The problem with powers of two of rows, conditions and terms, so that few shapes compile."""
    r, c = problem.holds.shape
    t = len(problem.terms)
    R, C, T = (
        max(least, 1 << (n - 1).bit_length()) for n, least in zip((r, c, t), SMALL, strict=True)
    )
    false = np.zeros((R, 2, C), np.float32)
    false[:r, 0, :c] = ~problem.holds
    false[:r, 1, :c] = problem.holds
    right = np.ones((R, T), np.float32)
    right[:r, :t] = problem.right
    weight = np.zeros(R, np.float32)
    weight[:r] = problem.weight / problem.weight.sum()
    costs = np.ones((2, C), np.float32)
    costs[:, :c] = [condition.cost for condition in problem.conditions]
    term_cost = np.zeros(T, np.float32)
    term_cost[:t] = [term.cost_inside for term in problem.terms]
    barred = np.where(np.arange(T) < t, 0, -1e9).astype(np.float32)
    arrays = (false.reshape(R, 2 * C), right, weight, costs.ravel(), term_cost, barred)
    return Padded(*(jnp.asarray(x) for x in arrays))


@functools.partial(jax.jit, static_argnames=("rules", "restarts", "updates", "learning_rate"))
def _descend(
    rows: Padded,
    key: Array,
    start: Float[Array, ""],
    priors: Float[Array, "tiers"],
    *,
    rules: int,
    restarts: int,
    updates: int,
    learning_rate: float,
) -> Soft:
    """The logits of each restart after each tier, `[tiers, restarts, ...]`."""
    first, second = jax.random.split(key)
    literals, terms = rows.false.shape[1], rows.right.shape[1]
    # As many literals are false at a row as there are conditions: a gate begins half open.
    begun = Soft(
        start + 0.5 * jax.random.normal(first, (restarts, rules, literals), jnp.float32),
        jnp.ones((restarts, rules), jnp.float32),
        0.5 * jax.random.normal(second, (restarts, rules + 1, terms), jnp.float32),
    )

    def tier(soft: Soft, prior: Float[Array, ""]) -> tuple[Soft, Soft]:
        each = jax.vmap(functools.partial(loss, rows=rows, prior=prior))
        soft = descend(lambda s: each(s).sum(), soft, updates=updates, learning_rate=learning_rate)
        return soft, soft

    return jax.lax.scan(tier, begun, priors)[1]


def loss(soft: Soft, rows: Padded, prior: Float[Array, ""]) -> Float[Array, ""]:
    """The mean of -log(probability of a right term), plus the weighted description length."""
    gates = log_gates(soft, rows.false)
    shares = jax.nn.softmax(soft.terms + rows.barred[None], axis=-1)
    right = jnp.log(rows.right @ shares.T + LEAST)
    error = -jax.nn.logsumexp(gates + right, axis=1)
    return rows.weight @ error + prior * description_length(soft, rows)


def log_gates(soft: Soft, false: Float[Array, "r literals"]) -> Float[Array, "r choices"]:
    """The logarithm of the probability that each rule decides a row, the last term's included.

    Maths: `log P(k) = log p_k + sum over j < k of log(1 - p_j)`. A false literal of logit a
    multiplies a gate by `1 - sigmoid(a)`, so that it adds `-softplus(a)` to the logarithm.
    """
    log_p = jax.nn.log_sigmoid(soft.exists)[None] - false @ jax.nn.softplus(soft.literals).T
    passed = jnp.log(-jnp.expm1(jnp.minimum(log_p, -1e-6)))
    left = jnp.cumsum(passed, axis=1)
    before = jnp.concatenate([jnp.zeros_like(left[:, :1]), left], axis=1)
    return before + jnp.concatenate([log_p, jnp.zeros_like(log_p[:, :1])], axis=1)


def description_length(soft: Soft, rows: Padded) -> Float[Array, ""]:
    """The expected cost of the conditions and terms of the rules that exist."""
    literals = jax.nn.sigmoid(soft.literals) @ rows.literal_cost
    terms = jax.nn.softmax(soft.terms + rows.barred[None], axis=-1) @ rows.term_cost
    return jax.nn.sigmoid(soft.exists) @ (literals + terms[:-1]) + terms[-1]


def harden(problem: Problem, soft: Soft, strength: float) -> tuple[Clause, ...]:
    """The likeliest hard list: rules that exist, literals of some strength, and arg max terms."""
    c, t = len(problem.conditions), len(problem.terms)
    logit = np.log(strength / (1 - strength))
    taken = np.asarray(soft.literals).reshape(len(soft.exists), 2, -1)[:, :, :c] > logit
    terms = np.asarray(soft.terms)[:, :t].argmax(axis=1).tolist()
    clauses = [
        Clause(tuple((int(n), not side) for side, n in np.argwhere(taken[k])), terms[k])
        for k in np.flatnonzero(np.asarray(soft.exists) > 0)
    ]
    return (*clauses, Clause((), terms[-1]))


def deciders(problem: Problem, clauses: Sequence[Clause]) -> np.ndarray:
    """The number of the first clause whose literals hold, for each row; the last has none."""
    fires = np.ones((len(problem.weight), len(clauses)), bool)
    for k, clause in enumerate(clauses):
        for condition, value in clause.literals:
            fires[:, k] &= problem.holds[:, condition] == value
    return fires.argmax(axis=1)


def is_right(problem: Problem, clauses: Sequence[Clause]) -> bool:
    """Whether a hard list puts a right term at every row."""
    terms = np.array([clause.term for clause in clauses])
    every = np.arange(len(problem.weight))
    return bool(problem.right[every, terms[deciders(problem, clauses)]].all())


def prune(problem: Problem, clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """Drops rules and literals while the list stays right, the costly ones first.

    Then each rule's term becomes the cheapest that is right at all rows which the rule decides.
    """
    clauses = _without_rules(problem, clauses)
    for k in range(len(clauses) - 1):
        costly = sorted(clauses[k].literals, key=lambda e: -problem.conditions[e[0]].cost)
        for literal in costly:
            rest = tuple(e for e in clauses[k].literals if e != literal)
            shorter = (*clauses[:k], Clause(rest, clauses[k].term), *clauses[k + 1 :])
            if is_right(problem, shorter):
                clauses = shorter
    clauses = _without_rules(problem, clauses)
    cost = np.array([term.cost_inside for term in problem.terms])
    decided = deciders(problem, clauses)
    return tuple(
        Clause(
            clause.literals,
            int(np.where(problem.right[decided == k].all(axis=0), cost, np.inf).argmin()),
        )
        for k, clause in enumerate(clauses)
    )


def _without_rules(problem: Problem, clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """Drops rules while the list stays right; a rule without literals becomes the last."""

    def price(clause: Clause) -> float:
        literals = sum(problem.conditions[c].cost for c, _ in clause.literals)
        return literals + problem.terms[clause.term].cost_inside

    for clause in sorted(clauses[:-1], key=price, reverse=True):
        rest = tuple(other for other in clauses if other is not clause)
        if is_right(problem, rest):
            clauses = rest
    bare = next(k for k, clause in enumerate(clauses) if not clause.literals)
    return clauses[: bare + 1]


def as_tree(problem: Problem, clauses: Sequence[Clause]) -> Tree:
    """A list as a tree that puts the same terms at the rows, without tests that part no rows."""

    def build(rows: np.ndarray, rest: Sequence[Clause]) -> Tree:
        first, *others = rest
        part = problem.holds[rows]
        agree = [(c, v, part[:, c] == v) for c, v in first.literals]
        if any(not same.any() for _, _, same in agree):
            return build(rows, others)
        agree = [entry for entry in agree if not entry[2].all()]
        if not agree:
            return Leaf(problem.terms[first.term])
        # The literal that fails most often comes first: fewer rows are left for both sides.
        c, value, same = min(agree, key=lambda entry: int(entry[2].sum()))
        literals = tuple((b, v) for b, v, _ in agree if b != c)
        yes = build(rows[same], [Clause(literals, first.term), *others])
        no = build(rows[~same], others)
        then, otherwise = (yes, no) if value else (no, yes)
        return then if then == otherwise else Split(problem.conditions[c], then, otherwise)

    return build(np.arange(len(problem.weight)), clauses)


def is_right_everywhere(problem: Problem, tree: Tree) -> bool:
    """Whether a tree puts a right term at every row of a problem, read from the tree itself."""
    condition = {c: k for k, c in enumerate(problem.conditions)}
    term = {e: k for k, e in enumerate(problem.terms)}

    def check(tree: Tree, rows: np.ndarray) -> bool:
        if isinstance(tree, Leaf):
            return bool(problem.right[rows, term[tree.term]].all())
        inside = problem.holds[rows, condition[tree.condition]]
        return check(tree.then, rows[inside]) and check(tree.otherwise, rows[~inside])

    return check(tree, np.arange(len(problem.weight)))
