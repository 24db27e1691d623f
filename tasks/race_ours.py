"""Contenders of `tasks.bench race` from catalign: the discrete learner and the aligned reasoner."""

import dataclasses
from typing import Any

import jax
import jax.monitoring
import jax.numpy as jnp

from catalign.algorithms import catalogue
from catalign.nn.discrete.reasoner import DiscreteReasoner
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.default import fill, untrained
from catalign.training.discrete.learn import ExactConfig, NotLearnedError, learn
from catalign.training.evaluation import Protocol, evaluate
from catalign.training.layout import Layout
from catalign.training.state import (
    initial_state,
    make_optimizer,
    merge_reasoner,
    split_reasoner,
)
from catalign.training.step import (
    DATA,
    TEST,
    choose_trace_steps,
    dispatch,
    loss_names,
    size_at,
    stream_key,
    traced_config,
)
from tasks.bench_race import Point
from tasks.presets import preset
from tasks.race_contender import Case, Contender, Score

COMPILING = "/jax/core/compile/backend_compile_duration"


class Exact(Contender):
    """The discrete learner: it has no updates, and ends by itself, in its first turn.

    Where it finds no program, its scores are 0.
    """

    def turn(self) -> list[Point]:
        """Learns the program."""
        case, algorithm = self.case, catalogue.get(self.case.task)
        programs, compiled = [], []

        def heard(event: str, duration_secs: float, **_: Any) -> None:
            if event == COMPILING:
                compiled.append(duration_secs)

        def work() -> None:
            try:
                programs.append(learn(algorithm, ExactConfig(seed=case.seed)).program)
            except NotLearnedError:
                return

        jax.monitoring.register_event_duration_secs_listener(heard)
        before = self.watch.wall
        spent = self.watch.run(work)
        # The compiler is timed by the clock, which runs on while other work has the processor.
        share = spent / (self.watch.wall - before)
        self.over = True
        scores = [score(DiscreteReasoner(program), case) for program in programs]
        busy = spent - share * sum(compiled)
        return [self.watch.point(0, busy, *(scores or [Score(0.0, 0.0, 0.0)]))]


class Aligned(Contender):
    """The aligned reasoner, trained by gradient as `tasks.train` does, and looked at often."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.watch.run(self._build)

    def _build(self) -> None:
        self.algorithm = catalogue.get(self.case.task)
        self.config = fill(
            self.algorithm,
            dataclasses.replace(preset(self.case.task, "aligned"), sizes=self.case.sizes),
        )
        reasoner = untrained(self.algorithm, self.config)
        self.graphdef, params, self.rest = split_reasoner(reasoner)
        self.layout = Layout.of(params)
        names = loss_names(reasoner, self.algorithm, self.config)
        self.state = initial_state(self.layout, params, make_optimizer(self.config), names)
        self.steps = choose_trace_steps(self.algorithm, self.config)
        self.key = stream_key(self.config, DATA)

    def turn(self) -> list[Point]:
        """Dispatches of ten updates, until the goal is reached or the turn is over."""
        points: list[Point] = []
        end = self.costs.busy() + self.case.turn
        while self.costs.busy() < end and self.updates < self.config.steps:
            # Twice: the first update of a size compiles, and the second says what one takes.
            for _ in 2 * self.config.sizes:
                size = size_at(self.updates, self.config)
                self.costs.add(size, self.watch.run(lambda size=size: self._update(size)))
                self.updates += self.config.updates_per_dispatch
            learned = merge_reasoner(self.graphdef, self.layout, self.state.params, self.rest)
            points.append(
                self.watch.point(self.updates, self.costs.busy(), score(learned, self.case))
            )
            if points[-1].score >= self.case.goal:
                break
        self.over = self.updates >= self.config.steps
        return points

    def _update(self, size: int) -> None:
        self.state, summary = dispatch(
            self.state,
            jnp.int32(self.config.updates_per_dispatch),
            jnp.bool_(False),
            self.rest,
            self.key,
            algorithm=self.algorithm,
            graphdef=self.graphdef,
            layout=self.layout,
            config=traced_config(self.config),
            size=size,
            trace_steps=self.steps[size],
        )
        jax.block_until_ready(summary.loss)


def score(reasoner: AbstractReasoner, case: Case) -> Score:
    """Scores a reasoner that starts from the inputs and ends by itself."""
    algorithm = catalogue.get(case.task)
    table = evaluate(
        reasoner,
        algorithm,
        (max(case.sizes), case.size),
        key=jax.random.fold_in(jax.random.key(case.seed), TEST),
        instances=case.instances,
        protocol=Protocol.FIXED_POINT,
    )
    valid, far = table.rows
    return Score(valid.micro_f1, far.micro_f1, far.graph_exact)
