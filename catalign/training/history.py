"""The rows of metrics of a run, in memory and on disk."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

from catalign.training.directory import write_text

JSONL, CSV = "metrics.jsonl", "metrics.csv"


class History:
    """Rows of metrics, one for each logged step.

    Each row is on disk when `append` returns. A run that goes on from an earlier step drops the
    rows after it first, so that no step has two rows.

    Args:
      folder: Where `metrics.jsonl` and `metrics.csv` are; None for memory alone.
      columns: The columns of a row, in order. A row may leave some out.
      step: The step that the run goes on from.
    """

    def __init__(self, folder: Path | None, columns: list[str], step: int) -> None:
        self._folder = folder
        self._columns = columns
        self.rows: list[dict[str, float]] = []
        if folder is None:
            return
        if step > 0 and (folder / JSONL).is_file():
            self.rows = [row for row in _read(folder / JSONL) if row["step"] <= step]
        write_text(folder / JSONL, "".join(json.dumps(row) + "\n" for row in self.rows))
        write_text(folder / CSV, "".join([_csv_line(columns), *map(self._csv_row, self.rows)]))

    def append(self, row: Mapping[str, float]) -> None:
        """Adds a row, with a step after all before."""
        self.rows.append(dict(row))
        if self._folder is not None:
            with (self._folder / JSONL).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            with (self._folder / CSV).open("a", encoding="utf-8") as file:
                file.write(self._csv_row(row))

    def _csv_row(self, row: Mapping[str, float]) -> str:
        return _csv_line([row.get(name, "") for name in self._columns])


def _csv_line(values: list) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _read(path: Path) -> list[dict[str, float]]:
    """All rows but a last one that was cut off when its writer was killed."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows
