import jax.numpy as jnp
import pytest

from catalign.algebra.instances import log_plus, max_plus, min_plus, plus_times
from catalign.algebra.semiring import Semiring
from catalign.integral.explanation import Machine, Work, explain, work_of
from catalign.integral.graph import DenseGraph, Layout, SparseGraph
from catalign.integral.lowering import Lowering, choose
from catalign.polynomial import library
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import project
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import E, V

# A semiring whose sum is neither one of its terms nor a soft minimum, and no einsum.
plus_once = Semiring("plus_once", plus_times.add, plus_times.multiply, "number")


@pytest.mark.parametrize(
    ("diagram", "message", "semiring", "layout", "lowering"),
    [
        (library.bellman_ford, "relax", min_plus, Layout.SPARSE, Lowering.SEGMENT),
        (library.bellman_ford, "relax", min_plus, Layout.DENSE, Lowering.AXIS),
        (library.bellman_ford, "relax", plus_times, Layout.DENSE, Lowering.MATRIX_PRODUCT),
        (library.bellman_ford, "stay", min_plus, Layout.SPARSE, Lowering.POINTWISE),
        (library.bellman_ford_dense, "relax", min_plus, Layout.SPARSE, Lowering.AXIS),
        (library.floyd_warshall, "triple", min_plus, Layout.SPARSE, Lowering.SEMIRING_PRODUCT),
        (library.floyd_warshall, "triple", plus_times, Layout.SPARSE, Lowering.MATRIX_PRODUCT),
        (library.floyd_warshall, "triple", log_plus(1.0), Layout.DENSE, Lowering.SEMIRING_PRODUCT),
        (library.triplet, "triplet", max_plus, Layout.DENSE, Lowering.SEMIRING_PRODUCT),
        (library.triplet, "triplet", plus_once, Layout.DENSE, Lowering.CONTRACTION),
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


def test_an_argument_on_all_three_axes_is_no_product_of_matrices():
    reads = (Argument("a", "cube", project(V**3, 0, 1, 2)),)
    message = Message("triple", V**3, reads, Output("edge", project(V**3, 0, 2)))
    diagram = PolynomialDiagram("cube", {"cube": V**3}, outputs={"edge": V**2}, summands=[message])
    assert choose(diagram["triple"], min_plus, Layout.DENSE) is Lowering.CONTRACTION


def test_masked_edges_are_no_product_of_matrices():
    """A message over edges and nodes exists only where the mask holds."""
    reads = (Argument("a", "node", project(E * V, 1)),)
    message = Message("edge", E * V, reads, Output("out", project(E * V, 1)))
    diagram = PolynomialDiagram("masked", {"node": V}, outputs={"out": V}, summands=[message])
    assert choose(diagram["edge"], min_plus, Layout.DENSE) is Lowering.CONTRACTION


def test_the_work_of_a_message():
    """Counted by hand: two reads a triple of n^2 values each, but one field, read once."""
    graph = SparseGraph(senders=jnp.array([0, 1]), receivers=jnp.array([1, 2]), n_node=3)
    relax, triple = library.bellman_ford["relax"], library.floyd_warshall["triple"]
    # Two gathered senders, two weights, three outputs; an addition and a minimum for each edge.
    assert work_of(relax, min_plus, graph) == Work(4 * 7, 4)
    assert work_of(library.bellman_ford["stay"], min_plus, graph) == Work(4 * 9, 3)
    dense = DenseGraph.complete(3)
    assert work_of(triple, min_plus, dense, dtype=jnp.bfloat16, width=5) == Work(2 * 18 * 5, 54 * 5)


def test_the_least_time_is_the_larger_of_moving_and_computing():
    work = Work(1000, 50)
    assert work.time(Machine(bytes_per_second=100.0, operations_per_second=100.0)) == 10
    assert work.time(Machine(bytes_per_second=1e6, operations_per_second=5.0)) == 10


def test_an_explanation_names_cost_and_time():
    machine = Machine(bytes_per_second=1e6, operations_per_second=1e9)
    text = explain(library.bellman_ford_dense, min_plus, DenseGraph.complete(3), machine=machine)
    assert text.splitlines()[1:] == [
        "  stay: pointwise, no sum; 36 bytes, 3 operations, at least 36.0 us",
        "  relax: axis reduction; 60 bytes, 18 operations, at least 60.0 us",
    ]
