"""The plot of a race: scores against processor time."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from tasks.bench_race import Curve

_MARKS = {"exact": "*", "aligned": "s", "dm-clrs mpnn": "o", "dm-clrs triplet_gmpnn": "D"}


def draw(path: Path, curves: Sequence[Curve], *, goal: float, size: int) -> None:
    """Draws the score of each contender against its time, compiling included."""
    figure_of(curves, goal=goal, size=size).savefig(path, dpi=120)


def figure_of(curves: Sequence[Curve], *, goal: float, size: int) -> Figure:
    """One panel for each algorithm."""
    names = list(dict.fromkeys(curve.task for curve in curves))
    figure = Figure(figsize=(3.2 * len(names) + 0.6, 3.4), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        for curve in curves:
            if curve.task == name:
                axes.plot(
                    [point.seconds for point in curve.points],
                    [100.0 * point.score for point in curve.points],
                    marker=_MARKS[curve.contender],
                    label=curve.contender,
                )
        axes.axhline(100.0 * goal, color="grey", linewidth=0.8, linestyle="dotted")
        axes.set(title=name, xlabel="seconds, compiling included", ylim=(-3.0, 103.0))
    panels[0].set_ylabel(f"micro-F1 at n = {size} in percent")
    panels[-1].legend(fontsize="x-small")
    return figure
