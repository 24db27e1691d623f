"""The timing of cells: it compares what it times, and says what it cannot time."""

import pytest

from catalign._errors import AxiomError
from tasks import bench, bench_cells
from tasks.cli import EXIT_INPUT


def test_all_cells_are_compared_and_timed(capsys):
    flags = ["--width=2", "--length=4", "--batch=2", "--repeats=2"]
    assert bench.main(["cells", *flags]) == 0
    said = capsys.readouterr().out
    for cell in ("FoldingRNN", "RecursiveNetwork", "UnfoldingRNN", "MealyCell", "MooreCell"):
        assert said.count(cell) == 2
    assert "the largest ratio is" in said


def test_a_network_that_is_not_the_cell_is_no_comparison(monkeypatch):
    monkeypatch.setattr(bench_cells, "scan_fold", lambda p, labels: 2 * p["start"] + labels[0])
    rows = bench_cells.measure_cells(bench_cells.CellFlags(width=2, length=2, batch=1, repeats=1))
    with pytest.raises(AxiomError, match=r"`unroll\(FoldingRNN\) = by hand` does not hold"):
        next(rows)


@pytest.mark.parametrize(
    ("flag", "problem"),
    [("--length=6", "needs a power of two"), ("--batch=0", "must be at least 1")],
)
def test_a_bad_request_is_one_line(flag, problem, capsys):
    assert bench.main(["cells", flag]) == EXIT_INPUT
    assert problem in capsys.readouterr().err
