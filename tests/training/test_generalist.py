"""Several tasks that share one processor: what is shared, whose turn it is, and going on."""

import dataclasses
import json
import shutil
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import InputError, SortError
from catalign.algorithms.catalogue import get
from catalign.nn.build import build_reasoner
from catalign.training import event as events
from catalign.training import run as run_module
from catalign.training.config import Keep, Schedule, TrainConfig
from catalign.training.default import build_from_config
from catalign.training.directory import read_run
from catalign.training.failure import CheckpointError, DivergedError, InterruptedRun
from catalign.training.generalist import (
    GeneralistReport,
    check_tasks,
    make_tasks,
    own_settings,
)
from catalign.training.layout import Layout
from catalign.training.loop import load_reasoner, train, train_generalist
from catalign.training.sharing import OWN, SHARED, SharedLayout
from catalign.training.state import make_optimizer
from catalign.training.step import STATIC, Summary, dispatch, dispatch_updates
from catalign.training.task import RunState
from tests.training.stub import COUNT_HIGH
from tests.training.stub import build as build_stub

TASKS = tuple(get(name) for name in ("bfs", "minimum"))
CONFIG = TrainConfig(
    steps=10,
    batch_size=4,
    sizes=(4, 5),
    width=8,
    processor="mpnn",
    updates_per_dispatch=2,
    trace_steps=3,
    log_every=4,
    eval_every=8,
    save_every=4,
    eval_sizes=(4, 5),
    eval_instances=4,
)


def _untimed(rows: Sequence[dict]) -> list[dict]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.fixture(scope="module", autouse=True)
def traced_once() -> Iterator[None]:
    """In all runs on both tasks, each task and size is traced once; one more by a test itself."""
    traced = chex.assert_max_traces(dispatch_updates, n=len(TASKS) * len(CONFIG.sizes) + 1)
    patch = pytest.MonkeyPatch()
    patch.setattr(run_module, "dispatch", jax.jit(traced, static_argnames=STATIC))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[GeneralistReport, list]:
    """A run from start to end in one go."""
    told: list = []
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return train_generalist(TASKS, CONFIG, run_dir=folder, on_event=told.append), told


def test_every_task_has_as_many_updates_at_the_same_sizes(whole: tuple) -> None:
    _, told = whole
    turns = [(e.task, e.size) for e in told if isinstance(e, events.Progress)]
    names = [task.name for task in TASKS]
    assert turns == [(name, size) for size in (4, 5, 4, 5, 4) for name in names]
    assert [e.step for e in told if isinstance(e, events.Progress)][-1] == 20
    assert [e.step for e in told if isinstance(e, events.Saved)] == [8, 16, 20]
    compiled = [(e.task, e.size) for e in told if isinstance(e, events.Compiled)]
    assert sorted(compiled) == sorted((name, size) for name in names for size in (4, 5))
    assert {e.task for e in told if isinstance(e, events.Evaluated)} == set(names)


def test_all_share_one_processor_and_nothing_else(whole: tuple) -> None:
    report, _ = whole
    first, *others = (nnx.state(r, nnx.Param) for r in report.reasoners.values())
    for other in others:
        chex.assert_trees_all_equal(first["processor"], other["processor"])
    start = nnx.state(build_from_config(TASKS[0], CONFIG, nnx.Rngs(CONFIG.seed)), nnx.Param)
    moved = jax.tree.map(lambda a, b: bool((a != b).any()), first, start)
    assert all(jax.tree.leaves(moved["processor"]["message"]["sender"]))
    alone = sum(Layout.of(nnx.state(r, nnx.Param)).size for r in report.reasoners.values())
    shared = Layout.of(first["processor"]).size
    assert report.parameters == alone - (len(TASKS) - 1) * shared


