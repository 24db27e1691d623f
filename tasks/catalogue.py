"""What `tasks.list` shows, kept in a data file so that listing needs no JAX."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROCESSORS = (
    "aligned",
    "deep_sets",
    "edge_transformer",
    "exact",
    "gat",
    "gatv2",
    "l1_max",
    "l1_sum",
    "l2_max",
    "l3_max",
    "l3_tropical",
    "learned_argument",
    "mpnn",
    "mpnn_mean",
    "mpnn_sparse",
    "mpnn_sum",
    "path_gnn",
    "pgn",
    "pgn_gated",
    "pgn_pointer",
    "relational_transformer",
    "rnar",
    "semiring_max_min",
    "semiring_max_plus",
    "semiring_min_plus",
    "semiring_plus_times",
    "triplet_gmpnn",
    "triplet_mpnn",
)
"""The names of the processors, here as well so that a typo is found without JAX."""

STEP_SIZES = (16, 64)
"""The sizes for which a row tells the hint steps."""

PATH = Path(__file__).with_name("catalogue.json")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One algorithm of the catalogue.

    Attributes:
      name: Its name.
      chapter: The chapter or field that it comes from.
      inputs: The names of its input probes.
      hints: The names of its hint probes.
      outputs: The names of its output probes.
      steps: The hint steps of a run at each of `STEP_SIZES`: the median of drawn instances.
      most_steps: The most hint steps of any run at each of `STEP_SIZES`.
      diagram: The polynomial diagram of its step; empty where none is known.
      algebra: The semiring or monoid of its step, by name; empty where none is known.
      reads: What `tasks.run` reads for it (see `tasks.instance`); empty if nothing.
      processor: The processor that is used unless another is asked for.
      source: Where it is described.
    """

    name: str
    chapter: str
    inputs: tuple[str, ...]
    hints: tuple[str, ...]
    outputs: tuple[str, ...]
    steps: tuple[int, ...]
    most_steps: tuple[int, ...]
    diagram: str
    algebra: str
    reads: str
    processor: str
    source: str


def read() -> tuple[Row, ...]:
    """The rows of the data file, sorted by name."""
    rows: list[dict[str, Any]] = json.loads(PATH.read_text(encoding="utf-8"))
    lists = ("inputs", "hints", "outputs", "steps", "most_steps")
    for row in rows:
        row |= {name: tuple(row[name]) for name in lists}
    return tuple(Row(**row) for row in rows)


def find(name: str) -> Row | None:
    """The row of an algorithm; None for one of the user's own."""
    return next((row for row in read() if row.name == name), None)


def to_json(rows: tuple[Row, ...]) -> str:
    """The text of the data file."""
    return json.dumps([asdict(row) for row in rows], indent=1) + "\n"
