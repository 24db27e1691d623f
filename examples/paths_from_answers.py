"""Shortest paths learned from answers alone: no hints, and no word of how many rounds they took.

The examples are graphs with the distance and the predecessor of every node. Whoever made them may
have used any method: here a matrix is squared, which is not how the network goes on. Its wiring has
the answer as a fixed point, so that it can run for n rounds whatever the graph, and gradients
through these rounds find the rule. It is then right on larger graphs as well.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax import Array

import catalign
from catalign.algorithms import Algorithm, Kind, Location, Probe, Spec, Stage

Inputs = Mapping[str, Array]


def sample(key: Array, size: int) -> Inputs:
    """A random directed graph with weights in [0, 1), and a source."""
    edges, weights, source = jax.random.split(key, 3)
    mask = jax.random.bernoulli(edges, 0.3, (size, size)) & ~jnp.eye(size, dtype=bool)
    return {
        "s": jax.random.randint(source, (), 0, size, dtype=jnp.int32),
        "A": jnp.where(mask, jax.random.uniform(weights, (size, size)), 0.0),
        "adj": mask,
    }


def answer(inputs: Inputs, _: Array) -> dict[str, Array]:
    """The distance of each node (0 where there is no path) and the node before it on the way."""
    n = inputs["A"].shape[0]
    nodes = jnp.arange(n, dtype=jnp.int32)
    step = jnp.where(inputs["adj"], inputs["A"], jnp.inf)
    far = jnp.where(jnp.eye(n, dtype=bool), 0.0, step)
    for _square in range(max(n - 1, 1).bit_length()):
        far = (far[:, :, None] + far[None]).min(axis=1)
    d = far[inputs["s"]]
    # The last edge of a shortest path: sums of weights differ in how they are rounded.
    sender = (d[:, None] + step).argmin(axis=0).astype(jnp.int32)
    is_moved = jnp.isfinite(d) & (nodes != inputs["s"])
    return {"d": jnp.where(jnp.isfinite(d), d, 0.0), "pi": jnp.where(is_moved, sender, nodes)}


paths_from_answers = Algorithm(
    name="paths_from_answers",
    spec=Spec(
        Probe("s", Stage.INPUT, Location.NODE, Kind.MASK_ONE),
        Probe("A", Stage.INPUT, Location.EDGE, Kind.SCALAR),
        Probe("adj", Stage.INPUT, Location.EDGE, Kind.MASK),
        Probe("d", Stage.OUTPUT, Location.NODE, Kind.SCALAR),
        Probe("pi", Stage.OUTPUT, Location.NODE, Kind.POINTER),
    ),
    sampler=sample,
    # The state only counts rounds: there are as many as nodes, whatever the graph.
    init=lambda inputs: jnp.int32(0),
    step=lambda inputs, t: t + 1,
    done=lambda inputs, t: t >= inputs["A"].shape[0] - 1,
    hints=lambda inputs, t: {},
    outputs=answer,
    max_steps=lambda n: n,
    source="Bellman, On a routing problem, 1958, for the fixed point",
)

CONFIG = catalign.training.TrainConfig(
    steps=400,
    sizes=(8,),
    learning_rate=0.03,
    processor="aligned",
    semiring="min_plus",
    eval_every=0,
    eval_sizes=(8, 64),
)

if __name__ == "__main__":
    report = catalign.training.train(paths_from_answers, CONFIG)
    print(report.reasoner.describe())
    for row in report.table.rows:
        print(f"n = {row.size}: {row.graph_exact:.1%} of the graphs without any mistake")
