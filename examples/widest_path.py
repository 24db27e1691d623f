"""An algorithm of one's own in one file: widest paths, traced, sampled and learned.

A path is as wide as its narrowest edge. Nothing in catalign knows this algorithm: the aligned
processor is told the semiring `max_min` and learns the rest from the traces made here.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

import catalign
from catalign.algebra import max_min
from catalign.algorithms import Algorithm, Kind, Location, Probe, Spec, Stage
from catalign.alignment import align_relaxation, check_samples

CAPACITY = 4.0
"""The width at the source: more than any edge has."""


class Widths(NamedTuple):
    """What is known: the best widths so far, the last senders on the way, and who is reached."""

    width: Array
    sender: Array
    reached: Array


def sample(key: Array, size: int) -> Mapping[str, Array]:
    """A random directed graph with widths in [0, 1), and a source."""
    edges, widths, source = jax.random.split(key, 3)
    mask = jax.random.bernoulli(edges, 0.4, (size, size)) & ~jnp.eye(size, dtype=bool)
    return {
        "s": jax.random.randint(source, (), 0, size, dtype=jnp.int32),
        "A": jnp.where(mask, jax.random.uniform(widths, (size, size)), 0.0),
        "adj": mask,
    }


def begin(inputs: Mapping[str, Array]) -> Widths:
    """Only the source is reached."""
    nodes = jnp.arange(inputs["A"].shape[0], dtype=jnp.int32)
    at_source = nodes == inputs["s"]
    return Widths(jnp.where(at_source, CAPACITY, 0.0), nodes, at_source)


def widen(inputs: Mapping[str, Array], now: Widths) -> Widths:
    """Every reached node offers its paths, one edge longer; the first of the widest offers wins."""
    usable = inputs["adj"] & now.reached[:, None]
    offers = jnp.where(usable, jnp.minimum(now.width[:, None], inputs["A"]), -jnp.inf)
    best, sender = offers.max(axis=0), offers.argmax(axis=0).astype(jnp.int32)
    better = best > jnp.where(now.reached, now.width, -jnp.inf)
    return Widths(
        jnp.where(better, best, now.width),
        jnp.where(better, sender, now.sender),
        now.reached | better,
    )


def is_done(inputs: Mapping[str, Array], now: Widths) -> Array:
    """Nothing changes any more."""
    later = widen(inputs, now)
    return jnp.all(later.width == now.width) & jnp.all(later.reached == now.reached)


widest_path = Algorithm(
    name="widest_path",
    spec=Spec(
        Probe("s", Stage.INPUT, Location.NODE, Kind.MASK_ONE),
        Probe("A", Stage.INPUT, Location.EDGE, Kind.SCALAR),
        Probe("adj", Stage.INPUT, Location.EDGE, Kind.MASK),
        Probe("pi_h", Stage.HINT, Location.NODE, Kind.POINTER),
        Probe("w", Stage.HINT, Location.NODE, Kind.SCALAR),
        Probe("reached", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER),
    ),
    sampler=sample,
    init=begin,
    step=widen,
    done=is_done,
    hints=lambda _, now: {"pi_h": now.sender, "w": now.width, "reached": now.reached},
    outputs=lambda _, now: {"pi": now.sender},
    max_steps=lambda n: n,
    source="Pollack, The maximum capacity through a network, Operations Research, 1960",
)

if __name__ == "__main__":
    # That it is Bellman-Ford's diagram in another semiring is checked, not assumed.
    claim = align_relaxation(
        widest_path,
        max_min,
        value="w",
        pointer="pi_h",
        reached="reached",
        answer="pi",
        weights="A",
        seed=CAPACITY,
    )
    print(check_samples(claim, jax.random.key(0), batch_size=16, size=8))

    config = catalign.training.TrainConfig(
        steps=500,
        sizes=(8,),
        batch_size=16,
        learning_rate=0.03,
        processor="aligned",
        semiring="max_min",
        eval_every=0,
        eval_sizes=(8, 32),
        eval_instances=16,
    )
    report = catalign.training.train(widest_path, config)
    print(report.reasoner.describe())
    for row in report.table.rows:
        print(f"n = {row.size}: {row.micro_f1:.1%} of the predecessors")
