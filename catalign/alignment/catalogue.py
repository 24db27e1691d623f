"""The alignments that catalign ships, as one literal table that answers without importing JAX."""

import difflib
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalign._errors import InputError

if TYPE_CHECKING:
    from catalign.alignment.alignment import Alignment


@dataclass(frozen=True)
class Entry:
    """One row: what is claimed of an algorithm, and where.

    Attributes:
      name: The algorithm's name, which is also the name of the alignment in `module`.
      module: The module in `catalign.alignment` that defines it.
      diagram: The type of one step.
      algebra: The semiring, or the commutative monoid, by name.
      claim: What is claimed to be equal.
    """

    name: str
    module: str
    diagram: str
    algebra: str
    claim: str


_RELAX = "bellman_ford: 2 V + E <- 2 V + 2 E -> V + E -> V"
_RIPPLE = "ripple: 3 V <- 3 V -> 2 V -> V"
_COLLECT = "collect: V + ONE <- V + ONE -> V + ONE -> ONE"
_READOUT = "readout: V <- V -> V -> ONE"
_EVERY_STEP, _OUTPUTS = "every step", "the outputs"

TABLE: tuple[Entry, ...] = (
    Entry("addition", "ripple", _RIPPLE, "lor_land", _EVERY_STEP),
    Entry("bellman_ford", "relaxation", _RELAX, "min_plus", _EVERY_STEP),
    Entry("bfs", "relaxation", _RELAX, "lor_land", _EVERY_STEP),
    Entry("bubble_sort", "collecting", _READOUT, "merge", _OUTPUTS),
    Entry("insertion_sort", "collecting", _COLLECT, "merge", _EVERY_STEP),
    Entry("minimum", "collecting", _READOUT, "min_plus", _OUTPUTS),
    Entry("subtraction", "ripple", _RIPPLE, "lor_land", _EVERY_STEP),
)


def names() -> tuple[str, ...]:
    """The names of the algorithms that have an alignment, sorted.

    Example:
      >>> "bellman_ford" in names()
      True
    """
    return tuple(sorted(row.name for row in TABLE))


def entry(name: str) -> Entry:
    """The table's row of one algorithm.

    Raises:
      InputError: The algorithm has no alignment here; the message lists the nearest names.

    Example:
      >>> row = entry("bfs")
      >>> row.diagram, row.algebra
      ('bellman_ford: 2 V + E <- 2 V + 2 E -> V + E -> V', 'lor_land')
    """
    for row in TABLE:
        if row.name == name:
            return row
    near = difflib.get_close_matches(name, names(), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(names())}."
    raise InputError(f"`name` is {name!r}, which has no alignment in the catalogue. {hint}")


def get(name: str) -> "Alignment":
    """The alignment of an algorithm, by name.

    Raises:
      InputError: The algorithm has no alignment here; the message lists the nearest names.

    Example:
      >>> print(get("bfs"))
      bfs = bellman_ford: 2 V + E <- 2 V + 2 E -> V + E -> V in lor_land, on every step
    """
    module = importlib.import_module(f"catalign.alignment.{entry(name).module}")
    return getattr(module, name)
