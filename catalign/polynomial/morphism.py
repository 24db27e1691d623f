"""Morphisms of diagrams, base change, and the morphism that a map of graphs gives.

A morphism from D' to D is four functions that commute with the legs:

    W' <-i'- X' -p'-> Y' -o'-> Z'
    |a       |b       |c       |d
    W  <-i-  X  -p->  Y  -o->  Z

It is *cartesian* if the squares of p and of o are pullbacks, so that each fibre in D' is a copy of
the one below it. Then transforming and restricting commute: `d* . T_D = T_D' . a*`.
"""

from dataclasses import dataclass

import numpy as np

from catalign._errors import AxiomError
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.finite import FinFunction, elements, index, is_pullback, pullback
from catalign.polynomial.finite_diagram import FiniteDiagram
from catalign.polynomial.interpretation import FiniteGraph, Pointers, interpret
from catalign.polynomial.sort import Base, Sort


@dataclass(frozen=True)
class DiagramMorphism:
    """A morphism of diagrams of finite sets.

    Args:
      dom: Where it starts, D'.
      cod: Where it ends, D.
      a: On inputs, W' -> W.
      b: On arguments, X' -> X.
      c: On messages, Y' -> Y.
      d: On outputs, Z' -> Z.

    Raises:
      AxiomError: A function joins the wrong sets, or does not commute with a leg.

    Source: Gambino & Kock 2013, section 2; Weber 2015 for the base change.
    """

    dom: FiniteDiagram
    cod: FiniteDiagram
    a: FinFunction
    b: FinFunction
    c: FinFunction
    d: FinFunction

    def __post_init__(self) -> None:
        _check_ends("W", self.a, ends=(self.dom.W, self.cod.W))
        _check_ends("X", self.b, ends=(self.dom.X, self.cod.X))
        _check_ends("Y", self.c, ends=(self.dom.Y, self.cod.Y))
        _check_ends("Z", self.d, ends=(self.dom.Z, self.cod.Z))
        _check_commutes("i", self.dom.i.then(self.a), other=self.b.then(self.cod.i))
        _check_commutes("p", self.dom.p.then(self.c), other=self.b.then(self.cod.p))
        _check_commutes("o", self.dom.o.then(self.d), other=self.c.then(self.cod.o))

    @classmethod
    def identity(cls, diagram: FiniteDiagram) -> "DiagramMorphism":
        """The morphism that changes nothing."""
        sizes = (diagram.W, diagram.X, diagram.Y, diagram.Z)
        return cls(diagram, diagram, *(FinFunction.identity(size) for size in sizes))

    @property
    def is_cartesian(self) -> bool:
        """Whether the squares of p and of o are pullbacks, so that `d* . T_D = T_D' . a*`."""
        over_p = is_pullback(top=self.b, left=self.dom.p, right=self.cod.p, bottom=self.c)
        over_o = is_pullback(top=self.c, left=self.dom.o, right=self.cod.o, bottom=self.d)
        return over_p and over_o

    @property
    def is_isomorphism(self) -> bool:
        """Whether all four functions are bijective."""
        return all(f.is_bijective for f in (self.a, self.b, self.c, self.d))

    def then(self, after: "DiagramMorphism") -> "DiagramMorphism":
        """The composite that applies this morphism first.

        Raises:
          AxiomError: `after` starts from another diagram than this morphism ends in.
        """
        if self.cod != after.dom:
            raise AxiomError(
                "cannot compose morphisms: `after` starts from another diagram.\n"
                f"  first ends in     {self.cod}\n  after starts from {after.dom}"
            )
        return DiagramMorphism(
            self.dom,
            after.cod,
            self.a.then(after.a),
            self.b.then(after.b),
            self.c.then(after.c),
            self.d.then(after.d),
        )


def base_change(diagram: FiniteDiagram, d: FinFunction) -> DiagramMorphism:
    """The diagram pulled back along a function into its outputs, with the morphism back.

    Its transform is that of `diagram`, restricted along d; the inputs stay.

    Maths: `T_{D'} = d* . T_D`, with `Y' = Y x_Z Z'` and `X' = X x_Y Y'`

    Args:
      diagram: The diagram D.
      d: A function Z' -> Z.

    Raises:
      AxiomError: `d` ends elsewhere than in the outputs of `diagram`.

    Example:
      >>> line = FiniteDiagram.from_polynomials([((0,),), ((0, 1), (1,))], 2)
      >>> base_change(line, FinFunction([1, 1], cod=2)).dom.polynomials
      (((0, 1), (1,)), ((0, 1), (1,)))
    """
    if d.cod != diagram.Z:
        raise AxiomError(f"base_change: `d` ends in {d.cod} outputs and {diagram} has {diagram.Z}.")
    o, c = pullback(d, diagram.o)
    p, b = pullback(c, diagram.p)
    restricted = FiniteDiagram(b.then(diagram.i), p, o)
    return DiagramMorphism(restricted, diagram, FinFunction.identity(diagram.W), b, c, d)


