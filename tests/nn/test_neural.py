"""Encode, process, decode: training and running agree, and hints do what they say."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.catalogue import get
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.algorithms.trace import Trace
from catalign.nn.neural import NeuralReasoner
from catalign.nn.option import HintMode, Options
from catalign.nn.prediction import harden_all
from catalign.nn.processors.mpnn import MPNN
from catalign.nn.processors.sparse_mpnn import SparseMPNN
from tests.kernels.programs import equations

N, BATCH, STEPS, MOST = 4, 3, 5, 64


@functools.cache
def _trace() -> Trace:
    """Traces, in NumPy."""
    return jax.tree.map(np.asarray, get("bfs").sample(jax.random.key(0), BATCH, N, steps=STEPS))


@functools.cache
def _reasoner(processor: type = MPNN, with_hints: bool = True) -> NeuralReasoner:
    options = Options(hints=HintMode.ENCODED_DECODED if with_hints else HintMode.NONE)
    return NeuralReasoner(get("bfs").spec, processor, 8, options=options, rngs=nnx.Rngs(0))


@functools.cache
def _supervise(processor: type = MPNN, with_hints: bool = True):
    graph, _ = nnx.split(_reasoner(processor, with_hints))

    @jax.jit
    def supervise(state, trace, lengths, teacher_forcing, key):
        reasoner = nnx.merge(graph, state)
        return reasoner(
            trace.inputs,
            trace.hints,
            lengths,
            steps=STEPS,
            teacher_forcing=teacher_forcing,
            key=key,
        )

    return supervise


def _predict(lengths=None, teacher_forcing=0.0, *, processor=MPNN, with_hints=True, trace=None):
    trace = _trace() if trace is None else trace
    lengths = trace.lengths if lengths is None else lengths
    _, state = nnx.split(_reasoner(processor, with_hints))
    supervise = _supervise(processor, with_hints)
    lengths, forcing = np.asarray(lengths, np.int32), np.float32(teacher_forcing)
    raw = supervise(state, trace, lengths, forcing, jax.random.key(1))
    return jax.tree.map(np.asarray, raw)


@functools.cache
def _runner(processor: type, with_hints: bool):
    graph, _ = nnx.split(_reasoner(processor, with_hints))

    @jax.jit
    def run(state, inputs, first, lengths):
        return nnx.merge(graph, state).run(inputs, max_steps=MOST, first=first, lengths=lengths)

    return run


def _run(processor=MPNN, with_hints=True, *, lengths=None):
    _, state = nnx.split(_reasoner(processor, with_hints))
    trace = _trace()
    first = {name: hint[0] for name, hint in trace.hints.items()}
    run = _runner(processor, with_hints)(state, trace.inputs, first, lengths)
    return jax.tree.map(np.asarray, run)


_harden = jax.jit(harden_all, static_argnums=0)


@pytest.mark.parametrize("processor", [MPNN, SparseMPNN])
def test_a_run_of_given_lengths_is_the_supervised_pass_without_forcing(processor) -> None:
    lengths = np.array([2, 3, 5], np.int32)
    raw = _predict(lengths, processor=processor)
    hard = _harden(get("bfs").spec.outputs, raw.outputs)
    run = _run(processor, lengths=lengths)
    assert np.array_equal(hard["pi"], run.outputs["pi"])
    assert run.steps.tolist() == [2, 3, 5]
    reach = raw.hints["reach_h"] > 0
    assert all(
        np.array_equal(reach[length - 2, i], run.hints["reach_h"][i])
        for i, length in enumerate([2, 3, 5])
    )


def test_outputs_are_read_at_the_end_of_each_run_and_not_later() -> None:
    short = _predict([2, 2, 2]).outputs["pi"]
    long = _predict([5, 5, 5]).outputs["pi"]
    mixed = _predict([2, 5, 2]).outputs["pi"]
    assert np.allclose(mixed[0], short[0], atol=1e-5)
    assert np.allclose(mixed[1], long[1], atol=1e-5)
    assert not np.allclose(short, long, atol=1e-3)


def test_predictions_have_one_step_less_than_the_hints() -> None:
    raw = _predict()
    assert {k: v.shape for k, v in raw.hints.items()} == {
        "reach_h": (STEPS - 1, BATCH, N),
        "pi_h": (STEPS - 1, BATCH, N, N),
    }


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_the_steps_are_scanned_once(backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the program, which is another one on a GPU."""
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    trace, predict = _trace(), functools.partial(_reasoner(), steps=STEPS)
    program = jax.make_jaxpr(predict)(trace.inputs, trace.hints, trace.lengths)
    loops = [e for e in equations(program.jaxpr) if e.primitive.name in ("scan", "while")]
    assert [e.params.get("length") for e in loops] == [STEPS - 1]


