"""Tests of what is shown while a run goes."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace

from catalign.training import event as events
from tasks import display

ROW = SimpleNamespace(
    size=16,
    micro_f1=0.99999,
    node_exact=1.0,
    graph_exact=0.5,
    instances=8,
    mean_steps=3.25,
    converged=1.0,
    seconds=0.5,
)
STORY = [
    events.Started(
        task="bfs",
        processor="aligned",
        parameters=1234,
        steps=40,
        resumed_from=20,
        trace_steps={5: 4},
        device="cpu (cpu)",
        run_dir=Path("runs/x"),
    ),
    events.Compiled(size=5, seconds=1.25),
    events.Progress(step=30, steps=40, size=5, loss=0.5, steps_per_second=100.0),
    events.Progress(step=31, steps=40, size=5, loss=0.5, steps_per_second=100.0),
    events.Validated(step=31, evaluation=ROW),
    events.Logged(row={"loss": 0.5}),
    events.Progress(step=40, steps=40, size=5, loss=0.25, steps_per_second=1000.0),
    events.Saved(step=40),
    events.Hardened(kept=True, learned=ROW, hardened=ROW),
    events.Evaluated(evaluation=ROW),
]


def tell(show):
    with show:
        for event in STORY:
            show(event)


def test_lines_in_a_pipe(capsys):
    tell(display.choose(quiet=False))
    assert capsys.readouterr().out.splitlines() == [
        "bfs with aligned: 1,234 parameters, 40 steps on cpu (cpu), resumed at step 20, "
        "writing to runs/x",
        "compiled for n = 5 in 1.2 s",
        "step 30/40  loss 0.5000  100 steps/s  ETA 0 s",
        "step 31: micro-F1 99.99 % at n = 16",
        "step 40/40  loss 0.2500  score 99.99 %  1,000 steps/s  ETA 0 s",
        "rounded constants kept: micro-F1 99.99 % learned, micro-F1 99.99 % rounded",
        "evaluated n = 16: micro-F1 99.99 % in 0.5 s",
    ]


def test_quiet(capsys):
    tell(display.choose(quiet=True))
    assert capsys.readouterr() == ("", "")


def test_a_bar_on_a_terminal(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    tell(display.choose(quiet=False))
    shown = terminal.getvalue()
    for word in (
        "40/40",
        "loss 0.2500",
        "score 99.99 %",
        "1,000 steps/s",
        "ETA",
        "evaluated n = 16",
    ):
        assert word in shown


def test_the_table():
    table = display.evaluation_table([ROW], title="scores")
    console = display.Console(file=io.StringIO(), width=120)
    console.print(table)
    shown = console.file.getvalue()
    for word in ("scores", "micro-F1", "99.99 %", "100.00 %", "50.00 %", "3.2"):
        assert word in shown
