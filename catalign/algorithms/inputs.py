"""What many algorithms share: the `pos` and graph inputs, and the checks of their domains."""

import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign._errors import InputError
from catalign._typing import AdjacencyMask
from catalign.algorithms.check import HostProbes
from catalign.algorithms.spec import Kind, Location, Probe, Stage

POS = Probe("pos", Stage.INPUT, Location.NODE, Kind.SCALAR)
SOURCE = Probe("s", Stage.INPUT, Location.NODE, Kind.MASK_ONE)
WEIGHT = Probe("A", Stage.INPUT, Location.EDGE, Kind.SCALAR)
ADJACENCY = Probe("adj", Stage.INPUT, Location.EDGE, Kind.MASK)

GRAPH = (POS, WEIGHT, ADJACENCY)
"""The inputs of an algorithm on a graph."""
GRAPH_AND_SOURCE = (POS, SOURCE, WEIGHT, ADJACENCY)
"""The inputs of an algorithm on a graph that starts at a source."""


def positions(n: int) -> Array:
    """The benchmark's `pos` input: the order of the nodes as numbers in [0, 1).

    Maths: `pos_i = i / n`.

    Example:
      >>> positions(4).tolist()
      [0.0, 0.25, 0.5, 0.75]
    """
    return jnp.arange(n, dtype=float) / n


def graph_inputs(mask: AdjacencyMask, weights: Array | None = None) -> dict[str, Array]:
    """The inputs `pos`, `A` and `adj` of a graph.

    As in the benchmark, `adj` holds every self-loop, and `A` is the weight of an edge and 0
    elsewhere; whether a node really has a self-loop shows in the diagonal of `A`.

    Args:
      mask: Which ordered pairs are edges.
      weights: The weight of each ordered pair, read at the edges; 1 if left out.

    Example:
      >>> graph_inputs(jnp.array([[False, True], [False, False]]))["A"].tolist()
      [[0.0, 1.0], [0.0, 0.0]]
    """
    n = mask.shape[0]
    weights = jnp.ones((n, n), dtype=float) if weights is None else weights
    return {
        "pos": positions(n),
        "A": jnp.where(mask, weights, jnp.zeros_like(weights)),
        "adj": mask | jnp.eye(n, dtype=bool),
    }


def edge_costs(inputs: HostProbes) -> np.ndarray:
    """The weight of each edge, and inf where there is none; a self-loop only where `A` has one."""
    weights = np.asarray(inputs["A"], dtype=np.float64)
    loop = np.eye(weights.shape[-1], dtype=bool)
    return np.where(np.where(loop, weights != 0, inputs["adj"]), weights, np.inf)


def check_adjacency(name: str, inputs: HostProbes) -> None:
    """Raises unless every weight that is not 0 lies on an edge.

    Raises:
      InputError: `A` has a weight where `adj` has no edge.
    """
    off = ~np.eye(inputs["A"].shape[-1], dtype=bool)
    bad = (inputs["A"] != 0) & ~np.asarray(inputs["adj"]) & off
    if bad.any():
        b, u, v = (int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"`inputs['A']` of {name} is {inputs['A'][b, u, v]} at edge {u} -> {v} of instance "
            f"{b}, but `inputs['adj']` has no edge there. Set that weight to 0, or `adj` to True."
        )


def check_nonnegative(name: str, inputs: HostProbes) -> None:
    """Raises unless all weights are at least 0.

    Raises:
      InputError: `A` has a negative weight.
    """
    bad = inputs["A"] < 0
    if bad.any():
        b, u, v = (int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"`inputs['A']` of {name} is {inputs['A'][b, u, v]} at edge {u} -> {v} of instance "
            f"{b}. {name} needs weights of at least 0; bellman_ford allows negative ones."
        )


def check_undirected(name: str, inputs: HostProbes) -> None:
    """Raises unless the graph is undirected: `A` and `adj` are symmetric.

    Raises:
      InputError: An edge and its reverse differ.
    """
    for probe in ("adj", "A"):
        values = np.asarray(inputs[probe])
        bad = values != np.swapaxes(values, -1, -2)
        if bad.any():
            b, u, v = (int(i) for i in np.argwhere(bad)[0])
            raise InputError(
                f"`inputs[{probe!r}]` of {name} is {values[b, u, v]} at {u} -> {v} but "
                f"{values[b, v, u]} at {v} -> {u} (instance {b}). {name} is for undirected graphs: "
                "make it symmetric."
            )


def check_acyclic(name: str, inputs: HostProbes) -> None:
    """Raises unless the graph has no directed cycle.

    Maths: a graph is acyclic iff removing the nodes without an incoming edge, again and again,
      removes all of them.

    Raises:
      InputError: A cycle exists; the message names its instance and a node that a cycle leads to.
    """
    edges = np.isfinite(edge_costs(inputs))
    alive, before = np.ones(edges.shape[:2], dtype=bool), 0
    while before != alive.sum():
        before = alive.sum()
        alive &= (edges & alive[:, :, None]).any(axis=1)
    if alive.any():
        b, v = (int(i) for i in np.argwhere(alive)[0])
        raise InputError(
            f"`inputs['adj']` of {name} has a directed cycle in instance {b}, leading to node {v}. "
            f"{name} is for acyclic graphs."
        )
