"""Specs and probes: what they refuse, and how they read."""

import pytest

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage

KEY = Probe("key", Stage.INPUT, Location.NODE, Kind.SCALAR)
MIN = Probe("min", Stage.OUTPUT, Location.NODE, Kind.MASK_ONE)


def test_stages_keep_their_order():
    spec = get("bellman_ford").spec
    assert [p.name for p in spec] == ["pos", "s", "A", "adj", "pi_h", "d", "msk", "pi"]
    assert [p.name for p in spec.inputs] == ["pos", "s", "A", "adj"]
    assert [p.name for p in spec.hints] == ["pi_h", "d", "msk"]
    assert [p.name for p in spec.outputs] == ["pi"]
    assert spec["d"].kind is Kind.SCALAR


def test_rank_counts_the_stored_node_axes():
    assert KEY.rank == 1
    assert MIN.rank == 0
    assert Probe("D", Stage.HINT, Location.EDGE, Kind.SCALAR).rank == 2
    assert Probe("t", Stage.HINT, Location.GRAPH, Kind.SCALAR).rank == 0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Probe("c", Stage.HINT, Location.NODE, Kind.CATEGORICAL), "classes=None"),
        (lambda: Probe("c", Stage.HINT, Location.NODE, Kind.SCALAR, classes=3), "classes=3"),
        (lambda: Probe("m", Stage.HINT, Location.GRAPH, Kind.MASK_ONE), "use Location.NODE|Use"),
        (
            lambda: Probe("o", Stage.OUTPUT, Location.NODE, Kind.MASK, constant=True),
            "'o' of stage 'output' got constant=True",
        ),
        (lambda: Spec(KEY, KEY, MIN), "several probes named key"),
        (lambda: Spec(KEY), "no output probe"),
        (lambda: Spec(MIN), "no input probe"),
        (lambda: Spec(KEY, MIN)["nothing"], "no probe 'nothing'; it has key, min"),
    ],
)
def test_mistakes_are_named(build, message):
    with pytest.raises(InputError, match=message):
        build()
