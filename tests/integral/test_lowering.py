import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.algebra.instances import SEMIRINGS, log_plus, max_plus, min_plus, plus_times
from catalign.algebra.provenance import with_provenance
from catalign.algebra.semiring import Semiring
from catalign.integral.explanation import Machine, Work, explain, work_of
from catalign.integral.graph import DenseGraph, Layout, SparseGraph
from catalign.integral.lowering import Lowering, choose
from catalign.integral.transform import integral_transform
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


def draw_graph(n_node, n_edge, *, sort, padding=0):
    """Random edges with parallel ones and a hub; padding edges last."""
    rng = np.random.default_rng(n_edge)
    senders, receivers = rng.integers(0, n_node, (2, n_edge))
    receivers[: n_edge // 2] = 0
    receivers = np.concatenate([np.sort(receivers) if sort else receivers, [n_node] * padding])
    senders = np.concatenate([senders, np.zeros(padding, int)])
    return SparseGraph(
        senders=jnp.asarray(senders, jnp.int32),
        receivers=jnp.asarray(receivers, jnp.int32),
        n_node=n_node,
        receivers_are_sorted=sort,
    )


@pytest.mark.parametrize("semiring", [*SEMIRINGS.values(), log_plus(0.5)], ids=str)
def test_prepared_edges_give_the_same_sums(semiring):
    """In order, out of order, and with padding; through messages, and of what senders hold."""
    graphs = (draw_graph(5, 60, sort=True, padding=3), draw_graph(5, 60, sort=False, padding=3))
    rng = np.random.default_rng(0)
    cases = []
    for graph in graphs:
        for diagram in (library.bellman_ford, library.convolution):
            fields = {
                port.name: (rng.integers(1, 5, (*graph.shape(port.sort), 2)) / 2).astype("f")
                for port in diagram.inputs
            }
            if semiring.dtype_kind == "bool":
                fields = {name: field > 1 for name, field in fields.items()}
            cases.append((diagram, fields, graph, graph.prepare()))

    @jax.jit
    def both(cases):
        return [
            [integral_transform(diagram, semiring, fields, graph) for graph in graphs]
            for diagram, (fields, *graphs) in zip(diagrams, cases, strict=True)
        ]

    diagrams = [diagram for diagram, *_ in cases]
    for plain, rows in both([case for _, *case in cases]):
        # A soft minimum may come out near 0, from terms near 1.
        np.testing.assert_allclose(rows, plain, rtol=1e-6, atol=1e-6)


def test_pairs_over_prepared_edges():
    """The sender that won is the same: the first of those that tie in the order of the pairs."""
    graph = draw_graph(5, 40, sort=False)
    distance = jnp.array([0.0, 1.0, 1.0, jnp.inf, 0.0])
    fields = {"node": (distance, jnp.arange(5, dtype=jnp.int32))}
    pairs = with_provenance(min_plus)
    plain, rows = (
        integral_transform(library.convolution, pairs, fields, g) for g in (graph, graph.prepare())
    )
    for mine, theirs in zip(rows, plain, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_gradients_over_prepared_edges():
    """Where nothing ties they are the same; where something does, the first edge gets all of it."""
    graph = draw_graph(5, 20, sort=False)
    weights = np.float32(0.37) * np.random.default_rng(1).permutation(20).astype(np.float32)
    node = {"f": np.arange(5, dtype=np.float32), "b": np.full(5, np.inf, np.float32)}

    @jax.jit
    def slope(graph, w):
        def total(w):
            out = integral_transform(library.bellman_ford, min_plus, {**node, "w": w}, graph)
            return jnp.sum(jnp.where(jnp.isinf(out), 0.0, out))

        return jax.grad(total)(w)

    np.testing.assert_allclose(slope(graph.prepare(), weights), slope(graph, weights))
    pair = SparseGraph(senders=jnp.array([2, 2]), receivers=jnp.array([0, 0]), n_node=5)
    assert slope(pair.prepare(), np.zeros(2, np.float32)).tolist() == [1.0, 0.0]


def test_a_prepared_graph_is_lowered_to_the_kernel():
    graph = draw_graph(4, 9, sort=True)
    prepared = graph.prepare()
    for diagram, message, lowering in (
        (library.bellman_ford, "relax", Lowering.ROWS),
        (library.convolution, "edge", Lowering.GATHER_ROWS),
    ):
        assert choose(diagram[message], min_plus, graph) is Lowering.SEGMENT
        assert choose(diagram[message], min_plus, prepared) is lowering
        assert f"{message}: {lowering.value}" in explain(diagram, min_plus, prepared)
    program = jax.make_jaxpr(
        lambda x, g: integral_transform(library.convolution, min_plus, {"node": x}, g)
    )
    assert "scatter" not in str(program(jnp.ones(4), prepared))
    assert "scatter" in str(program(jnp.ones(4), graph))


def test_the_rows_of_another_graph_would_be_seen():
    """A planted fault: edges in another order than the rows say."""
    graph = draw_graph(5, 60, sort=False)
    rows = graph.prepare().rows
    wrong = dataclasses.replace(
        graph, rows=dataclasses.replace(rows, order=jnp.arange(60, dtype=jnp.int32))
    )
    fields = {
        "f": np.arange(5, dtype=np.float32),
        "b": np.full(5, np.inf, np.float32),
        "w": np.arange(60, dtype=np.float32),
    }
    right, other = (
        integral_transform(library.bellman_ford, min_plus, fields, g) for g in (graph, wrong)
    )
    assert (np.asarray(right) != np.asarray(other)).any()


def test_a_traced_graph_is_not_prepared():
    graph = draw_graph(4, 9, sort=True)
    with pytest.raises(InputError, match="`prepare` cuts a graph into rows on the host"):
        jax.jit(lambda g: g.prepare())(graph)
