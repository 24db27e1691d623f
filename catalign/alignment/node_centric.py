"""Classical algorithms as node-centric networks, which may run in any order.

| algorithm | messages, arguments | a node | an edge |
|---|---|---|---|
| Bellman-Ford, widest path, reachability | semiring addition | keeps the better | multiplies |
| Kahn's topological sort | (N, +) | counts down its missing inputs | passes on |
| addition of digits | (N, +) | counts up and carries | passes on |

The nodes are the exact cocycles of `algebra.cocycle`, the edges homomorphisms, so that every
schedule ends in the same states and the same total arguments. The first row also bears duplicates.

Source: Dudzik et al. 2023, arXiv 2306.15632, propositions 3.4 and 4.2.
"""

import functools
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Int, Shaped

from catalign._errors import InputError, ShapeMismatchError
from catalign.algebra.cocycle import carry_cocycle, countdown_cocycle, semilattice_cocycle
from catalign.algebra.instances import lor_land, min_plus
from catalign.algebra.semiring import Semiring
from catalign.integral.graph import SparseGraph
from catalign.integral.network import Network, split_minimum, split_naturals


def relaxation_network(
    semiring: Semiring, graph: SparseGraph, weights: Shaped[Array, " e"], source: int | Array
) -> Network:
    """The network that finds the best paths from a source, in a semiring.

    Maths: a node joins, `m.s = m + s`, and sends its state where it changed; an edge sends `a w`.

    Args:
      semiring: One with an idempotent addition: `min_plus` for Bellman-Ford, `max_min` for widest
        paths, `lor_land` for reachability.
      graph: The edges.
      weights: The weight of each edge.
      source: The node that the paths start from, of value one.

    Raises:
      AxiomError: The addition of the semiring is not idempotent.
      ShapeMismatchError: There is not one weight for each edge.

    Example:
      >>> import jax
      >>> from catalign.integral.asynchronous import execute
      >>> from catalign.integral.schedule import DELAYED
      >>> path = SparseGraph(senders=jnp.array([0, 1]), receivers=jnp.array([1, 2]), n_node=3)
      >>> network = relaxation_network(min_plus, path, jnp.array([2.0, 3.0]), 0)
      >>> execute(network, DELAYED, jax.random.split(jax.random.key(0), 1)).states.tolist()
      [[0.0, 2.0, 5.0]]
    """
    nodes = jnp.arange(graph.n_node)
    one, zero = (jnp.asarray(value, weights.dtype) for value in (semiring.one, semiring.zero))
    return seeded_network(semiring, graph, weights, first=jnp.where(nodes == source, one, zero))


def seeded_network(
    semiring: Semiring,
    graph: SparseGraph,
    weights: Shaped[Array, " e"],
    *,
    first: Shaped[Array, " n"],
) -> Network:
    """The network of `relaxation_network`, from any first value at each node.

    Args:
      semiring: One with an idempotent addition.
      graph: The edges.
      weights: The weight of each edge.
      first: The value that each node receives from outside; the semiring's zero for none.

    Raises:
      AxiomError: The addition of the semiring is not idempotent.
      ShapeMismatchError: There is not one weight for each edge, or one value for each node.
    """
    return Network.build(
        semilattice_cocycle(semiring.add),
        _multiplication(semiring),
        graph,
        states=jnp.full(graph.n_node, semiring.zero, weights.dtype),
        edge=weights,
        messages=first,
        split_message=split_minimum if semiring is min_plus else None,
        split_argument=split_minimum if semiring is min_plus else None,
    )


def reachability_network(graph: SparseGraph, source: int | Array) -> Network:
    """The network of breadth-first search: which nodes the source reaches.

    Example:
      >>> import jax
      >>> from catalign.integral.asynchronous import execute
      >>> from catalign.integral.schedule import RANDOM_ORDER
      >>> path = SparseGraph(senders=jnp.array([1, 2]), receivers=jnp.array([2, 0]), n_node=4)
      >>> network = reachability_network(path, 1)
      >>> execute(network, RANDOM_ORDER, jax.random.split(jax.random.key(0), 1)).states.tolist()
      [[True, True, True, False]]
    """
    return relaxation_network(lor_land, graph, jnp.ones(graph.senders.shape, bool), source)


def kahn_network(graph: SparseGraph) -> Network:
    """The network of Kahn's topological sort: a node sends 1 when all its inputs have sent.

    A node waits for one message for each edge that enters it and one for the start. Where the graph
    has no cycle every node sends once, after those before it: `sent_at` is a topological order.

    Example:
      >>> import jax
      >>> from catalign.integral.asynchronous import execute
      >>> from catalign.integral.schedule import FRONTIER
      >>> path = SparseGraph(senders=jnp.array([1, 2]), receivers=jnp.array([2, 0]), n_node=3)
      >>> run = execute(kahn_network(path), FRONTIER, jax.random.split(jax.random.key(0), 1))
      >>> run.sent_at.tolist(), run.states.tolist()
      ([[2, 0, 1]], [[0, 0, 0]])
    """
    ones = jnp.ones(graph.n_node, jnp.int32)
    missing = ones.at[graph.receivers].add(1, mode="drop")
    return Network.build(
        countdown_cocycle(),
        _pass_on,
        graph,
        states=missing,
        messages=ones,
        split_message=split_naturals,
        split_argument=split_naturals,
    )


def addition_network(
    a: Int[Array | np.ndarray, " n"], b: Int[Array | np.ndarray, " m"], *, base: int = 10
) -> Network:
    """The network that adds two numbers: each digit of the one receives a digit of the other.

    The states end as the digits of the sum, and the total of the last node is the last carry.

    Args:
      a: The digits of a number, the lowest first.
      b: The digits of another.
      base: The base of both.

    Raises:
      InputError: A digit is out of range, or `base` is below 2.
      ShapeMismatchError: The numbers differ in length.

    Example:
      >>> import jax
      >>> from catalign.integral.asynchronous import execute
      >>> from catalign.integral.schedule import REGROUPED
      >>> network = addition_network(jnp.array([7, 9]), jnp.array([5, 4]))
      >>> run = execute(network, REGROUPED, jax.random.split(jax.random.key(0), 1))
      >>> run.states.tolist(), run.totals[:, -1].tolist()
      ([[2, 4]], [1])
    """
    cocycle = carry_cocycle(base)
    if a.shape != b.shape:
        raise ShapeMismatchError(
            f"`a` has {a.shape[0]} digits but `b` has {b.shape[0]}: fill the shorter up with zeros."
        )
    for name, digits in (("a", a), ("b", b)):
        wrong = np.asarray(digits)[(np.asarray(digits) < 0) | (np.asarray(digits) >= base)]
        if wrong.size:
            raise InputError(f"`{name}` holds {wrong[0]}, which is no digit in base {base}.")
    lower = jnp.arange(max(a.shape[0] - 1, 0), dtype=jnp.int32)
    chain = SparseGraph(senders=lower, receivers=lower + 1, n_node=a.shape[0])
    return Network.build(
        cocycle,
        _pass_on,
        chain,
        states=jnp.asarray(a, jnp.int32),
        messages=jnp.asarray(b, jnp.int32),
        split_message=split_naturals,
        split_argument=split_naturals,
    )


@functools.cache
def _multiplication(semiring: Semiring) -> Callable[[Array, Array], Array]:
    return lambda weight, argument: semiring.multiply.op(argument, weight)


def _pass_on(edge: tuple[()], argument: Array) -> Array:
    del edge
    return argument
