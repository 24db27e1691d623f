"""Shared Hypothesis strategies: sets, graphs, legs, diagrams, maps of graphs, semiring values.

All are small on purpose: composing diagrams multiplies sizes, and a compiled function is compiled
anew for each shape.
"""

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.finite import FinFunction
from catalign.polynomial.finite_diagram import FiniteDiagram
from catalign.polynomial.interpretation import FiniteGraph
from catalign.polynomial.leg import SOURCE, TARGET, Arrow, Coordinate, Leg
from catalign.polynomial.leg import pointer as pointer_leg
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.morphism import GraphMorphism
from catalign.polynomial.sort import Base, Sort, SortSum, V

# A busy machine is slow to draw; that says nothing about the strategy.
LAW = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
"""How often a law is tried."""

FEW = settings(LAW, max_examples=6)
"""How often where the law is already tried for each diagram or algorithm of a table."""

POINTER = "pi"
"""The pointer of the diagrams drawn here."""

_POINTER_ARROW = pointer_leg(POINTER).coordinates[0].arrows[0]

EXACT_VALUES: dict[str, st.SearchStrategy] = {
    "min_plus": st.integers(-8, 8).map(float) | st.just(np.inf),
    "max_plus": st.integers(-8, 8).map(float) | st.just(-np.inf),
    "max_min": st.integers(-8, 8).map(float) | st.sampled_from([np.inf, -np.inf]),
    "min_max": st.integers(-8, 8).map(float) | st.sampled_from([np.inf, -np.inf]),
    "lor_land": st.booleans(),
    "plus_times": st.integers(-3, 3).map(float),
    "max_times": st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]),
}
"""For each semiring by name, values on which float32 arithmetic is exact; both units among them."""


