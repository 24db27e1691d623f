"""Runs: what they write, how they go on, and how they end early."""

import dataclasses
import json
import math
import shutil
import signal
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.training import event as events
from catalign.training.config import Keep, TrainConfig
from catalign.training.evaluation import EvaluationTable, evaluate
from catalign.training.failure import CheckpointError, DivergedError, InterruptedRun
from catalign.training.loop import load_reasoner, train
from catalign.training.single import TrainReport
from tests.training.stub import CONFIG, COUNT_HIGH, StubReasoner, build


def _leaves(report: TrainReport) -> list[np.ndarray]:
    return [np.asarray(x) for x in jax.tree.leaves(nnx.state(report.reasoner, nnx.Param))]


def _untimed(rows: object) -> list[dict]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainReport, list]:
    """A run from start to end in one go."""
    told: list = []
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return train(COUNT_HIGH, CONFIG, run_dir=folder, build=build, on_event=told.append), told


def test_a_run_learns_and_tells(whole: tuple) -> None:
    report, told = whole
    kinds = {type(event) for event in told}
    assert kinds == {
        events.Started,
        events.Compiled,
        events.Progress,
        events.Logged,
        events.Validated,
        events.Saved,
        events.Hardened,
        events.Evaluated,
        events.Finished,
    }
    assert [e.step for e in told if isinstance(e, events.Progress)] == [4, 8, 12, 16, 20, 22]
    assert [e.size for e in told if isinstance(e, events.Progress)] == [3, 4, 3, 4, 3, 4]
    assert [e.step for e in told if isinstance(e, events.Saved)] == [8, 16, 22]
    assert [e.step for e in told if isinstance(e, events.Validated)] == [12, 20]
    assert [e.size for e in told if isinstance(e, events.Compiled)] == [3, 4]
    assert report.hardened is not None
    assert report.hardened.kept
    assert [row.graph_exact for row in report.table.rows] == [1.0, 1.0]
    assert report.history[-1]["loss"] < report.history[0]["loss"]


def test_the_folder_holds_what_it_should(whole: tuple) -> None:
    report, _ = whole
    folder = report.run_dir
    names = {
        "config.json",
        "env.json",
        "metrics.csv",
        "metrics.jsonl",
        "checkpoints",
        "report.json",
        "report.md",
    }
    assert {p.name for p in folder.iterdir()} == names | {"loss.png", "scores.png"}
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert rows == list(report.history)
    assert [row["step"] for row in rows] == [8, 12, 16, 20, 22]
    lines = (folder / "metrics.csv").read_text().splitlines()
    assert lines[0] == "step,seconds,loss,output/high,hint/seen,micro_f1,node_exact,graph_exact"
    assert len(lines) == len(rows) + 1
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    page = (folder / "report.md").read_text()
    assert "| 6 | 100.00 % |" in page
    assert "high if key > 1/2" in page
    assert "rounded constants was kept" in page
    assert json.loads((folder / "env.json").read_text())["device"].startswith("cpu")


def test_equal_seeds_give_equal_runs_and_other_seeds_do_not(whole: tuple) -> None:
    report, _ = whole
    config = dataclasses.replace(CONFIG, harden=False)
    again, other = (
        train(COUNT_HIGH, dataclasses.replace(config, seed=seed), build=build) for seed in (0, 1)
    )
    assert _untimed(again.history) == _untimed(report.history)
    assert again.hardened is None
    assert _untimed(other.history) != _untimed(report.history)


@pytest.mark.parametrize(
    ("when", "signum"), [(4, signal.SIGTERM), (12, signal.SIGINT), (22, signal.SIGTERM)]
)
def test_a_stopped_run_goes_on_bit_by_bit(
    whole: tuple, tmp_path: Path, signum: signal.Signals, when: int
) -> None:
    report, _ = whole

    def stop(event: events.Event) -> None:
        if isinstance(event, events.Progress) and event.step == when:
            signal.raise_signal(signum)

    with pytest.raises(InterruptedRun) as caught:
        train(COUNT_HIGH, CONFIG, run_dir=tmp_path / "run", build=build, on_event=stop)
    assert caught.value.signum is signum
    assert caught.value.step >= when
    told: list = []
    again = train(COUNT_HIGH, CONFIG, run_dir=tmp_path / "run", build=build, on_event=told.append)
    assert told[0].resumed_from == caught.value.step
    _assert_same(again, report)
    # The handlers that were there before are back.
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_killed_run_goes_on_bit_by_bit(whole: tuple, tmp_path: Path) -> None:
    """Killed after a row that no checkpoint covers, in the middle of the next row and of a save."""
    report, _ = whole
    folder = tmp_path / "run"
    shutil.copytree(report.run_dir, folder)
    for name in ("report.json", "report.md", "loss.png", "scores.png"):
        (folder / name).unlink()
    for step in (16, 22):
        shutil.rmtree(folder / "checkpoints" / str(step))
    (folder / "checkpoints" / "16.orbax-checkpoint-tmp-1" / "state").mkdir(parents=True)
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 24, "lo')
    told: list = []
    again = train(COUNT_HIGH, CONFIG, run_dir=folder, build=build, on_event=told.append)
    assert told[0].resumed_from == 8
    _assert_same(again, report)


