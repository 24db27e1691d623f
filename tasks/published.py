"""Published scores on CLRS-30, and how well each is attested. Imports no JAX.

All are micro-F1 in percent at n = 64 (strings: 64 + 16), trained on n <= 16 for 10,000 updates, one
network a task. Three traps:

1. Two different averages are printed: over the 8 classes of algorithms (Triplet-GMPNN 74.14), and
   over the 30 algorithms (the same network 75.98). Here it is always over algorithms.
2. The baseline moved by 7.65 points: run again in 2026, Triplet-GMPNN had 83.63 where 75.98 was
   published in 2022. A gain of that size over the older number may be no gain.
3. micro-F1 hides failure at the level of graphs: a network with 98.5 % of the nodes right (PGN on
   breadth-first search, 1,600 nodes) had no graph right.

`EVIDENCE` says of each column how well it is attested.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """The published scores of one algorithm.

    Attributes:
      task: The algorithm.
      memnet: The memory network of Velickovic et al. 2022, arXiv 2205.15659.
      gat: Their graph attention network.
      mpnn: Their message passing network, 3 seeds.
      pgn: Their pointer graph network.
      triplet_gmpnn: Ibarz et al. 2022, arXiv 2209.11142, 10 seeds.
      triplet_gmpnn_std: Its standard deviation over seeds.
      g_forgetnet: Bohde et al. 2024, arXiv 2403.04929.
    """

    task: str
    memnet: float
    gat: float
    mpnn: float
    pgn: float
    triplet_gmpnn: float
    triplet_gmpnn_std: float
    g_forgetnet: float


TABLE = (
    Published("activity_selector", 24.1, 73.23, 80.66, 66.8, 95.18, 0.45, 99.03),
    Published("articulation_points", 1.5, 37.76, 50.91, 49.53, 88.32, 2.01, 97.97),
    Published("bellman_ford", 40.04, 87.91, 92.01, 92.99, 97.39, 0.19, 99.18),
    Published("bfs", 43.34, 99.04, 99.89, 99.63, 99.73, 0.04, 99.96),
    Published("binary_search", 14.37, 23.5, 36.83, 76.95, 77.58, 2.35, 85.96),
    Published("bridges", 30.26, 25.64, 72.69, 51.42, 93.99, 2.07, 99.43),
    Published("bubble_sort", 73.58, 9.91, 5.27, 6.01, 67.68, 5.5, 83.19),
    Published("dag_shortest_paths", 66.15, 81.14, 96.24, 96.94, 98.19, 0.3, 99.37),
    Published("dfs", 13.36, 11.78, 6.54, 8.71, 47.79, 4.19, 74.31),
    Published("dijkstra", 22.48, 58.01, 91.5, 83.45, 96.05, 0.6, 99.14),
    Published("find_maximum_subarray_kadane", 13.05, 24.43, 20.3, 65.23, 76.36, 0.43, 78.97),
    Published("floyd_warshall", 14.17, 16.66, 26.74, 28.76, 48.52, 1.04, 56.32),
    Published("graham_scan", 40.62, 77.89, 91.04, 56.87, 93.62, 0.91, 97.67),
    Published("heapsort", 68.0, 10.35, 10.94, 5.27, 31.04, 5.82, 57.47),
    Published("insertion_sort", 71.42, 29.52, 19.81, 44.37, 78.14, 4.64, 98.4),
    Published("jarvis_march", 22.99, 51.51, 34.86, 49.19, 91.01, 1.3, 88.53),
    Published("kmp_matcher", 1.81, 3.03, 2.49, 2.0, 19.51, 4.57, 12.45),
    Published("lcs_length", 49.84, 57.88, 53.23, 56.82, 80.51, 1.84, 85.43),
    Published("matrix_chain_order", 81.96, 78.19, 79.84, 83.91, 91.68, 0.59, 91.08),
    Published("minimum", 86.93, 84.2, 85.34, 87.71, 97.78, 0.55, 99.26),
    Published("mst_kruskal", 28.84, 65.72, 70.97, 66.96, 89.8, 0.77, 91.25),
    Published("mst_prim", 10.29, 38.2, 69.08, 63.33, 86.39, 1.33, 95.19),
    Published("naive_string_matcher", 1.22, 3.01, 3.92, 2.08, 78.67, 4.99, 97.02),
    Published("optimal_bst", 72.03, 65.49, 62.23, 71.01, 73.77, 1.48, 83.58),
    Published("quickselect", 1.74, 4.36, 1.43, 3.66, 0.47, 0.25, 6.3),
    Published("quicksort", 73.1, 7.6, 11.3, 6.17, 64.64, 5.12, 73.28),
    Published("segments_intersect", 71.81, 90.41, 93.44, 77.51, 97.64, 0.09, 99.06),
    Published("strongly_connected_components", 16.32, 12.7, 24.37, 20.8, 43.43, 3.15, 53.53),
    Published("task_scheduling", 82.74, 84.69, 84.11, 84.89, 87.25, 0.35, 84.55),
    Published("topological_sort", 2.73, 27.03, 52.6, 60.45, 87.27, 2.67, 99.92),
)
"""One row an algorithm, in the order of their names."""

COLUMNS = ("memnet", "gat", "mpnn", "pgn", "triplet_gmpnn", "g_forgetnet")
"""The networks."""

MEAN_OF_30 = {
    "memnet": 38.03, "gat": 44.69, "mpnn": 51.02, "pgn": 52.31, "triplet_gmpnn": 75.98,
    "g_forgetnet": 82.89,
}  # fmt: skip
"""The mean over the algorithms, as printed where it was."""


class Evidence(enum.Enum):
    """How well published scores are attested. None of these columns was read in print as a whole.

    Attributes:
      CHECKED: Written down from memory. Each mean and each single value of them that could be read
        in print agrees. A check of means cannot see two errors that cancel.
      RECALLED: Written down from memory, and for most values not checked: a lead, not a fact.
    """

    CHECKED = "recalled, checked"
    RECALLED = "recalled"


@dataclass(frozen=True)
class Attested:
    """What a column of `TABLE` rests on.

    Attributes:
      evidence: Its class.
      cells: How many of its thirty values could be read in print. All of these agree.
      means: Which of its means could be read besides. They agree to 0.01.
    """

    evidence: Evidence
    cells: int
    means: str

    def __str__(self) -> str:
        """The class, and what was checked.

        Example:
          >>> print(EVIDENCE["triplet_gmpnn_std"])
          recalled (read in print, and equal: 11 of 30 values)
        """
        means = f"; {self.means}" if self.means else ""
        return f"{self.evidence.value} (read in print, and equal: {self.cells} of 30 values{means})"


_CLASSES = "the mean over 8 classes, the means of 2 classes"

EVIDENCE: Mapping[str, Attested] = {
    "memnet": Attested(Evidence.CHECKED, 3, _CLASSES),
    "gat": Attested(Evidence.CHECKED, 1, _CLASSES),
    "mpnn": Attested(Evidence.CHECKED, 13, f"the mean of 30, {_CLASSES}"),
    "pgn": Attested(Evidence.CHECKED, 6, _CLASSES),
    "triplet_gmpnn": Attested(
        Evidence.CHECKED,
        13,
        "the mean over 8 classes, how many algorithms are above 60, 80 and 90 %",
    ),
    "triplet_gmpnn_std": Attested(Evidence.RECALLED, 11, ""),
    "g_forgetnet": Attested(Evidence.CHECKED, 2, "the mean of 30, the means of all 8 classes"),
}
"""How well each column is attested. Which single values were read was not written down."""


def find(task: str) -> Published | None:
    """The row of an algorithm; None for one outside of CLRS-30."""
    return next((row for row in TABLE if row.task == task), None)


def mean(column: str) -> float:
    """The mean of a column over the thirty algorithms.

    Example:
      >>> round(mean("mpnn"), 2)
      51.02
    """
    return math.fsum(getattr(row, column) for row in TABLE) / len(TABLE)