def semiring_fields(name: str, shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    """Arrays of values on which the semiring computes exactly in float32."""
    count, dtype = int(np.prod(shape)), bool if name == "lor_land" else np.float32
    values = st.lists(EXACT_VALUES[name], min_size=count, max_size=count)
    return values.map(lambda drawn: np.asarray(drawn, dtype).reshape(shape))


def sorts(max_rank: int = 3) -> st.SearchStrategy[Sort]:
    """Products of at most `max_rank` base sorts."""
    return st.lists(st.sampled_from(Base), max_size=max_rank).map(lambda bs: Sort(tuple(bs)))


def sort_sums(max_terms: int = 3) -> st.SearchStrategy[SortSum]:
    """Sums of at most `max_terms` sorts."""
    return st.lists(sorts(2), max_size=max_terms).map(lambda terms: SortSum(tuple(terms)))


@st.composite
def finite_functions(
    draw: st.DrawFn, dom: int | None = None, *, cod: int | None = None, max_size: int = 4
) -> FinFunction:
    """Functions between sets of at most `max_size` elements, or of the given sizes."""
    if cod is None:
        cod = draw(st.integers(0 if dom in (0, None) else 1, max_size))
    if dom is None:
        dom = draw(st.integers(0, max_size)) if cod else 0
    return FinFunction(
        draw(st.lists(st.integers(0, max(cod - 1, 0)), min_size=dom, max_size=dom)), cod
    )


def permutations(size: int) -> st.SearchStrategy[FinFunction]:
    """Bijections of a set with itself."""
    return st.permutations(range(size)).map(lambda values: FinFunction(values, size))


@st.composite
def finite_graphs(
    draw: st.DrawFn, *, min_node: int = 1, max_node: int = 4, max_edge: int = 6
) -> FiniteGraph:
    """Directed graphs, with parallel edges, loops and isolated nodes."""
    n_node = draw(st.integers(min_node, max_node))
    node = st.integers(0, max(n_node - 1, 0))
    edges = draw(st.lists(st.tuples(node, node), max_size=max_edge if n_node else 0))
    return FiniteGraph(n_node, [u for u, _ in edges], [v for _, v in edges])


@st.composite
def pointers(draw: st.DrawFn, graph: FiniteGraph) -> dict[str, list[int]]:
    """A value for the pointer of the diagrams drawn here, on one graph."""
    n_node = graph.n_node
    node = st.integers(0, max(n_node - 1, 0))
    return {POINTER: draw(st.lists(node, min_size=n_node, max_size=n_node))}


@st.composite
def finite_diagrams(
    draw: st.DrawFn, n_input: int | None = None, n_output: int | None = None, *, max_size: int = 4
) -> FiniteDiagram:
    """Diagrams of sets of at most `max_size` elements, on the given inputs and outputs."""
    n_input = draw(st.integers(1, 3)) if n_input is None else n_input
    n_output = draw(st.integers(1, 3)) if n_output is None else n_output
    n_message = draw(st.integers(0, max_size)) if n_output else 0
    n_argument = draw(st.integers(0, max_size)) if n_message and n_input else 0
    return FiniteDiagram(
        draw(finite_functions(n_argument, cod=n_input)),
        draw(finite_functions(n_argument, cod=n_message)),
        draw(finite_functions(n_message, cod=n_output)),
    )


@st.composite
def renumberings(draw: st.DrawFn, diagram: FiniteDiagram) -> FiniteDiagram:
    """Diagrams isomorphic to the given one, with the order in each fibre of p kept."""
    c = draw(permutations(diagram.Y))
    # Interleaving the fibres anew keeps the order within each.
    keys = draw(st.lists(st.integers(0, 9), min_size=diagram.X, max_size=diagram.X))
    order = sorted(range(diagram.X), key=lambda x: keys[x])
    slots = {y: iter(fibre.tolist()) for y, fibre in enumerate(diagram.p.fibres)}
    arguments = [next(slots[diagram.p(x)]) for x in order]
    return FiniteDiagram(
        FinFunction([diagram.i(x) for x in arguments], diagram.W),
        FinFunction([c(diagram.p(x)) for x in arguments], diagram.Y),
        c.inverse.then(diagram.o),
    )


@st.composite
def legs(draw: st.DrawFn, dom: Sort, *, max_rank: int = 2, with_pointer: bool = True) -> Leg:
    """Legs out of a sort."""
    chains: list[tuple[Coordinate, Base]] = []
    followed: tuple[Arrow, ...] = (_POINTER_ARROW,) if with_pointer else ()
    for position, base in enumerate(dom.factors):
        ends: list[tuple[Arrow, ...]] = [()] if base is Base.V else [(SOURCE,), (TARGET,)]
        if base is Base.E:
            chains.append((Coordinate(position), Base.E))
        for end in ends:
            chains.append((Coordinate(position, end), Base.V))
            chains.extend((Coordinate(position, (*end, arrow)), Base.V) for arrow in followed)
    chosen = draw(st.lists(st.sampled_from(chains), max_size=max_rank)) if chains else []
    return Leg(dom, Sort(tuple(base for _, base in chosen)), tuple(c for c, _ in chosen))


@st.composite
def polynomial_diagrams(draw: st.DrawFn, *, with_pointer: bool = True) -> PolynomialDiagram:
    """Symbolic diagrams; each field is named by its sort."""
    summands = []
    for k in range(draw(st.integers(1, 2))):
        sort = draw(sorts(2))
        drawn = draw(st.lists(legs(sort, with_pointer=with_pointer), max_size=2))
        arguments = [Argument(f"role_{j}", _name(leg.cod), leg) for j, leg in enumerate(drawn)]
        output = draw(legs(sort, with_pointer=with_pointer))
        summands.append(Message(f"message_{k}", sort, arguments, Output(_name(output.cod), output)))
    reads = {a.reads: a.leg.cod for m in summands for a in m.arguments} or {"V": V}
    writes = {m.output.writes: m.output.leg.cod for m in summands}
    return PolynomialDiagram("drawn", reads, outputs=writes, summands=summands)


@st.composite
def graph_isomorphisms(draw: st.DrawFn) -> GraphMorphism:
    """Renumberings of a graph."""
    graph = draw(finite_graphs())
    nodes, edges = draw(permutations(graph.n_node)), draw(permutations(graph.n_edge))
    source, target = (edges.inverse.then(end).then(nodes) for end in (graph.source, graph.target))
    renumbered = FiniteGraph(graph.n_node, source.values, target.values)
    return GraphMorphism(graph, renumbered, nodes, edges)


@st.composite
def graph_fibrations(draw: st.DrawFn, *, max_extra: int = 2) -> GraphMorphism:
    """Maps onto a graph along which each edge into a node lifts exactly once."""
    base = draw(finite_graphs(max_node=3, max_edge=4))
    extra = draw(st.lists(st.integers(0, base.n_node - 1), max_size=max_extra))
    nodes = FinFunction([*range(base.n_node), *extra], base.n_node)
    lifted = [
        (draw(st.sampled_from(nodes.fibres[base.source(e)].tolist())), v, e)
        for v, below in enumerate(nodes.values.tolist())
        for e in base.target.fibres[below].tolist()
    ]
    cover = FiniteGraph(nodes.dom, [u for u, _, _ in lifted], [v for _, v, _ in lifted])
    return GraphMorphism(cover, base, nodes, FinFunction([e for _, _, e in lifted], base.n_edge))


@st.composite
def graph_morphisms(draw: st.DrawFn) -> GraphMorphism:
    """Maps of graphs of any kind: nodes and edges may be identified or missed."""
    graph = draw(finite_graphs(max_node=3, max_edge=4))
    nodes = draw(finite_functions(graph.n_node, cod=draw(st.integers(1, 3))))
    node = st.integers(0, nodes.cod - 1)
    images = [(nodes(u), nodes(v)) for u, v in zip(graph.senders, graph.receivers, strict=True)]
    others = draw(st.lists(st.tuples(node, node), max_size=2))
    below = list(dict.fromkeys([*images, *others]))
    cod = FiniteGraph(nodes.cod, [u for u, _ in below], [v for _, v in below])
    edges = FinFunction([below.index(image) for image in images], len(below))
    return GraphMorphism(graph, cod, nodes, edges)


def _name(sort: Sort) -> str:
    return str(sort).replace("*", "_")
