"""Which quantities a rule may compare."""

import jax
import numpy as np
import pytest

from catalign.algorithms import catalogue
from catalign.nn.discrete.condition import IsGraph, Less, LessEqual
from catalign.nn.discrete.scalar import Of, OfPair
from catalign.nn.discrete.signature import Signature, field_of
from catalign.nn.discrete.view import View
from catalign.training.discrete.columns import Booleans
from catalign.training.discrete.conditions import Conditions, measured
from catalign.training.discrete.rows import Block, Rows

N, COUNT = 5, 40
CASES = pytest.mark.parametrize(("name", "weighs"), [("dfs", False), ("dijkstra", True)])


def _rows(name: str) -> tuple[Rows, Signature]:
    """One receiver in the third state of each of some runs."""
    algorithm = catalogue.get(name)
    trace = algorithm.sample(jax.random.key(0), COUNT, N)
    fields = {k: np.asarray(v) for k, v in trace.inputs.items()}
    fields |= {k: np.asarray(v)[2] for k, v in trace.hints.items()}
    every = np.arange(COUNT)
    rows = Rows([Block(View(np, fields, N), every, every % N, every % N)], 1)
    return rows, Signature(tuple(map(field_of, (*algorithm.spec.inputs, *algorithm.spec.hints))))


@CASES
def test_an_edge_scalar_of_two_values_measures_nothing(name, weighs):
    rows, signature = _rows(name)
    left = {f.name for f in signature.fields} - {f.name for f in measured(rows, signature).fields}
    assert left == (set() if weighs else {"A"})


@CASES
def test_only_weights_are_compared_with_quantities_of_nodes(name, weighs):
    rows, signature = _rows(name)
    compared = measured(rows, signature)
    made, holds = Conditions(rows, signature, compared, rank=1, tier=3, near=[], known=[]).make()
    assert holds.shape == (rows.count, len(made))
    mixed = [
        c
        for c in made
        if isinstance(c, Less | LessEqual) and {type(c.a), type(c.b)} == {Of, OfPair}
    ]
    assert bool(mixed) is weighs


def test_what_is_not_looked_at_is_not_among_the_cheapest():
    """Conditions that come again, or their contraries, at another cost: the cheapest counts."""
    rng = np.random.default_rng(0)
    few = rng.integers(0, 2, (40, 50)).astype(bool)
    values = np.concatenate([few, few[::-1], ~few])
    costs = rng.permutation(len(values)).astype(float)

    def taken(most: int, *, all_at_once: bool) -> list[int]:
        columns = Booleans(most)
        for start in range(0, len(values), 10):
            part = list(range(start, start + 10))
            near = columns.affordable(costs[part].tolist())
            at = part if all_at_once else [part[c] for c in near]
            made = [IsGraph("phase", k, False) for k in at]
            columns.add_many(values[at], costs[at].tolist(), lambda c, made=made: made[c])
        conditions, holds = columns.cheapest(50)
        found = [c.value for c in conditions]
        np.testing.assert_array_equal(holds, values[found].T)
        return found

    least = np.minimum(np.minimum(costs[:40], costs[40:80][::-1]), costs[80:])
    for most in (1, 7, 30, 40):
        found = taken(most, all_at_once=False)
        assert found == taken(most, all_at_once=True)
        assert costs[found].tolist() == sorted(least)[:most]
    assert len(Booleans(1).affordable([1.0, np.inf])) == 1