@dataclass(frozen=True)
class GraphMorphism:
    """A map of graphs: nodes to nodes and edges to edges, so that ends stay ends.

    Args:
      dom: Where it starts.
      cod: Where it ends.
      nodes: On nodes.
      edges: On edges.

    Raises:
      AxiomError: A function joins the wrong sets, or an edge goes to one with other ends.

    Example:
      >>> cycle = FiniteGraph(4, [0, 1, 2, 3], [1, 2, 3, 0])
      >>> loop = FiniteGraph(1, [0], [0])
      >>> to_point = FinFunction([0, 0, 0, 0], cod=1)
      >>> GraphMorphism(cycle, loop, to_point, to_point).is_fibration
      True
    """

    dom: FiniteGraph
    cod: FiniteGraph
    nodes: FinFunction
    edges: FinFunction

    def __post_init__(self) -> None:
        one, two = self.dom, self.cod
        _check_ends("nodes", self.nodes, ends=(one.n_node, two.n_node))
        _check_ends("edges", self.edges, ends=(one.n_edge, two.n_edge))
        squares = (("source", one.source, two.source), ("target", one.target, two.target))
        for leg, start, end in squares:
            _check_commutes(leg, start.then(self.nodes), other=self.edges.then(end))

    @property
    def is_isomorphism(self) -> bool:
        """Whether it is bijective on nodes and edges: a renumbering."""
        return self.nodes.is_bijective and self.edges.is_bijective

    @property
    def is_fibration(self) -> bool:
        """Whether each edge into the image of a node lifts to exactly one edge into the node."""
        return is_pullback(
            top=self.edges, left=self.dom.target, right=self.cod.target, bottom=self.nodes
        )

    def on(self, sort: Sort) -> FinFunction:
        """The function on the elements of a sort, factor by factor."""
        factors = elements(self.dom.shape(sort))
        mapped = [
            (self.nodes if base is Base.V else self.edges).values[factor]
            for base, factor in zip(sort.factors, factors, strict=True)
        ]
        values = index(mapped, self.cod.shape(sort), size=self.dom.size(sort))
        return FinFunction(values, self.cod.size(sort))


def interpret_morphism(
    diagram: PolynomialDiagram,
    morphism: GraphMorphism,
    *,
    dom_pointers: Pointers | None = None,
    cod_pointers: Pointers | None = None,
) -> DiagramMorphism:
    """The morphism of finite diagrams that a map of graphs gives.

    Args:
      diagram: The symbolic diagram.
      morphism: The map of graphs.
      dom_pointers: The pointers on the graph where it starts.
      cod_pointers: The pointers on the graph where it ends. The map must carry one to the other.

    Raises:
      AxiomError: The map does not carry the pointers of one graph to those of the other.
    """
    sums = {
        "a": [port.sort for port in diagram.inputs],
        "b": [message.sort for message in diagram.summands for _ in message.arguments],
        "c": [message.sort for message in diagram.summands],
        "d": [port.sort for port in diagram.outputs],
    }
    return DiagramMorphism(
        interpret(diagram, morphism.dom, dom_pointers),
        interpret(diagram, morphism.cod, cod_pointers),
        **{letter: _sum([morphism.on(sort) for sort in sorts]) for letter, sorts in sums.items()},
    )


def _sum(functions: list[FinFunction]) -> FinFunction:
    return sum(functions, start=FinFunction([], 0))


def _check_ends(what: str, f: FinFunction, *, ends: tuple[int, int]) -> None:
    if (f.dom, f.cod) != ends:
        raise AxiomError(
            f"The function on {what} goes from {f.dom} elements to {f.cod}. It must go from "
            f"{ends[0]} to {ends[1]}."
        )


def _check_commutes(leg: str, one: FinFunction, *, other: FinFunction) -> None:
    apart = np.flatnonzero(one.values != other.values)
    if apart.size:
        x = int(apart[0])
        raise AxiomError(
            f"The square of {leg} does not commute: {x} goes to {one(x)} if {leg} comes first, and "
            f"to {other(x)} if it comes last."
        )
