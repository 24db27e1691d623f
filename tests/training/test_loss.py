"""The loss of every kind, and what does not count."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.algorithms.trace import Trace
from catalign.nn.prediction import Predictions
from catalign.training.loss import loss, place_loss

CLASSES = 3
_PLACES = jax.jit(place_loss, static_argnums=0)
_LOSS = jax.jit(loss, static_argnums=0)
N = 4


def _probe(kind: Kind, location: Location, *, partial: bool = False) -> Probe:
    classes = CLASSES if kind is Kind.CATEGORICAL else None
    return Probe("x", Stage.OUTPUT, location, kind, classes=classes, partial=partial)


CASES = [
    _probe(kind, location, partial=partial)
    for kind in Kind
    for location in Location
    for partial in (False, True)
    if kind is not Kind.MASK_ONE or location is Location.NODE
    if not (partial and kind in (Kind.SCALAR, Kind.MASK_ONE))
]


def _values(probe: Probe, batch: int) -> tuple[jnp.ndarray, jnp.ndarray]:
    """Raw predictions and stored truths; a partial probe has one first and none last."""
    rng = np.random.default_rng(0)
    shape = (batch, *(N,) * probe.rank)
    if probe.kind is Kind.SCALAR:
        return jnp.asarray(rng.normal(size=shape), float), jnp.asarray(
            rng.normal(size=shape), float
        )
    low = -1 if probe.partial else 0
    if probe.kind is Kind.MASK:
        truth = _with_both(probe, rng.integers(low, 2, shape))
        stored = truth.astype(np.int8) if probe.partial else truth.astype(bool)
        return jnp.asarray(rng.normal(size=shape), float), jnp.asarray(stored)
    count = CLASSES if probe.kind is Kind.CATEGORICAL else N
    raw = jnp.asarray(rng.normal(size=(*shape, count)), float)
    return raw, jnp.asarray(_with_both(probe, rng.integers(low, count, shape)), jnp.int32)


def _with_both(probe: Probe, truth: np.ndarray) -> np.ndarray:
    if probe.partial:
        truth.flat[[0, -1]] = 0, -1
    return truth


def _expected(probe: Probe, raw: np.ndarray, truth: np.ndarray) -> np.ndarray:
    if probe.kind is Kind.SCALAR:
        return (raw - truth) ** 2
    if probe.kind is Kind.MASK:
        return np.logaddexp(0.0, np.where(truth == 1, -raw, raw))
    logits = np.take_along_axis(raw, np.maximum(truth, 0)[..., None], -1)[..., 0]
    return np.log(np.exp(raw).sum(-1)) - logits


def _spec(probe: Probe) -> Spec:
    return Spec(Probe("i", Stage.INPUT, Location.NODE, Kind.SCALAR), probe)


def _trace(
    outputs: dict, *, hints: dict | None = None, lengths: list | None = None, complete: list
) -> Trace:
    lengths = [1] * len(complete) if lengths is None else lengths
    return Trace({}, hints or {}, outputs, jnp.asarray(lengths, jnp.int32), jnp.asarray(complete))


@pytest.mark.parametrize(
    "probe", CASES, ids=lambda p: f"{p.kind.value}-{p.location.value}-{p.partial}"
)
def test_each_kind_has_the_loss_of_its_distribution(probe: Probe) -> None:
    raw, truth = _values(probe, 2)
    places, known = (np.asarray(x) for x in _PLACES(probe, raw, truth))
    expected = _expected(probe, np.asarray(raw, np.float64), np.asarray(truth))
    np.testing.assert_allclose(places[known], expected[known], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(
        known, np.asarray(truth) >= 0 if probe.partial else np.ones(places.shape, bool)
    )
    total = _LOSS(
        _spec(probe), Predictions({}, {"x": raw}), _trace({"x": truth}, complete=[True, True])
    ).total
    np.testing.assert_allclose(total, expected[known].mean(), rtol=1e-5)


def test_an_incomplete_run_has_no_output_loss() -> None:
    probe = _probe(Kind.POINTER, Location.NODE)
    raw, truth = _values(probe, 3)
    some = _LOSS(
        _spec(probe),
        Predictions({}, {"x": raw}),
        _trace({"x": truth}, complete=[True, False, True]),
    )
    kept = jnp.array([0, 2])
    both = _LOSS(
        _spec(probe),
        Predictions({}, {"x": raw[kept]}),
        _trace({"x": truth[kept]}, complete=[True, True]),
    )
    np.testing.assert_allclose(some.total, both.total, rtol=1e-6)
    none = _LOSS(
        _spec(probe), Predictions({}, {"x": raw}), _trace({"x": truth}, complete=[False] * 3)
    )
    assert float(none.total) == 0.0


def test_hints_count_up_to_each_run_s_length() -> None:
    spec = Spec(
        Probe("i", Stage.INPUT, Location.NODE, Kind.SCALAR),
        Probe("h", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("x", Stage.OUTPUT, Location.GRAPH, Kind.SCALAR),
    )
    lengths, steps = [1, 3], 4
    truth = jnp.zeros((steps, 2, N))
    raw = jnp.asarray(np.random.default_rng(0).normal(size=(steps - 1, 2, N)), float)
    outputs = {"x": jnp.ones(2)}
    trace = _trace(outputs, hints={"h": truth}, lengths=lengths, complete=[True, True])
    # Run 0 has no step past its first; run 1 has two. Nothing else may count, not even a NaN.
    spoilt = raw.at[:, 0].set(jnp.nan).at[2:, 1].set(jnp.nan)
    found = _LOSS(spec, Predictions({"h": spoilt}, {"x": jnp.zeros(2)}), trace, hint_weight=0.5)
    expected = float(jnp.mean(jnp.square(raw[:2, 1])))
    np.testing.assert_allclose(found.parts["hint/h"], expected, rtol=1e-5)
    np.testing.assert_allclose(found.parts["output/x"], 1.0)
    np.testing.assert_allclose(found.total, 1.0 + 0.5 * expected, rtol=1e-5)


def test_a_logit_of_minus_infinity_off_the_target_does_no_harm() -> None:
    probe = _probe(Kind.POINTER, Location.NODE)

    raw = jnp.array([[1.0, -jnp.inf], [0.0, 1.0]])
    total = jax.jit(
        jax.value_and_grad(lambda r: jnp.sum(place_loss(probe, r, jnp.array([0, 1]))[0]))
    )
    value, gradient = total(raw)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_predictions_must_be_those_of_the_spec() -> None:
    probe = _probe(Kind.SCALAR, Location.GRAPH)
    trace = _trace({"x": jnp.zeros(1)}, complete=[True])
    with pytest.raises(InputError, match="missing: x; unknown: y"):
        loss(_spec(probe), Predictions({}, {"y": jnp.zeros(1)}), trace)
    with pytest.raises(
        InputError, match=r"predictions.hints. must be empty; missing: none; unknown: h"
    ):
        loss(_spec(probe), Predictions({"h": jnp.zeros((1, 1))}, {"x": jnp.zeros(1)}), trace)
