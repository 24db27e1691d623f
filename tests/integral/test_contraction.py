import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign.algebra.instances import log_plus, max_min, max_plus, min_plus, plus_times
from catalign.integral.contraction import BLOCK_ELEMENTS, contract
from catalign.integral.execution import pull_argument
from catalign.integral.graph import DenseGraph
from catalign.integral.lowering import Lowering, choose
from catalign.integral.transform import integral_transform
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import project, terminal
from catalign.polynomial.library import floyd_warshall, triplet
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import ONE, V
from tests.kernels.programs import largest

triple = floyd_warshall["triple"]
graph = DenseGraph.complete(5)
edge = jnp.asarray(np.random.default_rng(0).integers(0, 9, (5, 5)).astype(np.float32))


@pytest.mark.parametrize("block_elements", [1, 60, 1000])
def test_the_size_of_a_block_does_not_matter(block_elements):
    arguments = [pull_argument(a.leg, edge, graph=graph) for a in triple.arguments]
    out = contract(triple, arguments, min_plus, graph=graph, block_elements=block_elements)
    expected = np.min(edge[:, :, None] + edge[None, :, :], axis=1)
    np.testing.assert_array_equal(out, expected)


def test_a_triple_that_lands_elsewhere():
    """The kept axes are in another order than those of the message, and may be fewer."""
    for positions in [(2, 0), (1,), ()]:
        leg = project(V**3, *positions) if positions else terminal(V**3)
        diagram = PolynomialDiagram(
            "reordered",
            {"edge": V * V},
            outputs={"out": V ** len(positions) if positions else ONE},
            summands=[Message("triple", V**3, triple.arguments, Output("out", leg))],
        )
        cube = edge[:, :, None] + edge[None, :, :]
        gone = tuple(k for k in range(3) if k not in positions)
        expected = np.min(cube, axis=gone)
        expected = expected.T if positions == (2, 0) else expected
        out = integral_transform(diagram, min_plus, {"edge": edge}, graph)
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("diagram", [floyd_warshall, triplet], ids=lambda d: d.name)
def test_no_program_holds_all_triples(diagram, backward):
    n = 256
    sizes = {"node": (n,), "edge": (n, n), "graph": ()}
    fields = {p.name: jax.ShapeDtypeStruct(sizes[p.name], jnp.float32) for p in diagram.inputs}
    mask = jax.ShapeDtypeStruct((n, n), bool)

    def run(semiring, fields, mask):
        return jnp.sum(integral_transform(diagram, semiring, fields, DenseGraph(mask=mask)))

    program = functools.partial(run, max_plus)
    traced = jax.make_jaxpr(jax.grad(program) if backward else program)(fields, mask)
    assert n * n <= largest(traced.jaxpr) <= BLOCK_ELEMENTS < n**3


def test_ordinary_numbers_use_a_matrix_product():
    program = jax.make_jaxpr(
        lambda x: integral_transform(floyd_warshall, plus_times, {"edge": x}, graph)
    )(edge)
    assert "dot_general" in str(program)
    out = integral_transform(floyd_warshall, plus_times, {"edge": edge}, graph)
    np.testing.assert_array_equal(out, np.asarray(edge) @ np.asarray(edge))


ROLES = [(0, 1), (1, 2), (0,), (1,), (2,), (2, 0)]


@pytest.mark.parametrize("semiring", [min_plus, max_min, log_plus(0.5)], ids=str)
@pytest.mark.parametrize("positions", [(0, 2), (2, 0), (1, 2)], ids=str)
def test_roles_on_either_side_and_outside(semiring, positions):
    """Every role of one or two axes, with features, against the sum of all messages."""
    rng = np.random.default_rng(0)
    fields = {f"r{k}": jnp.asarray(rng.normal(size=(4,) * len(role) + (2,)), jnp.float32)
              for k, role in enumerate(ROLES)}  # fmt: skip
    reads = [Argument(name, name, project(V**3, *role))
             for name, role in zip(fields, ROLES, strict=True)]  # fmt: skip
    message = Message("triple", V**3, tuple(reads), Output("out", project(V**3, *positions)))
    diagram = PolynomialDiagram(
        "roles", {name: V ** len(role) for name, role in zip(fields, ROLES, strict=True)},
        outputs={"out": V * V}, summands=[message],
    )  # fmt: skip
    complete = DenseGraph.complete(4)
    assert choose(diagram["triple"], semiring, complete.layout) is Lowering.SEMIRING_PRODUCT
    pulled = [pull_argument(a.leg, fields[a.reads], graph=complete) for a in reads]
    cube = functools.reduce(semiring.multiply.op, jnp.broadcast_arrays(*pulled))
    (gone,) = {0, 1, 2} - set(positions)
    expected = semiring.add.reduce(cube, gone)
    expected = jnp.swapaxes(expected, 0, 1) if positions == (2, 0) else expected
    out = integral_transform(diagram, semiring, fields, complete)
    np.testing.assert_allclose(out, expected, rtol=2e-6, atol=2e-6)
