"""What one execution of a diagram costs, known from its type and the size of the graph."""

from dataclasses import dataclass

from catalign.polynomial.diagram import Path, PolynomialDiagram


@dataclass(frozen=True)
class Cost:
    """The work of one execution on one graph, in elements. A kernel may fuse it, not avoid it.

    Args:
      gathers: The arguments read, |X|.
      messages: The messages computed and combined, |Y|.
      outputs: The values written, |Z|.
    """

    gathers: int
    messages: int
    outputs: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.gathers + other.gathers,
            self.messages + other.messages,
            self.outputs + other.outputs,
        )

    def __str__(self) -> str:
        return f"{self.gathers:,} gathers, {self.messages:,} messages, {self.outputs:,} outputs"


def cost_of(diagram: PolynomialDiagram | Path, n_node: int, *, n_edge: int = 0) -> Cost:
    """The work of one execution on a graph with so many nodes and edges.

    Example:
      >>> from catalign.polynomial import library
      >>> print(cost_of(library.triplet, 64))
      1,835,008 gathers, 262,144 messages, 4,096 outputs
      >>> print(cost_of(library.bellman_ford, 64, n_edge=256))
      640 gathers, 320 messages, 64 outputs
    """
    if isinstance(diagram, Path):
        return sum(
            (cost_of(d, n_node, n_edge=n_edge) for d in diagram.diagrams), start=Cost(0, 0, 0)
        )
    sizes = (s.size(n_node, n_edge=n_edge) for s in (diagram.X, diagram.Y, diagram.Z))
    return Cost(*sizes)
