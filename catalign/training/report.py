"""A run's report: a page in Markdown, and two plots."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from catalign.training.config import TrainConfig
from catalign.training.directory import write_text
from catalign.training.evaluation import EvaluationTable, percent
from catalign.training.event import Hardened

LOSS_PLOT, SCORE_PLOT, PAGE = "loss.png", "scores.png", "report.md"


def write_report(
    folder: Path,
    *,
    title: str,
    facts: Mapping[str, str],
    rows: Sequence[Mapping[str, float]],
    table: EvaluationTable,
    train_sizes: Sequence[int],
    hardened: Hardened | None,
    learned: str,
) -> None:
    """Writes `report.md`, `loss.png` and `scores.png`.

    Args:
      folder: Where to write.
      title: The page's title.
      facts: Lines of the first table.
      rows: The rows of metrics.
      table: The final evaluation.
      train_sizes: The sizes trained on, marked in the plot.
      hardened: How the rounded reasoner compared, if it was tried.
      learned: What was learned, in words; empty if there is nothing readable.
    """
    plot_loss(folder / LOSS_PLOT, rows)
    plot_scores(folder / SCORE_PLOT, table, train_sizes)
    parts = [
        f"# {title}",
        "\n".join(
            ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())]
        ),
        "## Score against size",
        table.to_markdown(),
        f"![score against size]({SCORE_PLOT})",
    ]
    if hardened is not None:
        parts.append(describe_hardening(hardened))
    if learned:
        parts += ["## What was learned", f"```\n{learned}\n```"]
    parts += ["## Loss", f"![loss]({LOSS_PLOT})"]
    write_text(folder / PAGE, "\n\n".join(parts) + "\n")


def write_generalist_report(
    folder: Path,
    *,
    config: TrainConfig,
    sizes: Mapping[str, Sequence[int]],
    parameters: int,
    seconds: float,
    device: str,
    rows: Sequence[Mapping[str, float]],
    tables: Mapping[str, EvaluationTable],
) -> None:
    """Writes `report.md` and `loss.png` of a run on several tasks.

    Args:
      folder: Where to write.
      config: The settings.
      sizes: The sizes that each task was trained on.
      parameters: The number of learned numbers.
      seconds: The time spent on updates.
      device: What it ran on.
      rows: The rows of metrics.
      tables: The final evaluation of each task.
    """
    plot_loss(folder / LOSS_PLOT, rows, names=("loss", *(f"{task}/loss" for task in tables)))
    scored = [row.size for row in next(iter(tables.values())).rows]
    lines = [
        "| task | " + " | ".join(f"n = {size}" for size in scored) + " |",
        "|---|" + "---|" * len(scored),
    ]
    for task, table in tables.items():
        cells = [percent(table.at(size).micro_f1) for size in scored]
        lines.append(f"| {task} | " + " | ".join(cells) + " |")
    alike: dict[str, list[str]] = {}
    for task, own in sizes.items():
        alike.setdefault(", ".join(map(str, own)), []).append(task)
    trained_on = "; ".join(
        own + (f" ({', '.join(names)})" if len(alike) > 1 else "") for own, names in alike.items()
    )
    parts = [
        f"# {len(tables)} tasks with one {config.processor}",
        f"{parameters:,} parameters; {config.steps:,} updates of {config.batch_size} instances "
        f"for each task, sizes {trained_on}, seed {config.seed}; {seconds:.1f} s on {device}.",
        "## micro-F1 against size",
        "\n".join(lines),
        "## Loss",
        f"![loss]({LOSS_PLOT})",
    ]
    write_text(folder / PAGE, "\n\n".join(parts) + "\n")


def describe_hardening(hardened: Hardened) -> str:
    """One sentence on whether the rounded reasoner was kept, with both scores."""
    before, after = hardened.learned, hardened.hardened
    verdict = "was kept" if hardened.kept else "scored worse and was dropped"
    return (
        f"The reasoner with rounded constants {verdict}: at n = {before.size} it has micro-F1 "
        f"{percent(after.micro_f1)} and graph-exact {percent(after.graph_exact)}, as learned it "
        f"has {percent(before.micro_f1)} and {percent(before.graph_exact)}."
    )


def plot_loss(
    path: Path, rows: Sequence[Mapping[str, float]], *, names: Sequence[str] | None = None
) -> None:
    """Draws the loss and its parts over the updates; of all parts, those that are named."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.add_subplot()
    every = [name for name in (rows[0] if rows else ()) if name == "loss" or "/" in name]
    for name in every if names is None else names:
        # A loss of exactly 0 has no place on a logarithmic axis.
        points = [(row["step"], row[name]) for row in rows if row.get(name, 0.0) > 0.0]
        if points:
            width = 2.0 if name == "loss" else 1.0
            axes.plot(*zip(*points, strict=True), label=name, linewidth=width)
    axes.set(xlabel="update", ylabel="loss", yscale="log")
    if axes.lines:
        axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)


def plot_scores(path: Path, table: EvaluationTable, train_sizes: Sequence[int]) -> None:
    """Draws each score against the size, with the training sizes shaded."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.add_subplot()
    sizes = [row.size for row in table.rows]
    for label in ("micro_f1", "node_exact", "graph_exact"):
        shares = [100.0 * getattr(row, label) for row in table.rows]
        axes.plot(sizes, shares, marker="o", label=label.replace("_", "-"))
    axes.axvspan(min(train_sizes), max(train_sizes), alpha=0.15, label="trained on")
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set(xlabel="n", ylabel="score in percent", ylim=(-3.0, 103.0))
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)
