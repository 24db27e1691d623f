"""Runs without hints, and window by window, against the recorded trace."""

import jax
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.algorithms.chunk import iterate_chunks, run
from catalign.algorithms.sparse_catalogue import get_sparse
from tests.algorithms.test_algorithm import INPUTS, countdown


@pytest.fixture(scope="module")
def trace():
    """Runs of lengths 3, 1 and 4."""
    return countdown.traces(INPUTS)


def test_a_run_without_hints_has_the_same_outputs(trace):
    plain = run(countdown, INPUTS)
    assert plain.hints == {}
    for stage in ("inputs", "outputs", "lengths", "complete"):
        jax.tree.map(np.testing.assert_array_equal, getattr(plain, stage), getattr(trace, stage))


def test_a_cut_run_says_so():
    cut = run(countdown, INPUTS, steps=2)
    assert cut.lengths.tolist() == [2, 1, 2]
    assert cut.complete.tolist() == [False, True, False]
    assert cut.outputs["left"].tolist() == [1, 0, 2]


@pytest.mark.parametrize("chunk", [1, 3])
def test_windows_in_a_row_are_the_trace(trace, chunk):
    windows = list(iterate_chunks(countdown, INPUTS, chunk))
    assert [w.steps for w in windows] == [chunk] * -(-trace.steps // chunk)
    for name, hints in trace.hints.items():
        row = np.concatenate([w.hints[name] for w in windows])
        np.testing.assert_array_equal(row[: trace.steps], hints)
        np.testing.assert_array_equal(row[trace.steps :], row[trace.steps - 1 : -1])
    assert [w.complete.all() for w in windows] == [False] * (len(windows) - 1) + [True]
    np.testing.assert_array_equal(windows[-1].lengths, trace.lengths)
    assert windows[0].lengths.tolist() == np.minimum(trace.lengths, chunk).tolist()
    assert windows[0].outputs["left"].tolist() == trace.hints["left_h"][chunk - 1].tolist()


def test_one_instance_without_a_batch_loop():
    sparse_bfs = get_sparse("bfs")
    inputs = {
        "pos": np.arange(3, dtype=np.float32)[None],
        "s": np.array([0]),
        "senders": np.array([[0, 1]]),
        "receivers": np.array([[1, 2]]),
    }
    plain = run(sparse_bfs, inputs)
    assert plain.outputs["pi"].tolist() == [[0, 0, 1]]
    assert plain.lengths.tolist() == [3]


def test_bad_requests_are_named_at_once():
    with pytest.raises(InputError, match="`chunk` is 0"):
        iterate_chunks(countdown, INPUTS, 0)
    with pytest.raises(InputError, match="missing: pos"):
        iterate_chunks(countdown, {"bits": INPUTS["bits"]}, 2)
    with pytest.raises(InputError, match="`steps` is 0"):
        run(countdown, INPUTS, steps=0)
