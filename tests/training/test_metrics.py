"""The scores equal the benchmark's on recorded predictions, and pool over batches."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.algorithms.catalogue import CLRS_30, get
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.training.metrics import count, score, scores_of

FOLDER = Path(__file__).parent.parent / "golden" / "metrics"
_INPUT = Probe("key", Stage.INPUT, Location.NODE, Kind.SCALAR)


def _output(
    name: str, location: Location, kind: Kind, *, classes: int | None = None, partial: bool = False
) -> Probe:
    return Probe(name, Stage.OUTPUT, location, kind, classes=classes, partial=partial)


OUTPUTS = {
    "bellman_ford": [_output("pi", Location.NODE, Kind.POINTER)],
    "bridges": [_output("is_bridge", Location.EDGE, Kind.MASK, partial=True)],
    "floyd_warshall": [_output("Pi", Location.EDGE, Kind.POINTER)],
    "graham_scan": [_output("in_hull", Location.NODE, Kind.MASK)],
    "insertion_sort": [_output("pred", Location.NODE, Kind.SHOULD_BE_PERMUTATION)],
    "lcs_length": [_output("b", Location.EDGE, Kind.CATEGORICAL, classes=4, partial=True)],
    "minimum": [_output("min", Location.NODE, Kind.MASK_ONE)],
    "segments_intersect": [_output("intersect", Location.GRAPH, Kind.MASK)],
    "task_scheduling": [_output("selected", Location.NODE, Kind.MASK)],
    "topological_sort": [
        _output("topo", Location.NODE, Kind.POINTER),
        _output("topo_head", Location.NODE, Kind.MASK_ONE),
    ],
}


def _stored(probe: Probe, values: np.ndarray) -> jnp.ndarray:
    """From the file's form to the stored form."""
    match probe.kind:
        case Kind.MASK:
            return jnp.asarray(values.astype(np.int8 if probe.partial else bool))
        case Kind.MASK_ONE:
            return jnp.asarray(values.argmax(-1).astype(np.int32))
        case Kind.CATEGORICAL:
            unknown = (values < 0).any(-1)
            return jnp.asarray(np.where(unknown, -1, values.argmax(-1)).astype(np.int32))
        case _:
            return jnp.asarray(values.astype(np.int32))


def _recorded(name: str) -> tuple[Spec, dict, dict, dict]:
    with np.load(FOLDER / f"{name}.npz") as file:
        data = {key: file[key] for key in file.files}
    probes = OUTPUTS[name]
    predicted = {p.name: _stored(p, data[f"pred/{p.name}"]) for p in probes}
    truth = {p.name: _stored(p, data[f"output/{p.name}"]) for p in probes}
    return Spec(_INPUT, *probes), predicted, truth, data


def test_every_recording_is_used() -> None:
    assert {path.stem for path in FOLDER.glob("*.npz")} == set(OUTPUTS)


def test_every_kind_and_location_of_an_output_is_recorded() -> None:
    recorded = {(p.kind, p.location) for probes in OUTPUTS.values() for p in probes}
    asked = {(p.kind, p.location) for name in CLRS_30 for p in get(name).spec.outputs}
    assert asked <= recorded


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_score_is_the_benchmark_s(name: str) -> None:
    spec, predicted, truth, data = _recorded(name)
    found = score(spec, predicted, truth)
    for probe in spec.outputs:
        assert found.micro_f1[probe.name] == pytest.approx(
            float(data[f"score/{probe.name}"]), abs=1e-9
        )
    assert found.mean_micro_f1 == pytest.approx(float(data["score/score"]), abs=1e-9)


@pytest.mark.parametrize("name", ["graham_scan", "topological_sort"])
def test_counts_of_batches_add_up(name: str) -> None:
    spec, predicted, truth, _ = _recorded(name)

    def part(values: dict, rows: slice) -> dict:
        return {key: value[rows] for key, value in values.items()}

    halves = [
        count(spec, part(predicted, rows), part(truth, rows), jnp.ones(3, bool)).on_host()
        for rows in (slice(0, 3), slice(3, 6))
    ]
    assert scores_of(halves[0] + halves[1]) == score(spec, predicted, truth)


def _mask_spec() -> Spec:
    return Spec(_INPUT, OUTPUTS["graham_scan"][0])


@pytest.mark.parametrize(
    ("predicted", "truth", "expected"),
    [
        (
            [0, 0],
            [0, 0],
            1.0,
        ),  # nothing to find and nothing found: precision and recall are 0/0, which counts as 1
        ([1, 0], [0, 0], 0.0),
        ([0, 0], [1, 0], 0.0),
        ([1, 1], [1, 0], 2 / 3),
    ],
)
def test_f1_where_it_is_undefined(predicted: list, truth: list, expected: float) -> None:
    found = score(
        _mask_spec(),
        {"in_hull": jnp.array([predicted], bool)},
        {"in_hull": jnp.array([truth], bool)},
    )
    assert found.micro_f1["in_hull"] == pytest.approx(expected)


def test_node_and_graph_exactness_and_runs_that_are_not_scored() -> None:
    spec = Spec(_INPUT, OUTPUTS["bellman_ford"][0], OUTPUTS["graham_scan"][0])
    truth = {
        "pi": jnp.array([[0, 0], [0, 1], [1, 1]], jnp.int32),
        "in_hull": jnp.ones((3, 2), bool),
    }
    wrong = {
        "pi": truth["pi"].at[1, 0].set(1).at[2, 0].set(0),
        "in_hull": truth["in_hull"].at[0, 0].set(False),
    }
    found = score(spec, wrong, truth, complete=jnp.array([True, True, False]))
    assert found.node_exact == {"pi": 0.75, "in_hull": 0.75}
    assert found.graph_exact == 0.0
    assert found.instances == 2
    right = score(spec, truth, truth)
    assert (right.mean_micro_f1, right.mean_node_exact, right.graph_exact) == (1.0, 1.0, 1.0)


def test_a_scalar_is_right_within_the_tolerance() -> None:
    spec = Spec(_INPUT, _output("x", Location.GRAPH, Kind.SCALAR))
    found = score(
        spec, {"x": jnp.array([1.0, 100.0, 1.1])}, {"x": jnp.array([1.00001, 100.005, 1.0])}
    )
    assert found.micro_f1["x"] == pytest.approx(2 / 3)


def test_nothing_to_score_is_said() -> None:
    mask = {"in_hull": jnp.ones((1, 2), bool)}
    with pytest.raises(InputError, match="no complete run"):
        score(_mask_spec(), mask, mask, complete=jnp.array([False]))
