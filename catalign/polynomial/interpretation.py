"""What sorts, legs and diagrams mean on one graph: finite sets and functions.

Layout. `V*V` lists pairs row by row, so the pair (u, v) has the index `u * n + v`. W lists the
elements of the inputs in the order of `diagram.inputs`, Z those of the outputs, Y those of the
messages. X lists, message by message, all elements of the first role, then all of the second, and
so on, so each fibre of p is in the order of the roles.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalign._errors import AxiomError, InputError, ShapeMismatchError
from catalign.polynomial.diagram import Path, PolynomialDiagram, connection
from catalign.polynomial.finite import FinFunction, IndexArray
from catalign.polynomial.finite_diagram import DEFAULT_LIMIT, FiniteDiagram
from catalign.polynomial.leg import SOURCE, TARGET, Leg
from catalign.polynomial.message import Port
from catalign.polynomial.sort import Base, Sort, SortSum

Pointers = Mapping[str, Sequence[int] | NDArray[np.integer]]
"""For each pointer its value at each node."""


@dataclass(frozen=True, repr=False)
class FiniteGraph:
    """A directed graph on the host. Parallel edges, self loops and isolated nodes are allowed.

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
                f"FiniteGraph got {self.source.dom} senders and {self.target.dom} receivers. Each "
                "edge has one of each."
            )

    @classmethod
    def complete(cls, n_node: int) -> "FiniteGraph":
        """The graph with an edge for each ordered node pair, loops included, so that E = V*V."""
        senders, receivers = np.divmod(np.arange(n_node * n_node), max(n_node, 1))
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
        """The shape of a field on a sort, one axis a factor."""
        return tuple(self.n_node if base is Base.V else self.n_edge for base in sort.factors)

    def __add__(self, other: "FiniteGraph") -> "FiniteGraph":
        """The disjoint union, the nodes and edges of `other` after one's own: a batch."""
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
    arrows = _arrows(diagram, graph, pointers or {})
    reads, writes = offsets(diagram.inputs, graph), offsets(diagram.outputs, graph)
    i: list[IndexArray] = []
    p: list[IndexArray] = []
    o: list[IndexArray] = []
    n_message = 0
    for message in diagram.summands:
        own = np.arange(graph.size(message.sort)) + n_message
        for argument in message.arguments:
            i.append(_values(argument.leg, graph, arrows) + reads[argument.reads])
            p.append(own)
        o.append(_values(message.output.leg, graph, arrows) + writes[message.output.writes])
        n_message += len(own)
    return FiniteDiagram(
        FinFunction(_concatenate(i), graph.size(diagram.domain)),
        FinFunction(_concatenate(p), n_message),
        FinFunction(_concatenate(o), graph.size(diagram.codomain)),
    )


def interpret_path(
    path: Path, graph: FiniteGraph, *, pointers: Pointers | None = None, limit: int = DEFAULT_LIMIT
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
        wire = FiniteDiagram(
            composite.i, composite.p, composite.o.then(_wiring(first, second, graph))
        )
        composite = wire.then(interpret(second, graph, pointers), limit=limit)
    return composite


def interpret_leg(leg: Leg, graph: FiniteGraph, pointers: Pointers | None = None) -> FinFunction:
    """The function that a leg means on a graph.

    Args:
      leg: The leg.
      graph: The graph.
      pointers: For each pointer of the leg its value at each node.

    Example:
      >>> from catalign.polynomial.leg import project
      >>> from catalign.polynomial.sort import V
      >>> interpret_leg(project(V * V, 1), FiniteGraph(2, [], []))
      FinFunction([0, 1, 0, 1], cod=2)
    """
    arrows = _arrows(leg, graph, pointers or {})
    return FinFunction(_values(leg, graph, arrows), graph.size(leg.cod))


def offsets(ports: tuple[Port, ...], graph: FiniteGraph) -> dict[str, int]:
    """Where the elements of each input start in W, or of each output in Z."""
    sizes = [graph.size(port.sort) for port in ports]
    return {port.name: sum(sizes[:k]) for k, port in enumerate(ports)}


def _wiring(first: PolynomialDiagram, second: PolynomialDiagram, graph: FiniteGraph) -> FinFunction:
    """The bijection from the outputs of `first` to the inputs of `second`."""
    becomes, starts = connection(first, second), offsets(second.inputs, graph)
    parts = [
        np.arange(graph.size(port.sort)) + starts[becomes[port.name]] for port in first.outputs
    ]
    return FinFunction(_concatenate(parts), graph.size(second.domain))


def _arrows(
    owner: PolynomialDiagram | Leg, graph: FiniteGraph, pointers: Pointers
) -> dict[str, FinFunction]:
    known = {SOURCE.name: graph.source, TARGET.name: graph.target}
    for name in owner.pointers:
        if name not in pointers:
            raise InputError(
                f"{owner} follows the pointer {name!r}, which `pointers` does not give."
            )
        value = np.asarray(pointers[name])
        if len(value) != graph.n_node or (value < 0).any() or (value >= graph.n_node).any():
            raise AxiomError(
                f"The pointer {name!r} is not a function from nodes to nodes: it must give each of "
                f"the {graph.n_node} "
                f"nodes a node, and is {value.tolist()}. Let a node without a pointer point to "
                "itself."
            )
        known[name] = FinFunction(value, graph.n_node)
    return known


def _values(leg: Leg, graph: FiniteGraph, arrows: Mapping[str, FinFunction]) -> IndexArray:
    shape, size = graph.shape(leg.dom), graph.size(leg.dom)
    elements = np.indices(shape).reshape(len(shape), size)
    index = np.zeros(size, np.int64)
    for coordinate, extent in zip(leg.coordinates, graph.shape(leg.cod), strict=True):
        value = elements[coordinate.position]
        for arrow in coordinate.arrows:
            value = arrows[arrow.name].values[value]
        index = index * extent + value
    return index


def _concatenate(parts: list[IndexArray]) -> IndexArray:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
