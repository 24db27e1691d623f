"""The options of encode-process-decode: hint modes, feedback, pointers, permutations."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import InputError, SortError
from catalign.algorithms.catalogue import get
from catalign.algorithms.spec import Kind, Location, Probe, Stage
from catalign.nn.build import build_reasoner
from catalign.nn.decoder import sinkhorn
from catalign.nn.encoder import Encoder
from catalign.nn.option import (
    ConstantHints,
    EdgePointers,
    Feedback,
    HintMode,
    Options,
    PointerReading,
    Precision,
    ScalarStart,
)
from catalign.nn.prediction import harden, soften
from tests.kernels.programs import equations

STEPS = 4
PI = Probe("pi", Stage.INPUT, Location.NODE, Kind.POINTER)


@functools.cache
def _trace(task):
    """Two traces on four nodes, in NumPy."""
    return jax.tree.map(np.asarray, get(task).sample(jax.random.key(0), 2, 4, steps=STEPS))


@functools.cache
def _compiled(task, processor, options):
    """A reasoner, and what it predicts from hints, compiled."""
    reasoner = build_reasoner(get(task), processor, width=8, options=options, rngs=nnx.Rngs(0))
    inputs = jax.tree.map(jnp.asarray, dict(_trace(task).inputs))
    lengths = jnp.full(2, STEPS, jnp.int32)

    @jax.jit
    def predict(hints, forcing):
        return reasoner(inputs, hints, lengths, steps=STEPS, teacher_forcing=forcing)

    return reasoner, lambda hints, forcing=0.0: jax.tree.map(np.asarray, predict(hints, forcing))


def _predicted(options, *, task="bfs", processor="mpnn", change=False):
    hints = _trace(task).hints
    if change:
        hints = {**hints, "reach_h": ~hints["reach_h"]}
    return _compiled(task, processor, options)[1](hints)


def test_hints_that_are_only_decoded_are_predicted_and_not_read():
    options = Options(hints=HintMode.DECODED)
    first, changed = (_predicted(options, change=change) for change in (False, True))
    assert set(first.hints) == {"reach_h", "pi_h"}
    assert np.array_equal(first.outputs["pi"], changed.outputs["pi"])
    read = [_predicted(Options(), change=change).outputs["pi"] for change in (False, True)]
    assert not np.allclose(*read, atol=1e-3)


def _minimum(options):
    """A reasoner for `minimum`, its prediction with forced hints, and two traces."""
    reasoner, predict = _compiled("minimum", "mpnn", options)
    return reasoner, functools.partial(predict, forcing=1.0), _trace("minimum")


def _with_pred(hints, steps):
    """Hints whose order says something else at some steps."""
    pred = hints["pred_h"].copy()
    pred[steps] = 0
    return {**hints, "pred_h": pred}


@pytest.mark.parametrize("mode", [HintMode.ENCODED_DECODED, HintMode.NONE])
def test_a_constant_hint_as_an_input_is_read_once_and_not_predicted(mode):
    options = Options(constant_hints=ConstantHints.INPUTS, hints=mode)
    reasoner, predict, trace = _minimum(options)
    found = predict(trace.hints)
    assert set(found.hints) == ({"min_h", "i"} if mode.decodes else set())
    assert "pred_h" not in reasoner.decoders
    later, first = (
        predict(_with_pred(trace.hints, steps)).outputs["min"] for steps in (slice(1, None), 0)
    )
    assert np.array_equal(found.outputs["min"], later)
    assert not np.allclose(found.outputs["min"], first, atol=1e-4)
    # On its own it computes what it was trained to, from the hints at step 0.
    free = predict(trace.hints, forcing=0.0)
    first = {name: value[0] for name, value in trace.hints.items()}
    run = jax.jit(functools.partial(reasoner.run, max_steps=STEPS))(
        trace.inputs, first=first, lengths=np.full(2, STEPS, np.int32)
    )
    assert np.array_equal(run.outputs["min"], np.argmax(free.outputs["min"], axis=-1))


def test_a_constant_hint_as_a_hint_is_read_at_every_step_and_predicted():
    reasoner, predict, trace = _minimum(Options())
    found = predict(trace.hints)
    assert "pred_h" in found.hints
    later = predict(_with_pred(trace.hints, slice(1, None))).outputs["min"]
    assert not np.allclose(found.outputs["min"], later, atol=1e-4)
    with pytest.raises(InputError, match=r"`first` lacks pred_h, min_h, i"):
        reasoner.run(jax.tree.map(jnp.asarray, dict(trace.inputs)), max_steps=3)


def test_a_run_without_the_constant_hints_that_it_reads_names_them():
    reasoner, _, trace = _minimum(
        Options(constant_hints=ConstantHints.INPUTS, hints=HintMode.DECODED)
    )
    inputs = jax.tree.map(jnp.asarray, dict(trace.inputs))
    with pytest.raises(InputError, match="`first` lacks pred_h:"):
        reasoner.run(inputs, max_steps=3, first={"i": jnp.asarray(trace.hints["i"][0])})


def test_an_order_that_changes_stays_a_hint():
    options = Options(constant_hints=ConstantHints.INPUTS)
    found = build_reasoner(
        get("insertion_sort"), "mpnn", width=8, options=options, rngs=nnx.Rngs(0)
    )
    assert "pred_h" in [p.name for p in found.hints]
    assert found.constants == ()


def test_scalar_hints_start_small_and_nothing_else_does():
    algorithm, width = get("bellman_ford"), 64
    starts = {}
    for start in ScalarStart:
        options = Options(scalar_start=start)
        reasoner = build_reasoner(algorithm, "mpnn", width=width, options=options, rngs=nnx.Rngs(0))
        starts[start] = {
            name: float(np.std(linear.kernel[...]))
            for encoder in (reasoner.encode_inputs, reasoner.encode_hints)
            for name, linear in encoder.linear.items()
        }
    small, plain = starts[ScalarStart.XAVIER], starts[ScalarStart.LECUN]
    assert {name for name in small if small[name] != plain[name]} == {"d"}
    # A normal number cut off at two deviations has 0.88 of its deviation.
    assert abs(small["d"] * width**0.5 - 0.88) < 0.2
    assert abs(plain["d"] - 1.0) < 0.25


def test_hard_feedback_is_another_run_than_soft_feedback_after_the_first_step():
    soft, hard = (_predicted(Options(feedback=f)) for f in (Feedback.SOFT, Feedback.HARD))
    assert np.allclose(soft.hints["reach_h"][0], hard.hints["reach_h"][0], atol=1e-5)
    assert not np.allclose(soft.hints["reach_h"][1], hard.hints["reach_h"][1], atol=1e-3)


@pytest.mark.parametrize(
    ("pointers", "read"),
    [
        (PointerReading.FORWARD, [[0, 1, 0], [0, 1, 0], [0, 1, 0]]),
        (PointerReading.REVERSED, [[0, 0, 0], [1, 1, 1], [0, 0, 0]]),
        (PointerReading.BOTH, [[0, 1, 0], [1, 1, 1], [0, 1, 0]]),
    ],
)
def test_a_pointer_is_read_at_the_pairs_that_its_reading_says(pointers, read):
    encoder = Encoder((PI,), 3, pointers=pointers, rngs=nnx.Rngs(0))
    encode = nnx.jit(lambda encoder, x: encoder({"pi": x}, 3).edge.array())
    points = np.eye(3, dtype=np.float32)[[1, 1, 1], :, None]
    away = np.asarray(encode(encoder, points)) != np.asarray(encode(encoder, 0 * points))
    assert away.any(axis=-1).tolist() == read
    separate = {PointerReading.BOTH: ["pi"]}.get(pointers, [])
    assert list(encoder.inverse) == separate


def test_each_reading_of_pointers_is_another_network():
    found = [_predicted(Options(pointers=pointers)).outputs["pi"] for pointers in PointerReading]
    for k, one in enumerate(found):
        for other in found[:k]:
            assert not np.allclose(one, other, atol=1e-4)


def test_pointers_of_pairs_need_triples_unless_read_off_their_ends():
    with pytest.raises(SortError, match=r"messages on V\*V\*V"):
        _predicted(Options(), task="floyd_warshall")
    ends = _predicted(Options(edge_pointers=EdgePointers.ENDS), task="floyd_warshall")
    assert ends.outputs["Pi"].shape == (2, 4, 4, 4)
    assert np.isfinite(ends.outputs["Pi"]).all()


@pytest.mark.parametrize("processor", ["triplet_mpnn", "edge_transformer"])
def test_pointers_of_pairs_are_read_off_triples_where_the_processor_has_them(processor):
    found, ends = (
        _predicted(Options(edge_pointers=read), task="floyd_warshall", processor=processor)
        for read in (EdgePointers.TRIPLES, EdgePointers.ENDS)
    )
    probes = {p.name: p for p in get("floyd_warshall").spec}
    for name, raw in {**found.outputs, **found.hints}.items():
        assert np.isfinite(raw).all()
        if probes[name].kind is not Kind.POINTER:
            continue
        assert raw.shape[-3:] == (4, 4, 4)
        assert np.allclose(soften(probes[name], raw).sum(axis=(-2, -1)), 1.0, atol=1e-5)
        assert not np.allclose(raw, {**ends.outputs, **ends.hints}[name], atol=1e-3)


def test_half_precision_gives_full_arrays():
    found = _predicted(Options(precision=Precision.HALF))
    full = _predicted(Options())
    assert found.outputs["pi"].dtype == np.float32
    assert np.allclose(found.outputs["pi"], full.outputs["pi"], atol=0.2)


@pytest.mark.parametrize("precision", Precision)
def test_every_matrix_product_is_asked_for_in_the_precision_of_the_options(precision):
    """In the program: a CPU computes both alike."""
    options = Options(precision=precision)
    reasoner = build_reasoner(get("bfs"), "mpnn", width=8, options=options, rngs=nnx.Rngs(0))
    trace, lengths = _trace("bfs"), jnp.full(2, STEPS, jnp.int32)
    predict = functools.partial(reasoner, steps=STEPS)
    run = functools.partial(reasoner.run, max_steps=STEPS)
    first = {name: hint[0] for name, hint in trace.hints.items()}
    for program in (
        jax.make_jaxpr(predict)(trace.inputs, trace.hints, lengths),
        jax.make_jaxpr(run)(trace.inputs, first=first),
    ):
        products = [
            eqn.params["precision"]
            for eqn in equations(program.jaxpr)
            if eqn.primitive.name in ("catalign_product", "dot_general")
        ]
        assert len(products) > 20
        half = ["BF16_BF16_F32" in str(asked) for asked in products]
        assert all(half) if precision is Precision.HALF else not any(half)


@pytest.mark.parametrize("processor", ["pgn", "pgn_pointer", "triplet_gmpnn"])
def test_processors_that_follow_hints_or_write_pairs_predict_finite_values(processor):
    found = _predicted(Options(), task="insertion_sort", processor=processor)
    rows = np.exp(found.outputs["pred"]).sum(axis=-1)
    assert np.allclose(rows, 1.0, atol=1e-2)


_sinkhorn = jax.jit(sinkhorn)
_harden = jax.jit(harden, static_argnums=0)


@given(seed=st.integers(0, 1000), n=st.integers(2, 6))
@settings(max_examples=20, deadline=None)
def test_sinkhorn_gives_columns_that_sum_to_one_and_no_self_pointer(seed, n):
    scores = np.random.default_rng(seed).normal(size=(n, n)).astype(np.float32)
    p = np.exp(_sinkhorn(scores))
    assert np.allclose(p.sum(axis=0), 1.0, atol=1e-4)
    assert float(np.diagonal(p).max()) < 1e-6


@given(seed=st.integers(0, 1000), n=st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_a_hard_permutation_has_exactly_one_first(seed, n):
    probe = Probe("pred", Stage.OUTPUT, Location.NODE, Kind.SHOULD_BE_PERMUTATION)
    raw = np.random.default_rng(seed).normal(size=(3, n, n)).astype(np.float32)
    hard = np.asarray(_harden(probe, raw))
    assert (hard == np.arange(n)[None]).sum(axis=1).tolist() == [1, 1, 1]
