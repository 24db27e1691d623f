"""A learned reasoner, run by events: right in any order, whatever it has learned."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from catalign.algebra.instances import min_plus
from catalign.algorithms.catalogue import get
from catalign.integral.asynchronous import execute
from catalign.integral.graph import SparseGraph
from catalign.integral.invariance import check_schedules
from catalign.integral.schedule import DUPLICATED
from catalign.nn.aligned import AlignedReasoner

N = 7


@pytest.mark.parametrize("constants", [(0.0, 1.0), (0.3, 1.7)], ids=["exact", "half learned"])
def test_a_reasoner_by_events_ends_as_in_rounds(constants):
    algorithm = get("bellman_ford")
    reasoner = AlignedReasoner(algorithm.spec, min_plus, rngs=nnx.Rngs(0))
    by_name = {"1": constants[0], "A[u,v]": constants[1]}
    values = [by_name.get(term, 0.0) for term in reasoner.message.terms]
    reasoner.message.theta = nnx.Param(jnp.array(values))
    inputs = jax.tree.map(lambda x: x[0], dict(algorithm.sample_inputs(jax.random.key(2), 1, N)))
    senders, receivers = (x.astype(jnp.int32) for x in jnp.nonzero(inputs.pop("adj")))
    graph = SparseGraph(senders=senders, receivers=receivers, n_node=N)
    inputs["A"] = inputs["A"][senders, receivers]
    rounds = reasoner.run_sparse(inputs, graph, max_steps=N + 1)
    network = reasoner.network(inputs, graph)
    run = execute(network, DUPLICATED, jax.random.split(jax.random.key(0), 4))
    reached = np.isfinite(np.asarray(run.states))
    assert run.finished.all()
    for row, is_reached in zip(np.asarray(run.states), reached, strict=True):
        np.testing.assert_array_equal(row[is_reached], np.asarray(rounds.hints["d"])[is_reached])
    check_schedules(network, jax.random.key(1), count=4)
