"""The report's plots stand where rows are missing or scores are flat."""

from pathlib import Path

import pytest

from catalign.training.evaluation import Evaluation, EvaluationTable, Protocol
from catalign.training.report import plot_loss, plot_scores


@pytest.mark.parametrize(
    "rows", [[], [{"step": 1, "loss": 0.0}], [{"step": 1, "loss": 2.0, "output/pi": 1.0}]]
)
def test_the_loss_curve_is_drawn(tmp_path: Path, rows: list) -> None:
    plot_loss(tmp_path / "x.png", rows)
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_scores_are_drawn_over_a_single_size(tmp_path: Path) -> None:
    row = Evaluation(
        size=16,
        protocol=Protocol.FIXED_POINT,
        instances=1,
        micro_f1=1.0,
        node_exact=1.0,
        graph_exact=0.0,
        outputs={"pi": 1.0},
        converged=1.0,
        mean_steps=3.0,
        seconds=0.1,
    )
    plot_scores(tmp_path / "x.png", EvaluationTable((row,)), [16])
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
