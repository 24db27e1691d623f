"""A contender of `tasks.bench race`: its case, its clock, its turns. Imports no JAX."""

import abc
import time
from collections.abc import Callable
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
        self.busy = 0.0

    def run(self, work: Callable[[], Any], *, counts: bool = True) -> float:
        """Does work, and returns its processor time; `counts` says whether it is no compiling."""
        wall, begin = time.perf_counter(), time.process_time()
        work()
        spent = time.process_time() - begin
        self.wall += time.perf_counter() - wall
        self.seconds += spent
        self.busy += spent if counts else 0.0
        return spent

    def point(self, updates: int, score: Score) -> Point:
        """Where a contender stands."""
        return Point(
            seconds=round(self.seconds, 2),
            busy=round(self.busy, 2),
            wall=round(self.wall, 2),
            updates=updates,
            **asdict(score),
        )


class Contender(abc.ABC):
    """Somebody who learns, a turn at a time.

    Attributes:
      over: Whether there is nothing more to train.
    """

    over = False

    def __init__(self, case: Case) -> None:
        self.case, self.watch, self.updates = case, Stopwatch(), 0

    @abc.abstractmethod
    def turn(self) -> list[Point]:
        """Trains for a turn."""
