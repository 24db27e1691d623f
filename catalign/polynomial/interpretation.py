"""What sorts, legs and diagrams mean on one graph: finite sets and functions.

Layout:

- `V*V` lists node pairs row by row, so that (u, v) has the index `u * n_node + v`.
- W lists the elements of each input, in the order of `diagram.inputs`; Y those of each message and
  Z those of each output likewise.
- X lists, message by message, all elements of its first role, then all of its second, and so on.
  So each fibre of p is in the order of the roles.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalign._errors import AxiomError, InputError, ShapeMismatchError
from catalign.polynomial.diagram import Path, PolynomialDiagram, connection
from catalign.polynomial.finite import FinFunction, IndexArray, elements, index
from catalign.polynomial.finite_diagram import DEFAULT_LIMIT, FiniteDiagram
from catalign.polynomial.leg import SOURCE, TARGET, Leg
from catalign.polynomial.message import Port
from catalign.polynomial.sort import Base, Sort, SortSum

Pointers = Mapping[str, Sequence[int] | NDArray[np.integer]]
"""For each pointer its value at each node."""


@dataclass(frozen=True, repr=False)
class FiniteGraph:
    """A directed graph on the host. Parallel edges, loops and isolated nodes are allowed.

    Args:
      n_node: The number of nodes.
      senders: The node that each edge leaves.
      receivers: The node that each edge enters.

    Raises:
      AxiomError: An edge leaves or enters a node that is not there.
      ShapeMismatchError: There are more senders than receivers, or fewer.

    Example:
      >>> from catalign.polynomial.sort import E, V
      >>> triangle = FiniteGraph(3, [0, 1, 2], [1, 2, 0])
      >>> triangle.n_edge, triangle.size(V * V + E)
      (3, 12)
    """

    source: FinFunction
    target: FinFunction

    def __init__(
        self,
        n_node: int,
        senders: Sequence[int] | NDArray[np.integer],
        receivers: Sequence[int] | NDArray[np.integer],
    ) -> None:
        object.__setattr__(self, "source", FinFunction(senders, n_node))
        object.__setattr__(self, "target", FinFunction(receivers, n_node))
        if self.source.dom != self.target.dom:
            raise ShapeMismatchError(
                f"FiniteGraph got {self.source.dom} senders and {self.target.dom} receivers. "
                "Each edge has one of each."
            )

    @classmethod
    def complete(cls, n_node: int) -> "FiniteGraph":
        """The graph with an edge for each ordered node pair, loops included, so that E = V*V."""
        senders, receivers = elements((n_node, n_node))
        return cls(n_node, senders, receivers)

    @property
    def n_node(self) -> int:
        """The number of nodes."""
        return self.source.cod

    @property
    def n_edge(self) -> int:
        """The number of edges."""
        return self.source.dom

    @property
    def senders(self) -> IndexArray:
        """The node that each edge leaves."""
        return self.source.values

    @property
    def receivers(self) -> IndexArray:
        """The node that each edge enters."""
        return self.target.values

    def size(self, sort: Sort | SortSum) -> int:
        """The number of elements of a sort or a sum of sorts."""
        return sort.size(self.n_node, n_edge=self.n_edge)

    def shape(self, sort: Sort) -> tuple[int, ...]:
        """The shape of a field on a sort: one axis for each factor."""
        return tuple(self.n_node if base is Base.V else self.n_edge for base in sort.factors)

    def __add__(self, other: "FiniteGraph") -> "FiniteGraph":
        """The disjoint union, with the nodes and edges of `other` after one's own: a batch."""
        source, target = self.source + other.source, self.target + other.target
        return FiniteGraph(source.cod, source.values, target.values)

    def __repr__(self) -> str:
        return f"FiniteGraph({self.n_node}, {self.senders.tolist()}, {self.receivers.tolist()})"


def interpret(
    diagram: PolynomialDiagram, graph: FiniteGraph, pointers: Pointers | None = None
) -> FiniteDiagram:
    """The diagram of finite sets that a symbolic diagram means on a graph.

    Args:
      diagram: The symbolic diagram.
      graph: The graph.
      pointers: For each pointer of the diagram its value at each node.

    Raises:
      InputError: A pointer of the diagram is not given.
      AxiomError: A pointer is no function from nodes to nodes.

    Example:
      >>> from catalign.polynomial import library
      >>> path = FiniteGraph(3, [0, 1], [1, 2])
      >>> print(interpret(library.convolution, path))
      3 <- 2 -> 2 -> 3
      >>> print(interpret(library.message_passing_dense, path))
      13 <- 36 -> 9 -> 3
    """
    arrows = _arrows(diagram, graph, pointers=pointers)
    reads, writes = offsets(diagram.inputs, graph), offsets(diagram.outputs, graph)
    i: list[IndexArray] = []
    p: list[IndexArray] = []
    o: list[IndexArray] = []
    n_message = 0
    for message in diagram.summands:
        own = n_message + np.arange(graph.size(message.sort))
        for argument in message.arguments:
            i.append(reads[argument.reads] + _values(argument.leg, graph, arrows=arrows))
            p.append(own)
        o.append(writes[message.output.writes] + _values(message.output.leg, graph, arrows=arrows))
        n_message += len(own)
    return FiniteDiagram(
        FinFunction(_concatenate(i), graph.size(diagram.domain)),
        FinFunction(_concatenate(p), n_message),
        FinFunction(_concatenate(o), graph.size(diagram.codomain)),
    )


