"""Sums over the edges that enter each node, in any commutative monoid, with gradients."""

import functools
from types import MappingProxyType

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Int, Shaped

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.algebra.instances import SEMIRINGS
from catalign.algebra.monoid import CommutativeMonoid, Values
from catalign.kernels.segment_reduce import dense, reference, scatter, vjp
from catalign.kernels.segment_reduce.csr import CsrGraph
from catalign.kernels.segment_reduce.vjp import Version


def _of_messages(reduce: vjp.Reduce) -> vjp.Reduce:
    """The sums of the senders' values, through a message for each edge."""

    def gather_reduce(nodes: Values, graph: CsrGraph, monoid: CommutativeMonoid) -> Values:
        return reduce(dense.take(nodes, graph.senders), graph, monoid)

    return gather_reduce


VERSIONS: MappingProxyType[str, Version] = MappingProxyType(
    {
        "rows": Version(dense.reduce, dense.first_edge, dense.gather_reduce),
        "scatter": Version(scatter.reduce, scatter.first_edge, _of_messages(scatter.reduce)),
        "reference": Version(
            reference.reduce, reference.first_edge, _of_messages(reference.reduce)
        ),
    }
)
"""The implementations by name; `chosen` says which one is taken where none is named."""

_WITH_SCATTER = frozenset(semiring.add for semiring in SEMIRINGS.values())


def reduce(
    messages: Values,
    graph: CsrGraph,
    monoid: CommutativeMonoid,
    *,
    implementation: str | None = None,
) -> Values:
    """Combines the messages on the edges that enter each node.

    Maths: `y_v = sum of m_e over e with receiver v`, in `monoid`; the unit where there is none.

    In a selective monoid (min, max, or), the gradient goes to the first edge that attains the sum,
    and to none where the sum is the unit; a NaN makes the sums NaN that read it. Floating sums
    depend on the implementation by rounding.

    Args:
      messages: `[n_edge, ...]`, in the graph's own order of edges (`graph.sort` makes it), or a
        pytree of such, such as the pairs of a provenance semiring.
      graph: The edges.
      monoid: How messages combine, such as `min_plus.add`.
      implementation: "rows", dense reductions of gathered rows; "scatter", XLA's scatter over
        sorted receivers; or "reference", which looks at every pair of a node and an edge.

    Returns:
      `[n_node, ...]`.

    Raises:
      InputError: The implementation does not exist.
      ShapeMismatchError: There is not one message for each edge.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> graph = CsrGraph.from_edges([0, 1, 0], [2, 2, 1], 3)
      >>> reduce(graph.sort(jnp.array([5.0, 3.0, 7.0])), graph, min_plus.add).tolist()
      [inf, 7.0, 3.0]
    """
    messages = _checked(messages, graph.n_edge, "messages", "edges")
    version = _version(implementation, monoid)
    if isinstance(messages, Array):
        return _reduce(messages, graph, monoid, version)
    return _reduce_pytree(messages, graph, monoid, version)


def reduce_with_arg(
    messages: Shaped[Array, "n_edge *d"],
    graph: CsrGraph,
    monoid: CommutativeMonoid,
    *,
    implementation: str | None = None,
) -> tuple[Shaped[Array, "n_node *d"], Int[Array, "n_node *d"]]:
    """As `reduce`, and names the edge that each sum comes from.

    Returns:
      The sums, and `arg`, int32: the first edge, in the graph's own order, whose message is the
      sum, or -1 where the sum is the unit. `graph.order[arg]` counts as the graph was made.

    Raises:
      InputError: As in `reduce`.
      ShapeMismatchError: As in `reduce`.
      UnsupportedError: The monoid is not selective, so no message is the sum.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> graph = CsrGraph.from_edges([0, 1, 0], [2, 2, 1], 3)
      >>> value, arg = reduce_with_arg(jnp.array([7.0, 3.0, 3.0]), graph, min_plus.add)
      >>> value.tolist(), arg.tolist()
      ([inf, 7.0, 3.0], [-1, 0, 1])
    """
    if not monoid.is_selective:
        raise UnsupportedError(
            f"`monoid` is {monoid.name}, whose sum is none of its terms, so no edge attains it: "
            "use `reduce`, or a selective monoid such as min, max or or."
        )
    messages = _checked(messages, graph.n_edge, "messages", "edges")
    return _reduce_with_arg(messages, graph, monoid, _version(implementation, monoid))


