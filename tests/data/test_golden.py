"""Reading and writing the golden format: round trips, and files that are wrong."""

import jax
import numpy as np
import pytest

from catalign._errors import InputError, ShapeMismatchError
from catalign.algorithms.catalogue import get
from catalign.algorithms.spec import Kind
from catalign.data import golden
from tests.algorithms.golden import FOLDER

# Between them: every kind, every location, and places without a value.
NAMES = ["bridges", "lcs_length", "heapsort", "segments_intersect"]


@pytest.mark.parametrize("name", NAMES)
def test_files_survive_a_round_trip(name, tmp_path):
    spec = get(name).spec
    with jax.enable_x64(True):
        recorded = golden.load(FOLDER / f"{name}_n5.npz", spec)
        golden.save(tmp_path / "again.npz", spec, recorded)
        again = golden.load(tmp_path / "again.npz", spec)
    jax.tree.map(np.testing.assert_array_equal, recorded, again)
    with np.load(FOLDER / f"{name}_n5.npz") as theirs, np.load(tmp_path / "again.npz") as ours:
        assert set(theirs.files) == set(ours.files)
        running = np.arange(recorded.steps)[:, None] < np.asarray(recorded.lengths)
        for key in theirs.files:
            rows = running if key.startswith("hint/") else ...
            np.testing.assert_array_equal(ours[key][rows], theirs[key][rows], err_msg=key)


def test_stored_kinds_have_their_dtypes():
    spec = get("bridges").spec
    trace = golden.load(FOLDER / "bridges_n5.npz", spec)
    for probe in spec.hints:
        values = trace.hints[probe.name]
        expected = {Kind.SCALAR: "float32", Kind.MASK: "int8" if probe.partial else "bool"}
        assert values.dtype == expected.get(probe.kind, "int32"), probe
    assert trace.complete.all()
    assert trace.lengths.dtype == np.int32


def test_hints_past_the_end_repeat_the_last():
    trace = golden.load(FOLDER / "bellman_ford_n5.npz", get("bellman_ford").spec)
    run = int(np.argmin(trace.lengths))
    length = int(trace.lengths[run])
    assert length < trace.steps
    d = np.asarray(trace.hints["d"])[:, run]
    np.testing.assert_array_equal(d[length:], np.tile(d[length - 1], (trace.steps - length, 1)))


@pytest.fixture
def arrays():
    """The arrays of one file, to be spoiled."""
    with np.load(FOLDER / "bfs_n4.npz") as file:
        return {name: file[name] for name in file.files}


def spoil(arrays, tmp_path, **changes):
    path = tmp_path / "spoiled.npz"
    changed = {**arrays, **{name.replace("__", "/"): value for name, value in changes.items()}}
    np.savez(path, **{name: value for name, value in changed.items() if value is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"output__pi": None}, InputError, "missing: output/pi; unknown: none"),
        ({"hint__d": np.zeros(3)}, InputError, "missing: none; unknown: hint/d"),
        ({"lengths": np.zeros(4)}, InputError, "`lengths`.*at least 1"),
        ({"lengths": np.array([1.5, 1, 1, 1])}, InputError, "`lengths`.*whole number"),
        ({"output__pi": np.zeros((4, 5), int)}, ShapeMismatchError, r"\(4, 5\).*shape \(4, 4\)"),
        ({"input__A": np.zeros((4, 4, 3))}, ShapeMismatchError, r"\(4, 4, 3\).*\(4, 4, 4\)"),
        ({"hint__pi_h": np.zeros((1, 4, 4), int)}, ShapeMismatchError, "hint/pi_h"),
        ({"output__pi": np.full((4, 4), 9)}, InputError, "points to node 9"),
    ],
)
def test_wrong_contents_are_named(arrays, tmp_path, changes, error, message):
    with pytest.raises(error, match=message):
        golden.load(spoil(arrays, tmp_path, **changes), get("bfs").spec)


def test_unreadable_files_are_named(tmp_path):
    spec = get("bfs").spec
    with pytest.raises(InputError, match=r"nowhere\.npz' does not exist"):
        golden.load(tmp_path / "nowhere.npz", spec)
    (tmp_path / "text.npz").write_text("not a zip")
    with pytest.raises(InputError, match="is not a readable npz file"):
        golden.load(tmp_path / "text.npz", spec)
    whole = (FOLDER / "bfs_n4.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="is not a readable npz file"):
        golden.load(tmp_path / "half.npz", spec)
    np.save(tmp_path / "single.npy", np.zeros(3))
    with pytest.raises(InputError, match="is not a readable npz file"):
        golden.load(tmp_path / "single.npy", spec)


def test_runs_that_were_cut_are_not_saved(tmp_path):
    bfs = get("bfs")
    cut = bfs.traces(golden.load(FOLDER / "bfs_n16.npz", bfs.spec).inputs, steps=1)
    with pytest.raises(InputError, match="runs that were cut short"):
        golden.save(tmp_path / "cut.npz", bfs.spec, cut)
