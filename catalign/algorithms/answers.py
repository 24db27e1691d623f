"""Whether answers are right, without running the algorithm again.

Each algorithm has conditions that hold for its right answers and for no others. Where a question
has several right answers, all are accepted: any tie-break, any order of a depth-first search, any
minimum spanning tree. (A trace, and the benchmark's scores, know only one of them.)
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from catalign._errors import InputError, ShapeMismatchError
from catalign._typing import Probes
from catalign.algorithms import (
    answers_geometry,
    answers_graph,
    answers_graph_paths,
    answers_graph_spanning,
    answers_greedy,
    answers_sequence,
    answers_sparse,
    answers_table,
)
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.answers_arithmetic import is_arithmetic, verify_arithmetic
from catalign.algorithms.check import HostProbes, check_inputs
from catalign.algorithms.sparse import SparseAlgorithm, check_listed
from catalign.algorithms.spec import Kind, Location, Probe
from catalign.algorithms.verdict import Verdict

_Check: TypeAlias = Callable[[HostProbes, HostProbes], Mapping[str, np.ndarray]]

_CHECKS: Mapping[str, _Check] = {
    "activity_selector": answers_greedy.activity_selector,
    "articulation_points": answers_graph.articulation_points,
    "bellman_ford": answers_graph_paths.shortest_paths,
    "bfs": answers_graph_paths.bfs,
    "binary_search": answers_sequence.binary_search,
    "bridges": answers_graph.bridges,
    "bubble_sort": answers_sequence.sorting,
    "dag_shortest_paths": answers_graph_paths.shortest_paths,
    "dfs": answers_graph.dfs,
    "dijkstra": answers_graph_paths.shortest_paths,
    "find_maximum_subarray_kadane": answers_sequence.find_maximum_subarray_kadane,
    "floyd_warshall": answers_graph_paths.floyd_warshall,
    "graham_scan": answers_geometry.convex_hull,
    "heapsort": answers_sequence.sorting,
    "insertion_sort": answers_sequence.sorting,
    "jarvis_march": answers_geometry.convex_hull,
    "kmp_matcher": answers_sequence.string_matching,
    "lcs_length": answers_table.lcs_length,
    "matrix_chain_order": answers_table.matrix_chain_order,
    "minimum": answers_sequence.minimum,
    "mst_kruskal": answers_graph_spanning.mst_kruskal,
    "mst_prim": answers_graph_spanning.mst_prim,
    "naive_string_matcher": answers_sequence.string_matching,
    "optimal_bst": answers_table.optimal_bst,
    "quickselect": answers_sequence.quickselect,
    "quicksort": answers_sequence.sorting,
    "segments_intersect": answers_geometry.segments_intersect,
    "strongly_connected_components": answers_graph.strongly_connected_components,
    "task_scheduling": answers_greedy.task_scheduling,
    "topological_sort": answers_graph.topological_sort,
    **answers_sparse.CHECKS,
}


def verify(algorithm: Algorithm, inputs: Probes, outputs: Probes) -> Verdict:
    """Decides which answers to a batch of questions are right, and where the others are wrong.

    Args:
      algorithm: One of the catalogue, or one on edge lists.
      inputs: Its inputs, `[B, ...]`, in its domain.
      outputs: The answers, `[B, ...]`: from a trace, or from a model. An index that is no node is
        wrong; places that hold no value in a trace are not looked at.

    Raises:
      InputError: The algorithm has no check, an output is missing, or the inputs lie outside of its
        domain.
      ShapeMismatchError: An input or output has another shape or type than the spec asks for.

    Example:
      >>> from catalign.algorithms.catalogue import get
      >>> inputs = {"pos": np.array([[0.0, 0.5]]), "key": np.array([[3.0, 3.0]])}
      >>> print(verify(get("insertion_sort"), inputs, {"pred": np.array([[1, 1]])}))
      1 of 1 answers are right.
    """
    if is_arithmetic(algorithm):
        return verify_arithmetic(algorithm, inputs, outputs)
    if algorithm.name not in _CHECKS:
        raise InputError(
            f"`algorithm` is {algorithm.name}, which has no check of answers; "
            f"arithmetic and these have one: {', '.join(sorted(_CHECKS))}."
        )
    missing = [p.name for p in algorithm.spec.outputs if p.name not in outputs]
    if missing:
        raise InputError(f"`outputs` of {algorithm.name} lack {', '.join(missing)}.")
    check = check_listed if isinstance(algorithm, SparseAlgorithm) else check_inputs
    check(algorithm.name, algorithm.spec, inputs, min_size=algorithm.min_size)
    given = {name: np.asarray(x) for name, x in inputs.items()}
    if algorithm.validate is not None:
        algorithm.validate(given)
    batch, n = len(next(iter(given.values()))), algorithm.size(inputs)
    answers, outside = {}, {}
    for probe in algorithm.spec.outputs:
        value = _answer(algorithm.name, probe, outputs[probe.name], (batch, *(n,) * probe.rank))
        answers[probe.name], outside[probe.name] = _within(probe, value, n)
    violated = _CHECKS[algorithm.name](given, answers)
    return Verdict({name: violated[name] | outside[name] for name in answers})


def _answer(name: str, probe: Probe, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The answer on the host; indices as int64, masks as bool, or as int8 where partial."""
    value = np.asarray(value)
    if probe.kind is Kind.SCALAR:
        expected, fits = "float", np.issubdtype(value.dtype, np.floating)
    elif probe.kind is Kind.MASK:
        whole = np.issubdtype(value.dtype, np.integer)
        expected, fits = "bool", value.dtype == bool or (probe.partial and whole)
    else:
        expected, fits = "int32", np.issubdtype(value.dtype, np.integer)
    if value.shape != shape or not fits:
        raise ShapeMismatchError(
            f"`outputs[{probe.name!r}]` of {name} has shape {value.shape} and dtype {value.dtype}, "
            f"but the {probe.location.value} {probe.kind.value} has shape {shape} here and dtype "
            f"{expected}."
        )
    return value.astype(np.int64) if np.issubdtype(value.dtype, np.integer) else value


def _within(probe: Probe, value: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Answers whose indices are nodes, and where they were not: a pointer to the node itself then.

    The checks of pairs know at which pairs an index is asked for, and look themselves.
    """
    if probe.kind in (Kind.MASK, Kind.CATEGORICAL, Kind.SCALAR) or probe.location is Location.EDGE:
        return value, np.zeros(value.shape, bool)
    outside = (value < 0) | (value >= n)
    nowhere = np.arange(n)[None, :] if probe.rank else 0
    return np.where(outside, nowhere, value), outside
