"""The algorithms that catalign ships, as one literal table that answers without importing JAX."""

import difflib
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalign._errors import InputError

if TYPE_CHECKING:
    from catalign.algorithms.algorithm import Algorithm


@dataclass(frozen=True)
class Entry:
    """Where an algorithm lives.

    Attributes:
      name: The algorithm's name, which is also the name of its value in `module`.
      module: The module in `catalign.algorithms` that defines it.
      chapter: The chapter of Cormen et al. (third edition), or the field it comes from.
    """

    name: str
    module: str
    chapter: str


TABLE: tuple[Entry, ...] = (
    Entry("activity_selector", "greedy", "16 Greedy algorithms"),
    Entry("addition", "arithmetic", "Arithmetic"),
    Entry("articulation_points", "biconnectivity", "22-2 Biconnected components"),
    Entry("bellman_ford", "single_source", "24 Single-source shortest paths"),
    Entry("bfs", "elementary_graph", "22 Elementary graph algorithms"),
    Entry("binary_search", "searching", "2 Getting started"),
    Entry("bridges", "biconnectivity", "22-2 Biconnected components"),
    Entry("bubble_sort", "sorting", "2 Getting started"),
    Entry("comparison", "arithmetic", "Arithmetic"),
    Entry("dag_shortest_paths", "dag_shortest", "24 Single-source shortest paths"),
    Entry("dfs", "elementary_graph", "22 Elementary graph algorithms"),
    Entry("digit_division", "arithmetic_digit", "Arithmetic"),
    Entry("digit_multiplication", "arithmetic_digit", "Arithmetic"),
    Entry("dijkstra", "single_source", "24 Single-source shortest paths"),
    Entry("division", "arithmetic_division", "Arithmetic"),
    Entry("extended_gcd", "arithmetic_gcd", "31 Number-theoretic algorithms"),
    Entry("find_maximum_subarray_kadane", "divide_and_conquer", "4 Divide-and-conquer"),
    Entry("floyd_warshall", "all_pairs", "25 All-pairs shortest paths"),
    Entry("gcd", "arithmetic_gcd", "31 Number-theoretic algorithms"),
    Entry("graham_scan", "geometry_hull", "33 Computational geometry"),
    Entry("heapsort", "sorting_heap", "6 Heapsort"),
    Entry("insertion_sort", "sorting", "2 Getting started"),
    Entry("jarvis_march", "geometry_hull", "33 Computational geometry"),
    Entry("kmp_matcher", "strings_kmp", "32 String matching"),
    Entry("lcs_length", "dynamic_programming_lcs", "15 Dynamic programming"),
    Entry("matrix_chain_order", "dynamic_programming", "15 Dynamic programming"),
    Entry("minimum", "searching", "9 Medians and order statistics"),
    Entry("modular_exponentiation", "arithmetic_power", "31 Number-theoretic algorithms"),
    Entry("mst_kruskal", "minimum_spanning_tree", "23 Minimum spanning trees"),
    Entry("mst_prim", "minimum_spanning_tree", "23 Minimum spanning trees"),
    Entry("multi_operand_addition", "arithmetic", "Arithmetic"),
    Entry("multiplication", "arithmetic_multiplication", "Arithmetic"),
    Entry("naive_string_matcher", "strings", "32 String matching"),
    Entry("optimal_bst", "dynamic_programming", "15 Dynamic programming"),
    Entry("parity", "arithmetic", "Arithmetic"),
    Entry("quickselect", "searching", "9 Medians and order statistics"),
    Entry("quicksort", "sorting_quick", "7 Quicksort"),
    Entry("segments_intersect", "geometry", "33 Computational geometry"),
    Entry("strongly_connected_components", "strong_components", "22 Elementary graph algorithms"),
    Entry("subtraction", "arithmetic", "Arithmetic"),
    Entry("task_scheduling", "greedy", "16 Greedy algorithms"),
    Entry("topological_sort", "elementary_graph", "22 Elementary graph algorithms"),
)

CLRS_30: tuple[str, ...] = tuple(
    row.name for row in TABLE if not row.module.startswith("arithmetic")
)
"""The names of the thirty algorithms of the CLRS-30 benchmark."""


def names() -> tuple[str, ...]:
    """The names of all algorithms, sorted.

    Example:
      >>> "bellman_ford" in names()
      True
    """
    return tuple(sorted(entry.name for entry in TABLE))


def entry(name: str) -> Entry:
    """The table's row of one algorithm.

    Raises:
      InputError: No algorithm has this name; the message lists the nearest ones.

    Example:
      >>> entry("bfs").chapter
      '22 Elementary graph algorithms'
    """
    for row in TABLE:
        if row.name == name:
            return row
    near = difflib.get_close_matches(name, names(), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(names())}."
    raise InputError(f"`name` is {name!r}, which is not an algorithm of catalign. {hint}")


def get(name: str) -> "Algorithm":
    """An algorithm by name.

    Raises:
      InputError: No algorithm has this name; the message lists the nearest ones.

    Example:
      >>> get("bfs").name
      'bfs'
    """
    row = entry(name)
    module = importlib.import_module(f"catalign.algorithms.{row.module}")
    return getattr(module, row.name)
