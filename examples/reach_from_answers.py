"""Reachability learned from answers alone: which rooms of a house one comes to.

The examples are graphs of doors, some of them locked, a first room, and which rooms can be reached
from it. Nothing says how that was found out, or that a locked door is one that is not gone through.
The wiring has the answer as a fixed point, in the Boolean semiring: it runs for n rounds whatever
the graph, and gradients through these rounds find which doors count. Whoever gives examples of a
house where only locked doors are gone through has it learn that.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax import Array

import catalign
from catalign.algorithms import Algorithm, Kind, Location, Probe, Spec, Stage

Inputs = Mapping[str, Array]


def sample(key: Array, size: int) -> Inputs:
    """Doors between some rooms, which may open one way alone, about half of them open."""
    doors, locks, first = jax.random.split(key, 3)
    mask = jax.random.bernoulli(doors, min(1.0, 3 / size), (size, size))
    mask &= ~jnp.eye(size, dtype=bool)
    return {
        "s": jax.random.randint(first, (), 0, size, dtype=jnp.int32),
        "open": jnp.where(mask & jax.random.bernoulli(locks, 0.5, (size, size)), 1.0, 0.0),
        "adj": mask,
    }


def answer(inputs: Inputs, _: Array) -> dict[str, Array]:
    """The rooms that one comes to, by squaring a matrix."""
    n = inputs["adj"].shape[0]
    near = (inputs["adj"] & (inputs["open"] > 0)) | jnp.eye(n, dtype=bool)
    for _square in range(max(n - 1, 1).bit_length()):
        near = (near[:, :, None] & near[None]).any(axis=1)
    return {"reach": near[inputs["s"]]}


reach_from_answers = Algorithm(
    name="reach_from_answers",
    spec=Spec(
        Probe("s", Stage.INPUT, Location.NODE, Kind.MASK_ONE),
        Probe("open", Stage.INPUT, Location.EDGE, Kind.SCALAR),
        Probe("adj", Stage.INPUT, Location.EDGE, Kind.MASK),
        Probe("reach", Stage.OUTPUT, Location.NODE, Kind.MASK),
    ),
    sampler=sample,
    # The state only counts rounds: there are as many as nodes, whatever the graph.
    init=lambda inputs: jnp.int32(0),
    step=lambda inputs, t: t + 1,
    done=lambda inputs, t: t >= inputs["adj"].shape[0] - 1,
    hints=lambda inputs, t: {},
    outputs=answer,
    max_steps=lambda n: n,
    source="Warshall, A theorem on Boolean matrices, 1962, for the closure",
)

CONFIG = catalign.training.TrainConfig(
    steps=400,
    sizes=(8,),
    learning_rate=0.03,
    processor="aligned",
    semiring="lor_land",
    eval_every=0,
    eval_sizes=(8, 64),
)

if __name__ == "__main__":
    report = catalign.training.train(reach_from_answers, CONFIG)
    print(report.reasoner.describe())
    for row in report.table.rows:
        print(f"n = {row.size}: {row.graph_exact:.1%} of the graphs without any mistake")
