import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import AxiomError
from catalign.algebra.instances import max_plus
from catalign.algebra.monoid import CommutativeMonoid
from catalign.alignment.check import check_alignment, check_samples
from catalign.alignment.collecting import bubble_sort, insertion_sort, merge, minimum
from catalign.integral.graph import DenseGraph
from catalign.integral.transform import integral_transform
from catalign.polynomial.library import pair_readout

key = jax.random.key(5)


def lists():
    """Sorted lists over few keys, some equal at different nodes, short enough to merge."""
    pool = [[], [(1.0, 0)], [(1.0, 2)], [(0.5, 3), (1.0, 1)], [(0.5, 3)]]
    keys = [[k for k, _ in items] + [np.inf] * (6 - len(items)) for items in pool]
    nodes = [[v for _, v in items] + [-1] * (6 - len(items)) for items in pool]
    return jnp.asarray(keys, jnp.float32), jnp.asarray(nodes, jnp.int32)


def test_merging_is_a_commutative_monoid_and_not_idempotent():
    samples = lists()
    rows = jax.vmap(merge.op)

    def op(a, b):
        return rows(a, b)

    unit = jax.tree.map(
        lambda u, leaf: jnp.full(leaf.shape[1:], u, leaf.dtype), merge.unit, samples
    )
    for a in range(5):
        for b in range(5):
            left, right = (jax.tree.map(lambda x, k=k: x[k], samples) for k in (a, b))
            ab, ba = merge.op(left, right), merge.op(right, left)
            assert all(np.array_equal(x, y) for x, y in zip(ab, ba, strict=True))
            again = op(
                *(jax.tree.map(lambda x: x[None], pair) for pair in (merge.op(ab, left), right))
            )
            other = merge.op(ab, merge.op(left, right))
            assert all(np.array_equal(x[0], y) for x, y in zip(again, other, strict=True))
        same = merge.op(left, unit)
        assert all(np.array_equal(x, y) for x, y in zip(same, left, strict=True))
    doubled = merge.op(left, left)
    assert not np.array_equal(doubled[0], left[0])


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.25, 0.5]), min_size=6, max_size=6))
def test_equal_keys_keep_their_order(keys):
    inputs = {
        "pos": jnp.arange(6, dtype=jnp.float32)[None] / 6,
        "key": jnp.asarray([keys], jnp.float32),
    }
    for alignment in (insertion_sort, bubble_sort, minimum):
        check_alignment(alignment, inputs).require()


@pytest.mark.parametrize("alignment", [insertion_sort, bubble_sort, minimum], ids=lambda a: a.name)
def test_samples_agree(alignment):
    check_samples(alignment, key, size=6).require()


def test_what_is_not_claimed_is_named():
    report = check_samples(bubble_sort, key, size=6)
    assert report.steps == 0
    assert report.probes == ("pred",)
    assert report.omitted == ("pred_h", "i", "j")
    assert "on the outputs: holds" in str(report)
    assert "not claimed: pred_h, i, j" in str(report)


def test_planted_faults_are_found():
    def last_wins(left, right):
        keys, nodes = merge.op((left[0], -left[1]), (right[0], -right[1]))
        return keys, -nodes

    backwards = CommutativeMonoid.from_operation(
        "backwards", last_wins, unit=merge.unit, is_idempotent=False
    )
    equal = {"pos": jnp.arange(6, dtype=jnp.float32)[None] / 6, "key": jnp.ones((1, 6))}
    report = check_alignment(dataclasses.replace(insertion_sort, semiring=backwards), equal)
    assert not report.holds
    assert "`pred_h` of node" in str(report)
    greatest = dataclasses.replace(minimum, semiring=max_plus)
    report = check_samples(greatest, key, size=6)
    assert "at the end of instance 0, `min` of the graph is" in str(report)


def test_a_monoid_alone_cannot_run_a_diagram_that_multiplies():
    with pytest.raises(AxiomError, match="the monoid merge, which has no multiplication"):
        integral_transform(pair_readout, merge, {"node": jnp.ones(2)}, DenseGraph.complete(2))