def _assert_same(again: TrainReport, report: TrainReport) -> None:
    for a, b in zip(_leaves(again), _leaves(report), strict=True):
        np.testing.assert_array_equal(a, b)
    rows = [json.loads(line) for line in (again.run_dir / "metrics.jsonl").read_text().splitlines()]
    assert _untimed(rows) == _untimed(report.history)
    assert len((again.run_dir / "metrics.csv").read_text().splitlines()) == len(rows) + 1
    for a, b in zip(again.table.rows, report.table.rows, strict=True):
        assert dataclasses.replace(a, seconds=0.0) == dataclasses.replace(b, seconds=0.0)


def test_a_finished_run_is_read_back(whole: tuple) -> None:
    report, _ = whole
    told: list = []
    again = train(COUNT_HIGH, CONFIG, run_dir=report.run_dir, build=build, on_event=told.append)
    assert {type(event) for event in told} == {events.Started, events.Finished}
    assert again.table == report.table
    assert again.hardened == report.hardened
    _assert_same(again, report)


def test_a_reasoner_is_loaded_as_it_was_kept(whole: tuple) -> None:
    report, _ = whole
    loaded = load_reasoner(report.run_dir, COUNT_HIGH, build=build)
    for a, b in zip(
        jax.tree.leaves(nnx.state(loaded)), jax.tree.leaves(nnx.state(report.reasoner)), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(InputError, match="is a run of count_high, but `algorithm` is another"):
        load_reasoner(report.run_dir, dataclasses.replace(COUNT_HIGH, name="another"), build=build)


def test_a_folder_of_another_run_is_refused(whole: tuple, tmp_path: Path) -> None:
    report, _ = whole
    with pytest.raises(InputError, match="holds another run: seed is 0 there and 5 here"):
        train(COUNT_HIGH, dataclasses.replace(CONFIG, seed=5), run_dir=report.run_dir, build=build)
    with pytest.raises(InputError, match="task is 'count_high' there and 'another' here"):
        train(
            dataclasses.replace(COUNT_HIGH, name="another"),
            CONFIG,
            run_dir=report.run_dir,
            build=build,
        )
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(InputError, match=r"is no run but holds thesis\.txt"):
        train(COUNT_HIGH, CONFIG, run_dir=tmp_path, build=build)


def test_a_damaged_checkpoint_is_named(whole: tuple, tmp_path: Path) -> None:
    report, _ = whole
    folder = tmp_path / "run"
    shutil.copytree(report.run_dir, folder)
    for path in (folder / "checkpoints" / "22" / "state").rglob("d/*"):
        path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(
        CheckpointError, match=r"checkpoints/22' is damaged .* to go on from step 16"
    ):
        train(COUNT_HIGH, CONFIG, run_dir=folder, build=build)


class _Exploding(StubReasoner):
    """Its loss is NaN as soon as its bias has moved."""

    def __call__(self, *args: object, **values: object) -> object:
        predictions = super().__call__(*args, **values)
        moved = jnp.max(jnp.abs(self.high.bias[...])) > 0.12
        high = predictions.outputs["high"] + jnp.where(moved, jnp.nan, 0.0)
        return dataclasses.replace(predictions, outputs={"high": high})


def test_a_value_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, save_every=2, updates_per_dispatch=2)
    told: list = []
    with pytest.raises(DivergedError) as caught:
        train(
            COUNT_HIGH,
            config,
            run_dir=tmp_path / "run",
            build=lambda algorithm, config, rngs: _Exploding(rngs=rngs),
            on_event=told.append,
        )
    error = caught.value
    assert error.leaf == "loss output/high"
    assert f"Update {error.step} made `loss output/high` NaN" in str(error)
    saved = [e.step for e in told if isinstance(e, events.Saved)]
    assert saved
    assert max(saved) <= error.step
    kept = sorted(
        int(p.name) for p in (tmp_path / "run" / "checkpoints").iterdir() if p.name.isdigit()
    )
    assert kept == saved[-3:]


