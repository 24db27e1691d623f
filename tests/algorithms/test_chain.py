"""Linear orders as pointers."""

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catalign.algorithms.chain import chain, relink
from tests.algorithms.sequences import few


def pointers(order):
    pred = [0] * len(order)
    for place, node in enumerate(order):
        pred[node] = order[max(place - 1, 0)]
    return pred


def test_the_given_order_is_a_chain():
    assert chain(5).tolist() == pointers(range(5))
    assert chain(1).tolist() == [0]


@few
@given(st.permutations(range(5)), st.integers(0, 4), st.integers(0, 4))
def test_relinking_the_changed_places_gives_the_whole_list(order, a, b):
    before = pointers(order)
    order[a], order[b] = order[b], order[a]
    places = tuple(jnp.int32(k) for k in (a, a + 1, b, b + 1))
    mended = relink(jnp.array(before, jnp.int32), jnp.array(order, jnp.int32), places)
    np.testing.assert_array_equal(mended, pointers(order))
