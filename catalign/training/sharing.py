"""Parameters of which some belong to every task of a run."""

import itertools
from dataclasses import dataclass

from jax import Array

from catalign._errors import InputError
from catalign._typing import PyTree
from catalign.nn.neural import NeuralReasoner
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.layout import Layout

SHARED, OWN = "shared", "own"
"""The parts of the parameters of a task that shares some."""

_PROCESSOR = "processor."


@dataclass(frozen=True)
class SharedLayout:
    """Where each parameter of one task lies: in the vector of all tasks, or in that of its own.

    Law: `unravel(ravel(params))` is `params`, bit by bit.

    Attributes:
      whole: The layout of the task's reasoner.
      is_shared: Which of its leaves belong to every task.
      tasks: The number of tasks that share them.

    Example:
      >>> import jax.numpy as jnp
      >>> params = {"encode": jnp.zeros(1), "processor": {"w": jnp.ones(2)}}
      >>> layout = SharedLayout(Layout.of(params), (False, True), tasks=2)
      >>> {name: vector.tolist() for name, vector in layout.ravel(params).items()}
      {'shared': [1.0, 1.0], 'own': [0.0]}
    """

    whole: Layout
    is_shared: tuple[bool, ...]
    tasks: int

    @classmethod
    def of(
        cls, task: str, reasoner: AbstractReasoner, params: PyTree, tasks: int
    ) -> "SharedLayout":
        """The layout of a reasoner whose processor belongs to every task.

        Args:
          task: The task's name, for messages.
          reasoner: The reasoner.
          params: Its parameters.
          tasks: The number of tasks.

        Raises:
          InputError: The reasoner has no learned processor to share.
        """
        if not isinstance(reasoner, NeuralReasoner):
            raise InputError(
                f"`build` gives {task} a {type(reasoner).__name__}, which has no learned processor "
                "that several tasks could share. Name one, such as `processor='mpnn'`, or train "
                "each task by itself."
            )
        whole = Layout.of(params)
        return cls(whole, tuple(name.startswith(_PROCESSOR) for name in whole.names), tasks)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each leaf."""
        return self.whole.names

    @property
    def structure(self) -> PyTree:
        """The pytree of the parameters."""
        return self.whole.structure

    def part(self, name: str) -> Layout:
        """The layout of one of both parts, as a list of its leaves."""
        return self.whole.select([is_shared is (name == SHARED) for is_shared in self.is_shared])

    def ravel(self, params: PyTree) -> dict[str, Array]:
        """Both vectors of a pytree of this layout."""
        leaves = self.structure.flatten_up_to(params)
        return {
            name: self.part(name).ravel(
                list(itertools.compress(leaves, [s is (name == SHARED) for s in self.is_shared]))
            )
            for name in (SHARED, OWN)
        }

    def unravel(self, vector: dict[str, Array]) -> PyTree:
        """The pytree of both vectors."""
        leaves = {name: iter(self.part(name).unravel(vector[name])) for name in (SHARED, OWN)}
        return self.structure.unflatten(
            [next(leaves[SHARED if is_shared else OWN]) for is_shared in self.is_shared]
        )


AnyLayout = Layout | SharedLayout


def shared_by(layout: AnyLayout) -> int:
    """How many tasks share parameters of a layout; 0 where they all belong to one."""
    return layout.tasks if isinstance(layout, SharedLayout) else 0
