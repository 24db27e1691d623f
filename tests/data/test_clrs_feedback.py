"""Traces as dm-clrs's Feedback: with its classes stood in for, and with itself where installed."""

import sys
from collections import namedtuple
from types import ModuleType

import numpy as np
import pytest

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algorithms.catalogue import get
from catalign.algorithms.sparse_catalogue import get_sparse
from catalign.data import golden
from catalign.data.clrs_feedback import from_feedback, to_feedback
from tests.algorithms.golden import FOLDER
from tests.data.test_interop import assert_same

# Between them: every kind, every location, and places without a value.
NAMES = ["bridges", "lcs_length", "heapsort", "segments_intersect"]


@pytest.fixture
def clrs(monkeypatch):
    """A module with the three classes of dm-clrs that matter here."""
    module = ModuleType("clrs")
    module.DataPoint = namedtuple("DataPoint", ["name", "location", "type_", "data"])
    module.Features = namedtuple("Features", ["inputs", "hints", "lengths"])
    module.Feedback = namedtuple("Feedback", ["features", "outputs"])
    monkeypatch.setitem(sys.modules, "clrs", module)
    return module


def recorded(name):
    return golden.load(FOLDER / f"{name}_n5.npz", get(name).spec)


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back(clrs, name):
    trace = recorded(name)
    feedback = to_feedback(get(name), trace)
    assert isinstance(feedback, clrs.Feedback)
    assert_same(from_feedback(get(name), feedback), trace)


def test_data_are_those_of_the_recorded_benchmark(clrs):
    feedback = to_feedback(get("bridges"), recorded("bridges"))
    with np.load(FOLDER / "bridges_n5.npz") as file:
        points = {f"input/{p.name}": p for p in feedback.features.inputs}
        points |= {f"output/{p.name}": p for p in feedback.outputs}
        for key, point in points.items():
            np.testing.assert_allclose(point.data, file[key], rtol=1e-7, err_msg=key)
        np.testing.assert_array_equal(feedback.features.lengths, file["lengths"])
    assert (points["input/adj"].location, points["input/adj"].type_) == ("edge", "mask")


def test_other_probes_are_named(clrs):
    feedback = to_feedback(get("bridges"), recorded("bridges"))
    with pytest.raises(InputError, match="input probe 's': the feedback has None"):
        from_feedback(get("bfs"), feedback)
    first, *rest = feedback.features.inputs
    flat = [first._replace(data=first.data[0]), *rest]
    with pytest.raises(ShapeMismatchError, match=r"input/pos with shape \(5,\).* has 2 axes"):
        from_feedback(
            get("bridges"), feedback._replace(features=feedback.features._replace(inputs=flat))
        )


def test_what_a_feedback_cannot_hold(clrs):
    trace = recorded("bridges")
    cut = type(trace)(
        trace.inputs, trace.hints, trace.outputs, trace.lengths, ~np.asarray(trace.complete)
    )
    with pytest.raises(InputError, match="runs that were cut short"):
        to_feedback(get("bridges"), cut)
    with pytest.raises(UnsupportedError, match="sparse_bfs is on edge lists"):
        to_feedback(get_sparse("bfs"), trace)


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "clrs", None)
    with pytest.raises(UnsupportedError, match="pip install dm-clrs"):
        to_feedback(get("bridges"), recorded("bridges"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bfs", "heapsort", "lcs_length"])
@pytest.mark.filterwarnings("ignore")
def test_the_library_itself(name):
    clrs = pytest.importorskip("clrs")
    sampler, _ = clrs.build_sampler(name, seed=0, num_samples=4, length=6)
    theirs = sampler.next(4)
    again = to_feedback(get(name), from_feedback(get(name), theirs))
    assert isinstance(again, clrs.Feedback)
    given = {p.name: p for p in (*theirs.features.inputs, *theirs.outputs)}
    for mine in (*again.features.inputs, *again.outputs):
        other = given[mine.name]
        assert (mine.location, mine.type_) == (other.location, other.type_)
        np.testing.assert_allclose(mine.data, other.data, rtol=1e-6, err_msg=mine.name)