def test_a_rounded_reasoner_that_scores_worse_is_dropped() -> None:
    config = dataclasses.replace(CONFIG, steps=40, eval_every=0, updates_per_dispatch=20)
    report = train(COUNT_HIGH, config, build=lambda a, c, rngs: StubReasoner(rngs=rngs, spoil=True))
    assert report.hardened is not None
    assert not report.hardened.kept
    assert report.hardened.hardened.graph_exact < report.hardened.learned.graph_exact
    assert "micro_f1" not in report.history[-1]


def test_a_size_below_the_algorithm_s_is_refused() -> None:
    with pytest.raises(
        InputError, match="`eval_sizes` holds 1, but count_high needs at least 2 nodes"
    ):
        train(COUNT_HIGH, TrainConfig(sizes=(4,), eval_sizes=(1,)), build=build)


def test_a_size_that_the_sampler_refuses_is_refused_before_any_work() -> None:
    config = TrainConfig(processor="exact", sizes=(4,), eval_sizes=(8, 2048))
    with pytest.raises(InputError, match="size is 2048, but of more than 1024 points"):
        train(get("graham_scan"), config, on_event=lambda _: pytest.fail("it has begun"))


def test_nothing_is_left_behind_when_the_model_cannot_be_built(tmp_path: Path) -> None:
    def fail(*_: object) -> StubReasoner:
        raise InputError("no such processor")

    with pytest.raises(InputError, match="no such processor"):
        train(COUNT_HIGH, CONFIG, run_dir=tmp_path / "run", build=fail)
    assert not (tmp_path / "run").exists()


def test_the_best_parameters_are_kept_through_a_stop(tmp_path: Path) -> None:
    """Those of the earliest best validation, bit by bit those of a run that ends there."""
    # So large a step that the score falls again.
    best = dataclasses.replace(
        CONFIG, keep=Keep.BEST, harden=False, eval_every=4, steps=40, learning_rate=2.0, clip=1e6
    )
    report = train(COUNT_HIGH, best, build=build)
    scores = {row["step"]: row["micro_f1"] for row in report.history if "micro_f1" in row}
    first = min(step for step, score in scores.items() if score == max(scores.values()))
    assert report.kept_step == first
    assert first < 40
    ended = dataclasses.replace(best, keep=Keep.LAST, steps=first)
    short = train(COUNT_HIGH, ended, build=build)
    assert short.kept_step == first
    for a, b in zip(_leaves(report), _leaves(short), strict=True):
        np.testing.assert_array_equal(a, b)

    def stop(event: events.Event) -> None:
        if isinstance(event, events.Progress) and event.step == 36:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(InterruptedRun):
        train(COUNT_HIGH, best, run_dir=tmp_path / "run", build=build, on_event=stop)
    again = train(COUNT_HIGH, best, run_dir=tmp_path / "run", build=build)
    loaded = load_reasoner(tmp_path / "run", COUNT_HIGH, build=build)
    assert again.kept_step == first
    for reasoner in (again.reasoner, loaded):
        for a, b in zip(jax.tree.leaves(nnx.state(reasoner)), _leaves(report), strict=True):
            np.testing.assert_array_equal(a, b)


def test_validations_count_their_own_instances(monkeypatch) -> None:
    counted = []

    def counting(*args: object, instances: int, **options: object) -> EvaluationTable:
        counted.append(instances)
        return evaluate(*args, instances=instances, **options)

    monkeypatch.setattr("catalign.training.run.evaluate", counting)
    config = dataclasses.replace(
        CONFIG, steps=8, eval_every=8, harden=False, eval_instances=2, validation_instances=5
    )
    train(COUNT_HIGH, config, build=build)
    assert counted == [5, 2]
    counted.clear()
    train(COUNT_HIGH, dataclasses.replace(config, validation_instances=None), build=build)
    assert counted == [2, 2]


def test_losses_are_means_over_the_updates_since_the_last_row(whole: tuple) -> None:
    report, told = whole
    losses = {e.step: e.loss for e in told if isinstance(e, events.Progress)}
    assert math.isclose(report.history[0]["loss"], (losses[4] + losses[8]) / 2, rel_tol=1e-5)
    assert math.isclose(report.history[1]["loss"], losses[12], rel_tol=1e-5)
    assert math.isclose(report.history[-1]["loss"], losses[22], rel_tol=1e-5)
