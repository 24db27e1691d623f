"""A contender of `tasks.bench race`: its case, its clock, its turns. Imports no JAX."""

import abc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tasks.bench_race import Point


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is raced.

    Attributes:
      task: The algorithm.
      contender: Who.
      turn: Processor time of updates in a turn.
      goal: The micro-F1 to reach.
      sizes: The sizes that a contender with gradients trains on.
      size: The size to reach the goal at.
      instances: Instances in each score.
      seed: Where all chance comes from.
    """

    task: str
    contender: str
    turn: float
    goal: float
    sizes: tuple[int, ...]
    size: int
    instances: int
    seed: int


@dataclass(frozen=True)
class Score:
    """micro-F1 at the largest size of training and at the race's, and exactness there."""

    valid: float
    score: float
    exact: float


class Stopwatch:
    """Processor time and clock time spent in training, from the start of the process."""

    def __init__(self) -> None:
        self.seconds = time.process_time()
        # What a process did before it could look at the clock, it did at full speed.
        self.wall = self.seconds

    def run(self, work: Callable[[], Any]) -> float:
        """Does work, and returns its processor time."""
        wall, begin = time.perf_counter(), time.process_time()
        work()
        spent = time.process_time() - begin
        self.wall += time.perf_counter() - wall
        self.seconds += spent
        return spent

    def point(self, updates: int, busy: float, score: Score) -> Point:
        """Where a contender stands, who was busy for a while without compiling."""
        return Point(
            seconds=round(self.seconds, 2),
            busy=round(busy, 2),
            wall=round(self.wall, 2),
            updates=updates,
            **asdict(score),
        )


class Costs:
    """What updates of each size took, where the first one of each compiles."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.by_size: dict[int, list[float]] = {size: [] for size in sizes}

    def add(self, size: int, seconds: float) -> None:
        """Adds an update."""
        self.by_size[size].append(seconds)

    def busy(self) -> float:
        """The time of all updates without compiling: a first one counts as a usual one.

        A batch whose traces are longer than all before compiles anew. That is compiling as well,
        so that an update counts three usual ones at most.

        Example:
          >>> costs = Costs((4,))
          >>> for seconds in (9.0, 1.0, 1.0, 8.0): costs.add(4, seconds)
          >>> costs.busy()
          6.0
        """
        total = 0.0
        for costs in self.by_size.values():
            if costs[1:]:
                usual = statistics.median(costs[1:])
                total += usual + sum(min(cost, 3 * usual) for cost in costs[1:])
        return total


class Contender(abc.ABC):
    """Somebody who learns, a turn at a time.

    Attributes:
      over: Whether there is nothing more to train.
    """

    over = False

    def __init__(self, case: Case) -> None:
        self.case, self.watch, self.updates = case, Stopwatch(), 0
        self.costs = Costs(case.sizes)

    @abc.abstractmethod
    def turn(self) -> list[Point]:
        """Trains for a turn."""