def interpret_path(
    path: Path,
    graph: FiniteGraph,
    *,
    pointers: Pointers | None = None,
    limit: int = DEFAULT_LIMIT,
) -> FiniteDiagram:
    """The composite of the diagrams of a path on a graph, as one diagram.

    Args:
      path: The diagrams.
      graph: The graph.
      pointers: For each pointer of the diagrams its value at each node.
      limit: The most messages or arguments that a composite may have.

    Raises:
      CompositeSizeError: A composite would exceed `limit`.

    Example:
      >>> from catalign.polynomial import library
      >>> two_steps = library.convolution.then(library.convolution)
      >>> interpret_path(two_steps, FiniteGraph(3, [0, 1], [1, 2])).polynomials
      ((), (), ((0,),))
    """
    composite = interpret(path.diagrams[0], graph, pointers)
    for first, second in itertools.pairwise(path.diagrams):
        wiring = _wiring(first, second, graph=graph)
        wired = FiniteDiagram(composite.i, composite.p, composite.o.then(wiring))
        composite = wired.then(interpret(second, graph, pointers), limit=limit)
    return composite


def interpret_leg(leg: Leg, graph: FiniteGraph, *, pointers: Pointers | None = None) -> FinFunction:
    """The function that a leg means on a graph.

    Args:
      leg: The leg.
      graph: The graph.
      pointers: For each pointer of the leg its value at each node.

    Raises:
      InputError: A pointer of the leg is not given.
      AxiomError: A pointer is no function from nodes to nodes.

    Example:
      >>> from catalign.polynomial.leg import project
      >>> from catalign.polynomial.sort import V
      >>> interpret_leg(project(V * V, 1), FiniteGraph(2, [], []))
      FinFunction([0, 1, 0, 1], cod=2)
    """
    values = _values(leg, graph, arrows=_arrows(leg, graph, pointers=pointers))
    return FinFunction(values, graph.size(leg.cod))


def offsets(ports: Sequence[Port], graph: FiniteGraph) -> dict[str, int]:
    """Where the elements of each input start in W, or those of each output in Z."""
    starts = itertools.accumulate((graph.size(port.sort) for port in ports), initial=0)
    return dict(zip((port.name for port in ports), starts, strict=False))


def _wiring(
    first: PolynomialDiagram, second: PolynomialDiagram, *, graph: FiniteGraph
) -> FinFunction:
    """The bijection from the outputs of `first` to the inputs of `second`."""
    becomes, starts = connection(first, second), offsets(second.inputs, graph)
    parts = [
        starts[becomes[port.name]] + np.arange(graph.size(port.sort)) for port in first.outputs
    ]
    return FinFunction(_concatenate(parts), graph.size(second.domain))


def _arrows(
    owner: PolynomialDiagram | Leg, graph: FiniteGraph, *, pointers: Pointers | None
) -> dict[str, FinFunction]:
    """What each arrow of a diagram or a leg means."""
    known = {SOURCE.name: graph.source, TARGET.name: graph.target}
    for name in owner.pointers:
        if name not in (pointers or {}):
            raise InputError(f"{owner} follows the pointer {name!r}, which `pointers` lacks.")
        value = np.asarray((pointers or {})[name])
        if len(value) != graph.n_node or (value < 0).any() or (value >= graph.n_node).any():
            raise AxiomError(
                f"The pointer {name!r} is not a function from the {graph.n_node} nodes to nodes: "
                f"it is {value.tolist()}. Let a node without a pointer point to itself."
            )
        known[name] = FinFunction(value, graph.n_node)
    return known


def _values(leg: Leg, graph: FiniteGraph, *, arrows: Mapping[str, FinFunction]) -> IndexArray:
    """The image of each element of the leg's domain."""
    factors = elements(graph.shape(leg.dom))
    coordinates = []
    for coordinate in leg.coordinates:
        value = factors[coordinate.position]
        for arrow in coordinate.arrows:
            value = arrows[arrow.name].values[value]
        coordinates.append(value)
    return index(coordinates, graph.shape(leg.cod), size=graph.size(leg.dom))


def _concatenate(parts: Sequence[IndexArray]) -> IndexArray:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