def test_with_full_teacher_forcing_a_step_sees_the_true_hints() -> None:
    trace = _trace()
    flipped = trace.hints["reach_h"].copy()
    flipped[1] = ~flipped[1]
    changed = Trace(
        trace.inputs,
        {**trace.hints, "reach_h": flipped},
        trace.outputs,
        trace.lengths,
        trace.complete,
    )
    lengths = np.full(BATCH, STEPS)
    forced = [_predict(lengths, 1.0, trace=t).hints["reach_h"] for t in (trace, changed)]
    free = [_predict(lengths, 0.0, trace=t).hints["reach_h"] for t in (trace, changed)]
    assert np.allclose(forced[0][0], forced[1][0])  # the first step reads step 0 alone
    assert not np.allclose(forced[0][1], forced[1][1], atol=1e-4)
    assert np.allclose(free[0], free[1])


def test_without_hints_it_reads_and_gives_none() -> None:
    raw = _predict(with_hints=False)
    assert dict(raw.hints) == {}
    assert raw.outputs["pi"].shape == (BATCH, N, N)
    assert _run(with_hints=False, lengths=_trace().lengths).hints == {}


def test_a_free_run_stops_where_a_step_changes_nothing() -> None:
    free = _run()
    assert np.array_equal(free.converged, free.steps < MOST)
    assert bool(free.converged.any())
    given, before = (_run(lengths=free.steps - k) for k in (0, 1))
    assert np.array_equal(free.outputs["pi"], given.outputs["pi"])
    same = (free.outputs["pi"] == before.outputs["pi"]).all(axis=1)
    same &= (free.hints["pi_h"] == before.hints["pi_h"]).all(axis=1)
    same &= (free.hints["reach_h"] == before.hints["reach_h"]).all(axis=1)
    assert bool(np.all(same | ~free.converged))


def test_gradients_reach_every_parameter() -> None:
    graph, state = nnx.split(_reasoner(), nnx.Param)
    trace = _trace()

    @jax.jit
    @jax.grad
    def slope(state, trace):
        raw = nnx.merge(graph, state)(trace.inputs, trace.hints, trace.lengths, steps=STEPS)
        return sum(jnp.sum(x**2) for x in (*raw.hints.values(), *raw.outputs.values()))

    slopes = jax.tree.map(np.asarray, nnx.to_pure_dict(slope(state, trace)))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slopes))
    # BFS has no probe at the graph, so that the kernel of that role multiplies zeros.
    assert not slopes["processor"]["message"]["graph"].pop("kernel").any()
    paths = jax.tree_util.tree_leaves_with_path(slopes)
    assert [jax.tree_util.keystr(path) for path, leaf in paths if not leaf.any()] == []


def _every_probe() -> Spec:
    """A spec with every kind at every location that a dense node processor can give."""
    probes = [Probe("pos", Stage.INPUT, Location.NODE, Kind.SCALAR)]
    for stage in Stage:
        for location in Location:
            for kind in Kind:
                if kind is Kind.MASK_ONE and location is not Location.NODE:
                    continue
                if kind in (Kind.POINTER, Kind.SHOULD_BE_PERMUTATION) and location is Location.EDGE:
                    continue
                name = f"{stage.value}_{location.value}_{kind.value}"
                classes = 3 if kind is Kind.CATEGORICAL else None
                probes.append(Probe(name, stage, location, kind, classes))
    return Spec(*probes)


def test_all_kinds_at_all_locations_are_encoded_and_decoded() -> None:
    spec = _every_probe()
    reasoner = NeuralReasoner(spec, MPNN, 4, rngs=nnx.Rngs(0))

    def stored(probe: Probe, *lead: int) -> np.ndarray:
        shape = (*lead, *(N,) * probe.rank)
        if probe.kind is Kind.SCALAR:
            return np.ones(shape, np.float32)
        return np.ones(shape, bool if probe.kind is Kind.MASK else np.int32)

    inputs = {p.name: stored(p, BATCH) for p in spec.inputs}
    hints = {p.name: stored(p, 2, BATCH) for p in spec.hints}
    lengths = jnp.full(BATCH, 2, jnp.int32)
    raw = jax.jit(lambda i, h: reasoner(i, h, lengths, steps=2))(inputs, hints)
    shapes = {p.name: stored(p, BATCH).shape for p in spec.outputs}
    hard = _harden(spec.outputs, raw.outputs)
    assert {name: value.shape for name, value in hard.items()} == shapes


def test_a_users_algorithm_needs_nothing_but_a_spec() -> None:
    assert isinstance(get("insertion_sort"), Algorithm)
    reasoner = NeuralReasoner(get("insertion_sort").spec, MPNN, 4, rngs=nnx.Rngs(0))
    assert reasoner.spec is get("insertion_sort").spec
