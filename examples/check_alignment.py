"""Checks that Bellman-Ford is a diagram in a semiring, then breaks the claim in two ways."""

import dataclasses
from collections.abc import Mapping

import jax
from jax import Array

import catalign
from catalign.algebra import max_plus
from catalign.alignment import Instance, align_relaxation, check_samples
from catalign.distributions import ErdosRenyi
from catalign.integral import DenseGraph

aligned = catalign.alignment.get("bellman_ford")
directed = ErdosRenyi(0.4, directed=True)
key = jax.random.key(0)

print(check_samples(aligned, key, batch_size=16, size=8, graph=directed))


def swapped(inputs: Mapping[str, Array], state: tuple[Array, Array]) -> Instance:
    """What the diagram reads, with senders and receivers swapped."""
    right = aligned.encode(inputs, state)
    return dataclasses.replace(right, graph=DenseGraph(mask=inputs["adj"].T))


print("\nWith senders and receivers swapped:")
wrong_graph = dataclasses.replace(aligned, encode=swapped)
print(check_samples(wrong_graph, key, batch_size=16, size=8, graph=directed))

print("\nIn another semiring:")
wrong_semiring = align_relaxation(
    aligned.algorithm,
    max_plus,
    value="d",
    pointer="pi_h",
    reached="msk",
    answer="pi",
    weights="A",
)
print(check_samples(wrong_semiring, key, batch_size=16, size=8, graph=directed))
