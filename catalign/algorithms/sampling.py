"""Samplers of graph inputs, shared by the algorithms on graphs; the laws are arguments."""

import jax
import jax.numpy as jnp
from jax import Array

from catalign._errors import InputError
from catalign._typing import KeyArray
from catalign.algorithms.inputs import graph_inputs
from catalign.distributions.graph import AbstractGraphLaw
from catalign.distributions.weight import AbstractWeightLaw


def sample_unweighted(key: KeyArray, size: int, graph: AbstractGraphLaw) -> dict[str, Array]:
    """Draws the inputs `pos`, `A` and `adj` of a graph with weights 1."""
    return graph_inputs(graph.sample(key, size))


def sample_weighted(
    key: KeyArray, size: int, graph: AbstractGraphLaw, weights: AbstractWeightLaw
) -> dict[str, Array]:
    """Draws the inputs `pos`, `A` and `adj` of a weighted graph; symmetric if the graph is."""
    edges, lengths = jax.random.split(key)
    drawn = weights.sample(lengths, size, directed=graph.directed)
    return graph_inputs(graph.sample(edges, size), drawn)


def sample_source(key: KeyArray, size: int) -> Array:
    """Draws the input `s`, uniform over the nodes."""
    return jax.random.randint(key, (), 0, size, dtype=jnp.int32)


def check_undirected_law(name: str, graph: AbstractGraphLaw) -> None:
    """Raises unless a law draws undirected graphs.

    Raises:
      InputError: It draws directed ones.
    """
    if graph.directed:
        raise InputError(
            f"`graph` of {name} is {graph}, which draws directed graphs, but {name} is for "
            "undirected ones. Give a law without `directed=True` or `Acyclic`."
        )


def check_acyclic_law(name: str, graph: AbstractGraphLaw) -> None:
    """Raises unless a law draws acyclic graphs.

    Raises:
      InputError: Its graphs may have cycles.
    """
    if not graph.acyclic:
        raise InputError(
            f"`graph` of {name} is {graph}, whose graphs may have cycles, but {name} is for "
            f"acyclic ones. Give `Acyclic({graph})`."
        )
