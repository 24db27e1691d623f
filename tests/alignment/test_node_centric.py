"""Classical algorithms run by events: right under every schedule, and bit for bit as in rounds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import bellman_ford

from catalign._errors import AxiomError, InputError, ShapeMismatchError
from catalign.algebra.instances import max_min, min_plus, plus_times
from catalign.alignment.node_centric import (
    addition_network,
    kahn_network,
    reachability_network,
    relaxation_network,
)
from catalign.integral.asynchronous import execute
from catalign.integral.graph import SparseGraph
from catalign.integral.invariance import check_schedules, compare_schedules
from catalign.integral.schedule import DUPLICATED, draw_schedules

N, EDGES = 12, 40
KEYS = jax.random.split(jax.random.key(5), 8)
LAWS = draw_schedules(jax.random.key(6), 8)


def random_graph(*, acyclic=False):
    """A graph, with a node that nothing enters, a self loop unless acyclic, and padding."""
    rng = np.random.default_rng(3)
    senders, receivers = rng.integers(0, N - 1, (2, EDGES))
    if acyclic:
        senders, receivers = np.minimum(senders, receivers), np.maximum(senders, receivers)
        receivers = np.where(senders == receivers, N, receivers)
    else:
        receivers[0] = senders[0]
    receivers[-3:] = N
    as_index = {"senders": senders, "receivers": receivers}
    graph = SparseGraph(**{k: jnp.asarray(v, jnp.int32) for k, v in as_index.items()}, n_node=N)
    return graph, jnp.asarray(rng.random(EDGES) * 3, jnp.float32)


GRAPH, WEIGHTS = random_graph()
DAG, _ = random_graph(acyclic=True)
A, B = np.array([9, 8, 9, 0, 4, 5]), np.array([9, 1, 0, 9, 5, 4])
NETWORKS = {
    "bellman_ford": relaxation_network(min_plus, GRAPH, WEIGHTS, 0),
    "bfs": reachability_network(GRAPH, 0),
    "kahn": kahn_network(DAG),
    "addition": addition_network(A, B),
}


def distances():
    real = np.asarray(GRAPH.receivers) < N
    ends = np.asarray(GRAPH.senders)[real], np.asarray(GRAPH.receivers)[real]
    dense = np.full((N, N), np.inf)
    np.minimum.at(dense, ends, np.asarray(WEIGHTS)[real])
    rows, columns = np.nonzero(np.isfinite(dense))
    weights = coo_array((dense[rows, columns], (rows, columns)), shape=(N, N)).tocsr()
    return bellman_ford(weights, indices=0)


def test_bellman_ford_finds_shortest_paths():
    run = execute(NETWORKS["bellman_ford"], LAWS, KEYS)
    assert run.finished.all()
    want = distances()
    assert np.isinf(want).any()
    np.testing.assert_allclose(run.states, np.broadcast_to(want, run.states.shape), rtol=1e-6)


def test_bfs_finds_what_the_source_reaches():
    run = execute(NETWORKS["bfs"], LAWS, KEYS)
    assert (np.asarray(run.states) == np.isfinite(distances())).all()


def test_kahn_sorts():
    run = execute(NETWORKS["kahn"], LAWS, KEYS)
    assert not run.states.any()
    assert (run.totals == 1).all()
    real = np.asarray(DAG.receivers) < N
    before, after = np.asarray(DAG.senders)[real], np.asarray(DAG.receivers)[real]
    sent_at = np.asarray(run.sent_at)
    assert (sent_at[:, before] < sent_at[:, after]).all()


def test_digits_add():
    run = execute(NETWORKS["addition"], LAWS, KEYS)
    place = 10 ** np.arange(len(A))
    total = np.asarray(run.states) @ place + np.asarray(run.totals)[:, -1] * 10 ** len(A)
    assert (total == A @ place + B @ place).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_schedule_ends_as_the_rounds_do(name):
    report = compare_schedules(NETWORKS[name], jax.random.key(0), count=8, at_once=8)
    assert report.is_invariant, str(report)
    assert report.difference == ""
    assert 0 < report.frontier_messages <= report.synchronous_messages
    assert report.frontier_messages <= report.most_messages


@pytest.mark.parametrize("name", NETWORKS)
def test_only_semilattices_bear_duplicates(name):
    arguments = {"schedule": DUPLICATED, "count": 8}
    if name in ("bellman_ford", "bfs"):
        check_schedules(NETWORKS[name], jax.random.key(0), **arguments)
    elif name == "addition":
        with pytest.raises(AxiomError, match=r"ends with other .* at node"):
            check_schedules(NETWORKS[name], jax.random.key(0), **arguments)


def test_rounds_are_the_algorithm_of_the_textbook():
    """Relaxing all edges until nothing changes takes as many rounds, the last in vain."""
    report = compare_schedules(NETWORKS["bellman_ford"], jax.random.key(0), count=8, at_once=8)
    state = np.where(np.arange(N) == 0, 0, np.inf).astype(np.float32)
    real = np.asarray(GRAPH.receivers) < N
    senders, receivers = np.asarray(GRAPH.senders)[real], np.asarray(GRAPH.receivers)[real]
    rounds, changed, sent = 0, np.arange(N) == 0, 0
    while changed.any():
        new = state.copy()
        np.minimum.at(new, receivers, state[senders] + np.asarray(WEIGHTS)[real])
        rounds, sent = rounds + 1, sent + int(changed[senders].sum())
        changed, state = new != state, new
    assert report.synchronous_messages == rounds * real.sum()
    assert report.frontier_messages == sent


def test_widest_paths_are_another_semiring():
    check_schedules(relaxation_network(max_min, GRAPH, WEIGHTS, 0), jax.random.key(0), count=4)


def test_bad_arguments_are_refused():
    with pytest.raises(AxiomError, match="not idempotent"):
        relaxation_network(plus_times, GRAPH, WEIGHTS, 0)
    with pytest.raises(ShapeMismatchError, match="one row for each edge"):
        relaxation_network(min_plus, GRAPH, WEIGHTS[1:], 0)
    with pytest.raises(ShapeMismatchError, match="6 digits but `b` has 5"):
        addition_network(A, B[1:])
    with pytest.raises(InputError, match="`b` holds 10, which is no digit"):
        addition_network(A, B + 1)
