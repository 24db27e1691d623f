"""The plot of a benchmark: our scores as bars, published ones as marks."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from tasks import published
from tasks.protocol import Row

_MARKS = {"mpnn": "o", "triplet_gmpnn": "D", "g_forgetnet": "^"}


def draw(path: Path, rows: Sequence[Row]) -> None:
    """Draws micro-F1 and graph-exact of each algorithm, with the published micro-F1."""
    figure = Figure(figsize=(3.0 + 0.45 * len(rows), 4.2), layout="constrained")
    axes = figure.add_subplot()
    places = list(range(len(rows)))
    for shift, label in ((-0.2, "micro_f1"), (0.2, "graph_exact")):
        spreads = [getattr(row, label) for row in rows]
        axes.bar(
            [place + shift for place in places],
            [100.0 * spread.mean for spread in spreads],
            yerr=[100.0 * spread.std for spread in spreads],
            width=0.4,
            label=label.replace("_", "-"),
        )
    for name, mark in _MARKS.items():
        known = [(p, published.find(row.task)) for p, row in zip(places, rows, strict=True)]
        points = [(p - 0.2, getattr(k, name)) for p, k in known if k is not None]
        if points:
            label = f"{name}, published ({published.EVIDENCE[name].evidence.value})"
            axes.plot(*zip(*points, strict=True), mark, color="black", label=label, markersize=4)
    axes.set_xticks(places, [row.task for row in rows], rotation=60, ha="right", fontsize="small")
    axes.set(ylabel="score in percent", ylim=(0.0, 103.0))
    axes.legend(fontsize="x-small")
    figure.savefig(path, dpi=120)
