"""Along which maps of graphs the transform of a diagram may be restricted.

A map of graphs h: G' -> G gives a morphism of diagrams. Where it is cartesian, running the diagram
on G and restricting to G' is the same as restricting and running on G': the diagram is
*equivariant* for h. The square of p is always a pullback, because p folds copies of one sort. So
the tag depends on the output legs alone and is read off them: no graph is needed.
"""

import enum

from catalign.polynomial.diagram import Path, PolynomialDiagram
from catalign.polynomial.leg import TARGET, Leg


class Equivariance(enum.IntEnum):
    """The maps of graphs for which a diagram is certainly equivariant; a larger value has more.

    Maps must also respect the pointers of the diagram, if it has any.
    """

    ISOMORPHISM = 0
    """Renumberings of nodes and edges."""

    FIBRATION = 1
    """Maps along which each edge into a node lifts to exactly one edge: coverings of in-neighbours.

    Then nodes that a fibration identifies get equal values, so colour refinement bounds what the
    diagram can tell apart.
    """

    HOMOMORPHISM = 2
    """All maps of graphs."""


def equivariance_of(diagram: PolynomialDiagram | Path) -> Equivariance:
    """The maps of graphs for which a diagram, or each diagram of a path, is equivariant.

    Example:
      >>> from catalign.polynomial import library
      >>> for diagram in (library.bellman_ford, library.triplet, library.edge_update):
      ...     print(diagram.name, equivariance_of(diagram).name)
      bellman_ford FIBRATION
      triplet ISOMORPHISM
      edge_update HOMOMORPHISM

    Source: Boldi & Vigna 2002 for fibrations of graphs.
    """
    diagrams = diagram.diagrams if isinstance(diagram, Path) else (diagram,)
    legs = (message.output.leg for each in diagrams for message in each.summands)
    return min((_of_output(leg) for leg in legs), default=Equivariance.HOMOMORPHISM)


def _of_output(leg: Leg) -> Equivariance:
    if leg.is_isomorphism:
        return Equivariance.HOMOMORPHISM
    # The product of fibres is the fibre of the product, so it is enough that each factor goes to a
    # coordinate of its own, unchanged or by `target`.
    keeps_factors = sorted(c.position for c in leg.coordinates) == list(range(leg.dom.rank))
    if keeps_factors and all(c.arrows in ((), (TARGET,)) for c in leg.coordinates):
        return Equivariance.FIBRATION
    return Equivariance.ISOMORPHISM
