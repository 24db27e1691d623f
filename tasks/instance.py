"""Reads the user's own instance, by what the algorithm takes. Imports no JAX."""

from pathlib import Path
from typing import TypeAlias

from catalign._errors import InputError, UnsupportedError
from tasks.graph_input import Graph, read_graph
from tasks.text_input import read_numbers, read_two_integers

GRAPH = "graph"
NUMBERS = "numbers"
INTEGERS = "two integers"

Instance: TypeAlias = Graph | list[float] | tuple[str, str]


def read_instance(
    reads: str, path: Path, *, directed: bool | None = None, weight: str | None = None
) -> Instance:
    """Reads an instance from a file.

    Args:
      reads: What the algorithm takes: `GRAPH`, `NUMBERS` or `INTEGERS`; empty if none of these.
      path: The file.
      directed: Graphs only: whether the edges have a direction; the format decides if left out.
      weight: Graphs only: the column or edge attribute that holds the weights.

    Raises:
      InputError: The file is not of its format, or an option is for graphs and this is none.
      UnsupportedError: There is no file format for the algorithm.
    """
    if reads == GRAPH:
        return read_graph(path, directed=directed, weight=weight)
    if directed is not None or weight is not None:
        raise InputError(
            "--directed, --undirected and --weight are for graphs, "
            f"but this algorithm takes {reads or 'none'}. Leave them out."
        )
    if reads == NUMBERS:
        return read_numbers(path)
    if reads == INTEGERS:
        return read_two_integers(path)
    raise UnsupportedError(
        "tasks.run reads graphs, lists of numbers and pairs of integers, and the inputs of this "
        "algorithm are none of these. Write traces with catalign.data.golden.save, and use "
        "tasks.evaluate --data."
    )