def test_an_update_on_one_task_leaves_what_belongs_to_others() -> None:
    tasks = make_tasks(TASKS, own_settings(TASKS, CONFIG, {}), build_from_config)
    state = RunState.start(tasks)
    before = jax.device_get(state)
    after = state.put("bfs", _update(tasks[0], state.take("bfs")))
    chex.assert_trees_all_equal(after.tasks["minimum"], before.tasks["minimum"])
    moved = after.take("minimum")
    assert bool((moved.params[SHARED] != before.shared["params"][SHARED]).any())
    # Adam counts the updates of what is shared and of what is not by themselves.
    for part, count in ((SHARED, 1), (OWN, 0)):
        counts = [x for x in jax.tree.leaves(moved.opt_state[part]) if x.dtype == jnp.int32]
        assert {int(x) for x in counts} == {count}


def _update(task, state):
    found, _ = run_module.dispatch(
        state, jnp.int32(1), jnp.bool_(False), task.rest, task.key, **task.static(4, 3)
    )
    return found


def test_a_generalist_of_one_task_is_that_task_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "dispatch", dispatch)
    config = dataclasses.replace(
        CONFIG,
        steps=6,
        sizes=(4,),
        log_every=2,
        eval_every=0,
        eval_sizes=(4,),
        schedule=Schedule.COSINE,
    )
    alone = train(TASKS[0], config)
    shared = train_generalist(TASKS[:1], config)
    assert len(alone.history) == 3
    for one, other in zip(alone.history, shared.history, strict=True):
        assert other["loss"] == pytest.approx(one["loss"], rel=1e-4)


@pytest.mark.parametrize("when", [6, 12, 20])
def test_a_stopped_run_goes_on_bit_by_bit(whole: tuple, tmp_path: Path, when: int) -> None:
    """Stopped within a round, at its end and at the end of all."""
    report, _ = whole

    def stop(event: events.Event) -> None:
        if isinstance(event, events.Progress) and event.step == when:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(InterruptedRun) as caught:
        train_generalist(TASKS, CONFIG, run_dir=tmp_path / "run", on_event=stop)
    assert caught.value.step >= when
    again = train_generalist(TASKS, CONFIG, run_dir=tmp_path / "run")
    assert _untimed(again.history) == _untimed(report.history)
    for name, reasoner in report.reasoners.items():
        chex.assert_trees_all_equal(nnx.state(again.reasoners[name]), nnx.state(reasoner))


def test_the_folder_holds_what_it_should(whole: tuple) -> None:
    report, _ = whole
    folder = report.run_dir
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert _untimed(rows) == _untimed(report.history)
    assert [row["step"] for row in rows] == [4, 8, 10]
    for row in rows:
        parts = [row[f"{task.name}/loss"] for task in TASKS]
        assert row["loss"] == pytest.approx(np.mean(parts))
    assert {"bfs/output/pi", "minimum/micro_f1", "micro_f1"} <= set(rows[1])
    assert (folder / "metrics.csv").read_text().startswith("step,seconds,loss,bfs/loss,")
    page = (folder / "report.md").read_text()
    assert all(f"| {task.name} |" in page for task in TASKS)
    result = json.loads((folder / "report.json").read_text())
    assert list(result["tasks"]) == [task.name for task in TASKS]
    # The run is over: it is read, and not done again.
    told: list = []
    again = train_generalist(TASKS, CONFIG, run_dir=folder, on_event=told.append)
    assert not [e for e in told if isinstance(e, (events.Progress, events.Evaluated))]
    assert again.tables == report.tables
    assert again.mean_micro_f1(5) == pytest.approx(
        np.mean([table.at(5).micro_f1 for table in report.tables.values()])
    )


def test_each_task_is_loaded(whole: tuple) -> None:
    report, _ = whole
    for task in TASKS:
        found = load_reasoner(report.run_dir, task)
        chex.assert_trees_all_equal(nnx.state(found), nnx.state(report.reasoners[task.name]))
    with pytest.raises(InputError, match="a run of bfs, minimum, but `algorithm`"):
        load_reasoner(report.run_dir, get("dfs"))


