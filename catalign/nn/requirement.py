"""What a spec asks of a processor's type, and the error that says which type would do."""

from collections.abc import Iterable

from catalign._errors import SortError
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.nn.encoder import POINTERS, is_node_pointer
from catalign.nn.option import EdgePointers
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.sort import ONE, E, Sort, V

_SORTS = {Location.NODE: V, Location.EDGE: V * V, Location.GRAPH: ONE}


def required_sort(probe: Probe) -> Sort:
    """The sort that a layer must have messages or outputs on to predict a probe.

    A pointer is a map into the nodes, so that predicting one compares a place with every node: it
    needs one factor `V` more than its location. A mask_one is such a map from the graph.

    Example:
      >>> required_sort(Probe("Pi", Stage.OUTPUT, Location.EDGE, Kind.POINTER))
      V*V*V
    """
    if probe.kind is Kind.MASK_ONE:
        return V
    place = _SORTS[probe.location]
    return place * V if probe.kind in POINTERS else place


def check_expressible(
    probes: Iterable[Probe],
    diagram: PolynomialDiagram,
    edge_pointers: EdgePointers = EdgePointers.TRIPLES,
) -> None:
    """Raises unless encode-process-decode over a diagram can read and predict the probes.

    The decoders read pairs of nodes (`pair_readout`) and the graph (`readout`) off a node field.
    What needs triples needs them in the processor too, or no step could compute it; unless the
    pointers of pairs are read off a pair and a node, as in the benchmark, which cannot say
    everything.

    Raises:
      SortError: A probe needs node triples, or pairs of nodes where the diagram has edges only;
        there is no edge mask to be the edges; or the diagram follows pointers, and there are none.
    """
    probes = tuple(probes)
    if V not in diagram.codomain:
        raise SortError(
            _message(
                "a reasoner",
                "a processor with outputs on V",
                diagram,
                library.message_passing_dense,
            )
        )
    for probe in probes:
        needs_triples = required_sort(probe) == V * V * V and edge_pointers is EdgePointers.TRIPLES
        if needs_triples and V * V * V not in diagram.messages:
            raise SortError(
                _message(str(probe), "messages on V*V*V (node triples)", diagram, library.triplet)
            )
    if diagram.pointers and not any(is_relation_pointer(p) for p in probes):
        need = "a node pointer among its inputs or its read hints, to be the pointer " + ", ".join(
            diagram.pointers
        )
        raise SortError(_message("the spec", need, diagram, library.message_passing_dense))
    if E not in diagram.domain:
        return
    for probe in probes:
        if probe.location is Location.EDGE and probe.stage is not Stage.INPUT:
            need = "outputs on V*V (node pairs), not on E alone"
            raise SortError(_message(str(probe), need, diagram, library.message_passing_dense))
    if len(_edge_masks(probes)) != 1:
        raise SortError(_message(*_no_edges(probes), diagram, library.message_passing_dense))


def check_alignable(spec: Spec, diagram: PolynomialDiagram) -> None:
    """Raises unless the aligned reasoner over a node diagram can read and predict a spec.

    Raises:
      SortError: There is no one edge mask, no node mask to start from, or a probe that is not a
        node's scalar, mask or pointer (inputs: also scalars of edges and of the graph).
    """
    dense = library.message_passing_dense
    if len(_edge_masks(spec.inputs)) != 1:
        raise SortError(_message(*_no_edges(spec.inputs), diagram, dense))
    if not any(
        p.location is Location.NODE and p.kind in (Kind.MASK, Kind.MASK_ONE) for p in spec.inputs
    ):
        raise SortError(
            _message(
                "the spec",
                "a node mask or mask_one among the inputs, to start from",
                diagram,
                dense,
            )
        )
    masks = (Kind.MASK, Kind.MASK_ONE)
    for probe in spec:
        at_node = probe.location is Location.NODE
        if probe.stage is Stage.INPUT:
            fits = (
                probe.kind is Kind.SCALAR
                or (at_node and probe.kind in masks)
                or probe in _edge_masks(spec.inputs)
            )
        else:
            fits = at_node and probe.kind in (Kind.SCALAR, Kind.MASK, Kind.POINTER)
        if not fits:
            needs_triples = required_sort(probe) == V * V * V
            could = library.triplet if needs_triples else dense
            need = "more than one semiring value and its provenance at each node"
            raise SortError(_message(str(probe), need, diagram, could))


def is_relation_pointer(probe: Probe) -> bool:
    """Whether a probe is a pointer from node to node that is known before the outputs are."""
    return is_node_pointer(probe) and probe.stage is not Stage.OUTPUT


def edge_mask(inputs: tuple[Probe, ...]) -> Probe:
    """The input that says which node pairs are edges, in a spec that was checked to have one."""
    return _edge_masks(inputs)[0]


def _edge_masks(probes: Iterable[Probe]) -> list[Probe]:
    return [
        p
        for p in probes
        if p.stage is Stage.INPUT and p.location is Location.EDGE and p.kind is Kind.MASK
    ]


def _no_edges(probes: Iterable[Probe]) -> tuple[str, str]:
    found = ", ".join(p.name for p in _edge_masks(probes)) or "none"
    return "the spec", f"exactly one edge mask among the inputs to be its edges E (found: {found})"


def _message(what: str, need: str, has: PolynomialDiagram, could: PolynomialDiagram) -> str:
    return (
        f"cannot build the reasoner: {what} needs {need}.\n"
        f"  the processor has  {has}\n"
        f"  one that could     {could}"
    )
