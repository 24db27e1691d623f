"""Variants: other algorithms with the spec of a known one, made from it by one change.

A learner that knew the known algorithm would fail on them. Each is an `Algorithm` like any other:
`python -m tasks.train --task tests/training/discrete/variants.py:maximum --processor=exact`.
"""

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.catalogue import get
from catalign.algorithms.spec import Kind, Spec

Change = Callable[[Probes, Probes], Probes]
"""Changes probes of an instance, which comes second."""


def changed(algorithm: Algorithm, name: str, inputs: Change, shown: Change) -> Algorithm:
    """The algorithm that changes its inputs before it runs, and what it shows afterwards."""

    return dataclasses.replace(
        algorithm,
        name=name,
        init=lambda x: algorithm.init(inputs(x, x)),
        step=lambda x, state: algorithm.step(inputs(x, x), state),
        done=lambda x, state: algorithm.done(inputs(x, x), state),
        hints=lambda x, state: shown(algorithm.hints(inputs(x, x), state), x),
        outputs=lambda x, state: shown(algorithm.outputs(inputs(x, x), state), x),
    )


def renamed(algorithm: Algorithm, name: str, names: dict[str, str]) -> Algorithm:
    """The algorithm under another name, with other names of probes."""
    new = {p.name: names.get(p.name, p.name) for p in algorithm.spec}
    old = {b: a for a, b in new.items()}

    def there(probes: Probes) -> Probes:
        return {new[k]: v for k, v in probes.items()}

    def back(probes: Probes) -> Probes:
        return {old[k]: v for k, v in probes.items()}

    return dataclasses.replace(
        algorithm,
        name=name,
        spec=Spec(*(dataclasses.replace(p, name=new[p.name]) for p in algorithm.spec)),
        sampler=lambda key, size: there(algorithm.sampler(key, size)),
        init=lambda x: algorithm.init(back(x)),
        step=lambda x, state: algorithm.step(back(x), state),
        done=lambda x, state: algorithm.done(back(x), state),
        hints=lambda x, state: there(algorithm.hints(back(x), state)),
        outputs=lambda x, state: there(algorithm.outputs(back(x), state)),
        validate=lambda x: algorithm.validate(back(x)) if algorithm.validate else None,
    )


def negated(algorithm: Algorithm, name: str, *scalars: str) -> Algorithm:
    """The algorithm on negated scalars: greatest for least, descending for ascending."""

    def turn(probes: Probes, x: Probes) -> Probes:
        return {k: -v if k in scalars else v for k, v in probes.items()}

    return changed(algorithm, name, turn, turn)


def moved(algorithm: Algorithm, name: str, place: Callable[[Probes], Array]) -> Algorithm:
    """The algorithm with each node in another's place; it is to be the other way around as well."""
    spec = algorithm.spec

    def turn(probes: Probes, x: Probes) -> Probes:
        to = place(x)
        turned = {}
        for name_, value in probes.items():
            probe = spec[name_]
            if name_ != "pos":
                for axis in range(probe.rank):
                    value = jnp.take(value, to, axis=axis)
            if probe.kind in (Kind.MASK_ONE, Kind.POINTER, Kind.SHOULD_BE_PERMUTATION):
                value = jnp.where(value < 0, value, to[value].astype(value.dtype))
            turned[name_] = value
        return turned

    return changed(algorithm, name, turn, turn)


def mirrored(algorithm: Algorithm, name: str) -> Algorithm:
    """The algorithm that goes through the nodes from the last to the first."""
    return moved(algorithm, name, lambda x: jnp.arange(x["pos"].shape[0])[::-1])


def both_backwards(x: Probes) -> Array:
    """Each of two strings from its last place to its first; the first one stays first."""
    n, place = x["pos"].shape[0], jnp.arange(x["pos"].shape[0])
    needle = n - jnp.sum(x["string"])
    return jnp.where(place < needle, needle - 1, n - 1 + needle) - place


def coarse(algorithm: Algorithm, scalar: str) -> Algorithm:
    """The algorithm on sixteenths: sums and products are exact, and no end depends on rounding."""

    def sampler(key: Array, size: int) -> Probes:
        inputs = algorithm.sampler(key, size)
        return {**inputs, scalar: jnp.round(inputs[scalar] * 16) / 16}

    return dataclasses.replace(algorithm, sampler=sampler)


def transposed(algorithm: Algorithm, name: str) -> Algorithm:
    """The algorithm on the graph with every edge turned around."""

    def turn(inputs: Probes, x: Probes) -> Probes:
        return {k: v.T if k in ("A", "adj") else v for k, v in inputs.items()}

    return changed(algorithm, name, turn, lambda shown, x: shown)


bfs_last_parent = mirrored(get("bfs"), "bfs_last_parent")
least_subarray = negated(
    get("find_maximum_subarray_kadane"), "least_subarray", "key", "sum", "best_sum"
)
maximum = negated(get("minimum"), "maximum", "key")
last_minimum = mirrored(get("minimum"), "last_minimum")
binary_search_mirrored = mirrored(get("binary_search"), "binary_search_mirrored")
insertion_sort_descending = negated(get("insertion_sort"), "insertion_sort_descending", "key")
bubble_sort_descending = negated(get("bubble_sort"), "bubble_sort_descending", "key")
lightest_tasks = negated(get("task_scheduling"), "lightest_tasks", "w")
naive_string_matcher_last = moved(
    get("naive_string_matcher"), "naive_string_matcher_last", both_backwards
)
maximum_spanning_tree = negated(get("mst_prim"), "maximum_spanning_tree", "A", "key")
maximum_spanning_forest = negated(get("mst_kruskal"), "maximum_spanning_forest", "A")
dfs_from_the_last = mirrored(get("dfs"), "dfs_from_the_last")
dfs_backwards = transposed(get("dfs"), "dfs_backwards")
dearest_chain = coarse(negated(get("matrix_chain_order"), "dearest_chain", "p", "m"), "p")

QUICK = {a.name: a for a in (bfs_last_parent, least_subarray)}
"""Learned in the tests."""

SLOW = {
    a.name: a
    for a in (
        maximum,
        last_minimum,
        binary_search_mirrored,
        insertion_sort_descending,
        bubble_sort_descending,
        lightest_tasks,
        naive_string_matcher_last,
        maximum_spanning_tree,
        maximum_spanning_forest,
        dfs_from_the_last,
        dfs_backwards,
        dearest_chain,
    )
}
"""Learned with `-m slow`."""