def test_a_law_of_graphs_holds_for_the_tasks_that_draw_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    drawn = {}

    def only_count(state, updates, *given, **static):
        drawn[static["algorithm"].name] = static["algorithm"]
        done = dataclasses.replace(state, step=state.step + updates)
        return done, Summary(step=done.step, diverged=jnp.bool_(False), loss=jnp.zeros(()))

    monkeypatch.setattr(run_module, "dispatch", only_count)
    config = dataclasses.replace(
        CONFIG, edge_probabilities=(0.0, 1.0), eval_every=0, eval_sizes=(4,), steps=2
    )
    report = train_generalist(TASKS, config, run_dir=tmp_path / "run")
    edges = drawn["bfs"].sample_inputs(jax.random.key(0), 32, 6)["adj"].sum(axis=(1, 2))
    # No edge but the loops, or all.
    assert set(np.asarray(edges).tolist()) == {6, 36}
    assert drawn["minimum"] is TASKS[1]
    assert [each.edge_probabilities for each in report.settings.values()] == [(0.0, 1.0), ()]
    # The same command goes on, and each task is read back.
    assert train_generalist(TASKS, config, run_dir=tmp_path / "run").tables == report.tables
    found = load_reasoner(tmp_path / "run", TASKS[1])
    chex.assert_trees_all_equal(nnx.state(found), nnx.state(report.reasoners["minimum"]))


def test_a_setting_that_no_task_has_is_refused() -> None:
    arrays = [get("minimum"), get("insertion_sort")]
    dense = dataclasses.replace(CONFIG, edge_probabilities=(0.5,))
    for laws, config in (({}, dense), ({"minimum": dense}, CONFIG)):
        with pytest.raises(
            InputError, match=r"`edge_probabilities` is given for minimum.*, but no sam"
        ):
            train_generalist(arrays, config, laws=laws)
    with pytest.raises(InputError, match="`max_needle` is given for bfs, minimum, but no sampler"):
        train_generalist(TASKS, dataclasses.replace(CONFIG, max_needle=2))
    with pytest.raises(InputError, match="`laws` holds 'dfs', but the tasks are bfs, minimum"):
        train_generalist(TASKS, CONFIG, laws={"dfs": CONFIG})


def test_a_task_of_its_own_sizes_goes_on_too(tmp_path: Path) -> None:
    laws = {"minimum": dataclasses.replace(CONFIG, sizes=(5,), width=1)}
    whole = train_generalist(TASKS, CONFIG, laws=laws)
    turns: list = []

    def stop(event: events.Event) -> None:
        if isinstance(event, events.Progress):
            turns.append((event.task, event.size))
            if event.step == 12:
                signal.raise_signal(signal.SIGTERM)

    folder = tmp_path / "run"
    with pytest.raises(InterruptedRun):
        train_generalist(TASKS, CONFIG, laws=laws, run_dir=folder, on_event=stop)
    alone = [(t, n if t == "bfs" else 5) for n in (4, 5, 4) for t in ("bfs", "minimum")]
    assert turns[:6] == alone
    again = train_generalist(TASKS, CONFIG, laws=laws, run_dir=folder)
    assert _untimed(again.history) == _untimed(whole.history)
    assert [each.sizes for each in again.settings.values()] == [(4, 5), (5,)]
    assert read_run(folder).settings("minimum") == again.settings["minimum"]
    assert "sizes 4, 5 (bfs); 5 (minimum), seed 0" in (folder / "report.md").read_text()
    with pytest.raises(InputError, match=r"sizes of minimum is \[5\] there and \[4, 5\] here"):
        train_generalist(TASKS, CONFIG, run_dir=folder)


def test_another_run_s_folder_is_refused(whole: tuple, tmp_path: Path) -> None:
    report, _ = whole
    with pytest.raises(InputError, match="task is 'bfs,minimum' there and"):
        train_generalist(TASKS[:1], CONFIG, run_dir=report.run_dir)
    damaged = shutil.copytree(report.run_dir, tmp_path / "copy")
    for folder in (damaged / "checkpoints").iterdir():
        shutil.rmtree(folder / "state", ignore_errors=True)
    with pytest.raises(CheckpointError, match="damaged"):
        load_reasoner(damaged, TASKS[0])


