"""Builds a graph network aligned with Bellman-Ford, reads its type, and asks for too much."""

from flax import nnx

import catalign
from catalign.algorithms import Algorithm, Kind, Location, Probe, Spec, Stage

bellman_ford = catalign.algorithms.get("bellman_ford")
model = catalign.nn.build_reasoner(bellman_ford, "aligned", semiring="min_plus", rngs=nnx.Rngs(0))

print("Its type:")
print(f"  {model.diagram}")
print("What one step does, with + and * those of min_plus:")
print("\n".join(f"  {line}" for line in model.diagram.formula.splitlines()))
print("What it computes before training:")
print(model.describe())

# All-pairs shortest paths point from each pair of nodes to a third node: node triples.
every_pair = Spec(
    Probe("A", Stage.INPUT, Location.EDGE, Kind.SCALAR),
    Probe("adj", Stage.INPUT, Location.EDGE, Kind.MASK),
    Probe("Pi", Stage.OUTPUT, Location.EDGE, Kind.POINTER),
)


def unused(*_: object, **__: object) -> dict:
    """Stands for the functions of an algorithm that is never run."""
    return {}


all_pairs = Algorithm(
    name="all_pairs",
    spec=every_pair,
    sampler=unused,
    init=unused,
    step=unused,
    done=lambda inputs, state: state,
    hints=unused,
    outputs=unused,
    max_steps=lambda n: n,
    source="Floyd 1962",
)
print("A layer that has node pairs only is refused:")
try:
    catalign.nn.build_reasoner(all_pairs, "mpnn", rngs=nnx.Rngs(0))
except catalign.SortError as error:
    print(error)
