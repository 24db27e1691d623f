"""The test of CLRS-30: its sizes, its numbers of instances, spreads over seeds. Needs no JAX."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from catalign.training.preset import MULTIPLIERS

SIZE = 64
SEEDS = 5
_INSTANCES = 32
_STRINGS = frozenset({"kmp_matcher", "naive_string_matcher"})


def instances(task: str) -> int:
    """How many instances the benchmark tests an algorithm on.

    Example:
      >>> instances("bfs"), instances("minimum")
      (32, 2048)
    """
    return _INSTANCES * MULTIPLIERS.get(task, 1)


def nodes(task: str, size: int) -> int:
    """How many nodes an instance of a size has: strings have a needle of a quarter besides.

    Example:
      >>> nodes("bfs", 64), nodes("kmp_matcher", 64)
      (64, 80)
    """
    return size + size // 4 if task in _STRINGS else size


@dataclass(frozen=True)
class Spread:
    """The mean of a score over seeds, and its sample standard deviation (0 for one seed)."""

    mean: float
    std: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of some values.

        Example:
          >>> Spread.of([0.5, 0.7]).std == statistics.stdev([0.5, 0.7])
          True
        """
        return cls(math.fsum(values) / len(values), statistics.stdev(values) if values[1:] else 0.0)

    def __str__(self) -> str:
        return f"{100 * self.mean:.2f} ± {100 * self.std:.2f}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """How an algorithm was scored at one size, over seeds.

    Attributes:
      task: The algorithm.
      size: The size, as the benchmark counts it.
      nodes: The nodes of an instance.
      instances: The instances of each seed.
      seeds: The seeds.
      micro_f1: The benchmark's score: the mean over outputs of their micro-F1.
      node_exact: The share of right places.
      graph_exact: The share of instances without a mistake.
    """

    task: str
    size: int
    nodes: int
    instances: int
    seeds: tuple[int, ...]
    micro_f1: Spread
    node_exact: Spread
    graph_exact: Spread

    @classmethod
    def of(cls, task: str, size: int, seeds: Sequence[int], found: Sequence[Any]) -> "Row":
        """The row of one evaluation a seed, each with `micro_f1`, `node_exact`, `graph_exact`."""
        names = ("micro_f1", "node_exact", "graph_exact")
        scores = {name: Spread.of([getattr(each, name) for each in found]) for name in names}
        return cls(
            task=task,
            size=size,
            nodes=nodes(task, size),
            instances=min(each.instances for each in found),
            seeds=tuple(seeds),
            **scores,
        )

    def to_dict(self) -> dict[str, Any]:
        """The row as values that JSON knows."""
        return {**asdict(self), "seeds": list(self.seeds)}
