"""The integral transform: a polynomial diagram, evaluated in a semiring on fields."""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from catalign._errors import AxiomError, InputError, ShapeMismatchError
from catalign.algebra.monoid import CommutativeMonoid
from catalign.algebra.semiring import Semiring
from catalign.integral.contraction import (
    contract,
    matrix_product,
    multiply_arguments,
    semiring_product,
)
from catalign.integral.execution import Field, pull_argument, push_messages
from catalign.integral.graph import Graph, SparseGraph
from catalign.integral.layout import Pointers
from catalign.integral.lowering import Lowering, choose
from catalign.kernels.segment_reduce import api as segment_reduce
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.interpretation import FiniteGraph
from catalign.polynomial.message import Message


def integral_transform(
    diagram: PolynomialDiagram,
    semiring: Semiring | CommutativeMonoid,
    fields: Mapping[str, Field],
    graph: Graph | FiniteGraph,
    *,
    pointers: Pointers | None = None,
) -> Any:
    """Evaluates a polynomial diagram on fields.

    Maths: `out(z) = sum over y with o(y) = z of the product over x with p(x) = y of in(i(x))`

    Jitted, differentiable, and batched by `vmap` over the fields, the graph, or both. How each
    message is computed is chosen by `lowering.choose`.

    Args:
      diagram: The diagram.
      semiring: How values multiply and add. A provenance semiring takes pairs of arrays as fields.
        A span multiplies nothing, so a commutative monoid is enough for it.
      fields: One field for each input of the diagram: the axes of its sort first, then feature
        axes, if any, which all fields must share.
      graph: The graph. One of the host is stored as a list of edges.
      pointers: The maps from nodes to nodes that the diagram follows, by name, int32 `[n]`.

    Returns:
      The output field; a dict of them by name if the diagram has several outputs.

    Raises:
      AxiomError: A monoid is given where a message multiplies several arguments.
      InputError: A field or pointer is missing or unknown.
      ShapeMismatchError: A field has another shape than its sort on this graph, or a dtype that the
        semiring does not compute in.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> from catalign.polynomial.library import bellman_ford
      >>> graph = SparseGraph(senders=jnp.array([0, 1]), receivers=jnp.array([1, 2]), n_node=3)
      >>> f, w = jnp.array([0.0, jnp.inf, jnp.inf]), jnp.array([2.0, 5.0])
      >>> fields = {"f": f, "b": jnp.zeros(3), "w": w}
      >>> integral_transform(bellman_ford, min_plus, fields, graph).tolist()
      [0.0, 2.0, inf]

    Source: Dudzik & Velickovic 2022, section 3.
    """
    if isinstance(graph, FiniteGraph):
        graph = SparseGraph.from_finite(graph)
    if isinstance(semiring, CommutativeMonoid):
        semiring = without_products(diagram, semiring)
    pointers = dict(pointers or {})
    check_fields(diagram, semiring, fields, graph=graph, pointers=pointers)
    out = _transform(diagram, semiring, dict(fields), graph, pointers)
    return next(iter(out.values())) if len(out) == 1 else out


def without_products(diagram: PolynomialDiagram, monoid: CommutativeMonoid) -> Semiring:
    """A monoid as the semiring of a diagram that multiplies nothing.

    Raises:
      AxiomError: A message multiplies several arguments.
    """
    if not diagram.is_span:
        raise AxiomError(
            f"`semiring` is the monoid {monoid.name}, which has no multiplication, but messages of "
            f"{diagram} multiply their arguments. Give a semiring."
        )
    # The product of one argument is the argument, whatever the multiplication.
    return Semiring(monoid.name, monoid, monoid, "any")


def check_fields(
    diagram: PolynomialDiagram,
    semiring: Semiring,
    fields: Mapping[str, Field],
    *,
    graph: Graph,
    pointers: Pointers,
) -> None:
    """Raises unless the fields fit the diagram on the graph.

    Raises:
      InputError: A name is missing or unknown.
      ShapeMismatchError: A shape or a dtype does not fit.
    """
    wanted = {
        "fields": ([port.name for port in diagram.inputs], list(fields)),
        "pointers": (list(diagram.pointers), list(pointers)),
    }
    for argument, (expected, given) in wanted.items():
        if sorted(expected) != sorted(given):
            raise InputError(
                f"`{argument}` has {', '.join(given) or 'nothing'}, but {diagram.name} needs "
                f"{', '.join(expected) or 'nothing'}."
            )
    for port in diagram.inputs:
        shape = graph.shape(port.sort)
        for leaf in jax.tree.leaves(fields[port.name]):
            if jnp.shape(leaf)[: len(shape)] != shape:
                raise ShapeMismatchError(
                    f"`fields[{port.name!r}]` has shape {jnp.shape(leaf)}, but a field on "
                    f"{port.sort} ({port.sort.words}) of this {graph.layout.value} graph has "
                    f"shape {shape}."
                )
        semiring.check_dtype(fields[port.name], f"fields[{port.name!r}]")


@functools.partial(jax.jit, static_argnums=(0, 1))
def _transform(
    diagram: PolynomialDiagram,
    semiring: Semiring,
    fields: dict[str, Field],
    graph: Graph,
    pointers: Pointers,
) -> dict[str, Field]:
    fields = jax.tree.map(jnp.asarray, fields)
    out: dict[str, Field] = {}
    for message in diagram.summands:
        arrived = _run_message(message, semiring, fields, graph=graph, pointers=pointers)
        name = message.output.writes
        out[name] = semiring.add.op(out[name], arrived) if name in out else arrived
    like = _like(semiring, fields)
    return {
        port.name: out.get(port.name, semiring.add.full(graph.shape(port.sort), like))
        for port in diagram.outputs
    }


def _run_message(
    message: Message,
    semiring: Semiring,
    fields: dict[str, Field],
    *,
    graph: Graph,
    pointers: Pointers,
) -> Field:
    lowering = choose(message, semiring, graph)
    if lowering is Lowering.GATHER_ROWS:
        assert isinstance(graph, SparseGraph)
        assert graph.rows is not None
        (argument,) = message.arguments
        return segment_reduce.gather_reduce(fields[argument.reads], graph.rows, semiring.add)
    if lowering is Lowering.MATRIX_PRODUCT:
        return matrix_product(message, fields, graph=graph)
    arguments = [
        pull_argument(a.leg, fields[a.reads], graph=graph, pointers=pointers)
        for a in message.arguments
    ]
    if not arguments:
        rank = len(graph.shape(message.sort))
        arguments = [semiring.multiply.full((1,) * rank, _like(semiring, fields))]
    if lowering is Lowering.SEMIRING_PRODUCT:
        return semiring_product(message, arguments, semiring, graph=graph)
    if lowering is Lowering.CONTRACTION:
        return contract(message, arguments, semiring, graph=graph)
    product = multiply_arguments(semiring, arguments)
    return push_messages(message.output.leg, product, semiring.add, graph=graph, pointers=pointers)


def _like(semiring: Semiring, fields: Mapping[str, Field]) -> Field:
    """Something with the dtypes of the fields, for constants."""
    return next(iter(fields.values()), jax.tree.map(jnp.asarray, semiring.zero))
