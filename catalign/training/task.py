"""The tasks of a run, and the state that they make together."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
from flax import nnx
from jax.sharding import Mesh

from catalign._typing import KeyArray, PyTree
from catalign.algorithms.algorithm import Algorithm
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.config import TrainConfig
from catalign.training.layout import Layout
from catalign.training.recipe import training_law
from catalign.training.sharing import OWN, SHARED, AnyLayout, SharedLayout, shared_by
from catalign.training.state import (
    TrainState,
    initial_state,
    make_optimizer,
    merge_reasoner,
    split_reasoner,
)
from catalign.training.step import DATA, loss_names, stream_key, traced_config


@dataclass(frozen=True, kw_only=True)
class Task:
    """One algorithm of a run.

    Attributes:
      algorithm: What is learned; the final evaluation draws from its own law.
      source: The same with the law that updates and validations draw from.
      config: The settings of the run.
      graphdef: The definition of its reasoner.
      layout: The layout of the reasoner's parameters.
      params: The parameters that it starts from.
      rest: The values of the reasoner that are no parameters.
      losses: The names of its losses.
    """

    algorithm: Algorithm
    source: Algorithm
    config: TrainConfig
    graphdef: nnx.GraphDef
    layout: AnyLayout
    params: PyTree
    rest: PyTree
    losses: tuple[str, ...]

    @classmethod
    def of(
        cls,
        algorithm: Algorithm,
        config: TrainConfig,
        reasoner: AbstractReasoner,
        *,
        sharing: int = 0,
    ) -> "Task":
        """The task of an untrained reasoner.

        Args:
          algorithm: The algorithm.
          config: The settings.
          reasoner: The reasoner.
          sharing: How many tasks share its processor; 0 where it is not shared.

        Raises:
          InputError: `sharing` is not 0, and the reasoner has no processor to share.
        """
        graphdef, params, rest = split_reasoner(reasoner)
        name = algorithm.name
        return cls(
            algorithm=algorithm,
            source=training_law(algorithm, config),
            config=config,
            graphdef=graphdef,
            layout=(
                SharedLayout.of(name, reasoner, params, sharing) if sharing else Layout.of(params)
            ),
            params=params,
            rest=rest,
            losses=tuple(loss_names(reasoner, algorithm, config)),
        )

    @property
    def name(self) -> str:
        """The algorithm's name."""
        return self.algorithm.name

    @property
    def key(self) -> KeyArray:
        """Where its instances come from: the same with and without other tasks."""
        return stream_key(self.config, DATA)

    def start(self) -> TrainState:
        """The state before the first update."""
        optimizer = make_optimizer(self.config, tasks=shared_by(self.layout))
        names, keep = list(self.losses), self.config.keep
        return initial_state(self.layout, self.params, optimizer, names, keep)

    def merge(self, params: PyTree) -> AbstractReasoner:
        """The reasoner with the parameters of a state."""
        return merge_reasoner(self.graphdef, self.layout, params, self.rest)

    def static(self, size: int, trace_steps: int, *, mesh: Mesh | None = None) -> dict[str, Any]:
        """What `dispatch` is compiled for, at one size and length of the traces."""
        return {
            "algorithm": self.source,
            "graphdef": self.graphdef,
            "layout": self.layout,
            "config": traced_config(self.config),
            "size": size,
            "trace_steps": trace_steps,
            "mesh": mesh,
        }


def count_parameters(tasks: Sequence[Task]) -> int:
    """The number of learned numbers of tasks that share some, or of one task alone."""
    first = tasks[0].layout
    if not isinstance(first, SharedLayout):
        return Layout.of(tasks[0].params).size
    layouts = [task.layout for task in tasks if isinstance(task.layout, SharedLayout)]
    return first.part(SHARED).size + sum(layout.part(OWN).size for layout in layouts)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class RunState:
    """The whole state of a run: equal states go on equally.

    Law: `put(name, take(name))` is the state itself.

    Attributes:
      tasks: The state of each task by name, without what all share.
      shared: The parameters and the optimiser's state that belong to every task; None where
        nothing is shared.
    """

    tasks: dict[str, TrainState]
    shared: dict[str, PyTree] | None

    @classmethod
    def start(cls, tasks: Sequence[Task]) -> "RunState":
        """The state before the first update. What is shared is that of the first task."""
        states = {task.name: task.start() for task in tasks}
        if not shared_by(tasks[0].layout):
            return cls(states, None)
        own = {name: _without_shared(state) for name, state in states.items()}
        return cls(own, {}).put(tasks[0].name, states[tasks[0].name])

    def take(self, name: str) -> TrainState:
        """The state of one task, whole."""
        state = self.tasks[name]
        if self.shared is None:
            return state
        both = {field: {**self.shared[field], **getattr(state, field)} for field in self.shared}
        return dataclasses.replace(state, **both)

    def put(self, name: str, state: TrainState) -> "RunState":
        """The state after one task's moved on, and what is shared with it."""
        if self.shared is None:
            return RunState({**self.tasks, name: state}, None)
        shared = {field: {SHARED: getattr(state, field)[SHARED]} for field in _FIELDS}
        return RunState({**self.tasks, name: _without_shared(state)}, shared)


_FIELDS = ("params", "opt_state")


def _without_shared(state: TrainState) -> TrainState:
    own = {field: {OWN: getattr(state, field)[OWN]} for field in _FIELDS}
    return dataclasses.replace(state, **own)
