"""The experiment on levels: what is published, the table, and one small run."""

import json

import numpy as np
import pytest

from catalign.algorithms import catalogue
from catalign.nn import asynchrony
from tasks import levels


def test_the_published_scores_are_of_all_tasks():
    assert set(levels.PUBLISHED) <= set(catalogue.names())
    means = np.mean(list(levels.PUBLISHED.values()), axis=0)
    np.testing.assert_allclose(means, [0.45, 0.68, 0.73], atol=0.005)
    assert len(levels.PUBLISHED) == 30


def test_every_processor_exists():
    kinds = [getattr(asynchrony, name) for name in levels.NAMES]
    assert set(kinds) < set(asynchrony.LEVELS)


def test_the_table_shows_means_and_what_diverged():
    settings = {"steps": 1, "width": 4, "batch": 2, "sizes": (4,), "size": 5}
    found = {"loss": 0.5, "saved": None, "saved_values": None, "seconds": 1.0}
    common = {"task": "bfs", **settings, **found}
    rows = [
        levels.Row(processor="L1Sum", seed=0, score=0.5, **common),
        levels.Row(processor="L1Sum", seed=1, score=0.7, **common),
        levels.Row(processor="L2Sum", seed=0, score=None, **common),
    ]
    shown = levels.table(rows)
    cells = [next(iter(column.cells)) for column in shown.columns]
    assert cells == ["bfs", "60.0 [87]", "diverged"]


def test_bad_flags_are_named(capsys):
    assert levels.main(["--tasks=bsf"]) == 2
    assert levels.main(["--processors=L4"]) == 2
    assert levels.main(["--steps=0"]) == 2
    said = capsys.readouterr().err
    assert "Did you mean bfs" in said
    assert "--steps is 0" in said


@pytest.mark.slow
def test_a_small_run_is_resumed(tmp_path, capsys):
    file = tmp_path / "levels.json"
    flags = ["--steps=2", "--width=4", "--batch=2", "--sizes=4", "--size=5", "--instances=2"]
    words = ["--tasks=bfs", *flags, f"--json={file}"]
    assert levels.main([*words, "--processors=L3Tropical"]) == 0
    assert levels.main([*words, "--processors", "L3Tropical", "L2Max"]) == 0
    assert capsys.readouterr().err.count("bfs L") == 3
    rows = json.loads(file.read_text())
    assert [row["processor"] for row in rows] == ["L3Tropical", "L2Max"]
    assert all(0 <= row["saved"] <= row["saved_values"] <= 1 for row in rows)
    assert levels.main([*words, "--processors=L3Tropical", "--steps=3"]) == 0
    assert len(json.loads(file.read_text())) == 3
