"""What a training run does, as one frozen value that needs no JAX."""

import dataclasses
import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalign._errors import InputError
from catalign.nn.asynchrony.law import Invariance
from catalign.nn.option import (
    ConstantHints,
    EdgePointers,
    Feedback,
    Options,
    PointerReading,
    Precision,
    ScalarStart,
)
from catalign.nn.option import HintMode as HintMode


class Schedule(enum.Enum):
    """How the learning rate moves after the warm-up."""

    CONSTANT = "constant"
    COSINE = "cosine"
    """Falls to zero along half a cosine."""


class SizeOrder(enum.Enum):
    """Which training size comes next."""

    TURNS = "turns"
    """They take turns, in the order given."""
    DRAWN = "drawn"
    """One is drawn, in proportion to the weights."""


class Keep(enum.Enum):
    """Which parameters a run ends with."""

    LAST = "last"
    """Those after the last update."""
    BEST = "best"
    """Those with the best micro-F1 among the validations; the earliest of equals."""


EXACT_LARGEST = 32
"""The largest size that the exact learner learns from."""

EXACT_READS = ("sizes", "random_pos", "processor", "seed", "eval_sizes", "eval_instances")
"""The settings that the exact learner reads."""

LAW = (
    "sizes",
    "size_order",
    "size_weights",
    "edge_probabilities",
    "max_needle",
    "random_pos",
)
"""The settings that say which instances are trained on. Each task of several has its own."""

