"""The race to accuracy: its table, its file and its clock; the contenders small."""

import json

import pytest

from tasks import bench, bench_race, rates
from tasks.bench_race import Curve, Point, RaceFlags
from tasks.race import contender
from tasks.race_contender import Case, Costs

SCORES = {
    "exact": [1.0],
    "aligned": [0.5, 1.0],
    "dm-clrs mpnn": [0.4, 0.7],
    "dm-clrs triplet_gmpnn": [0.98, 0.99],
}


def curve(task: str, name: str) -> Curve:
    points = [
        Point(seconds=9.0 + k, busy=2.0 + k, wall=20.0, updates=k, valid=1.0, score=s, exact=0.5)
        for k, s in enumerate(SCORES[name])
    ]
    return Curve(task=task, contender=name, points=tuple(points))


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The algorithms that were raced, with made-up scores and no process."""
    done: list[str] = []

    def race(task: str, names, flags: RaceFlags) -> list[Curve]:
        done.append(task)
        return [curve(task, name) for name in names]

    monkeypatch.setattr(bench_race, "race", race)
    monkeypatch.setattr(rates, "peer_sampler", lambda: object())
    return done


def test_a_race_is_written_drawn_and_not_run_twice(tmp_path, capsys, races) -> None:
    words = ["race", "--json", str(tmp_path / "r.json"), "--plot", str(tmp_path / "r.png")]
    assert bench.main([*words, "--tasks", "dfs"]) == 0
    assert bench.main([*words, "--tasks", "dfs", "bfs"]) == 0
    assert races == ["dfs", "bfs"]
    shown = capsys.readouterr().out
    assert "not reached" in shown
    curves = [Curve.from_dict(c) for c in json.loads((tmp_path / "r.json").read_text())["curves"]]
    assert {c.contender for c in curves if c.task == "bfs"} == set(SCORES)
    assert {c.contender for c in curves if c.task == "dfs"} == set(SCORES) - {"aligned"}
    assert (tmp_path / "r.png").stat().st_size > 1000


def test_a_file_of_other_settings_is_refused(tmp_path, capsys, races) -> None:
    file = ["--json", str(tmp_path / "r.json"), "--tasks", "dfs"]
    assert bench.main(["race", *file]) == 0
    assert bench.main(["race", *file, "--goal=0.9"]) == 2
    assert "other settings" in capsys.readouterr().err


def test_the_first_point_at_the_goal_counts() -> None:
    assert curve("dfs", "aligned").reached(0.99) == curve("dfs", "aligned").points[1]
    assert curve("dfs", "dm-clrs mpnn").reached(0.99) is None


def test_first_updates_count_as_usual_ones() -> None:
    costs = Costs((4, 16))
    for size, seconds in ((4, 30.0), (4, 1.0), (4, 2.0), (4, 3.0), (16, 40.0)):
        costs.add(size, seconds)
    assert costs.busy() == 2.0 + 6.0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--tasks=x"], "--tasks"),
        (["--turns=0"], "--turns"),
        (["--sizes=1"], "--sizes"),
        (["--goal=2"], "--goal"),
        (["--seconds=0"], "--seconds"),
    ],
)
def test_bad_requests(words, says, capsys) -> None:
    assert bench.main(["race", *words]) == 2
    assert says in capsys.readouterr().err


def small(task: str, name: str, **changed) -> Case:
    values = {"turn": 0.01, "goal": 0.99, "sizes": (4,), "size": 6, "instances": 4, "seed": 0}
    return Case(task=task, contender=name, **(values | changed))


@pytest.mark.slow
def test_the_aligned_reasoner_reaches_the_goal() -> None:
    racer = contender(small("bfs", "aligned", turn=5.0))
    points = racer.turn()
    assert points[-1].score == points[-1].exact == 1.0
    assert 0 < points[-1].busy < points[-1].seconds


@pytest.mark.slow
def test_the_discrete_learner_ends_in_one_turn() -> None:
    racer = contender(small("minimum", "exact"))
    (point,) = racer.turn()
    assert racer.over
    assert point.exact == 1.0
    assert 0 < point.busy < point.seconds


@pytest.mark.slow
def test_the_peer_trains_and_is_scored() -> None:
    pytest.importorskip("clrs")
    racer = contender(small("insertion_sort", "dm-clrs mpnn"))
    (point,) = racer.turn()
    assert point.updates > 0
    assert 0 <= point.exact <= point.score <= 1
