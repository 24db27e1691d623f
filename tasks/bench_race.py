"""Races to accuracy: `python -m tasks.bench race`, beside dm-clrs where it can be imported."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

import catalign
import tasks
from catalign._errors import CatalignError, InputError
from tasks import cli, display

PROG = "python -m tasks.bench race"
OURS = ("exact", "aligned")
PEERS = ("dm-clrs mpnn", "dm-clrs triplet_gmpnn")
ALIGNED_TASKS = ("bellman_ford", "bfs")
"""The algorithms that the aligned reasoner is claimed to fit."""


@dataclass(frozen=True, kw_only=True)
class RaceFlags:
    """Trains contenders in turns, each in a process of its own, and scores them at n = 64.

    A contender leaves when its score at `size` reaches `goal`, or its time is over. Scoring does
    not count. Stop it any time: with `json` the same command goes on after the last algorithm
    that was finished.

    Attributes:
      tasks: The algorithms.
      seconds: Processor time of updates of one contender, without compiling.
      turns: In how many turns; a score is known after each.
      goal: The micro-F1 to reach.
      sizes: The sizes that contenders with gradients train on.
      size: The size to reach the goal at.
      instances: Instances in each score.
      seed: Where all chance comes from.
      json: Write the curves to this file as well.
      plot: Draw the curves into this file.
    """

    tasks: tuple[str, ...] = ("bellman_ford", "bfs", "insertion_sort", "dfs")
    seconds: float = 100.0
    turns: int = 4
    goal: float = 0.99
    sizes: tuple[int, ...] = (4, 7, 11, 13, 16)
    size: int = 64
    instances: int = 32
    seed: int = 0
    json: Path | None = None
    plot: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Point:
    """A contender after some training.

    Attributes:
      seconds: Processor time since the process began, without scoring: starting, making instances
        and compiling are in it.
      busy: The same without starting and compiling.
      wall: As `seconds`, by the clock: other work on the machine is in it.
      updates: Parameter updates so far; 0 where there are none.
      valid: The micro-F1 at the largest size of training.
      score: The micro-F1 at the size of the race.
      exact: The share of instances without any mistake there.
    """

    seconds: float
    busy: float
    wall: float
    updates: int
    valid: float
    score: float
    exact: float


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One contender of a race.

    Attributes:
      task: The algorithm.
      contender: Who.
      points: In order of time.
    """

    task: str
    contender: str
    points: tuple[Point, ...]

    def reached(self, goal: float) -> Point | None:
        """The first point at which the score was reached."""
        return next((point for point in self.points if point.score >= goal), None)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Curve":
        """The inverse of `dataclasses.asdict`."""
        points = tuple(Point(**point) for point in values["points"])
        return cls(task=values["task"], contender=values["contender"], points=points)