_ENUMS = (
    ("hints", HintMode),
    ("feedback", Feedback),
    ("constant_hints", ConstantHints),
    ("scalar_start", ScalarStart),
    ("edge_pointers", EdgePointers),
    ("pointers", PointerReading),
    ("precision", Precision),
    ("schedule", Schedule),
    ("size_order", SizeOrder),
    ("keep", Keep),
)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of a training run.

    All cadences are in updates, and act at the next end of a dispatch.

    Attributes:
      steps: The number of parameter updates.
      batch_size: The number of instances in each update.
      sizes: The training sizes. The updates of one dispatch share a size.
      size_order: Which size comes next: they take turns, or one is drawn.
      size_weights: What each size is drawn in proportion to; all alike if left out.
      edge_probabilities: The probabilities that training graphs have their edges with, one of them
        chosen for each graph; those of the algorithm's own law if left out.
      max_needle: The longest needle of string matching in training, its length uniform from 1; a
        fifth of the nodes, always, if left out.
      random_pos: Whether the places `pos` of the nodes, where the algorithm reads them, are sorted
        random numbers in training.
      processor: The processor's name; the algorithm's default if left out (see `tasks.list`), or
        message passing where that is the exact one and settings of a network are given.
      semiring: What the aligned processor computes in; that of the algorithm's alignment if left
        out.
      width: The width of latent fields.
      hints: How hints are used.
      feedback: In which form predicted hints are read.
      constant_hints: Whether hints that never change are hints or inputs.
      scalar_start: How the weights that encode scalar hints are drawn.
      edge_pointers: What pointers of node pairs are read off.
      pointers: Where pointers of the nodes are read: at the pair of source and target, at the pair
        of target and source, or at both.
      precision: How matrix products of a learned processor are computed.
      hint_weight: What the hint losses count for, beside 1 for the output losses.
      invariance: The laws of asynchrony that the processor is taught beside the task, by the mean
        square of their defects on draws.
      invariance_weight: What those losses count for.
      teacher_forcing: The probability that a step reads the true hint in place of the predicted
        one.
      learning_rate: The peak learning rate of Adam.
      schedule: How the learning rate moves.
      warmup_steps: Updates over which the learning rate rises from zero.
      clip: The largest global norm of a gradient.
      updates_per_dispatch: Updates in one call to the device.
      trace_steps: The longest trace to train on; chosen from a sample of runs if left out. Of a
        longer run, hints up to there count, and outputs do not.
      seed: Where all chance comes from: equal seeds give equal runs.
      log_every: Updates between two rows of metrics.
      eval_every: Updates between two validations at the largest training size; 0 for none.
      keep: Which parameters the run ends with.
      save_every: Updates between two checkpoints.
      eval_sizes: The sizes of the final evaluation.
      eval_instances: Instances for each size of the final evaluation.
      validation_instances: Instances in a validation; `eval_instances` if left out.
      harden: Whether to round learned constants at the end, where the processor can and no score
        is lost.

    Raises:
      InputError: A value is out of range; the message names it.

    Example:
      >>> TrainConfig(steps=100, sizes=(4, 8)).learning_rate
      0.001
      >>> TrainConfig(steps=0)
      Traceback (most recent call last):
      ...
      catalign._errors.InputError: `steps` is 0, but it must be a whole number of at least 1.
    """

    steps: int = 2000
    batch_size: int = 32
    sizes: tuple[int, ...] = (4, 7, 11, 13, 16)
    size_order: SizeOrder = SizeOrder.TURNS
    size_weights: tuple[float, ...] = ()
    edge_probabilities: tuple[float, ...] = ()
    max_needle: int | None = None
    random_pos: bool = False
    processor: str | None = None
    semiring: str | None = None
    width: int = 32
    hints: HintMode = HintMode.ENCODED_DECODED
    feedback: Feedback = Feedback.SOFT
    constant_hints: ConstantHints = ConstantHints.HINTS
    scalar_start: ScalarStart = ScalarStart.LECUN
    edge_pointers: EdgePointers = EdgePointers.TRIPLES
    pointers: PointerReading = PointerReading.FORWARD
    precision: Precision = Precision.FULL
    hint_weight: float = 1.0
    invariance: tuple[Invariance, ...] = ()
    invariance_weight: float = 1.0
    teacher_forcing: float = 0.0
    learning_rate: float = 1e-3
    schedule: Schedule = Schedule.CONSTANT
    warmup_steps: int = 0
    clip: float = 1.0
    updates_per_dispatch: int = 10
    trace_steps: int | None = None
    seed: int = 0
    log_every: int = 50
    eval_every: int = 500
    keep: Keep = Keep.LAST
    save_every: int = 500
    eval_sizes: tuple[int, ...] = (16, 64)
    eval_instances: int = 32
    validation_instances: int | None = None
    harden: bool = True

    def __post_init__(self) -> None:
        for name in ("sizes", "eval_sizes"):
            sizes = getattr(self, name)
            if isinstance(sizes, str) or not isinstance(sizes, (tuple, list)) or not sizes:
                raise InputError(
                    f"`{name}` is {sizes!r}, but it must hold sizes, such as (4, 8, 16)."
                )
            object.__setattr__(self, name, tuple(sizes))
            for size in sizes:
                _check_whole(name, size, 1)
        for name in ("size_weights", "edge_probabilities"):
            values = getattr(self, name)
            if isinstance(values, str) or not isinstance(values, (tuple, list)):
                raise InputError(f"`{name}` is {values!r}, but it must hold numbers.")
            object.__setattr__(self, name, tuple(values))
        for value in self.edge_probabilities:
            _check_real("edge_probabilities", value, low=0.0, high=1.0)
        for value in self.size_weights:
            _check_real("size_weights", value, low=0.0, open_below=True)
        if self.size_weights and len(self.size_weights) != len(self.sizes):
            raise InputError(
                f"`size_weights` holds {len(self.size_weights)} numbers, but `sizes` holds "
                f"{len(self.sizes)}: give one for each."
            )
        if self.size_weights and self.size_order is not SizeOrder.DRAWN:
            raise InputError(
                "`size_weights` is given, but sizes take turns: set `size_order` to drawn."
            )
        for name in (
            "steps",
            "batch_size",
            "width",
            "updates_per_dispatch",
            "log_every",
            "save_every",
        ):
            _check_whole(name, getattr(self, name), 1)
        _check_whole("eval_instances", self.eval_instances, 1)
        for name in ("eval_every", "warmup_steps", "seed"):
            _check_whole(name, getattr(self, name), 0)
        if self.seed >= 2**31:
            raise InputError(f"`seed` is {self.seed}, but it must be below 2**31.")
        if self.trace_steps is not None:
            _check_whole("trace_steps", self.trace_steps, 2)
        for name in ("max_needle", "validation_instances"):
            if getattr(self, name) is not None:
                _check_whole(name, getattr(self, name), 1)
        if self.keep is Keep.BEST and not 0 < self.eval_every <= self.steps:
            raise InputError(
                f"`keep` is best, but with `eval_every` {self.eval_every} and `steps` "
                f"{self.steps} nothing is validated: validate more often, or keep the last."
            )
        if self.warmup_steps >= self.steps:
            raise InputError(
                f"`warmup_steps` is {self.warmup_steps}, but the run has {self.steps} `steps`: "
                "warm up for fewer."
            )
        for name in ("learning_rate", "clip"):
            _check_real(name, getattr(self, name), low=0.0, open_below=True)
        _check_real("hint_weight", self.hint_weight, low=0.0)
        object.__setattr__(self, "invariance", tuple(self.invariance))
        for law in self.invariance:
            if not isinstance(law, Invariance):
                known = ", ".join(f"Invariance.{member.name}" for member in Invariance)
                raise InputError(f"`invariance` holds {law!r}, but it may hold {known}.")
        _check_real("invariance_weight", self.invariance_weight, low=0.0)
        _check_real("teacher_forcing", self.teacher_forcing, low=0.0, high=1.0)
        for name, kind in _ENUMS:
            if not isinstance(getattr(self, name), kind):
                known = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
                raise InputError(
                    f"`{name}` is {getattr(self, name)!r}, but it must be one of {known}."
                )
        for name in ("processor", "semiring"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and value):
                raise InputError(f"`{name}` is {value!r}, but it must be a name or None.")

    @property
    def asks_no_network(self) -> bool:
        """Whether only what the exact learner reads is chosen: see `EXACT_READS`.

        It learns from sizes of up to 32.

        Example:
          >>> TrainConfig(seed=3).asks_no_network, TrainConfig(width=64).asks_no_network
          (True, False)
        """
        chosen = {name: getattr(self, name) for name in EXACT_READS}
        return self == TrainConfig(**chosen) and max(self.sizes) <= EXACT_LARGEST

    @property
    def options(self) -> Options:
        """How a learned reasoner reads and predicts probes."""
        return Options(
            hints=self.hints,
            feedback=self.feedback,
            constant_hints=self.constant_hints,
            scalar_start=self.scalar_start,
            edge_pointers=self.edge_pointers,
            pointers=self.pointers,
            precision=self.precision,
        )

    def with_law(self, other: "TrainConfig") -> "TrainConfig":
        """These settings, but with the instances that others train on.

        Example:
          >>> TrainConfig(width=8).with_law(TrainConfig(sizes=(20,), width=16)).sizes
          (20,)
        """
        return dataclasses.replace(self, **{name: getattr(other, name) for name in LAW})

    def to_dict(self) -> dict[str, Any]:
        """The settings as values that JSON knows.

        Example:
          >>> TrainConfig().to_dict()["schedule"]
          'constant'
        """
        values = dataclasses.asdict(self)
        return {name: _plain(value) for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainConfig":
        """The inverse of `to_dict`.

        Raises:
          InputError: A name is unknown or a value out of range.

        Example:
          >>> TrainConfig.from_dict(TrainConfig(seed=3).to_dict()).seed
          3
        """
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise InputError(
                f"The settings hold {', '.join(unknown)}, which this version does not know."
            )
        found = dict(values)
        for name, kind in _ENUMS:
            if name in found:
                try:
                    found[name] = kind(found[name])
                except ValueError:
                    choices = ", ".join(repr(member.value) for member in kind)
                    raise InputError(
                        f"`{name}` is {found[name]!r}, but it must be one of {choices}."
                    ) from None
        try:
            found["invariance"] = tuple(Invariance(name) for name in found.get("invariance", ()))
        except ValueError:
            choices = ", ".join(repr(member.value) for member in Invariance)
            raise InputError(
                f"`invariance` is {found['invariance']!r}, but it may hold {choices}."
            ) from None
        return cls(**found)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, enum.Enum) else value


def _check_whole(name: str, value: object, low: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise InputError(f"`{name}` is {value!r}, but it must be a whole number of at least {low}.")


def _check_real(
    name: str, value: Any, *, low: float, high: float = math.inf, open_below: bool = False
) -> None:
    real = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not real or not low <= value <= high or (open_below and value == low):
        bound = f"{'above' if open_below else 'at least'} {low:g}" + (
            "" if high == math.inf else f", at most {high:g}"
        )
        raise InputError(f"`{name}` is {value!r}, but it must be a finite number {bound}.")
