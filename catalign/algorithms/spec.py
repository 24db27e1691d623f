"""What an algorithm reads, shows and returns: stages, locations, kinds, probes, specs.

A *probe* is a named field: a function from a location (the nodes, the ordered node pairs, the
graph) to values of a kind. A *spec* lists the probes of an algorithm in order. The words are those
of the CLRS-30 benchmark (Velickovic et al. 2022, arXiv 2205.15659).
"""

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalign._errors import InputError


class Stage(enum.Enum):
    """When a probe is seen: before, during or after the run."""

    INPUT = "input"
    HINT = "hint"
    OUTPUT = "output"


class Location(enum.Enum):
    """What a probe has one value for: a node, an ordered pair of nodes, or the graph."""

    NODE = "node"
    EDGE = "edge"
    GRAPH = "graph"

    @property
    def rank(self) -> int:
        """The number of node axes of a probe here: 1 for nodes, 2 for edges, 0 for the graph."""
        return {Location.NODE: 1, Location.EDGE: 2, Location.GRAPH: 0}[self]


class Kind(enum.Enum):
    """The values that a probe takes, and how catalign stores them on the device.

    | kind | values | stored as |
    |---|---|---|
    | SCALAR | real numbers | float |
    | MASK | false, true | bool; int8 with -1 where the probe is `partial` |
    | MASK_ONE | one node: a map ONE -> V | the node's index, int32; no node axis |
    | CATEGORICAL | one of `classes` | the class, int32; -1 where `partial` |
    | POINTER | a node at each place: a map V -> V | node indices, int32; -1 where `partial` |
    | SHOULD_BE_PERMUTATION | a predecessor list | as POINTER; the first points to itself |
    """

    SCALAR = "scalar"
    MASK = "mask"
    MASK_ONE = "mask_one"
    CATEGORICAL = "categorical"
    POINTER = "pointer"
    SHOULD_BE_PERMUTATION = "should_be_permutation"


@dataclass(frozen=True)
class Probe:
    """One named field of an algorithm.

    Args:
      name: Its name, unique in the spec.
      stage: When it is seen.
      location: What it has one value for.
      kind: The values it takes.
      classes: The number of classes of a categorical; otherwise left out.
      partial: Whether some places hold no value (stored as -1) and are not scored.
      constant: Whether a hint shows at every step of a run what it shows at the first, so that it
        could as well be an input. A fact about the algorithm and no part of the probe's type:
        probes that differ in it alone are equal.

    Raises:
      InputError: `classes` is missing for a categorical or given for another kind, a mask_one is
        not at the nodes, or a probe that is no hint is called constant.

    Example:
      >>> str(Probe("d", Stage.HINT, Location.NODE, Kind.SCALAR))
      'd: hint node scalar'
    """

    name: str
    stage: Stage
    location: Location
    kind: Kind
    classes: int | None = None
    partial: bool = False
    constant: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if (self.kind is Kind.CATEGORICAL) != (self.classes is not None):
            raise InputError(
                f"Probe {self.name!r} of kind {self.kind.value!r} got classes={self.classes}. "
                "Give `classes` for a categorical and leave it out for every other kind."
            )
        if self.kind is Kind.MASK_ONE and self.location is not Location.NODE:
            raise InputError(
                f"Probe {self.name!r} is a mask_one at the {self.location.value}. "
                "A mask_one marks one node: use Location.NODE."
            )
        if self.constant and self.stage is not Stage.HINT:
            raise InputError(
                f"Probe {self.name!r} of stage {self.stage.value!r} got constant=True. Only a hint "
                "is seen at every step: leave it out."
            )

    @property
    def rank(self) -> int:
        """The number of node axes of one stored value."""
        return 0 if self.kind is Kind.MASK_ONE else self.location.rank

    @property
    def values(self) -> int:
        """How many values a mask or a categorical takes.

        Raises:
          InputError: It is of another kind.

        Example:
          >>> Probe("carry", Stage.OUTPUT, Location.NODE, Kind.MASK).values
          2
        """
        if self.kind is Kind.MASK:
            return 2
        if self.classes is None:
            raise InputError(f"{self} takes values without a number: ask a mask or a categorical.")
        return self.classes

    def __str__(self) -> str:
        return f"{self.name}: {self.stage.value} {self.location.value} {self.kind.value}"


@dataclass(frozen=True)
class Spec:
    """The probes of an algorithm, in order.

    Raises:
      InputError: Two probes share a name, or there is no input or no output.

    Example:
      >>> spec = Spec(Probe("key", Stage.INPUT, Location.NODE, Kind.SCALAR),
      ...             Probe("min", Stage.OUTPUT, Location.NODE, Kind.MASK_ONE))
      >>> [p.name for p in spec.outputs]
      ['min']
    """

    probes: tuple[Probe, ...]

    def __init__(self, *probes: Probe) -> None:
        names = [p.name for p in probes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"Spec has several probes named {', '.join(twice)}. Give each probe its own name."
            )
        present = {p.stage for p in probes}
        missing = [s.value for s in (Stage.INPUT, Stage.OUTPUT) if s not in present]
        if missing:
            raise InputError(
                f"Spec has no {' and no '.join(missing)} probe. It needs at least one of each."
            )
        object.__setattr__(self, "probes", probes)

    @property
    def inputs(self) -> tuple[Probe, ...]:
        """The probes seen before the run."""
        return self.at(Stage.INPUT)

    @property
    def hints(self) -> tuple[Probe, ...]:
        """The probes seen at every step."""
        return self.at(Stage.HINT)

    @property
    def outputs(self) -> tuple[Probe, ...]:
        """The probes seen after the run."""
        return self.at(Stage.OUTPUT)

    def at(self, stage: Stage) -> tuple[Probe, ...]:
        """The probes of one stage, in order."""
        return tuple(p for p in self.probes if p.stage is stage)

    def to_lists(self) -> list[list[Any]]:
        """The probes as plain lists, for JSON; `constant`, which is no part of a type, is left out.

        Example:
          >>> spec = Spec(Probe("a", Stage.INPUT, Location.NODE, Kind.MASK),
          ...             Probe("b", Stage.OUTPUT, Location.NODE, Kind.MASK))
          >>> Spec.from_lists(spec.to_lists()) == spec
          True
        """
        return [
            [p.name, p.stage.value, p.location.value, p.kind.value, p.classes, p.partial]
            for p in self
        ]

    @classmethod
    def from_lists(cls, rows: Iterable[Sequence[Any]]) -> "Spec":
        """The spec that `to_lists` wrote.

        Raises:
          ValueError: A row is no probe.
        """
        return cls(
            *(
                Probe(name, Stage(stage), Location(place), Kind(kind), classes, partial)
                for name, stage, place, kind, classes, partial in rows
            )
        )

    def __iter__(self) -> Iterator[Probe]:
        return iter(self.probes)

    def __getitem__(self, name: str) -> Probe:
        for probe in self.probes:
            if probe.name == name:
                return probe
        raise InputError(
            f"Spec has no probe {name!r}; it has {', '.join(p.name for p in self.probes)}."
        )
