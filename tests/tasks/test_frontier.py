"""The frontier command: small rows are exact, and a wrong machine is counted wrong."""

import dataclasses
import json

import numpy as np
import pytest

from catalign.nn.sorting import network
from tasks import frontier, frontier_digits, frontier_sorting, frontier_tables
from tasks.frontier_row import Row, to_int


def test_a_small_table_is_exact_and_written(tmp_path, capsys) -> None:
    path = tmp_path / "rows.json"
    words = ["--small", "--seeds=1", "--rows", "addition", "--json", str(path)]
    assert frontier.main(words) == 0
    rows = json.loads(path.read_text())["rows"]
    assert len(rows) == 13
    assert {row["regime"] for row in rows} == {"certified"}
    assert {row["wrong"] for row in rows} == {0}
    assert "9...9 + 1" in capsys.readouterr().out


def test_the_table_says_how_many_examples_each_line_was_learned_from() -> None:
    row = Row(
        task="multiplication",
        family="random",
        size=4096,
        seed=0,
        regime="certified",
        wrong=0,
        places=8192,
        seconds=0.15,
        reference="Python's integers",
        examples=(1300, 64),
        learned_from="products and sums",
    )
    other = dataclasses.replace(row, seed=1, examples=(1300,))
    table = frontier._table([row, dataclasses.replace(row, seed=2), other])
    (examples,) = [column for column in table.columns if column.header == "examples"]
    assert list(examples.cells) == ["1,300, 1,300 + 64"]


def test_a_wrong_machine_is_counted_and_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: the examples are those of another rule."""
    wrong = lambda carry, letter: (0, (letter[0] + letter[1]) % 10)  # noqa: E731
    right = frontier_digits.learn_pairs
    monkeypatch.setattr(
        frontier_digits, "learn_pairs", lambda rule, examples, seed: right(wrong, examples, seed)
    )
    rows = list(frontier.run(["addition"], seeds=1, small=True))
    assert {row.regime for row in rows} == {"hardened"}
    by_family = {row.family: row for row in rows}
    assert by_family["9...9 + 1"].wrong == 1000
    assert by_family["all propagate, no carry"].wrong == 0


def test_zero_one_sequences_that_come_out_wrong_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The planted fault: a network that lacks its last layer."""
    whole = network.layers
    monkeypatch.setattr(network, "layers", lambda size: whole(size)[:-1])
    rows = frontier_sorting.sorting({"keys": 8}, seeds=1)
    row = next(row for row in rows if row.family == "0-1 sequences, all")
    assert row.regime == "hardened"
    assert row.places == sum(2**n for n in range(1, 17))
    assert 0 < row.wrong < row.places


def test_a_merge_that_lacks_a_layer_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: the last layer, which compares neighbours."""
    whole = network.layers
    monkeypatch.setattr(network, "layers", lambda size: whole(size)[:-1])
    orders = {"ascending": frontier_sorting.ORDERS["ascending"]}
    monkeypatch.setattr(frontier_sorting, "ORDERS", orders)
    wrong = {row.family: row.wrong for row in frontier_sorting.merging({"keys": 16}, seeds=1)}
    assert wrong["in turn"] > 0
    assert wrong["all equal"] == 0


def test_rows_that_do_not_exist_are_refused(capsys) -> None:
    assert frontier.main(["--rows=addition,square_root"]) == 2
    assert "square_root" in capsys.readouterr().err


def test_the_references_are_right() -> None:
    rng = np.random.default_rng(0)
    for task, (rule, border) in frontier_tables.TABLES.items():
        x, y = rng.integers(0, 3, (2, 17))
        whole = frontier_tables.table(rule, tuple(x), tuple(y), border=border)
        assert frontier_tables.REFERENCES[task](x, y).tolist() == whole[-1][1:]
    digits = rng.integers(0, 10, 1000)
    assert to_int(digits) == int("".join(map(str, digits[::-1].tolist())))
    assert np.array_equal(frontier_digits._spell(to_int(digits), 1000), digits)


@pytest.mark.slow
@pytest.mark.parametrize("name", frontier.ROWS)
def test_every_row_runs_small(name: str) -> None:
    rows = list(frontier.run([name], seeds=1, small=True))
    assert rows
    assert all(row.is_exact for row in rows)
