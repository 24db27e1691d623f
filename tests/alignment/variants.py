"""Algorithms of a user's own: widest path, and longest path in a DAG."""

import jax.numpy as jnp

from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.single_source import bellman_ford
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.graph import Acyclic, ErdosRenyi


def rounds(name, offer, *, start, sampler):
    """Rounds over all edges, in which the greatest offer wins and, of equal ones, the first."""

    def init(inputs):
        nodes = jnp.arange(inputs["pos"].shape[0], dtype=jnp.int32)
        is_source = nodes == inputs["s"]
        return jnp.where(is_source, start, 0.0), nodes, is_source

    def step(inputs, state):
        d, pi, seen = state
        usable = inputs["adj"] & seen[:, None]
        offers = jnp.where(usable, offer(d[:, None], inputs["A"]), -jnp.inf)
        best = jnp.max(offers, axis=0)
        better = best > jnp.where(seen, d, -jnp.inf)
        sender = jnp.argmax(offers == best[None, :], axis=0).astype(jnp.int32)
        return jnp.where(better, best, d), jnp.where(better, sender, pi), seen | better

    def done(inputs, state):
        return jnp.all(step(inputs, state)[0] == state[0])

    return Algorithm(
        name=name,
        spec=Spec(
            *bellman_ford.spec.inputs,
            Probe("from", Stage.HINT, Location.NODE, Kind.POINTER),
            Probe("best", Stage.HINT, Location.NODE, Kind.SCALAR),
            Probe("seen", Stage.HINT, Location.NODE, Kind.MASK),
            Probe("tree", Stage.OUTPUT, Location.NODE, Kind.POINTER),
        ),
        sampler=sampler,
        init=init,
        step=step,
        done=done,
        hints=lambda inputs, s: {"from": s[1], "best": s[0], "seen": s[2]},
        outputs=lambda inputs, s: {"tree": s[1]},
        max_steps=lambda n: n + 1,
        source="A test.",
    )


def _sample_dag(key, size):
    return bellman_ford.sampler(key, size, graph=Acyclic(ErdosRenyi(0.5, directed=True)))


def _sample_digraph(key, size):
    return bellman_ford.sampler(key, size, graph=ErdosRenyi(0.5, directed=True))


widest_path = rounds("widest_path", jnp.minimum, start=1.0, sampler=_sample_digraph)
longest_path = rounds("longest_path", jnp.add, start=0.0, sampler=_sample_dag)
