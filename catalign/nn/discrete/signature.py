"""The fields of a discrete state: the probes of a spec, their next values, and memory.

A rule reads old values (`u`) and those next values that are decided before it (`u'`). Hints that
are not Markov need a little memory besides: what the state shows now does not determine what it
shows next, but what it showed before does. A memory field is a fixed function of the states so far.

| memory | is |
|---|---|
| `@same` | whether the last step changed nothing (false at first) |
| `@changed x` | whether the last step changed the hint x at the graph (false at first) |
| `@trail a where b = c` | the nodes that register a marked in earlier states where b and c agreed |
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage

ORDER = "pos"
"""The input that numbers the nodes. It is read as their order alone."""

Fields = Mapping[str, Any]


def primed(name: str) -> str:
    """The name of a field's next value."""
    return f"{name}'"


@dataclass(frozen=True)
class Field:
    """The type of a field.

    Attributes:
      name: Its name, primed for a next value.
      kind: Its kind; a should_be_permutation is a pointer.
      location: Where it has values.
      classes: The number of its classes: 2 for masks, 0 where it has none.
      partial: Whether some places hold no value, stored as -1.
      output: Whether it is an output: then places without a value are not scored.
    """

    name: str
    kind: Kind
    location: Location
    classes: int = 0
    partial: bool = False
    output: bool = False

    @property
    def scored(self) -> bool:
        """Whether a value of -1 counts."""
        return not (self.partial and self.output)

    @property
    def rank(self) -> int:
        """The number of node axes of a stored value."""
        return 0 if self.kind is Kind.MASK_ONE else self.location.rank

    @property
    def next(self) -> "Field":
        """The field of the next value."""
        return dataclasses.replace(self, name=primed(self.name))


def field_of(probe: Probe) -> Field:
    """The field of a probe."""
    kind = Kind.POINTER if probe.kind is Kind.SHOULD_BE_PERMUTATION else probe.kind
    classes = 2 if kind is Kind.MASK else probe.classes or 0
    output = probe.stage is Stage.OUTPUT
    return Field(probe.name, kind, probe.location, classes, probe.partial, output)


@dataclass(frozen=True)
class Unchanged:
    """Whether the last step changed nothing, or not the hint at the graph that is named.

    Attributes:
      hint: The hint; all of them if empty.
    """

    hint: str = ""

    @property
    def field(self) -> Field:
        """A mask at the graph: true where something changed if a hint is named."""
        return Field(
            f"@changed {self.hint}" if self.hint else "@same", Kind.MASK, Location.GRAPH, 2
        )

    def begin(self, xp: Any, hints: Fields, n: int) -> Any:
        """False, `[m]`."""
        return xp.zeros(next(iter(hints.values())).shape[0], bool)

    def update(self, xp: Any, value: Any, old: Fields, new: Fields) -> Any:
        """The memory after a step."""
        del value
        if self.hint:
            return old[self.hint] != new[self.hint]
        same = xp.asarray(True)
        for name in new:
            equal = old[name] == new[name]
            same = same & equal.reshape(equal.shape[0], -1).all(axis=1)
        return same


@dataclass(frozen=True)
class Trail:
    """The nodes that a register marked in earlier states where two registers agreed.

    Attributes:
      register: The register a.
      first: The register b; a and b equal to c is no condition.
      second: The register c.
    """

    register: str
    first: str
    second: str

    @property
    def field(self) -> Field:
        """A mask at the nodes."""
        condition = "" if self.first == self.second else f" where {self.first} = {self.second}"
        return Field(f"@trail {self.register}{condition}", Kind.MASK, Location.NODE, 2)

    def begin(self, xp: Any, hints: Fields, n: int) -> Any:
        """No node, `[m, n]`."""
        return xp.zeros((next(iter(hints.values())).shape[0], n), bool)

    def update(self, xp: Any, value: Any, old: Fields, new: Fields) -> Any:
        """The memory after a step: it adds the node marked before the step."""
        del new
        register = old[self.register]
        marked = register[:, None] == xp.arange(value.shape[1], dtype=register.dtype)[None]
        return value | (marked & (old[self.first] == old[self.second])[:, None])


Memory = Unchanged | Trail


def memories(spec: Spec) -> list[Memory]:
    """All memory fields of a spec, the simplest first."""
    registers = [p.name for p in spec.hints if p.kind is Kind.MASK_ONE]
    graph = [p.name for p in spec.hints if p.location is Location.GRAPH]
    trails = [Trail(a, a, a) for a in registers]
    met = [
        Trail(a, b, c)
        for a in registers
        for x, b in enumerate(registers)
        for c in registers[x + 1 :]
    ]
    return [Unchanged(), *(Unchanged(name) for name in graph), *trails, *met]


@dataclass(frozen=True)
class Signature:
    """The fields that a rule may read, sorted by what they are good for.

    Args:
      fields: The fields.
    """

    fields: tuple[Field, ...]

    def of(self, kind: Kind, location: Location) -> list[Field]:
        """The fields of one kind at one location."""
        return [f for f in self.fields if f.kind is kind and f.location is location]

    @property
    def registers(self) -> list[Field]:
        """The mask_ones."""
        return self.of(Kind.MASK_ONE, Location.NODE)

    @property
    def pointers(self) -> list[Field]:
        """The node pointers."""
        return self.of(Kind.POINTER, Location.NODE)

    @property
    def scalars(self) -> list[Field]:
        """The node scalars; the order of the nodes is not one."""
        return [f for f in self.of(Kind.SCALAR, Location.NODE) if f.name != ORDER]

    def classed(self, location: Location) -> list[Field]:
        """The masks and categoricals at one location."""
        return self.of(Kind.MASK, location) + self.of(Kind.CATEGORICAL, location)