def test_what_cannot_be_shared_is_refused() -> None:
    for processor in ("aligned", "exact"):
        config = dataclasses.replace(CONFIG, processor=processor)
        with pytest.raises(InputError, match=f"`processor` is '{processor}'"):
            train_generalist(TASKS, config)
    with pytest.raises(InputError, match="StubReasoner, which has no learned processor"):
        train_generalist([COUNT_HIGH], CONFIG, build=build_stub)
    with pytest.raises(SortError):
        train_generalist([TASKS[0], get("floyd_warshall")], CONFIG)

    def uneven(algorithm, config, rngs):
        width = 8 if algorithm.name == "bfs" else 4
        return build_reasoner(algorithm, "mpnn", width=width, rngs=rngs)

    with pytest.raises(InputError, match="bfs and minimum different processors"):
        train_generalist(TASKS, CONFIG, build=uneven)


def test_the_tasks_are_checked_before_any_work() -> None:
    with pytest.raises(InputError, match=r"`keep` is Keep\.BEST"):
        train_generalist(TASKS, dataclasses.replace(CONFIG, keep=Keep.BEST))
    with pytest.raises(InputError, match="is empty"):
        train_generalist([], CONFIG)
    with pytest.raises(InputError, match="holds bfs more than once"):
        train_generalist([TASKS[0], TASKS[0]], CONFIG)
    with pytest.raises(InputError, match="neither a comma nor a slash"):
        check_tasks([dataclasses.replace(TASKS[0], name="a,b")])
    with pytest.raises(InputError, match=r"`sizes` holds 1, but .* needs at least"):
        train_generalist([TASKS[0], get("graham_scan")], dataclasses.replace(CONFIG, sizes=(1,)))


def test_a_task_that_diverges_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def diverge(state, *given, **static):
        done = dataclasses.replace(state, step=state.step + 2)
        bad = jnp.bool_(static["algorithm"].name == "minimum")
        return done, Summary(step=done.step, diverged=bad, loss=jnp.zeros(()))

    monkeypatch.setattr(run_module, "dispatch", diverge)
    monkeypatch.setattr(run_module, "name_of_broken", lambda *given, **static: "loss")
    with pytest.raises(DivergedError, match="Update 2 of minimum made `loss` NaN"):
        train_generalist(TASKS, dataclasses.replace(CONFIG, eval_every=0))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.booleans(), min_size=1, max_size=5))
def test_parameters_survive_both_vectors(is_shared: list[bool]) -> None:
    params = {f"p{i}": jnp.full((i,), i + 0.5) for i in range(len(is_shared))}
    layout = SharedLayout(Layout.of(params), tuple(is_shared), tasks=2)
    vectors = layout.ravel(params)
    chex.assert_trees_all_equal(layout.unravel(vectors), params)
    shared = sum(i for i, flag in enumerate(is_shared) if flag)
    assert (vectors[SHARED].size, layout.part(OWN).size) == (
        shared,
        sum(range(len(is_shared))) - shared,
    )


def test_both_parts_follow_one_schedule() -> None:
    """What is shared has T times as many updates: after s T of them, its rate is that of s."""
    config = TrainConfig(steps=10, learning_rate=0.5, schedule=Schedule.COSINE, warmup_steps=2)
    optimizer = make_optimizer(dataclasses.replace(config, clip=1e9), tasks=3)
    ones = {SHARED: jnp.ones(1), OWN: jnp.ones(1)}
    for own in (0, 1, 2, 6, 10):
        state = optimizer.init(ones)
        state = {
            name: jax.tree.map(
                lambda x, c=own * times: jnp.full_like(x, c) if x.dtype == jnp.int32 else x,
                state[name],
            )
            for name, times in ((SHARED, 3), (OWN, 1))
        }
        change, _ = optimizer.update(ones, state)
        alone = make_optimizer(dataclasses.replace(config, clip=1e9))
        moments = jax.tree.map(
            lambda x, c=own: jnp.full_like(x, c) if x.dtype == jnp.int32 else x,
            alone.init(jnp.ones(1)),
        )
        np.testing.assert_allclose(change[OWN], alone.update(jnp.ones(1), moments)[0], rtol=1e-6)
        corrected = {
            name: float(change[name][0]) * (1 - 0.9**k) / np.sqrt(1 - 0.999**k)
            for name, k in ((OWN, own + 1), (SHARED, 3 * own + 1))
        }
        np.testing.assert_allclose(corrected[SHARED], corrected[OWN], rtol=1e-3, atol=1e-7)