class Racer:
    """A process that trains one contender, a turn at a time."""

    def __init__(self, task: str, contender: str, flags: RaceFlags) -> None:
        self.task, self.contender, self.goal = task, contender, flags.goal
        case = {
            "task": task,
            "contender": contender,
            "turn": flags.seconds / flags.turns,
            "goal": flags.goal,
            "sizes": flags.sizes,
            "size": flags.size,
            "instances": flags.instances,
            "seed": flags.seed,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tasks.race", json.dumps(case)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.points: list[Point] = []
        self.over = False

    def turn(self) -> None:
        """Does one turn, unless the contender has left."""
        if self.over:
            return
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("turn\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            raise CatalignError(f"{self.contender} on {self.task} ended with code {code}.")
        found = json.loads(line)
        self.points += [Point(**point) for point in found["points"]]
        self.over = found["over"] or self.points[-1].score >= self.goal
        cli.print_note(f"{self.task}, {self.contender}: {_describe(self.points[-1])}")

    def close(self) -> Curve:
        """Ends the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        return Curve(task=self.task, contender=self.contender, points=tuple(self.points))


def main(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    flags = cli.parse(RaceFlags, argv, prog=PROG)
    _check(flags)
    peers = PEERS if tasks.rates.peer_sampler() is not None else ()
    apart = ("tasks", "json", "plot")
    settings = json.loads(json.dumps({k: v for k, v in vars(flags).items() if k not in apart}))
    curves = _read(flags.json, settings)
    for task in flags.tasks:
        if any(curve.task == task for curve in curves):
            cli.print_note(f"{task}: known from {flags.json}")
            continue
        curves += race(task, contenders(task, peers), flags)
        if flags.json is not None:
            packed = {
                "machine": tasks.rates.machine(),
                "settings": settings,
                "curves": [asdict(curve) for curve in curves],
            }
            flags.json.write_text(json.dumps(packed, indent=1) + "\n", encoding="utf-8")
    shown = [curve for curve in curves if curve.task in flags.tasks]
    display.console().print(_table(shown, flags))
    if flags.plot is not None:
        tasks.race_plot.draw(flags.plot, shown, goal=flags.goal, size=flags.size)
    return 0


def contenders(task: str, peers: Sequence[str]) -> tuple[str, ...]:
    """Who takes part in the race of an algorithm."""
    ours = OURS if task in ALIGNED_TASKS else OURS[:1]
    return (*ours, *(peers if task in tasks.bench_train.clrs_30() else ()))


def race(task: str, names: Sequence[str], flags: RaceFlags) -> list[Curve]:
    """Trains the contenders of one algorithm, turn by turn."""
    racers: list[Racer] = []
    try:
        racers += [Racer(task, name, flags) for name in names]
        for _ in range(flags.turns):
            for racer in racers:
                racer.turn()
    finally:
        curves = [racer.close() for racer in racers]
    return curves


def _describe(point: Point) -> str:
    return (
        f"{point.seconds:.0f} s, {point.busy:.0f} s without compiling, {point.updates} updates: "
        f"{100 * point.valid:.1f} % at its largest training size, {100 * point.score:.1f} %"
    )


def _table(curves: Sequence[Curve], flags: RaceFlags) -> Table:
    goal = f"{100 * flags.goal:g} %"
    table = Table(title=f"processor time to {goal} at n = {flags.size}, {tasks.rates.machine()}")
    names = ("algorithm", "contender", f"s to {goal}", "without compiling")
    for name in (
        *names,
        "trained for",
        "updates",
        "trained size",
        f"n = {flags.size}",
        "graph-exact",
    ):
        table.add_column(name, justify="left" if name in names[:2] else "right")
    for curve in curves:
        found, last = curve.reached(flags.goal), curve.points[-1]
        table.add_row(
            curve.task,
            curve.contender,
            "not reached" if found is None else f"{found.seconds:.1f}",
            "" if found is None else f"{found.busy:.1f}",
            f"{last.seconds:.0f}",
            str(last.updates or ""),
            *(f"{100 * share:.1f} %" for share in (last.valid, last.score, last.exact)),
        )
    return table


def _read(path: Path | None, settings: Mapping[str, Any]) -> list[Curve]:
    """The curves of an earlier run that was stopped."""
    if path is None or not path.is_file():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    if found["settings"] != settings:
        raise InputError(
            f"--json is {str(path)!r}, which holds a race with other settings: "
            f"{found['settings']}. Name another file."
        )
    return [Curve.from_dict(curve) for curve in found["curves"]]


def _check(flags: RaceFlags) -> None:
    for name in flags.tasks:
        cli.check_name("--tasks", name, catalign.algorithms.names())
    for name in ("turns", "instances", "size"):
        if getattr(flags, name) < 1:
            raise InputError(f"--{name} is {getattr(flags, name)}, but it must be at least 1.")
    if not flags.sizes or min(flags.sizes) < 2:
        raise InputError(f"--sizes is {flags.sizes}, but it must hold sizes of at least 2.")
    if not flags.seconds > 0:
        raise InputError(f"--seconds is {flags.seconds}, but it must be above 0.")
    if not 0 < flags.goal <= 1:
        raise InputError(f"--goal is {flags.goal}, but it must be above 0 and at most 1.")
