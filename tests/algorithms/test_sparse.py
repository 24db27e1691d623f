"""The checks of edge lists, the samplers, and the table."""

import jax
import numpy as np
import pytest

from catalign._errors import InputError, ShapeMismatchError
from catalign.algorithms import sparse as module
from catalign.algorithms.sparse import SparseAlgorithm
from catalign.algorithms.sparse_catalogue import SALSA, get_sparse, sparse_names
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.edge_list import SparseErdosRenyi
from tests.algorithms.edge_lists import to_listed
from tests.algorithms.graphs import instance, with_source

sparse_bfs, sparse_mst_prim = get_sparse("bfs"), get_sparse("mst_prim")


@pytest.fixture
def inputs():
    """The edges 0 - 1 - 2 in both directions."""
    path = with_source(instance([[0, 1, 0], [1, 0, 2], [0, 2, 0]]), 0)
    return to_listed(path, sparse_mst_prim)


def check(inputs, algorithm=sparse_mst_prim, **changes):
    module.check_listed(algorithm.name, algorithm.spec, inputs | changes, min_size=1)


def test_good_inputs_pass(inputs):
    check(inputs)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"s": np.array([3])}, InputError, r"'s'.* is 3 at .*outside 0 to 2"),
        ({"pos": np.array([[0.0, np.nan, 1.0]])}, InputError, r"'pos'.* is nan"),
        ({"A": np.zeros((1, 4))}, ShapeMismatchError, r"A: \(1, 4\); each must have one value"),
        ({"extra": np.zeros(1)}, InputError, "unknown: extra"),
        ({"senders": None}, InputError, "missing: senders"),
    ],
)
def test_bad_inputs_are_named(inputs, change, error, message):
    changed = {k: v for k, v in (inputs | change).items() if v is not None}
    with pytest.raises(error, match=message):
        check(changed)


@pytest.mark.parametrize(
    ("end", "value", "message"),
    [
        ("senders", -1, r"'senders'.* is -1 at index \(0, 0\), outside 0 to 2"),
        ("receivers", 4, r"'receivers'.* is 4 at .*outside 0 to 2"),
        ("senders", None, "an edge with only one end, at index"),
    ],
)
def test_bad_ends_are_named(inputs, end, value, message):
    ends = inputs[end].copy()
    at = int(np.flatnonzero(ends[0] < 3)[0]) if value is None else 0
    ends[0, at] = 3 if value is None else value
    with pytest.raises(InputError, match=message):
        check(inputs, **{end: ends})


def test_ends_are_whole_numbers(inputs):
    with pytest.raises(ShapeMismatchError, match="dtype float64, but a node is an int32"):
        check(inputs, senders=inputs["senders"].astype(float))


def test_an_edge_without_its_reverse_is_named(inputs):
    at = int(np.flatnonzero((inputs["senders"][0] == 1) & (inputs["receivers"][0] == 2))[0])
    for name in ("senders", "receivers"):
        inputs[name][0, at] = 3
    with pytest.raises(InputError, match=r"list the edge 2 -> 1 of weight .* but not 1 -> 2"):
        module.check_undirected("it", inputs)


@pytest.mark.parametrize("name", ["eccentricity", "mst_prim", "mis"])
def test_samplers_draw_what_the_checks_allow(name):
    algorithm = get_sparse(name)
    drawn = algorithm.sample_inputs(jax.random.key(0), 2, 7, graph=SparseErdosRenyi(p=0.3))
    checked, steps = algorithm._checked(drawn, None)
    assert set(checked) == {p.name for p in algorithm.spec.inputs}
    assert steps == algorithm.max_steps(7)


@pytest.mark.parametrize("name", ["mst_prim", "mis", "eccentricity"])
def test_undirected_algorithms_refuse_directed_laws(name):
    law = SparseErdosRenyi(p=0.3, directed=True)
    with pytest.raises(InputError, match=f"`graph` of sparse_{name}.*draws directed graphs"):
        get_sparse(name).sample_inputs(jax.random.key(0), 1, 4, graph=law)


def test_a_spec_without_edges_or_with_edges_shown():
    bfs = {k: getattr(sparse_bfs, k) for k in ("sampler", "init", "step", "done", "hints")}
    rest = bfs | {"outputs": sparse_bfs.outputs, "max_steps": int, "source": "", "name": "it"}
    shown = Probe("tree", Stage.OUTPUT, Location.EDGE, Kind.MASK)
    with pytest.raises(InputError, match="lacks senders, receivers and shows tree: output edge"):
        SparseAlgorithm(spec=Spec(module.POS, shown), **rest)


def test_the_table():
    assert len(SALSA) == 6
    assert len(sparse_names()) == 7
    assert get_sparse("sparse_mis") is get_sparse("mis")
    with pytest.raises(InputError, match=r"'dijkstre'.*sparse_dijkstra"):
        get_sparse("dijkstre")
