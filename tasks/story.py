"""A trace as something to read: text for a terminal, and a page with a slider. Imports JAX."""

import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import Array

from catalign.algorithms.spec import Kind, Location, Probe
from tasks import library

_TEMPLATE = Path(__file__).with_name("story.html")
_CHANGED = "*"


@dataclass(frozen=True, kw_only=True)
class View:
    """One probe's value, as text.

    Attributes:
      name: The probe's name.
      kind: Its location and kind, in words.
      cells: One row of texts for a node probe, n rows for an edge probe, a cell for a graph probe.
      changed: Whether each cell differs from the step before.
    """

    name: str
    kind: str
    cells: tuple[tuple[str, ...], ...]
    changed: tuple[tuple[bool, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Story:
    """A run of one instance.

    Attributes:
      title: What was run.
      size: The number of nodes.
      inputs: The inputs.
      steps: The hints at each step.
      outputs: The outputs.
    """

    title: str
    size: int
    inputs: tuple[View, ...]
    steps: tuple[tuple[View, ...], ...]
    outputs: tuple[View, ...]


def tell(task: str, size: int, seed: int) -> Story:
    """Draws one instance of an algorithm and records its run.

    Args:
      task: The algorithm's name, or FILE.py:NAME.
      size: The number of nodes.
      seed: Where the instance comes from.

    Raises:
      InputError: The algorithm is unknown, or not defined at this size.
    """
    algorithm = library.algorithm_of(task)
    trace = algorithm.sample(jax.random.key(seed), 1, size)
    length, n = int(trace.lengths[0]), algorithm.size(trace.inputs)
    values = [{name: hint[t, 0] for name, hint in trace.hints.items()} for t in range(length)]
    steps = []
    for t, now in enumerate(values):
        before = values[t - 1] if t else None
        steps.append(_views(algorithm.spec.hints, now, n, before))
    return Story(
        title=f"{algorithm.name}, n = {n}, seed {seed}: {length} steps",
        size=n,
        inputs=_views(algorithm.spec.inputs, {k: v[0] for k, v in trace.inputs.items()}, n),
        steps=tuple(steps),
        outputs=_views(algorithm.spec.outputs, {k: v[0] for k, v in trace.outputs.items()}, n),
    )


def to_text(story: Story) -> str:
    """The story as plain text: what changed at a step is marked with a star."""
    lines = [story.title, "", "inputs", *_table(story.inputs, story.size, always=True)]
    for t, views in enumerate(story.steps):
        lines += ["", f"step {t}", *_table(views, story.size, always=t == 0)]
    return "\n".join([*lines, "", "outputs", *_table(story.outputs, story.size, always=True)])


def to_page(story: Story) -> str:
    """The story as a page of its own, with a slider over the steps."""

    def pack(views: tuple[View, ...]) -> list[dict[str, Any]]:
        return [
            {"name": v.name, "kind": v.kind, "cells": v.cells, "changed": v.changed} for v in views
        ]

    data = {
        "size": story.size,
        "inputs": pack(story.inputs),
        "steps": [pack(views) for views in story.steps],
        "outputs": pack(story.outputs),
    }
    # "</" would end the script that holds the data.
    text = json.dumps(data).replace("</", "<\\/")
    page = _TEMPLATE.read_text(encoding="utf-8")
    return page.replace("{{title}}", html.escape(story.title)).replace("{{data}}", text)


def _views(
    probes: tuple[Probe, ...],
    values: dict[str, Array],
    n: int,
    before: dict[str, Array] | None = None,
) -> tuple[View, ...]:
    views = []
    for probe in probes:
        now = _cells(probe, np.asarray(values[probe.name]), n)
        old = now if before is None else _cells(probe, np.asarray(before[probe.name]), n)
        changed = tuple(
            tuple(a != b for a, b in zip(*rows, strict=True)) for rows in zip(now, old, strict=True)
        )
        kind = f"{probe.location.value} {probe.kind.value}"
        views.append(View(name=probe.name, kind=kind, cells=now, changed=changed))
    return tuple(views)


def _cells(probe: Probe, value: np.ndarray, n: int) -> tuple[tuple[str, ...], ...]:
    """The texts of a value: rows of cells."""
    if probe.kind is Kind.MASK_ONE:
        value = np.arange(n) == value
    text = np.vectorize(lambda x: _cell(probe, x), otypes=[object])(value)
    return tuple(tuple(row) for row in np.atleast_2d(text).tolist())


def _cell(probe: Probe, value: Any) -> str:
    match probe.kind:
        case Kind.SCALAR:
            return f"{float(value):.4g}"
        case Kind.MASK | Kind.MASK_ONE:
            return "-" if int(value) < 0 else ("x" if value else ".")
        case _:
            return "-" if int(value) < 0 else str(int(value))


def _table(views: tuple[View, ...], n: int, *, always: bool) -> list[str]:
    """Lines of a table with one column a node; unchanged node-pair probes are left out."""
    rows: list[tuple[str, list[str]]] = []
    for view in views:
        at_edges = view.kind.startswith(Location.EDGE.value)
        if at_edges and not always and not any(map(any, view.changed)):
            continue
        for i, (cells, changed) in enumerate(zip(view.cells, view.changed, strict=True)):
            at_graph = view.kind.startswith(Location.GRAPH.value)
            label = f"{view.name}[{i}]" if at_edges else view.name + " (graph)" * at_graph
            marked = [c + (_CHANGED if d else "") for c, d in zip(cells, changed, strict=True)]
            rows.append((label, marked))
    if not rows:
        return ["  nothing changed"]
    head = [str(i) for i in range(n)]
    first = max(len(label) for label, _ in rows)
    width = max(len(cell) for _, cells in [*rows, ("", head)] for cell in cells)
    return [
        f"  {label:<{first}}  " + " ".join(f"{cell:>{width}}" for cell in cells)
        for label, cells in [("node", head), *rows]
    ]
