"""Longest paths in an acyclic graph: another algorithm, another semiring, the same network.

Widest paths (widest_path.py) are learned in `max_min`, these in `max_plus`; nothing else differs.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

import catalign
from catalign.algorithms import Algorithm, Kind, Location, Probe, Spec, Stage


class Lengths(NamedTuple):
    """What is known: the longest path found, its last edge's sender, and who is reached."""

    length: Array
    sender: Array
    reached: Array


def sample(key: Array, size: int) -> dict[str, Array]:
    """A random acyclic graph whose nodes are in no order, with lengths in [0, 1), and a source."""
    edges, lengths, order, source = jax.random.split(key, 4)
    rank = jax.random.permutation(order, size)
    mask = jax.random.bernoulli(edges, 0.5, (size, size)) & (rank[:, None] < rank[None, :])
    return {
        "s": jax.random.randint(source, (), 0, size, dtype=jnp.int32),
        "A": jnp.where(mask, jax.random.uniform(lengths, (size, size)), 0.0),
        "adj": mask,
    }


def begin(inputs: Mapping[str, Array]) -> Lengths:
    """Only the source is reached."""
    nodes = jnp.arange(inputs["A"].shape[0], dtype=jnp.int32)
    return Lengths(jnp.zeros_like(inputs["A"][0]), nodes, nodes == inputs["s"])


def lengthen(inputs: Mapping[str, Array], now: Lengths) -> Lengths:
    """Every reached node offers its paths, one edge longer; the first of the longest wins."""
    usable = inputs["adj"] & now.reached[:, None]
    offers = jnp.where(usable, now.length[:, None] + inputs["A"], -jnp.inf)
    best, sender = offers.max(axis=0), offers.argmax(axis=0).astype(jnp.int32)
    better = best > jnp.where(now.reached, now.length, -jnp.inf)
    return Lengths(
        jnp.where(better, best, now.length),
        jnp.where(better, sender, now.sender),
        now.reached | better,
    )


def is_done(inputs: Mapping[str, Array], now: Lengths) -> Array:
    """Nothing changes any more."""
    later = lengthen(inputs, now)
    return jnp.all(later.length == now.length) & jnp.all(later.reached == now.reached)


longest_path = Algorithm(
    name="longest_path",
    spec=Spec(
        Probe("s", Stage.INPUT, Location.NODE, Kind.MASK_ONE),
        Probe("A", Stage.INPUT, Location.EDGE, Kind.SCALAR),
        Probe("adj", Stage.INPUT, Location.EDGE, Kind.MASK),
        Probe("pi_h", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("d", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("reached", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER),
    ),
    sampler=sample,
    init=begin,
    step=lengthen,
    done=is_done,
    hints=lambda _, now: {"pi_h": now.sender, "d": now.length, "reached": now.reached},
    outputs=lambda _, now: {"pi": now.sender},
    max_steps=lambda n: n + 1,
    source="Cormen et al., Introduction to Algorithms, 24.2",
)

if __name__ == "__main__":
    config = catalign.training.TrainConfig(
        steps=500,
        sizes=(8,),
        batch_size=16,
        learning_rate=0.1,
        schedule=catalign.training.Schedule.COSINE,
        processor="aligned",
        semiring="max_plus",
        eval_every=0,
        eval_sizes=(8, 32),
        eval_instances=16,
    )
    report = catalign.training.train(longest_path, config)
    print(report.reasoner.describe())
    for row in report.table.rows:
        print(f"n = {row.size}: {row.micro_f1:.1%} of the predecessors")
