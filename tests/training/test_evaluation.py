"""Scores at any size, in batches that do not matter."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from catalign._errors import InputError
from catalign.training.evaluation import (
    Evaluation,
    EvaluationTable,
    Protocol,
    choose_batch_size,
    evaluate,
    evaluate_trace,
)
from tests.training.stub import COUNT_HIGH, StubReasoner

KEY = jax.random.key(3)
LEARNED = StubReasoner(rngs=nnx.Rngs(0))
EXACT = LEARNED.harden()


def _timeless(row: Evaluation) -> Evaluation:
    return dataclasses.replace(row, seconds=0.0)


@pytest.fixture(scope="module")
def table() -> EvaluationTable:
    return evaluate(LEARNED, COUNT_HIGH, [4, 6], key=KEY, instances=6)


def test_an_exact_reasoner_scores_one_and_another_does_not(table: EvaluationTable) -> None:
    exact = evaluate(EXACT, COUNT_HIGH, [4], key=KEY, instances=6).rows[0]
    assert (exact.micro_f1, exact.node_exact, exact.graph_exact) == (1.0, 1.0, 1.0)
    assert table.at(4).graph_exact < 1.0
    assert table.at(4).protocol is Protocol.GIVEN_LENGTHS
    assert table.at(4).converged == 1.0
    # The algorithm's own lengths, one more than there are high keys.
    assert 1.0 < exact.mean_steps < 5.0


def test_instances_may_have_more_nodes_than_their_size() -> None:
    wide = dataclasses.replace(COUNT_HIGH, sampler=lambda key, size: {"key": jnp.ones(size + 1)})
    row = evaluate(EXACT, wide, [4], key=KEY, instances=2).rows[0]
    assert (row.graph_exact, row.mean_steps, row.converged) == (1.0, 6.0, 1.0)


def test_batches_do_not_matter(table: EvaluationTable) -> None:
    rows = []
    apart = evaluate(
        LEARNED, COUNT_HIGH, [4, 6], key=KEY, instances=6, batch_size=4, on_row=rows.append
    )
    assert list(apart.rows) == rows
    for a, b in zip(apart.rows, table.rows, strict=True):
        assert _timeless(a) == _timeless(b)


def test_a_given_trace_is_scored_alike() -> None:
    trace = COUNT_HIGH.sample(jax.random.key(0), 5, 4)
    row = evaluate_trace(EXACT, trace, batch_size=2)
    assert (row.size, row.instances, row.micro_f1) == (4, 5, 1.0)
    assert row.mean_steps == int(jnp.sum(trace.lengths)) / 5
    cut = COUNT_HIGH.sample(jax.random.key(0), 5, 4, steps=2)
    assert 0 < int(jnp.sum(cut.complete)) < 5
    assert evaluate_trace(EXACT, cut, batch_size=5).instances == int(jnp.sum(cut.complete))


def test_the_fixed_point_protocol_gives_no_lengths() -> None:
    row = evaluate(
        EXACT, COUNT_HIGH, [4], key=KEY, instances=4, protocol=Protocol.FIXED_POINT
    ).rows[0]
    assert row.protocol is Protocol.FIXED_POINT
    assert row.mean_steps == 2.0


def test_a_table_prints_and_survives_json(table: EvaluationTable) -> None:
    lines = table.to_markdown().splitlines()
    assert lines[0].startswith("| n | micro-F1 | node-exact | graph-exact |")
    assert lines[2].startswith("| 4 |")
    row = table.rows[0]
    assert Evaluation.from_dict(json.loads(json.dumps(row.to_dict()))) == row
    with pytest.raises(InputError, match="`size` is 5, but the table holds 4, 6"):
        table.at(5)


def test_batches_shrink_with_the_square_of_the_size() -> None:
    assert [choose_batch_size(n) for n in (4, 64, 256, 1024, 10_000)] == [128, 128, 16, 1, 1]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"instances": 0}, "`instances` is 0"),
        ({"batch_size": 0}, "`batch_size` is 0"),
        ({"max_steps": -1}, "`max_steps` is -1"),
        ({"sizes": []}, "`sizes` is empty"),
        ({"sizes": [1]}, "`sizes` holds 1, but count_high needs at least 2 nodes"),
    ],
)
def test_bad_arguments_are_named(values: dict, message: str) -> None:
    arguments = {"sizes": [4], "key": KEY} | values
    with pytest.raises(InputError, match=message):
        evaluate(EXACT, COUNT_HIGH, arguments.pop("sizes"), **arguments)
