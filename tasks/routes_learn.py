"""One row of `tasks.routes`: the search for rules, and gradient descent after it. Imports JAX."""

import time
from collections.abc import Sequence
from typing import Any

import jax

from catalign._errors import InputError
from catalign.algorithms import catalogue
from catalign.nn.discrete.rule import Rule
from catalign.nn.discrete.signature import Field, memories
from catalign.training.discrete.gradient import fit_by_gradient
from catalign.training.discrete.learn import ExactConfig, draw
from catalign.training.discrete.trainer import Attempt, Learner, Source
from catalign.training.discrete.transitions import pool
from tasks.library import forget_compiled
from tasks.routes import Row


class _BothRoutes(Learner):
    """A learner that solves by gradient, too, what the search solved."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.holding: dict[str, bool | None] = {}
        """For each rule whether the other route's holds on further states; None without one."""
        self.gradient_seconds = 0.0

    def fit(
        self,
        source: Source,
        target: Field,
        own: Field | None,
        available: Sequence[Field],
        tier: int,
        limit: float,
    ) -> Attempt:
        """Fits a rule by the search, then by gradient."""
        attempt = super().fit(source, target, own, available, tier, limit)
        if attempt.tree is None:
            return attempt
        begin = time.monotonic()
        problem = self.problem(source, target, available, tier)
        tree = None if problem is None else fit_by_gradient(problem, seed=0)
        self.gradient_seconds += time.monotonic() - begin
        name = f"{source.name}: {target.name.removesuffix(chr(39))}"
        if tree is None:
            self.holding[name] = None
        else:
            bad = self.mistakes(source, Rule(target, tree))
            self.holding[name] = not any(map(len, bad))
        return attempt


def both(name: str, *, seed: int) -> Row:
    """Learns the rules of an algorithm from the usual traces, each by both routes.

    Args:
      name: The algorithm.
      seed: Where the traces come from.

    Raises:
      InputError: The search finds no program.
    """
    algorithm = catalogue.get(name)
    begin = time.monotonic()
    with jax.enable_x64(True):
        traces = draw(algorithm, ExactConfig(seed=seed))
        pools = [pool(algorithm.spec, trace, memories(algorithm.spec)) for trace in traces]
    learner = _BothRoutes(
        algorithm.spec, pools, seed=seed, log=lambda _: None, on_rule=lambda _: None
    )
    program, missing = learner.learn()
    if program is None:
        raise InputError(f"--tasks holds {name}, of which no program is found: {missing[0]}.")
    seconds = time.monotonic() - begin - learner.gradient_seconds
    forget_compiled()
    return Row(
        task=name,
        rules=len(learner.holding),
        found=sum(holds is not None for holds in learner.holding.values()),
        holding=sum(holds is True for holds in learner.holding.values()),
        open=tuple(rule for rule, holds in learner.holding.items() if holds is None),
        search_seconds=round(seconds, 1),
        gradient_seconds=round(learner.gradient_seconds, 1),
    )
