"""Graphs, finite diagrams and fields of fixed shapes, so that few programs are compiled."""

import numpy as np
from hypothesis import strategies as st

from catalign.algebra.semiring import Semiring
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.finite import FinFunction
from catalign.polynomial.finite_diagram import FiniteDiagram
from catalign.polynomial.interpretation import FiniteGraph
from catalign.polynomial.sort import Base
from tests.algebra.samples import fields as field_values

N_NODE, N_EDGE = 3, 4


def functions(dom: int, cod: int) -> st.SearchStrategy[FinFunction]:
    """Functions between sets of these sizes."""
    values = st.lists(st.integers(0, cod - 1), min_size=dom, max_size=dom)
    return values.map(lambda v: FinFunction(v, cod))


def diagrams(*, W: int = 3, X: int = 5, Y: int = 4, Z: int = 3) -> st.SearchStrategy[FiniteDiagram]:
    """Finite diagrams with sets of these sizes; some fibres are empty."""
    return st.builds(FiniteDiagram, functions(X, W), functions(X, Y), functions(Y, Z))


def sparse_graphs() -> st.SearchStrategy[FiniteGraph]:
    """Graphs with parallel edges, self loops and isolated nodes."""
    ends = st.lists(st.integers(0, N_NODE - 1), min_size=N_EDGE, max_size=N_EDGE)
    return st.builds(FiniteGraph, st.just(N_NODE), ends, ends)


def simple_graphs() -> st.SearchStrategy[FiniteGraph]:
    """Graphs without parallel edges."""
    pairs = st.lists(st.integers(0, N_NODE**2 - 1), min_size=N_EDGE, max_size=N_EDGE, unique=True)
    return pairs.map(lambda k: FiniteGraph(N_NODE, *np.divmod(np.asarray(k), N_NODE)))


def pointers(diagram: PolynomialDiagram) -> st.SearchStrategy[dict[str, np.ndarray]]:
    """A value for each pointer of a diagram."""
    nodes = st.lists(st.integers(0, N_NODE - 1), min_size=N_NODE, max_size=N_NODE)
    return st.fixed_dictionaries(
        {name: nodes.map(lambda v: np.asarray(v, np.int32)) for name in diagram.pointers}
    )


def fields(
    diagram: PolynomialDiagram, semiring: Semiring, graph: FiniteGraph
) -> st.SearchStrategy[dict[str, np.ndarray]]:
    """A field for each input of a diagram."""
    return st.fixed_dictionaries(
        {port.name: field_values(semiring, graph.shape(port.sort)) for port in diagram.inputs}
    )


def to_dense(field: np.ndarray, sort, graph: FiniteGraph, *, junk: float | bool) -> np.ndarray:
    """A field with the edges as a matrix, and junk where there is no edge."""
    if Base.E not in sort.factors:
        return field
    matrix = np.full((graph.n_node, graph.n_node), junk, field.dtype)
    matrix[graph.senders, graph.receivers] = field
    return matrix
