"""The default inputs of the graph algorithms have the benchmark's distributions."""

import jax
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.algorithms.sampling import check_acyclic_law, check_undirected_law
from catalign.distributions.graph import Acyclic, ErdosRenyi
from catalign.distributions.weight import IntegerWeights

# The share of ordered pairs of different nodes that are edges, as in the recorded samplers.
DENSITY = {
    "articulation_points": 0.04,
    "bellman_ford": 0.25,
    "bfs": 0.25,
    "dag_shortest_paths": 0.25,
    "dfs": 0.5,
    "floyd_warshall": 0.25,
    "mst_kruskal": 0.04,
    "topological_sort": 0.25,
}


@pytest.mark.parametrize("name", DENSITY)
def test_default_inputs(name):
    algorithm = get(name)
    inputs = jax.device_get(algorithm.sample_inputs(jax.random.key(0), 200, 16))
    off = ~np.eye(16, dtype=bool)
    assert inputs["adj"][:, off].mean() == pytest.approx(DENSITY[name], abs=0.01)
    if algorithm.validate is not None:
        algorithm.validate(inputs)
    if "s" in inputs:
        assert set(inputs["s"].tolist()) == set(range(16))


def test_laws_are_arguments():
    inputs = get("dijkstra").sample_inputs(
        jax.random.key(0), 4, 6, graph=ErdosRenyi(1.0), weights=IntegerWeights(2, 3)
    )
    assert inputs["adj"].all()
    assert set(np.unique(inputs["A"])) == {2.0, 3.0}


def test_laws_of_another_domain_are_refused():
    with pytest.raises(InputError, match=r"`graph` of it is ErdosRenyi.*for undirected ones"):
        check_undirected_law("it", ErdosRenyi(directed=True))
    with pytest.raises(InputError, match=r"for acyclic ones. Give `Acyclic\(ErdosRenyi"):
        check_acyclic_law("it", ErdosRenyi())
    check_acyclic_law("it", Acyclic())
    for name in ("bridges", "articulation_points"):
        with pytest.raises(InputError, match=f"`graph` of {name}"):
            get(name).sample_inputs(jax.random.key(0), 1, 4, graph=Acyclic())
    with pytest.raises(InputError, match="`graph` of topological_sort"):
        get("topological_sort").sample_inputs(jax.random.key(0), 1, 4, graph=ErdosRenyi())