def gather_reduce(
    nodes: Values,
    graph: CsrGraph,
    monoid: CommutativeMonoid,
    *,
    implementation: str | None = None,
) -> Values:
    """Combines the values of the nodes that each node hears: V -> E -> V in one step.

    Maths: `y_v = sum of h_u over edges u -> v`, in `monoid`; the unit where there is none.

    The same as `reduce(nodes[graph.senders], ...)`, without an array of the size of all edges,
    forwards or backwards, in "rows" with `plus` or a selective monoid.

    Args:
      nodes: `[n_node, ...]`, or a pytree of such.
      graph: The edges.
      monoid: How values combine.
      implementation: As in `reduce`; "rows" if left out.

    Returns:
      `[n_node, ...]`.

    Raises:
      InputError: As in `reduce`.
      ShapeMismatchError: There is not one value for each node.

    Example:
      >>> from catalign.algebra.instances import max_plus
      >>> graph = CsrGraph.from_edges([0, 1, 0], [2, 2, 1], 3)
      >>> gather_reduce(jnp.array([5.0, 3.0, 7.0]), graph, max_plus.add).tolist()
      [-inf, 5.0, 5.0]
    """
    nodes = _checked(nodes, graph.n_node, "nodes", "nodes")
    version = _version(implementation or "rows", monoid)
    if isinstance(nodes, Array):
        return _gather_reduce(nodes, graph, monoid, version)
    return _gather_reduce_pytree(nodes, graph, monoid, version)


def chosen(monoid: CommutativeMonoid) -> str:
    """The implementation of `reduce` where none is named.

    On CPU that is XLA's scatter, if the monoid has one: the addition of one of `SEMIRINGS`. It runs
    on one core, but in the order of memory, whose speed bounds it; rows are read on all cores, a
    few features of all their messages at a time.

    Args:
      monoid: How messages combine.

    Example:
      >>> from catalign.algebra.instances import log_plus
      >>> chosen(log_plus(1.0).add)
      'rows'
    """
    with_scatter = jax.default_backend() == "cpu" and monoid in _WITH_SCATTER
    return "scatter" if with_scatter else "rows"


def _version(implementation: str | None, monoid: CommutativeMonoid) -> Version:
    name = chosen(monoid) if implementation is None else implementation
    if name not in VERSIONS:
        raise InputError(
            f"`implementation` is {implementation!r}; it must be one of {', '.join(VERSIONS)}."
        )
    return VERSIONS[name]


def _checked(values: Values, size: int, argument: str, what: str) -> Values:
    values = jax.tree.map(jnp.asarray, values)
    for leaf in jax.tree.leaves(values):
        if leaf.ndim == 0 or leaf.shape[0] != size:
            raise ShapeMismatchError(
                f"`{argument}` has shape {list(leaf.shape)}, but `graph` has {size} {what}: give "
                "one row for each."
            )
    return values


_STATIC = (2, 3)
_reduce = jax.jit(vjp.reduce, static_argnums=_STATIC)
_reduce_with_arg = jax.jit(vjp.reduce_with_arg, static_argnums=_STATIC)
_gather_reduce = jax.jit(vjp.gather_reduce, static_argnums=_STATIC)


@functools.partial(jax.jit, static_argnums=_STATIC)
def _reduce_pytree(
    messages: Values, graph: CsrGraph, monoid: CommutativeMonoid, version: Version
) -> Values:
    return version.reduce(messages, graph, monoid)


@functools.partial(jax.jit, static_argnums=_STATIC)
def _gather_reduce_pytree(
    nodes: Values, graph: CsrGraph, monoid: CommutativeMonoid, version: Version
) -> Values:
    return version.gather_reduce(nodes, graph, monoid)
