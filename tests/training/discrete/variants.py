"""Variants: other algorithms with the spec of a known one, made from it by one change.

A learner that knew the known algorithm would fail on them. Each is an `Algorithm` like any other.
"""

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp

from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.catalogue import get
from catalign.algorithms.spec import Kind

Change = Callable[[Probes, int], Probes]
"""Changes probes of an instance with a number of nodes."""


def changed(algorithm: Algorithm, name: str, inputs: Change, shown: Change) -> Algorithm:
    """The algorithm that changes its inputs before it runs, and what it shows afterwards."""

    def given(x: Probes) -> Probes:
        return inputs(x, x["pos"].shape[0])

    def seen(probes: Probes, x: Probes) -> Probes:
        return shown(probes, x["pos"].shape[0])

    return dataclasses.replace(
        algorithm,
        name=name,
        init=lambda x: algorithm.init(given(x)),
        step=lambda x, state: algorithm.step(given(x), state),
        done=lambda x, state: algorithm.done(given(x), state),
        hints=lambda x, state: seen(algorithm.hints(given(x), state), x),
        outputs=lambda x, state: seen(algorithm.outputs(given(x), state), x),
        validate=None,
    )


def negated(algorithm: Algorithm, name: str, *scalars: str) -> Algorithm:
    """The algorithm on negated scalars: greatest for least, descending for ascending."""

    def turn(probes: Probes, n: int) -> Probes:
        return {k: -v if k in scalars else v for k, v in probes.items()}

    return changed(algorithm, name, turn, turn)


def mirrored(algorithm: Algorithm, name: str) -> Algorithm:
    """The algorithm that goes through the nodes from the last to the first."""
    spec = algorithm.spec

    def turn(probes: Probes, n: int) -> Probes:
        turned = {}
        for name_, value in probes.items():
            probe = spec[name_]
            value = jnp.flip(value) if probe.rank and name_ != "pos" else value
            if probe.kind in (Kind.MASK_ONE, Kind.POINTER, Kind.SHOULD_BE_PERMUTATION):
                value = jnp.where(value < 0, value, n - 1 - value)
            turned[name_] = value
        return turned

    return changed(algorithm, name, turn, turn)


def transposed(algorithm: Algorithm, name: str) -> Algorithm:
    """The algorithm on the graph with every edge turned around."""

    def turn(inputs: Probes, n: int) -> Probes:
        return {k: v.T if k in ("A", "adj") else v for k, v in inputs.items()}

    return changed(algorithm, name, turn, lambda shown, n: shown)


QUICK = {
    "maximum": negated(get("minimum"), "maximum", "key"),
    "bfs_last_parent": mirrored(get("bfs"), "bfs_last_parent"),
    "least_subarray": negated(
        get("find_maximum_subarray_kadane"), "least_subarray", "key", "sum", "best_sum"
    ),
}
"""Learned in the tests."""

SLOW = {
    "last_minimum": mirrored(get("minimum"), "last_minimum"),
    "binary_search_mirrored": mirrored(get("binary_search"), "binary_search_mirrored"),
    "insertion_sort_descending": negated(get("insertion_sort"), "insertion_sort_descending", "key"),
    "bubble_sort_descending": negated(get("bubble_sort"), "bubble_sort_descending", "key"),
    "lightest_tasks": negated(get("task_scheduling"), "lightest_tasks", "w"),
    "naive_string_matcher_last": mirrored(get("naive_string_matcher"), "naive_string_matcher_last"),
    "maximum_spanning_tree": negated(get("mst_prim"), "maximum_spanning_tree", "A", "key"),
    "maximum_spanning_forest": negated(get("mst_kruskal"), "maximum_spanning_forest", "A"),
    "dfs_from_the_last": mirrored(get("dfs"), "dfs_from_the_last"),
    "dfs_backwards": transposed(get("dfs"), "dfs_backwards"),
    "dearest_chain": negated(get("matrix_chain_order"), "dearest_chain", "m"),
}
"""Learned with `-m slow`."""
