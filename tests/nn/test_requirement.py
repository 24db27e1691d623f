"""Specs against types: what is refused, and what the error offers."""

import pytest
from flax import nnx

from catalign._errors import InputError, SortError
from catalign.algebra.instances import min_plus
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.nn.aligned import AlignedReasoner
from catalign.nn.configured import Configured
from catalign.nn.neural import NeuralReasoner
from catalign.nn.processor import AbstractProcessor
from catalign.nn.processors.mpnn import MPNN
from catalign.nn.processors.sparse_mpnn import SparseMPNN
from catalign.nn.requirement import check_alignable, check_expressible, required_sort
from catalign.polynomial import library
from catalign.polynomial.sort import ONE, V

ADJ = Probe("adj", Stage.INPUT, Location.EDGE, Kind.MASK)
SOURCE = Probe("s", Stage.INPUT, Location.NODE, Kind.MASK_ONE)
PI = Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER)


def _probe(location: Location, kind: Kind, stage: Stage = Stage.OUTPUT) -> Probe:
    return Probe("x", stage, location, kind, 3 if kind is Kind.CATEGORICAL else None)


@pytest.mark.parametrize(
    ("location", "kind", "sort"),
    [
        (Location.NODE, Kind.SCALAR, V),
        (Location.NODE, Kind.MASK_ONE, V),
        (Location.NODE, Kind.POINTER, V * V),
        (Location.EDGE, Kind.CATEGORICAL, V * V),
        (Location.EDGE, Kind.POINTER, V * V * V),
        (Location.GRAPH, Kind.MASK, ONE),
        (Location.GRAPH, Kind.POINTER, V),
    ],
)
def test_each_probe_asks_for_a_sort(location: Location, kind: Kind, sort) -> None:
    assert required_sort(_probe(location, kind)) == sort


def test_an_edge_pointer_needs_node_triples_and_the_error_names_them() -> None:
    spec = Spec(ADJ, SOURCE, _probe(Location.EDGE, Kind.POINTER))
    with pytest.raises(
        SortError, match=r"(?s)x: output edge pointer needs messages on V\*V\*V.*triplet"
    ):
        NeuralReasoner(spec, MPNN, 4, rngs=nnx.Rngs(0))
    check_expressible(spec, library.node_triplet_update)


def test_a_sparse_processor_needs_one_edge_mask() -> None:
    spec = Spec(SOURCE, PI)
    with pytest.raises(
        SortError, match=r"(?s)exactly one edge mask.*found: none.*message_passing_dense"
    ):
        NeuralReasoner(spec, SparseMPNN, 4, rngs=nnx.Rngs(0))


def test_a_sparse_processor_gives_nothing_at_node_pairs() -> None:
    spec = Spec(ADJ, SOURCE, _probe(Location.EDGE, Kind.MASK))
    with pytest.raises(SortError, match=r"(?s)x: output edge mask.*message_passing_dense"):
        NeuralReasoner(spec, SparseMPNN, 4, rngs=nnx.Rngs(0))


def test_a_processor_must_give_a_node_field() -> None:
    with pytest.raises(SortError, match="outputs on V"):
        check_expressible((PI,), library.triplet)


def test_a_processor_must_declare_a_diagram() -> None:
    class Untyped(AbstractProcessor):
        pass

    spec = Spec(SOURCE, PI)
    with pytest.raises(InputError, match=r"(?s)`Untyped.diagram` is missing.*  diagram = catalign"):
        NeuralReasoner(spec, Untyped, 4, rngs=nnx.Rngs(0))

    class Misnamed(AbstractProcessor):
        diagram = "triplet"

    with pytest.raises(InputError, match=r"`Misnamed.diagram` is 'triplet', but it must be a Poly"):
        NeuralReasoner(spec, Configured(Misnamed), 4, rngs=nnx.Rngs(0))


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (Spec(SOURCE, PI), "exactly one edge mask"),
        (Spec(ADJ, PI), "a node mask or mask_one among the inputs"),
        (Spec(ADJ, SOURCE, _probe(Location.NODE, Kind.CATEGORICAL)), "x: output node categorical"),
        (Spec(ADJ, SOURCE, _probe(Location.GRAPH, Kind.SCALAR)), "x: output graph scalar"),
        (Spec(ADJ, SOURCE, PI, _probe(Location.NODE, Kind.POINTER, Stage.INPUT)), "x: input node"),
    ],
)
def test_the_aligned_reasoner_says_what_it_cannot_give(spec: Spec, problem: str) -> None:
    with pytest.raises(SortError, match=f"(?s){problem}.*message_passing_dense"):
        AlignedReasoner(spec, min_plus, rngs=nnx.Rngs(0))


def test_the_aligned_reasoner_offers_triples_for_an_edge_pointer() -> None:
    spec = Spec(ADJ, SOURCE, _probe(Location.EDGE, Kind.POINTER))
    with pytest.raises(SortError, match=r"(?s)bellman_ford.*triplet"):
        check_alignable(spec, library.bellman_ford)
