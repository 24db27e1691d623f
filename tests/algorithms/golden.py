"""Golden parity: our traces against recorded runs of the public benchmark."""

import os
import re
from pathlib import Path

import jax
import numpy as np

from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Kind, Probe
from catalign.data import golden

FOLDER = Path(os.environ.get("CATALIGN_GOLDEN", Path(__file__).parents[1] / "golden"))
RELATIVE = 1e-6


def golden_files(*names: str) -> list[Path]:
    """The recorded runs of these algorithms, smallest size first; at least one for each.

    Use as `@pytest.mark.parametrize("path", golden_files("bfs"), ids=lambda p: p.stem)`.
    """
    found = []
    for name in names:
        files = [p for p in FOLDER.glob(f"{name}_n*.npz") if re.fullmatch(rf"{name}_n\d+", p.stem)]
        assert files, f"no golden files of {name} in {FOLDER}"
        found += sorted(files, key=lambda p: int(p.stem.rsplit("_n", 1)[1]))
    return found


def assert_golden(algorithm: Algorithm, path: Path) -> None:
    """Runs the algorithm on the recorded inputs in float64; compares every probe at every step."""
    with jax.enable_x64(True):
        recorded = golden.load(path, algorithm.spec)
        size = algorithm.size(recorded.inputs)
        steps = int(recorded.lengths.max())
        assert steps <= algorithm.max_steps(size), "max_steps(n) is too small"
        ours = jax.device_get(algorithm.traces(recorded.inputs, steps=steps))
        recorded = jax.device_get(recorded)
    assert ours.complete.all(), "a run did not end in the recorded number of steps"
    np.testing.assert_array_equal(ours.lengths, recorded.lengths, err_msg="lengths")
    running = np.arange(steps)[:, None] < recorded.lengths[None, :]
    for t in range(steps):
        for probe in algorithm.spec.hints:
            rows = running[t]
            _assert_equal(
                probe,
                ours.hints[probe.name][t][rows],
                recorded.hints[probe.name][t][rows],
                f"{path.stem}: {probe} at step {t}, runs {np.flatnonzero(rows).tolist()}",
            )
    for probe in algorithm.spec.outputs:
        mine, theirs = ours.outputs[probe.name], recorded.outputs[probe.name]
        _assert_equal(probe, mine, theirs, f"{path.stem}: {probe}")


def _assert_equal(probe: Probe, ours: np.ndarray, recorded: np.ndarray, place: str) -> None:
    assert ours.dtype == recorded.dtype, f"{place}: dtype {ours.dtype}, recorded {recorded.dtype}"
    if probe.kind is Kind.SCALAR:
        np.testing.assert_allclose(ours, recorded, rtol=RELATIVE, atol=1e-12, err_msg=place)
    else:
        np.testing.assert_array_equal(ours, recorded, err_msg=place)
