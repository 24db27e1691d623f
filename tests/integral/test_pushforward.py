import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import ShapeMismatchError
from catalign.algebra.instances import min_plus
from catalign.algebra.monoid import Monoid
from catalign.algebra.provenance import with_provenance
from catalign.integral.pushforward import argument_pushforward, message_pushforward, pullback
from catalign.polynomial.finite import FinFunction
from tests.integral import draws

digits = Monoid(name="last nonzero digit", op=lambda a, b: jnp.where(b != 0, b, a), unit=0)


@settings(max_examples=5, deadline=None)
@given(draws.functions(5, 3))
def test_law_2_arguments_multiply_in_the_order_of_their_fibre(p):
    values = np.arange(1, 6, dtype=np.int32)
    expected = [int(values[fibre][-1]) if len(fibre) else 0 for fibre in p.fibres]
    assert argument_pushforward(p, values, digits).tolist() == expected


@settings(max_examples=10, deadline=None)
@given(draws.functions(5, 3), st.permutations(range(5)))
def test_law_1_messages_combine_in_any_order(o, order):
    messages = jnp.arange(5, dtype=jnp.float32)
    shuffled = FinFunction(o.values[list(order)], o.cod)
    expected = [min((float(y) for y in fibre), default=np.inf) for fibre in o.fibres]
    assert message_pushforward(o, messages, min_plus.add).tolist() == expected
    assert (
        message_pushforward(shuffled, messages[jnp.asarray(order)], min_plus.add).tolist()
        == expected
    )


def test_rows_and_pairs_are_values_too():
    p = FinFunction([0, 0, 2], cod=3)
    rows = jnp.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert argument_pushforward(p, rows, min_plus.multiply).tolist() == [[4, 6], [0, 0], [5, 6]]
    pairs = jnp.array([1.0, 3.0, 5.0]), jnp.array([7, 8, 9])
    value, arg = argument_pushforward(p, pairs, with_provenance(min_plus).multiply)
    assert (value.tolist(), arg.tolist()) == ([4.0, 0.0, 5.0], [7, -1, 9])
    value, arg = message_pushforward(p, pairs, with_provenance(min_plus).add)
    assert (value.tolist(), arg.tolist()) == ([1.0, np.inf, 5.0], [7, -1, 9])


def test_a_set_and_its_values_must_have_one_size():
    p = FinFunction([0, 0, 2], cod=3)
    with pytest.raises(ShapeMismatchError, match=r"`f` has shape \(2,\), but W, .* has 3 elements"):
        pullback(p, jnp.ones(2))
    with pytest.raises(ShapeMismatchError, match="`g` has shape"):
        argument_pushforward(p, jnp.ones(2), min_plus.multiply)
    with pytest.raises(ShapeMismatchError, match="`messages` has shape"):
        message_pushforward(p, jnp.float32(1.0), min_plus.add)
