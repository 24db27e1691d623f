import pytest

from catalign.algebra.instances import min_plus, plus_times
from catalign.integral.graph import Layout
from catalign.integral.lowering import Lowering, choose, explain
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import project
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import V


@pytest.mark.parametrize(
    ("diagram", "message", "semiring", "layout", "lowering"),
    [
        (library.bellman_ford, "relax", min_plus, Layout.SPARSE, Lowering.SEGMENT),
        (library.bellman_ford, "relax", min_plus, Layout.DENSE, Lowering.AXIS),
        (library.bellman_ford, "relax", plus_times, Layout.DENSE, Lowering.MATRIX_PRODUCT),
        (library.bellman_ford, "stay", min_plus, Layout.SPARSE, Lowering.POINTWISE),
        (library.bellman_ford_dense, "relax", min_plus, Layout.SPARSE, Lowering.AXIS),
        (library.floyd_warshall, "triple", min_plus, Layout.SPARSE, Lowering.CONTRACTION),
        (library.floyd_warshall, "triple", plus_times, Layout.SPARSE, Lowering.MATRIX_PRODUCT),
        (library.pointer, "node", min_plus, Layout.DENSE, Lowering.POINTWISE),
        (library.pointer_push, "node", min_plus, Layout.DENSE, Lowering.SEGMENT),
        (library.readout, "node", plus_times, Layout.SPARSE, Lowering.AXIS),
    ],
)
def test_the_type_chooses(diagram, message, semiring, layout, lowering):
    assert choose(diagram[message], semiring, layout) is lowering
    assert f"{message}: {lowering.value}" in explain(diagram, semiring, layout)


def test_an_axis_that_nothing_reads_is_no_matrix_product():
    """A sum over an unread axis counts the product once for each of its places."""
    reads = (Argument("a", "node", project(V * V, 0)), Argument("b", "node", project(V * V, 0)))
    message = Message("pair", V * V, reads, Output("node", project(V * V, 0)))
    diagram = PolynomialDiagram("unread", {"node": V}, outputs={"node": V}, summands=[message])
    assert choose(diagram["pair"], plus_times, Layout.DENSE) is Lowering.AXIS
