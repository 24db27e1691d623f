import jax

import catalign
from catalign.nn.discrete.signature import memories
from catalign.training.discrete.learn import ExactConfig, draw
from catalign.training.discrete.markov import conflicts, needed
from catalign.training.discrete.transitions import pool


def pools_of(name):
    algorithm = catalign.algorithms.get(name)
    config = ExactConfig(sizes=(6,), traces=20)
    with jax.enable_x64(True):
        traces = draw(algorithm, config)
        return algorithm.spec, [pool(algorithm.spec, t, memories(algorithm.spec)) for t in traces]


def test_hints_that_determine_the_next_ones_need_no_memory():
    spec, pools = pools_of("bfs")
    assert not conflicts(spec, pools)
    assert needed(spec, pools, memories(spec)) == []


def test_of_memories_that_tell_all_apart_the_one_that_needs_no_scalars_beside_it_is_taken():
    # A look at a loop is seen from "the state is as before", or from "the time stands still". The
    # first holds only where no low point changes.
    spec, pools = pools_of("articulation_points")
    assert conflicts(spec, pools)
    (memory,) = needed(spec, pools, memories(spec))
    assert memory.field.name == "@changed time"
