"""A benchmark that is stopped goes on, and ends with the tables of one that is not."""

import csv
from pathlib import Path
from types import SimpleNamespace

import pytest
from matplotlib.figure import Figure

import catalign
from catalign.training.event import Saved
from tasks import benchmark, benchmark_plot
from tasks.protocol import Row

SHOWN = ("mpnn", "triplet_gmpnn", "g_forgetnet")

ARGV = [
    "--tasks",
    "bfs",
    "insertion_sort",
    "--seeds",
    "0",
    "1",
    "--processor=mpnn",
    "--width=4",
    "--steps=4",
    "--batch-size=2",
    "--sizes=4",
    "--eval-sizes=4",
    "--eval-instances=2",
    "--updates-per-dispatch=1",
    "--trace-steps=3",
    "--save-every=2",
    "--eval-every=0",
    "--size=5",
    "--instances=4",
    "--quiet",
]


class _Killed(BaseException):
    pass


def _tables(folder):
    return {name: (folder / name).read_text() for name in (benchmark.MARKDOWN, benchmark.CSV)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a benchmark that was never stopped."""
    folder = tmp_path_factory.mktemp("benchmark") / "whole"
    assert benchmark.main([*ARGV, f"--out={folder}"]) == 0
    return folder


def test_tables_and_plot(whole) -> None:
    rows = list(csv.DictReader(_tables(whole)[benchmark.CSV].splitlines()))
    assert [(row["task"], row["seeds"], row["instances"]) for row in rows] == [
        ("bfs", "0 1", "4"),
        ("insertion_sort", "0 1", "4"),
    ]
    assert rows[0]["published_mpnn"] == "0.9989"
    assert rows[0]["published_mpnn_evidence"] == "recalled, checked"
    page = _tables(whole)[benchmark.MARKDOWN]
    assert "| bfs | 4 | " in page
    assert " | 99.89 | 99.73 | 99.96 |" in page
    assert "mean of these 2" in page
    assert "7.65" in page
    assert " | g_forgetnet (recalled, checked) |" in page
    assert (
        "  - mpnn: recalled, checked (read in print, and equal: 13 of 30 values; the mean" in page
    )
    assert (whole / benchmark.PLOT).read_bytes().startswith(b"\x89PNG")


def test_no_published_score_stands_without_its_evidence(monkeypatch) -> None:
    legends = []

    def kept(figure, path, **options):
        legends.append([text.get_text() for text in figure.axes[0].get_legend().get_texts()])

    monkeypatch.setattr(Figure, "savefig", kept)
    found = SimpleNamespace(micro_f1=0.5, node_exact=0.5, graph_exact=0.0, instances=4)
    rows = [Row.of(name, 64, (0,), [found]) for name in ("bfs", "addition")]
    benchmark_plot.draw(Path("none.png"), rows)
    shown = [f"{name}, published (recalled, checked)" for name in SHOWN]
    assert [[text for text in legend if "published" in text] for legend in legends] == [shown]
    own = list(csv.DictReader(benchmark.to_csv(rows).splitlines()))[1]
    assert (own["published_mpnn"], own["published_mpnn_evidence"]) == ("", "")


def test_killed_half_way_and_continued(whole, tmp_path, monkeypatch) -> None:
    folder, train, trained = tmp_path / "killed", catalign.training.train, []

    def killed(algorithm, config, **rest):
        def on_event(event):
            if isinstance(event, Saved) and len(trained) == 2:
                raise _Killed

        report = train(algorithm, config, **rest, on_event=on_event)
        trained.append(algorithm.name)
        return report

    with monkeypatch.context() as patch:
        patch.setattr(catalign.training, "train", killed)
        with pytest.raises(_Killed):
            benchmark.main([*ARGV, f"--out={folder}"])
    assert trained == ["bfs", "bfs"]
    assert "insertion_sort" not in _tables(folder)[benchmark.CSV]
    before = {p: p.stat().st_mtime_ns for p in folder.glob("bfs-*/clrs30.json")}
    assert len(before) == 2
    assert benchmark.main([*ARGV, f"--out={folder}"]) == 0
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert _tables(folder) == _tables(whole)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--tasks", "bsf"], "Did you mean bfs"),
        (["--tasks", "bfs", "bfs"], "different ones"),
        (["--seeds", "-1"], "seeds are from 0"),
        (["--size", "0"], "--size is 0"),
        (["--processor", "mpn"], "Did you mean"),
        (["--tasks", "mine.py:x"], "by itself"),
    ],
)
def test_bad_requests(words, says, capsys, tmp_path) -> None:
    assert benchmark.main([*words, f"--out={tmp_path / 'none'}"]) == 2
    assert says in capsys.readouterr().err


def test_other_settings_in_the_same_folder_are_refused(whole, capsys) -> None:
    argv = [word.replace("--width=4", "--width=8") for word in ARGV]
    assert benchmark.main([*argv, f"--out={whole}"]) == 2
    assert "width is 4 there and 8 here" in capsys.readouterr().err


def test_a_preset_gives_each_algorithm_its_settings_and_flags_go_before_it(
    monkeypatch, tmp_path, capsys
) -> None:
    seen = {}

    def score(name, seed, flags, config):
        seen[name] = config
        return SimpleNamespace(micro_f1=0.5, node_exact=0.5, graph_exact=0.0, instances=4)

    monkeypatch.setattr(benchmark, "score", score)
    argv = ["--preset=ibarz2022", "--width=8", "--processor=mpnn", "--seeds", "0"]
    tasks = ["--tasks", "kmp_matcher", "bridges", "minimum"]
    assert benchmark.main([*argv, *tasks, f"--out={tmp_path}"]) == 0
    assert [config.width for config in seen.values()] == [8, 8, 8]
    assert [config.processor for config in seen.values()] == ["mpnn"] * 3
    assert (seen["kmp_matcher"].sizes, seen["kmp_matcher"].max_needle) == ((20,), 8)
    assert seen["bridges"].edge_probabilities[0] == 0.05
    assert seen["minimum"].edge_probabilities == ()
    told = "preset ibarz2022, but processor is mpnn, not triplet_gmpnn; width is 8, not 128"
    assert told in capsys.readouterr().err
    assert told in (tmp_path / benchmark.MARKDOWN).read_text()
    assert benchmark.main(["--preset=ibarz2020", f"--out={tmp_path}"]) == 2
    assert "--preset is 'ibarz2020'" in capsys.readouterr().err
